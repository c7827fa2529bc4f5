"""The split-and-pairing card of a run, `card.md`: which images met which, how many, and what was done to both sides."""

from __future__ import annotations

from typing import Any

from benchmark.results.cards.facts import PARTS
from benchmark.results.cards.markdown import counted, of_labels, table

TEMPLATE = """# {name}: what was paired with what
{smoke}
Written by fauxbench from the files that the run left; `card.json` says the same for programs, and more of it.

## Real images

{real}

{splits}
## Fakes

Each bank holds as many fakes for a part as the part has real images, or in that proportion what files there are. A
detector meets the real images of a part with the fakes that a bank has for that part, and those of no other.

{banks}

{sources}

## Both sides

- Real and fake images are uint8, of {size}, {channels}, and of the same {levels}: what a generator gives is moved to
  the nearest of them (column *moved*).
- They come to a detector in memory, so neither side has a file, a codec or metadata there. Formats of files above are
  what images were read from.
- Thresholds, calibration and stopping use `detector-validation` alone; what `test` holds is seen by a score only.

## What each detector saw

{detectors}

## Licences and sources

{terms} The fakes are synthetic images; those of a generator that learned from the real ones may stand under the same
terms.
{extractor}"""


def text(facts: dict[str, Any], known: dict[str, Any]) -> str:
    """Returns the card as Markdown.

    Args:
        facts: As `facts.of` returns them.
        known: What is known of the run as a whole: its `name`, and whether it is a `smoke` run.
    """
    images = facts["splits"][0]["images"] if facts["splits"] else {}
    values = facts["splits"][0]["levels"] if facts["splits"] else []
    return TEMPLATE.format(
        name=known["name"],
        smoke="\n**A smoke run: everything was shrunk to seconds, so this is no result.**\n" if known["smoke"] else "",
        real=_real(facts, images),
        splits="\n".join(_split(one, several=len(facts["splits"]) > 1) for one in facts["splits"]),
        banks=_banks(facts["banks"]),
        sources=_sources(facts["banks"]),
        size=f"{images.get('width', '?')} x {images.get('height', '?')} pixels",
        channels="grey" if images.get("channels") == 1 else "in colour",
        levels=f"{len(values)} grey levels" + (f" ({', '.join(map(str, values))})" if 0 < len(values) <= 32 else ""),
        detectors=_detectors(facts["detectors"]),
        terms=facts["terms"],
        extractor=_extractor(facts["extractor"]),
    )


def _real(facts: dict[str, Any], images: dict[str, Any]) -> str:
    if not images:
        return f"The real images (`{facts['dataset']}`) could not be prepared, see `failures` in `manifest.json`."
    notes = "".join(f"\n- {note}" for note in facts["splits"][0]["notes"])
    return f"`{images['name']}`, {images['n']:,} images, digest `{images['digest']}`.\n{notes}".rstrip()


def _split(split: dict[str, Any], several: bool) -> str:
    title = f"Split with ledger seed {split['ledger_seed']}" if several else "Split"
    rows = [
        [f"`{part}`", split["parts"][part], split["units"][part], of_labels(split["labels"][part]),
         _files(split["codecs"].get(part, {}))]
        for part in PARTS
    ]  # fmt: skip
    dropped = "\n".join(f"- {reason}: {n:,}" for reason, n in split["dropped"].items()) or "- none"
    copies = ", ".join(f"{n:,} {name}" for name, n in split["copies"].items()) or "not counted"
    rule = "\n".join(f"- {sentence}" for sentence in split["rule"])
    return (
        f"### {title}\n\n"
        f"{table(['part', 'images', 'units', 'labels', 'files'], rows)}\n\n"
        f"Images in no part, by reason:\n\n{dropped}\n\n"
        f"Copies among all: {copies}. The rule:\n\n{rule}\n"
    )


def _banks(banks: list[dict[str, Any]]) -> str:
    rows = [
        [
            bank["generator"] + (f" (control: {bank['control']})" if bank["control"] else ""), bank["kind"],
            bank["generator_seed"], bank["checkpoint"] or bank["asked_checkpoint"], bank["ledger_seed"],
            *(bank["counts"].get(part, 0) for part in PARTS[1:]),
            f"{max(bank['snapped'].values(), default=0.0):.1%}", _files(bank["codecs"]),
        ]
        for bank in banks
    ]  # fmt: skip
    head = ["generator", "kind", "training seed", "checkpoint", "ledger seed", *(f"`{part}`" for part in PARTS[1:])]
    return table([*head, "moved", "files"], rows) if rows else "No bank was finished."


def _sources(banks: list[dict[str, Any]]) -> str:
    """Says of each generator where its fakes come from, and with which labels."""
    said: dict[str, str] = {}
    for bank in banks:
        name = f"`{bank['generator']}`"
        if bank["control"] == "real-copy":
            kept = counted(bank["reals"])
            said[name] = (
                f"half of the real images of each part, called fake; the other half is what they meet ({kept})."
            )
        elif bank["made_from_reals"]:
            said[name] = "each made from a real image of the same part, and of the same unit as that image."
        elif bank["codecs"]:
            said[name] = "files of a folder, dealt to the parts; those of one source stay in one part."
        else:
            said[name] = "drawn from nothing that a part holds: each is a unit of its own."
        asked = {part: labels for part, labels in bank["labels"].items() if labels}
        if asked:
            said[name] += " Asked for these labels in `test`: " + of_labels(asked.get("test", {})) + "."
    return "\n".join(f"- {name}: {words}" for name, words in said.items())


def _detectors(detectors: list[dict[str, Any]]) -> str:
    rows = [
        [
            f"[{one['id']}]({one['card']})", one["seed"], " + ".join(one["sources"]),
            f"{one['n_train_real']:,} + {one['n_train_fake']:,}",
            f"{one['n_validation_real']:,} + {one['n_validation_fake']:,}",
            "" if one["train_perturbation"] == "none" else one["train_perturbation"],
            ", ".join(one["needs"]), len(one["cells"]),
        ]
        for one in detectors
    ]  # fmt: skip
    head = ["detector", "seed", "fakes of (generator/seed)", "learned from (real + fake)", "validated on"]
    more = ["done to both sides", "given beside images", "exams"]
    return table([*head, *more], rows) if rows else "No detector was trained."


def _files(codecs: dict[str, int]) -> str:
    return counted(codecs) if codecs else "no files"


def _extractor(extractor: dict[str, Any]) -> str:
    if not extractor:
        return ""
    return (
        f"\n## Feature extractor\n\n`{extractor.get('extractor')}`, digest `{extractor.get('digest')}`, learned from "
        f"{extractor.get('images', 0):,} images of no detector part and not of `test`. Quality and detectors on "
        "features rest on it.\n"
    )
