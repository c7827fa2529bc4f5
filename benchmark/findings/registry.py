"""Every finding that there is, in one list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from data.errors import UserError, unknown


@dataclass(frozen=True)
class Kind:
    """What a finding is.

    Attributes:
        number: By which it is named; never given twice, and never given again.
        name: In a word or two.
        tests: What is looked at, and what makes it an alarm, a note or a pass, in a sentence or two.
        unit: What the value and the smallest effect are: `"AUC"`, `"share of images"`, `"images"`, ...
        todo: What to do when it is not a pass.
        exhaustive: Whether it looks at every image there is, so that a pass could have missed none.
    """

    number: str
    name: str
    tests: str
    unit: str
    todo: str
    exhaustive: bool = False


_LIST = [
    # images and parts
    Kind(
        "FB001", "ledger-disjoint",
        "The split, read again from the files: an alarm if an image, a copy, an identity or a unit is in two parts, "
        "or an official test image is not in test.",
        "parts that share something", "Do not use the run; report the fault.", exhaustive=True,
    ),
    Kind(
        "FB002", "copies-across-parts",
        "Images of the detector parts whose copies are in another part, looked for by the directions of their edges, "
        "which is not how the ledger looks, and tried on planted copies. An alarm if they are surely more than 0.2 %, "
        "a note if there are any.",
        "share of images", "Look at the images that are named: name their sources as groups, or take one of them away.",
    ),
    Kind(
        "FB003", "copies-of-reals",
        "Fakes that are copies of real images of the run, near ones too: mirrored, turned, inverted, cropped, "
        "compressed, resized. An alarm if any have equal pixels, or if more fakes than reals have a near copy among "
        "the reals, at 99 %; else a note.",
        "images", "Find where they come from: a generator that copies, or a folder with reals in it.",
    ),
    Kind(
        "FB004", "repeated-fakes",
        "Test fakes of which a copy, or a near one, is in a training or validation part too.",
        "images", "Draw more different fakes, or read the AUC as one of images seen before.",
    ),
    # controls
    Kind(
        "FB010", "real-copy",
        "Halves of the reals, one of them called fake: an alarm if any detector tells them apart, family-wise over "
        "the detectors at 99 %.",
        "p-value, smallest of the family", "Do not trust the run: look for duplicates or identities across parts, and "
        "for preprocessing that only one class went through.",
    ),
    Kind(
        "FB011", "noise",
        "Images of pure noise: an alarm unless at least one detector reaches an AUC of 0.99.",
        "AUC", "The detectors do not learn: train them longer or on more images.", exhaustive=True,
    ),
    Kind(
        "FB012", "membership",
        "Whether images of one part have closer neighbours in another part than units dealt by chance would have, by "
        "a permutation test of nearest neighbours that knows mirrored, turned, brighter and coded copies: an alarm at "
        "99 % over test, detectors' and generators' parts. An official test or validation part counts as if it had "
        "been dealt so; one of other writers or places lies farther, which never makes an alarm.",
        "share of a part's images with a copy in another", "Do not use the run: look for copies that the ledger does "
        "not know, or give images that belong together a group.",
    ),
    Kind(
        "FB013", "memorisation-gap",
        "Scored only, in no summary: the scores that detectors give to reals that the generator was trained on against "
        "those of test reals, which it never saw. A note if the AUC of any detector differs from 0.5, at 99 % over all "
        "cells of the run (Holm).",
        "AUC of seen against unseen reals", "Compare with FB012 and FB015: the generator may copy. Or the official "
        "test part differs from the training part; nothing in the benchmark rests on this number.",
    ),
    Kind(
        "FB014", "shuffled-null",
        "399 shuffles in which half of the reals' units and half of the fakes' are called fake, each seen and tested "
        "by a fast linear detector. It says whether p-values and intervals hold on these very images and units, and "
        "nothing of what detectors see. An alarm if too many p-values are 0.05 or less, too many 95 % intervals of the "
        "AUC miss 0.5 (exact binomial tests), or the mean AUC is not 0.5, at 99 % together.",
        "share of shuffles with p <= 0.05", "Do not trust p-values and intervals of this run: units that are few and "
        "of very unequal size are the usual reason.",
    ),
    Kind(
        "FB015", "memorisation",
        "Whether fakes lie close to the generator's training images, all of them, more often than to held-out ones, "
        "by a permutation test over the dealing of reals: by pixels, and by the extractor's features with the training "
        "images that it has not learned. An alarm at 99 % over both if there are copies; a note if fakes that are no "
        "copies lean towards the training images.",
        "share of fakes that are copies", "Look at the copies. Train on more images, for a shorter time, or with "
        "augmentation; do not call the generator's AUC one of new images.",
    ),
    # shortcuts
    Kind(
        "FB020", "sentinel-format",
        "Traces of files and value grids that an honest generator leaves equal: an alarm if they alone beat chance, "
        "family-wise over the generators at 99 %.",
        "AUC", "Give real and fake images the same last steps: size, channels, levels, file format.",
    ),
    Kind(
        "FB021", "sentinel-content",
        "Cheap statistics of colour and contrast: a note if they alone beat chance.",
        "AUC", "Compare every detector to this one.",
    ),
    Kind(
        "FB022", "value-grid",
        "How many of a bank's values were off the grey levels of the reals before they were moved there: a note.",
        "share of values", "Nothing for a generator that draws all levels; make images of another tool from originals "
        "with the reals' levels.", exhaustive=True,
    ),
    Kind(
        "FB023", "file-facts",
        "Size, format, mode, quality and coding of the files of a folder of fakes against those of the reals: an alarm "
        "if any differs by more than chance makes it, at 99 %.",
        "largest total variation distance", "Make both sides from originals of one size, with the same last steps, in "
        "one format and quality.",
    ),
    Kind(
        "FB024", "missing-level",
        "A grey level between others that images of one class leave out, as they came: an alarm, family-wise over all "
        "traces (FB024 to FB028) and generators at 99 %.",
        "difference of shares of images", "Give real and fake images the same last steps, from originals of one kind.",
    ),
    Kind(
        "FB025", "constant-pixel",
        "A place that has the same value in images of one class, and stands out from the pixels beside it: an alarm, "
        "as FB024.",
        "difference of shares of images", "Cut it off both classes, or replace it in both.",
    ),
    Kind(
        "FB026", "border",
        "Border lines of one colour, or that repeat others, in one class: an alarm, as FB024.",
        "difference of shares of images", "Cut as many lines off both classes.",
    ),
    Kind(
        "FB027", "compression",
        "Pixels of one class that were a JPEG, or a stronger one than the other's, or whose colour was stored at half "
        "the resolution: an alarm, as FB024.",
        "difference of shares of images", "Take originals that were not compressed, or compress both classes alike.",
    ),
    Kind(
        "FB028", "smoothness",
        "What a smooth generator and a processed file have in common: no values at the ends of the range, little "
        "energy above a frequency, a rhythm of two pixels. A note, as FB024: the images cannot tell which it is.",
        "difference of shares of images", "For images of another tool, ask how they were resized and saved; for a "
        "generator of this run, nothing.",
    ),
    Kind(
        "FB029", "format-bias",
        "Test images of one class are compressed as JPEG, those of the other are not: a note if a detector's accuracy "
        "moves by more than chance, family-wise over detectors, generators, sides and qualities at 99 %.",
        "change of accuracy on that class", "Do not trust the detector where files of the two classes are compressed "
        "unequally; train it on images that were compressed at random.",
    ),
    # trainings
    Kind(
        "FB030", "saturated-discriminator", "The discriminator tells all images apart and teaches nothing: a note.",
        "accuracy", "Try spectral_norm, another loss, or a smaller discriminator_learning_rate.", exhaustive=True,
    ),
    Kind(
        "FB031", "low-diversity", "Fakes of one batch differ much less than reals do: a note.",
        "ratio of distances", "Look at the images before quoting a number.", exhaustive=True,
    ),
    Kind(
        "FB032", "diverged", "A loss was no longer a number; the last checkpoint before it is used: a note.",
        "loss", "Try a smaller learning_rate.", exhaustive=True,
    ),
    Kind(
        "FB033", "options", "What a generator says of its own options.", "none", "Read the sentence.", exhaustive=True,
    ),
    Kind(
        "FB034", "training", "What a training saw of itself that has no number of its own: a note.", "none",
        "Look at the images before quoting a number.", exhaustive=True,
    ),
]  # fmt: skip
KINDS = {kind.number: kind for kind in _LIST}
if len(KINDS) < len(_LIST) or len({kind.name for kind in _LIST}) < len(_LIST):
    raise RuntimeError("Two findings have one number or one name.")


def numbers(asked: Iterable[str]) -> list[str]:
    """Returns the numbers of findings that a user names, sorted; `"FB012,FB013"` names two.

    Raises:
        UserError: If there is no such finding.
    """
    named = {one.strip().upper() for text in asked for one in text.split(",") if one.strip()}
    for one in sorted(named - set(KINDS)):
        raise unknown("finding", one, KINDS)
    if not named and list(asked):
        raise UserError("A finding is named by its number, such as FB001. Received: nothing.")
    return sorted(named)


def markdown() -> str:
    """Returns `docs/findings.md`."""
    lines = [
        "# Findings",
        "",
        "Each check of a run says *pass*, *note*, *alarm* or *cannot tell*: that the data were too few to see what it "
        "looks for, which is no success. `audit.csv` holds them with the smallest effect that each could have seen. "
        "`fauxbench run --ignore FB012` leaves a finding on the page, marked as ignored. Alarms end a run with exit "
        "code 0, and with 3 under `--strict`, unless they are ignored.",
        "",
    ]
    for kind in _LIST:
        lines += [
            f"## {kind.number} {kind.name}", "", kind.tests, "", f"Value and smallest effect: {kind.unit}. "
            + ("A pass looked at everything there is." if kind.exhaustive else "A pass says what it could have seen."),
            "", f"What to do: {kind.todo}", "",
        ]  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"
