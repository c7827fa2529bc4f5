"""What is measured beside cells: how good images are, what is left of a person, what detectors look at.

A measurement is one file, which says what it is: of which parts of a plan, by which stage, in which table of the run
folder and under which heading of the page. The files lie in `benchmark.stages.measurements`, which is above this room;
the planner is given them.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.plan import questions
from benchmark.plan.cell import Cell
from benchmark.plan.rows import Rows, Run
from benchmark.plan.specs import Spec
from benchmark.plan.stage import Stage
from benchmark.store import digest


@dataclass(frozen=True)
class Draft:
    """What is planned before anything is measured beside cells.

    Attributes:
        spec: The spec.
        rows: Its generators and detectors, with their training runs.
        cells: The cells.
        extractor: The stage that trains the feature extractor; it is done only where something asks for it.
        smoke: Whether everything is shrunk to seconds.
        weights: The file of Inception weights that the spec names and its sha256, or `None`.
    """

    spec: Spec
    rows: Rows
    cells: list[Cell]
    extractor: Stage
    smoke: bool = False
    weights: tuple[Path, str] | None = None

    def rescored(self, generators: Collection[str]) -> list[Cell]:
        """Returns the cells whose detectors can be asked for scores of other images than they were tested on.

        They are those of the main table that test some generators; in a smoke run those of the first alone.
        """
        able = {row.id for row in self.rows.detectors if row.plugin.attribute("scores_new_images", True)}
        own = [
            cell
            for cell in self.cells
            if questions.table(cell.question) == "own" and cell.generator in generators and cell.detector in able
        ]
        return self._few(own)

    def bank_stages(self, function: str, runs: Iterable[Run]) -> dict[Hashable, Stage]:
        """Returns a stage for each of some training runs: it reads the real images and the last checkpoint's bank."""
        return {
            (run.generator.id, run.seed): Stage(
                f"{function} {run.generator.id} seed {run.seed}",
                function,
                {"environment": self.rows.environment},
                {"prepared": self.rows.prepared, "bank": self.rows.bank(run)},
            )
            for run in runs
        }

    @property
    def tested(self) -> list[Run]:
        """The training runs that are no controls and whose last bank cells test; the first in a smoke run."""
        asked = {cell.bank.key for cell in self.cells}
        found = [run for run in self.rows.runs if run.is_main and self.rows.bank(run).key in asked]
        return found[:1] if self.smoke else found

    def shown(self) -> list[Cell]:
        """Returns the cells of the main table that test no control; in a smoke run those of the first generator."""
        own = [cell for cell in self.cells if not cell.control and questions.table(cell.question) == "own"]
        return self._few(own)

    def _few(self, cells: list[Cell]) -> list[Cell]:
        """Returns the cells, in a smoke run those of the first generator alone."""
        return [cell for cell in cells if not self.smoke or cell.generator == cells[0].generator]


@dataclass(frozen=True)
class Table:
    """A table that the stages of a measurement write, all together one file of the run folder.

    Attributes:
        file: Its name, in a stage's folder and in the run folder.
        columns: Its columns, beside those that say what a row is of; or the place of that list, `"module:NAME"`, which
            is imported when tables are gathered.
        joins: Whether it has one row for each checkpoint, and its columns stand in `generators.csv` instead.
        of: The columns that say what a row is of: the split and the keys of `Measurement.plan`, or `("cell",)`.
    """

    file: str
    columns: tuple[str, ...] | str
    joins: bool = False
    of: tuple[str, ...] = ("ledger_seed", "generator", "generator_seed")

    @property
    def names(self) -> list[str]:
        """Its columns."""
        if not isinstance(self.columns, str):
            return list(self.columns)
        module, _, name = self.columns.partition(":")
        return list(getattr(importlib.import_module(module), name))


@dataclass(frozen=True)
class Section:
    """The part of the page that shows a measurement's table as it is.

    Attributes:
        title: Its heading.
        text: What the numbers mean, in a sentence or two.
        columns: What it shows: a column of the table -> its heading.
    """

    title: str
    text: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Measurement:
    """One file of `benchmark.stages.measurements`.

    Attributes:
        name: Its name.
        plan: What is measured: from the draft to a stage for each `(generator, seed)` or cell's name; the key `""` is
            the run as a whole.
        functions: The functions that do its stages: name -> `"module:function"`, imported where they run.
        modules: Files of `benchmark/` whose code decides what these functions write; the measurement's own file is
            among them anyway.
        table: The table that its stages write, if they write one that goes on as it is.
        section: The section of the page that shows the table; `None` where the page has one of its own for it.
        version: To be raised when what the stages write changes and no file of `modules` does.
        findings: The file of findings in a stage's folder, if they make any; they go into `audit.csv`.
    """

    name: str
    plan: Callable[[Draft], Mapping[Hashable, Stage]]
    functions: Mapping[str, str]
    modules: tuple[str, ...] = ()
    table: Table | None = None
    section: Section | None = None
    version: int = 1
    findings: str | None = None

    @property
    def everywhere(self) -> bool:
        """Whether it is made of every split of the real images: numbers are, pictures are drawn of the first."""
        return self.table is not None or self.findings is not None

    def marked(self, stage: Stage) -> Stage:
        """Returns a stage whose key knows the code of this measurement, as do those of its stages that it reads."""
        if stage.function not in self.functions:
            return stage
        inputs = {name: self.marked(read) for name, read in stage.inputs.items()}
        own = Path(inspect.getfile(self.plan)).relative_to(digest.HOUSE / "benchmark").as_posix()
        return replace(stage, inputs=inputs, code=(own, *self.modules), version=self.version)

    def as_json(self) -> dict[str, Any] | None:
        """Returns what the page must know of its section, or `None` if it has none of its own."""
        if self.section is None or self.table is None:
            return None
        return {
            "name": self.name, "title": self.section.title, "text": self.section.text,
            "file": self.table.file, "columns": dict(self.section.columns),
        }  # fmt: skip
