"""The plan: a spec as a graph of stages, each with its key, and the cells that the benchmark reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.machine import runtime
from benchmark.plan import preparation, questions, shrink, warm
from benchmark.plan import smoke as shrunk
from benchmark.plan.cell import Asked, Cell
from benchmark.plan.lessons import Lessons
from benchmark.plan.measurement import Draft, Measurement
from benchmark.plan.rows import Rows
from benchmark.plan.specs import PluginSpec, Spec
from benchmark.plan.stage import Row, Stage
from benchmark.plugins import describe
from benchmark.plugins import resolve as plugins

# Which stages come first, of one turn in the order in which they are planned. Each reads what is before it alone.
TURNS = {"prepare": 0, "audit": 0, "train_generator": 1, "train_extractor": 2}


@dataclass(frozen=True)
class Split:
    """All that follows from one split of the real images.

    Attributes:
        rows: The generators and detectors, and the training runs.
        audited: The stage that checks the split again.
        cells: The cells.
        measured: The stages of each measurement, by its name and by what they are of.
        name: What names of stages and cells say of it; nothing for the first.
    """

    rows: Rows
    audited: Stage
    cells: list[Cell]
    measured: Mapping[str, Mapping[Any, Stage]]
    name: str = ""

    @property
    def prepared(self) -> Stage:
        """The stage that splits the real images."""
        return self.rows.prepared

    @property
    def ledger_seed(self) -> int:
        """Its seed."""
        return int(self.prepared.params["ledger_seed"])

    @cached_property
    def trainings(self) -> dict[tuple[str, int], Stage]:
        """The stages that train generators, by id and seed."""
        return {(run.generator.id, run.seed): run.trained for run in self.rows.runs}

    @cached_property
    def banks(self) -> dict[tuple[str, int], Stage]:
        """The stages that sample last checkpoints, by id and seed."""
        return {(run.generator.id, run.seed): self.rows.bank(run) for run in self.rows.runs}

    @cached_property
    def stages(self) -> list[Stage]:
        """Its stages, without repetition; trainings first: they take longest, and quality waits for the extractor."""
        chosen: dict[str, Stage] = {}
        seen: set[int] = set()  # stages that are one object are looked at once: many cells read the same ones
        for stage in self._walk(seen):
            named = replace(stage, name=stage.name + self.name) if self.name else stage
            chosen.setdefault(stage.key, named)
        return sorted(chosen.values(), key=lambda stage: TURNS.get(stage.function, len(TURNS)))

    def _walk(self, seen: set[int]) -> Iterator[Stage]:
        yield from (self.prepared, self.audited)
        yield from self.trainings.values()
        yield from self.banks.values()
        for cell in self.cells:
            yield from _after_inputs(cell.measured, seen)
        for stages in self.measured.values():
            for stage in stages.values():
                yield from _after_inputs(stage, seen)


@dataclass(frozen=True)
class Plan:
    """Every stage of a run, each after what it reads, and its cells.

    A run with several ledger seeds has several splits. What is said of one of them, such as pictures, is of the first:
    `rows`, `prepared`, `audited`, `trainings`, `banks` and `measured` are its.

    Attributes:
        spec: The spec.
        splits: What follows from each split of the real images.
        measurements: What is measured beside cells.
    """

    spec: Spec
    splits: list[Split]
    measurements: Sequence[Measurement] = ()

    @property
    def rows(self) -> Rows:
        """The generators and detectors, and the training runs."""
        return self.splits[0].rows

    @property
    def generators(self) -> list[Row]:
        """The generators."""
        return self.rows.generators

    @property
    def detectors(self) -> list[Row]:
        """The detectors."""
        return self.rows.detectors

    @property
    def prepared(self) -> Stage:
        """The stage that splits the real images."""
        return self.rows.prepared

    @property
    def audited(self) -> Stage:
        """The stage that checks the split again."""
        return self.splits[0].audited

    @property
    def trainings(self) -> dict[tuple[str, int], Stage]:
        """The stages that train generators, by id and seed."""
        return self.splits[0].trainings

    @property
    def banks(self) -> dict[tuple[str, int], Stage]:
        """The stages that sample last checkpoints, by id and seed."""
        return self.splits[0].banks

    @property
    def measured(self) -> Mapping[str, Mapping[Any, Stage]]:
        """The stages of each measurement, by its name and by what they are of."""
        return self.splits[0].measured

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells of all splits."""
        return [cell for split in self.splits for cell in split.cells]

    @cached_property
    def stages(self) -> list[Stage]:
        """The stages of all splits."""
        return [stage for split in self.splits for stage in split.stages]


