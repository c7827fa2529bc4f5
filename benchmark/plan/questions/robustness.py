"""How well is each generator still told from real images when something was done to both of them on their way?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from benchmark.plan.cell import UNTOUCHED, Asked
from benchmark.plan.rows import Rows
from benchmark.plan.stage import Row
from data.errors import UserError

SAME = "same"
# What the web does most, each from hardly visible to plain: see docs/question-robustness.md.
USUAL = [
    "jpeg-90", "jpeg-75", "jpeg-50", "blur-0.5", "blur-1", "noise-2", "noise-8", "resize-0.75", "resize-0.5",
    "crop-0.8", "contrast-0.8", "social-1",
]  # fmt: skip


def _perturbations(names: list[str]) -> list[str]:
    from data import perturb

    found = _named(names)
    for name in found:
        if name == UNTOUCHED:
            raise ValueError(f"'{UNTOUCHED}' is what all others are compared with, and always asked; leave it away")
        if not perturb.keeps_size(name):
            raise ValueError(f"'{name}' gives images another size, which a detector only takes where it learned so: "
                             "it can stand in 'preprocess'")  # fmt: skip
    return found


def _named(names: list[str]) -> list[str]:
    """Returns names with each number written in the one way, each name once."""
    from data import perturb

    try:
        return _once([name if name == UNTOUCHED else perturb.joined(name) for name in names])
    except UserError as error:
        raise ValueError(str(error).rstrip(".")) from None


def _once(names: list[str]) -> list[str]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"'{name}' stands there {names.count(name)} times; input should have each once")
    return names


class Options(BaseModel):
    """The table `[question.robustness]`.

    Attributes:
        perturbations: What is done to the test images, as `data.perturb.apply` names it.
        train: What is done to the images that a detector learns from: nothing (`"none"`), or the same (`"same"`).
        preprocess: What the detector's side does to all images that it ever sees, in training and test alike, after
            whatever else was done to them.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    perturbations: Annotated[list[str], Field(min_length=1), AfterValidator(_perturbations)] = USUAL
    train: Annotated[list[Literal["none", "same"]], Field(min_length=1), AfterValidator(_once)] = ["none", "same"]
    preprocess: Annotated[list[str], Field(min_length=1), AfterValidator(_named)] = [UNTOUCHED]


def cells(rows: Rows, options: Options) -> Iterator[Asked]:
    """Each detector, trained on each training run of each generator, is tested on its images after each perturbation.

    It learned from images as they are, or after the same perturbation. Its threshold comes from validation images that
    went through what its training images did. Clean images are asked by the question `own`, but for those that the
    detector's side preprocesses. A smoke run has the first perturbation only.
    """
    perturbations = options.perturbations[:1] if rows.smoke else options.perturbations
    seen = set()
    for detector, seed in rows.askable:
        for run in (run for run in rows.runs if run.is_main):
            for lesson, exam in _both(options, perturbations, detector):
                of_it = (detector.id, seed, run.generator.id, run.seed, lesson, exam)
                if of_it not in seen:  # two ways to say one thing, such as blur-1 before and as preprocessing
                    seen.add(of_it)
                    taught = rows.lesson(run.generator.id, [run], perturbation=lesson)
                    yield Asked(taught, detector, seed, rows.exam(run, perturbation=exam))


def _both(options: Options, perturbations: list[str], detector: Row) -> Iterator[tuple[str, str]]:
    """Yields what is done to the lesson, and what to the exam."""
    for preprocess in options.preprocess:
        if not able(detector, preprocess):
            continue
        clean = after(UNTOUCHED, preprocess)
        if clean != UNTOUCHED:
            yield clean, clean
        for name in perturbations:
            exam = after(name, preprocess)
            for train in options.train:
                yield (exam if train == SAME else clean), exam


def after(perturbation: str, preprocess: str) -> str:
    """Returns the name of a perturbation and of what the detector's side does to the images then.

    Example:
        >>> after("jpeg-75", "cut-0.75"), after("none", "cut-0.75"), after("none", "none")
        ('jpeg-75+cut-0.75', 'cut-0.75', 'none')
    """
    return "+".join(name for name in (perturbation, preprocess) if name != UNTOUCHED) or UNTOUCHED


def able(detector: Row, preprocess: str) -> bool:
    """Says whether a detector can be asked: it scores images that no file of scores knows, and of another size where
    preprocessing gives them one. A feature extractor only takes the size that it learned on."""
    from data import perturb

    if not detector.plugin.attribute("scores_new_images", True):
        return False
    resized = preprocess != UNTOUCHED and not perturb.keeps_size(preprocess)
    return not (resized and "extractor" in detector.plugin.attribute("needs", ()))
