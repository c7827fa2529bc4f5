"""Lessons, exams and cells: what a detector learned from, what it is tested on, and the two together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmark.plan.stage import Row, Stage

LAST = "last"
UNTOUCHED = "none"  # what was done to images that nothing was done to


@dataclass(frozen=True)
class Lesson:
    """What a detector learns from: real images, and the fakes of one training run or an equal share of several.

    Attributes:
        name: How tables call it: the generator's id, or a question's word for several of them.
        sources: Whose fakes: `(generator, seed)` of each training run, in the order of their ids.
        banks: Their banks, in that order.
        n: How many labelled images of each side it has, those for validation included; `None` for all that there are.
        draw: Which draw of so many images: in one, fewer are among more. Of all images there is one, 0.
        perturbation: What was done to its images, as `data.perturb.apply` names it.

    Raises:
        ValueError: If it is another draw of all images.
    """

    name: str
    sources: tuple[tuple[str, int], ...]
    banks: tuple[Stage, ...]
    n: int | None = None
    perturbation: str = UNTOUCHED
    draw: int = 0

    def __post_init__(self) -> None:
        if self.draw and self.n is None:
            raise ValueError(f"All images are drawn in one way: draw 0. Received: draw {self.draw} without n.")

    @property
    def id(self) -> str:
        """All of it in a few words, such as `"gaussian/0"` or `"all/0 n=100 draw=2 perturbation=jpeg-75"`."""
        return f"{self.name}/{self._rest}"

    @property
    def title(self) -> str:
        """The same for people, such as `"gaussian seed 0"`."""
        return f"{self.name} seed {self._rest}"

    @property
    def checkpoint(self) -> str:
        """The checkpoint that was asked for, of all its training runs; `"last"` is the last, whatever its name."""
        return " + ".join(dict.fromkeys(str(bank.params["checkpoint"]) for bank in self.banks))

    @property
    def _rest(self) -> str:
        seeds = "+".join(map(str, sorted({seed for _, seed in self.sources})))
        made = [] if self.checkpoint == LAST else [self.checkpoint]
        return " ".join([seeds, *made, *(f"{name}={value}" for name, value in self.changes.items())])

    def is_own(self, exam: Exam) -> bool:
        """Says whether it is the usual lesson of an exam: all the fakes, as they are, of the training run it tests."""
        return self.id == f"{exam.generator}/{exam.generator_seed}"

    @property
    def changes(self) -> dict[str, Any]:
        """What a stage must be told of it beside its banks; nothing for all images as they are."""
        changes = {
            "n": self.n, "draw": self.draw or None,
            "perturbation": None if self.perturbation == UNTOUCHED else self.perturbation,
        }  # fmt: skip
        return {name: value for name, value in changes.items() if value is not None}


@dataclass(frozen=True)
class Exam:
    """What a detector is tested on: the test reals, and the fakes of one checkpoint of one training run.

    Attributes:
        generator: The generator's id.
        generator_seed: Of its training run.
        control: Which control it is, if it is one.
        bank: The fakes.
        perturbation: What was done to reals and fakes, as `data.perturb.apply` names it.
    """

    generator: str
    generator_seed: int
    control: str | None
    bank: Stage
    perturbation: str = UNTOUCHED

    @property
    def checkpoint(self) -> str:
        """The checkpoint that was asked for; `"last"` is the last, whatever its name."""
        return str(self.bank.params["checkpoint"])

    @property
    def id(self) -> str:
        """All of it in a few words, such as `"gaussian/0"` or `"tuned/1 epoch-0020 blur-1"`."""
        return f"{self.generator}/{self._rest}"

    @property
    def title(self) -> str:
        """The same for people, such as `"gaussian seed 0"`."""
        return f"{self.generator} seed {self._rest}"

    @property
    def changes(self) -> dict[str, Any]:
        """What the stage that scores it must be told of it beside its bank; nothing for images as they are."""
        return {} if self.perturbation == UNTOUCHED else {"perturbation": self.perturbation}

    @property
    def _rest(self) -> str:
        more = [part for part, usual in ((self.checkpoint, LAST), (self.perturbation, UNTOUCHED)) if part != usual]
        return " ".join([str(self.generator_seed), *more])


@dataclass(frozen=True)
class Asked:
    """A question's wish for one cell: this detector, with this seed, taught by this lesson, sits this exam.

    With `beside` the detector also scores the validation fakes of the exam's bank: what is to be fitted on its scores
    of fakes that it has not learned from is fitted on those.
    """

    lesson: Lesson
    detector: Row
    detector_seed: int
    exam: Exam
    beside: bool = False

    @property
    def identity(self) -> tuple[Any, ...]:
        """What two wishes for the same cell share, whatever either calls its lesson."""
        banks = tuple(bank.name for bank in self.lesson.banks)  # whose fakes, and of which checkpoints
        return banks, repr(self.lesson.changes), self.detector.id, self.detector_seed, self.exam.id


@dataclass(frozen=True)
class Cell:
    """One row of `cells.csv`: one lesson, one detector with its seed, one exam, and the stages that answer it.

    `split` is what its name says of the split of the real images; nothing for a run's first one. `again` is what it
    says of its question, where an earlier one has asked the same.

    Raises:
        ValueError: If its stages come from more than one split of the real images: what one split taught, another may
            test.
    """

    question: str
    lesson: Lesson
    detector: str
    detector_seed: int
    exam: Exam
    trained: Stage
    scored: Stage
    measured: Stage
    split: str = ""
    again: str = ""

    def __post_init__(self) -> None:
        seeds = self.ledger_seeds
        if len(seeds) != 1:
            raise ValueError(f"Cell '{self.name}' mixes splits of the real images: ledger seeds {sorted(seeds)}.")

    @property
    def name(self) -> str:
        """The cell's id; its lesson is named where it is not the generator's own."""
        after = "" if self.lesson.is_own(self.exam) else f" after {self.lesson.id}"
        return f"{self.exam.id}/{self.detector}/{self.detector_seed}{after}{self.again}{self.split}"

    @property
    def generator(self) -> str:
        """The tested generator's id."""
        return self.exam.generator

    @property
    def generator_seed(self) -> int:
        """The seed of the tested training run."""
        return self.exam.generator_seed

    @property
    def control(self) -> str | None:
        """Which control the tested generator is, if it is one."""
        return self.exam.control

    @property
    def bank(self) -> Stage:
        """The fakes that it is tested on."""
        return self.exam.bank

    @property
    def ledger_seeds(self) -> set[int]:
        """The seeds of all splits of the real images that anything in it comes from; there is one."""
        return {seed for stage in (self.trained, self.measured, *self.lesson.banks) for seed in ledger_seeds(stage)}


def ledger_seeds(stage: Stage) -> set[int]:
    """Returns the seeds of the splits that a stage comes from, by way of generators, extractor and all it reads."""
    own = {int(stage.params["ledger_seed"])} if stage.function == "prepare" else set()
    return own.union(*map(ledger_seeds, stage.inputs.values()))