def plan(
    spec: Spec, *, folders: list[Path], base: Path | None = None, smoke: bool = False,
    weights: tuple[Path, str] | None = None, measurements: Sequence[Measurement] = (),
) -> Plan:  # fmt: skip
    """Turns a checked spec into stages.

    Args:
        spec: The spec.
        folders: Where data files are looked for, in this order.
        base: The folder that relative plug-in paths start from. Defaults to the current one.
        smoke: Whether every part and training is shrunk to seconds. Defaults to `False`.
        weights: The file of Inception weights that the spec names, found good, and its sha256, see
            `benchmark.quality.inception.weights.named`. Defaults to `None`, FID and KID are not measured.
        measurements: What is measured beside cells; a run has all of `benchmark.stages.measurements`. Defaults to
            nothing.

    Raises:
        UserError: For an unknown plug-in or option, or missing or damaged data files.
    """
    environment = runtime.environment(spec.protocol.threads)
    generators, detectors = _rows(spec, base, smoke)
    every = preparation.prepare(spec, folders, base, smoke, generators)
    splits: list[Split] = []
    for prepared in every:
        protocol, name = spec.protocol, f" ledger {prepared.params['ledger_seed']}" if splits else ""
        audited = Stage("audit ledger", "audit", {}, {"prepared": prepared})
        seeds = protocol.generator_seeds, protocol.detector_seeds
        rows = Rows(generators, detectors, *seeds, prepared, environment, smoke)
        extractor = preparation.extractor(spec, prepared, environment, smoke)
        cells = _cells(rows, Lessons(rows, extractor), spec, name)
        draft = Draft(spec, rows, cells, extractor, smoke, weights)
        made = [one for one in measurements if one.everywhere or not splits]
        measured = {one.name: {key: one.marked(stage) for key, stage in _planned(one, draft)} for one in made}
        splits.append(Split(rows, audited, cells, measured, name))
    return Plan(spec, splits, measurements)


def _planned(one: Measurement, draft: Draft) -> Iterable[tuple[Any, Stage]]:
    stages = one.plan(draft)
    return (shrunk.measured(stages, draft) if draft.smoke else stages).items()


def _cells(rows: Rows, lessons: Lessons, spec: Spec, split: str) -> list[Cell]:
    """Asks all questions; cells stand by exam, and for each exam by detector, as the spec lists them."""
    every = questions.cells(rows, spec.protocol.ask, spec.question)
    asked = [(name, one) for name, one in every if lessons.possible(one)]
    if rows.smoke:
        asked = shrunk.tried(rows, asked)
    exams = {(run.generator.id, run.seed): at for at, run in enumerate(rows.runs)}
    detectors = {row.id: at for at, row in enumerate(rows.detectors)}
    asked.sort(key=lambda pair: (exams[pair[1].exam.generator, pair[1].exam.generator_seed],
                                 detectors[pair[1].detector.id], pair[1].detector_seed))  # fmt: skip
    cells: dict[str, Cell] = {}
    for name, one in asked:
        cell = _cell(name, one, lessons.training(one), split)
        if cell.name in cells:
            cell = replace(cell, again=f" for {name}")
        cells[cell.name] = cell
    return list(cells.values())


def _cell(question: str, asked: Asked, trained: Stage, split: str) -> Cell:
    detector, lesson, exam = asked.detector, asked.lesson, asked.exam
    after = "" if lesson.is_own(exam) else f" after {lesson.title}"
    name = f"{detector.id} seed {asked.detector_seed} on {exam.title}{after}"
    inputs = {"prepared": trained.inputs["prepared"], "bank": exam.bank, "trained": trained}
    params = trained.params | exam.changes | ({"beside": True} if asked.beside else {})
    scored = Stage(f"score {name}", "score", params, inputs, trained.where)
    measured = Stage(f"measure {name}", "measure", {}, {"scored": scored})
    return Cell(question, lesson, detector.id, asked.detector_seed, exam, trained, scored, measured, split)


def _after_inputs(stage: Stage, seen: set[int]) -> Iterator[Stage]:
    """Yields all that a stage reads, each after what it reads itself, and then the stage; nothing that was seen."""
    if id(stage) in seen:
        return
    seen.add(id(stage))
    for read in stage.inputs.values():
        yield from _after_inputs(read, seen)
    yield stage


def _rows(spec: Spec, base: Path | None, smoke: bool) -> tuple[list[Row], list[Row]]:
    """Returns the generators and the detectors, each described."""
    shown = {"display_interval": spec.protocol.display_interval}
    wanted = [_wanted("generators", row, base, smoke, shown, spec) for row in spec.generator]
    wanted += [_wanted("detectors", row, base, smoke, {}, spec) for row in spec.detector]
    found = iter(describe.described(wanted))
    generators = []
    for row in spec.generator:
        about = _warmed(next(found), base)
        generators.append(Row(row.id, shrunk.made_small(about, row.grid) if smoke else about, grid=row.grid))
    return generators, [Row(row.id, next(found), row.train_on, row.grid, row.rung) for row in spec.detector]


def _wanted(
    group: str, row: PluginSpec, base: Path | None, smoke: bool, defaults: dict[str, Any], spec: Spec
) -> describe.Wanted:
    noun = plugins.NOUNS[group]
    imposed, most = (shrink.IMPOSED, shrink.MOST) if smoke else ({}, {})
    places = spec.places.get((noun, row.id), {})
    return describe.Wanted(group, row.kind, row.options, base, f"{noun} '{row.id}'", defaults, imposed, most, places)


def _warmed(about: describe.Description, base: Path | None) -> describe.Description:
    """Puts in place of the run that a warm start or a reflow names its networks, and what they have seen."""
    for name in warm.OPTIONS:
        place = about.options.get(name)
        if about.broken is None and isinstance(place, str) and about.plugin.takes(name):
            start = warm.locate(place, base, name)
            options = about.options | {name: str(start.folder)}
            return replace(about, options=options, fingerprint=start.fingerprint(name), seen=tuple(start.seen))
    return about
