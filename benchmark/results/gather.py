"""Finished stages as frames, whose rows say which cell or generator they belong to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmark.execute.state import Outcome
from benchmark.findings import finding
from benchmark.plan import questions
from benchmark.plan.cell import Cell
from benchmark.plan.measurement import Table
from benchmark.plan.planner import Plan, Split
from benchmark.plan.stage import Stage
from benchmark.quality import control
from benchmark.results import gap, read_together, shortcuts, summarise
from benchmark.store import digest
from benchmark.store.checkpoints import Checkpoints
from benchmark.store.store import Store
from generation.dcgan.class_scores import COLUMNS as CLASS_COLUMNS

CELL_COLUMNS = [
    "cell", "question", "table", "dataset", "ledger_seed", "generator", "generator_seed", "checkpoint",
    "asked_checkpoint", "train_generator", "train_sources", "train_checkpoint", "train_n", "train_draw",
    "n_train_real", "n_train_fake", "n_test_real", "n_test_fake", "train_perturbation", "detector", "detector_seed",
    "perturbation", "purpose", "status", "error",
    "seconds", "parameters", "milliseconds_per_image",
]  # fmt: skip
GENERATOR_COLUMNS = [
    "ledger_seed", "generator", "generator_seed", "checkpoint", "kind", "control", "parameters", "seconds",
    "images_per_second",
]  # fmt: skip
FIRST = ["ledger_seed", "generator", "generator_seed"]  # what a row of a training run is of


class Gathered:
    """Reads what the store holds for a plan.

    Args:
        plan: The plan.
        store: Where its finished stages are.
        outcomes: How each stage ended, by key.
    """

    def __init__(self, plan: Plan, store: Store, outcomes: dict[str, Outcome]) -> None:
        self.plan, self.store, self.outcomes = plan, store, outcomes
        self.measured = [cell for cell in plan.cells if self.ended_well(cell.measured)]
        self._banks: dict[str, dict[str, Any]] = {}

    def cells(self) -> pd.DataFrame:
        """One row per cell, failed ones too, each with its error."""
        return pd.DataFrame([self._cell(cell) for cell in self.plan.cells], columns=CELL_COLUMNS)

    def scores(self) -> pd.DataFrame:
        """One row per image and cell."""
        columns = ["part", "image_id", "label", "group", "unit", "is_fake", "score", "probability"]
        if not self.measured:
            empty = pd.DataFrame({name: pd.Series(dtype=object) for name in ["cell", *columns]})
            return empty.astype({"cell": "category", "part": "category"})
        tables = [read_together.parquet(self.path(cell.scored) / "scores.parquet", columns) for cell in self.measured]
        joined = pa.concat_tables(tables).to_pandas()
        names = pd.Series([cell.name for cell in self.measured]).astype("category")
        joined.insert(0, "cell", names.repeat([table.num_rows for table in tables]).reset_index(drop=True))
        return joined.astype({"part": "category"})

    def metrics(self) -> pd.DataFrame:
        """One row per cell and metric."""
        about = [
            {"cell": cell.name, **_identity(cell), **_asked(cell), "checkpoint": self._checkpoint(cell)}
            for cell in self.measured
        ]
        if not about:
            return _empty(summarise.METRIC_COLUMNS)
        joined, counts = self._of_cells("metrics.csv")
        label = joined["label"] if "label" in joined else pd.Series(np.nan, index=joined.index)
        every = pd.DataFrame(about, dtype=object).infer_objects()  # each cell once, whatever the number of its metrics
        of = every.loc[np.repeat(every.index, counts)].reset_index(drop=True)
        classes = [None if np.isnan(at) else self._classes[int(at)] for at in label]
        joined = joined.assign(scope=np.where(label.isna(), "cell", "class"), **{"class": classes}, **of)
        return joined[summarise.METRIC_COLUMNS]

    def curves(self) -> pd.DataFrame:
        """The ROC curve of every cell."""
        return self._beside_cells("roc.csv", ["fpr", "tpr", "threshold", "tpr_low", "tpr_high"])

    def reliability(self) -> pd.DataFrame:
        """The bins of every cell's reliability diagram; none of a detector without probabilities."""
        return self._beside_cells("reliability.csv", ["bin", "n", "probability", "share", "low", "high"])

    def _beside_cells(self, file: str, columns: list[str]) -> pd.DataFrame:
        """Returns the tables of one name that cells have, whose rows then say which cell they are of."""
        joined, counts = self._of_cells(file)
        if joined.empty:
            return _empty(["cell", *columns])
        names = np.array([cell.name for cell in self.measured], dtype=object)
        return joined.assign(cell=np.repeat(names, counts))[["cell", *columns]]

    def _of_cells(self, file: str) -> tuple[pd.DataFrame, list[int]]:
        """Returns the tables of one name that cells have as one, and how many rows are of each cell."""
        return read_together.csv([self.path(cell.measured) / file for cell in self.measured])

    def training(self) -> pd.DataFrame:
        """Losses and images/s per step of every generator that trains."""
        return self._joined(self._trainings, "training.csv", [])

    def histories(self) -> pd.DataFrame:
        """What detectors that train in epochs noted of each; of one that learned from all, its rows stand once."""
        frames, seen = [], set()
        # those of the main table first: what else is asked neither moves nor renames their rows
        for cell in sorted(self.plan.cells, key=lambda cell: questions.table(cell.question) != questions.USUAL):
            path = self.path(cell.trained) / "history.csv"
            usual = questions.table(cell.question) == questions.USUAL  # other lessons have no columns here
            if usual and cell.trained.key not in seen and self.ended_well(cell.trained) and path.exists():
                own = cell.lesson.name == cell.generator
                about = {"ledger_seed": min(cell.ledger_seeds)} | _identity(cell)
                about |= {} if own else {"generator": cell.lesson.name}
                about |= {f"train_{name}": value for name, value in cell.lesson.changes.items()}
                frames.append(_text(path).assign(**about))
            seen.add(cell.trained.key)
        first = [*FIRST, "detector", "detector_seed"]
        joined = pd.concat(frames, ignore_index=True) if frames else _empty([*first, "epoch"])
        return joined[[*first, *[name for name in joined.columns if name not in first]]]

    def generators(self) -> pd.DataFrame:
        """One row per checkpoint of every generator; where its quality was not measured, those columns are empty."""
        rows = []
        kinds = {row.id: row.plugin for row in self.plan.generators}
        for split, generator, seed, stage in self._runs("trainings"):
            if not self.ended_well(stage):
                continue
            facts = _json(self.path(stage) / "facts.json")
            beside = [
                self._measured(_stage(split, name, generator, seed), table.file) for name, table in self._joined_to()
            ]
            for path in Checkpoints(self.path(stage)).folders:
                rows.append(
                    {
                        "ledger_seed": split.ledger_seed, "generator": generator, "generator_seed": seed,
                        "checkpoint": path.name,
                        "kind": kinds[generator].name, "control": kinds[generator].attribute("control"),
                        "parameters": facts["parameters"], "seconds": round(facts["seconds"], 2),
                        "images_per_second": self._rate(stage),
                    }
                    | {name: value for known in beside for name, value in known.get(path.name, {}).items()}
                )  # fmt: skip
        columns = [name for _, table in self._joined_to() for name in table.names]
        return pd.DataFrame(rows, columns=[*GENERATOR_COLUMNS, *columns])

    def runs(self) -> pd.DataFrame:
        """One row per finished training of a generator that is no control: why it is said to have collapsed, if it is,
        `None` where nothing watches for that, and a digest of its fakes."""
        rows = []
        kinds = {row.id: row for row in self.plan.generators}
        for split, generator, seed, stage in self._runs("trainings"):
            bank = split.banks[generator, seed]
            row = kinds[generator]
            if not row.trains or row.plugin.attribute("control") or not self.ended_well(stage):
                continue
            alarms = [alarm["alarm"] for alarm in _json(self.path(stage) / "facts.json").get("alarms", [])]
            seen = ", ".join(alarm for alarm in alarms if alarm in summarise.ALARMS)
            watched = (self.path(stage) / "training.csv").exists()
            fakes = self._bank(bank)["digest"] if self.ended_well(bank) else stage.key
            of = dict(zip(FIRST, (split.ledger_seed, generator, seed), strict=True))
            rows.append(of | {"collapsed": seen if watched or seen else None, "digest": fakes})
        return pd.DataFrame(rows, columns=[*FIRST, "collapsed", "digest"])

    def bank_digests(self) -> dict[str, str]:
        """Of each measured cell a digest of the fakes that it learned from and is tested on."""
        return {
            cell.name: " ".join(self._bank(stage)["digest"] for stage in [*cell.lesson.banks, cell.bank])
            for cell in self.measured
        }

    def _bank(self, bank: Stage) -> Mapping[str, Any]:
        """What a bank's stage wrote of it, read once: many cells are of each bank."""
        if bank.key not in self._banks:
            record = _json(self.path(bank) / "bank.json")
            digests = record["digests"]
            record["digest"] = digest.of_value([digests[part] for part in sorted(digests)])
            self._banks[bank.key] = record
        return self._banks[bank.key]

    def checks(self, cells: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
        """The findings that stages have kept, of the split, of each training and bank, and those of all together.

        Args:
            cells: As `cells` returns them.
            tables: As `measurements` returns them.
        """
        rows: list[dict[str, Any]] = []
        for split in self.plan.splits:
            if self.ended_well(split.audited):
                kept = finding.read(self.path(split.audited) / "audit.csv")
                rows += [finding.of(row, f"{row['about']}{split.name}".strip()) for row in kept]
        for split, generator, seed, stage in self._runs("trainings"):
            if self.ended_well(stage):
                facts = _json(self.path(stage) / "facts.json")
                rows += summarise.training_checks(f"{generator} seed {seed}{split.name}", facts)
        for split, generator, seed, stage in self._runs("banks"):
            if self.ended_well(stage):
                rows += summarise.bank_checks(f"{generator} seed {seed}{split.name}", self.path(stage))
        traces = {
            f"{generator} seed {seed}{split.name}": self._bank(stage)["traces"]
            for split, generator, seed, stage in self._runs("banks")
            if self.ended_well(stage)
        }
        rows += [*self._measured_checks(), *gap.findings(tables.get(gap.FILE), cells)]
        rows += [*shortcuts.trace_verdicts(traces), *shortcuts.format_verdicts(tables.get(shortcuts.FILE))]
        return rows

    def _measured_checks(self) -> Iterator[dict[str, Any]]:
        """The findings of what is measured beside cells, each said of its training run, or of the whole run."""
        for one in self.plan.measurements:
            for split, key, stage in self._every("measured", one.name):
                if one.findings is None or not self.ended_well(stage):
                    continue
                of = f"{split.name}".strip() if isinstance(key, str) else f"{key[0]} seed {key[1]}{split.name}"
                for row in finding.read(self.path(stage) / one.findings):
                    yield finding.of(row, ", ".join(part for part in (of, row["about"]) if part))

    def classes(self) -> pd.DataFrame:
        """What is known of each class of a conditional generator, per checkpoint: its discriminator's own accuracy and
        loss, and how often its images are recognised as what was asked for; `class` is empty for all together."""
        keys, frames = [*FIRST, "checkpoint", "class"], []
        columns = [*keys, *CLASS_COLUMNS[1:], *control.COLUMNS[1:]]
        for split, generator, seed, stage in self._runs("trainings"):
            found = [(stage, "classes.csv"), (_stage(split, "quality", generator, seed), "control.csv")]
            tables = [table for place, name in found if (table := self._by_class(place, name)) is not None]
            if tables:
                joined = tables[0] if len(tables) == 1 else tables[0].merge(tables[1], "outer", on=keys[3:], sort=False)
                about = dict(zip(FIRST, (split.ledger_seed, generator, seed), strict=True))
                frames.append(joined.assign(**about).reindex(columns=columns))
        return pd.concat(frames, ignore_index=True) if frames else _empty(columns)

    def reconstruction(self) -> pd.DataFrame:
        """How well image-to-image generators give images back that they were trained on, and held-out ones."""
        return self._joined(self._trainings, "reconstruction.csv", [])

    def measurements(self) -> dict[str, pd.DataFrame]:
        """The tables of what is measured beside cells, by the file that each is to be; of all, even where no row is."""
        tables = [(one, one.table) for one in self.plan.measurements if one.table is not None and not one.table.joins]
        return {
            table.file: self._joined(self._every("measured", one.name), table.file, table.names, table.of)
            for one, table in tables
        }

    def _joined_to(self) -> list[tuple[str, Table]]:
        """The measurements whose columns stand beside each checkpoint, and their tables."""
        return [(one.name, one.table) for one in self.plan.measurements if one.table is not None and one.table.joins]

    @property
    def _trainings(self) -> list[tuple[Split, Any, Stage]]:
        return self._every("trainings")

    def _every(self, which: str, name: str | None = None) -> list[tuple[Split, Any, Stage]]:
        """The stages of all splits of the real images, each with its split and what it is of."""
        found = []
        for split in self.plan.splits:
            stages = getattr(split, which) if name is None else getattr(split, which).get(name, {})
            found += [(split, key, stage) for key, stage in stages.items()]
        return found

    def _runs(self, which: str) -> Iterator[tuple[Split, str, int, Stage]]:
        for split, (generator, seed), stage in self._every(which):
            yield split, generator, seed, stage

    def _joined(
        self, stages: list[tuple[Split, Any, Stage]], name: str, columns: list[str], of: Sequence[str] = FIRST
    ) -> pd.DataFrame:
        """The tables of one name that stages wrote, whose rows then say which training, or which cell, they are of."""
        frames, first = [], list(of)
        for split, key, stage in stages:
            path = self.path(stage) / name
            if self.ended_well(stage) and path.exists():
                names = [key] if isinstance(key, str) else [split.ledger_seed, *key]
                frames.append(_text(path).assign(**dict(zip(first, names, strict=True))))
        if not frames:
            return _empty([*first, *columns])
        joined = pd.concat(frames, ignore_index=True)
        return joined[[*first, *[name for name in joined.columns if name not in first]]]

    def _by_class(self, stage: Stage | None, name: str) -> pd.DataFrame | None:
        if stage is None or not self.ended_well(stage) or not (self.path(stage) / name).exists():
            return None
        return _text(self.path(stage) / name)

    def _cell(self, cell: Cell) -> dict[str, Any]:
        outcome = self.outcomes[cell.measured.key]
        good = self.ended_well(cell.measured)
        facts = _json(self.path(cell.scored) / "facts.json") if good else {}
        counts = self._bank(cell.bank) if good else {}
        return {
            "cell": cell.name, "dataset": self.plan.spec.dataset.name, **_identity(cell), **_asked(cell),
            "checkpoint": counts.get("checkpoint"),
            "train_sources": " + ".join(f"{name}/{seed}" for name, seed in cell.lesson.sources),
            "n_train_real": facts.get("n_train_real"), "n_train_fake": facts.get("n_train_fake"),
            "n_test_real": facts.get("n_test_real"), "n_test_fake": facts.get("n_test_fake"),
            "purpose": "control" if cell.control else "main",
            "status": "done" if good else "failed", "error": None if good else self._error(cell, outcome),
            "seconds": round(facts["seconds"], 2) if good else None,
            "parameters": facts.get("parameters"), "milliseconds_per_image": facts.get("milliseconds_per_image"),
        }  # fmt: skip

    @cached_property
    def _classes(self) -> list[str]:
        return list(_json(self.path(self.plan.prepared) / "facts.json")["classes"])

    def _checkpoint(self, cell: Cell) -> str:
        return str(self._bank(cell.bank)["checkpoint"])

    def _error(self, cell: Cell, outcome: Outcome) -> str | None:
        """The error that kept a cell from being measured, not the list of what was skipped after it."""
        for stage in (cell.trained, cell.scored, cell.measured):
            if self.outcomes[stage.key].status == "failed":
                return self.outcomes[stage.key].error
        return outcome.error

    def _measured(self, stage: Stage | None, file: str) -> dict[str, dict[str, Any]]:
        """What a stage measured of each checkpoint, by name."""
        if stage is None or not self.ended_well(stage):
            return {}
        table = _text(self.path(stage) / file)
        return {str(row["checkpoint"]): row for row in table.to_dict("records")}

    def _rate(self, stage: Stage) -> float | None:
        path = self.path(stage) / "training.csv"
        if not path.exists():
            return None
        history = pd.read_csv(path)
        return round(float(history["images_per_second"].median()), 1) if "images_per_second" in history else None

    def ended_well(self, stage: Stage) -> bool:
        """Says whether a stage's files are in the store."""
        return self.outcomes[stage.key].status in ("done", "cached")

    def path(self, stage: Stage) -> Path:
        """Returns where a stage's files are."""
        return self.store.path(stage.function, stage.key)


def _identity(cell: Cell) -> dict[str, Any]:
    return {
        "generator": cell.generator, "generator_seed": cell.generator_seed,
        "detector": cell.detector, "detector_seed": cell.detector_seed,
    }  # fmt: skip


def _asked(cell: Cell) -> dict[str, Any]:
    """Returns the rest of a cell's identity: its question, and what its lesson and its exam are of."""
    lesson, exam = cell.lesson, cell.exam
    return {
        "question": cell.question, "table": questions.table(cell.question), "ledger_seed": min(cell.ledger_seeds),
        "train_generator": lesson.name, "train_checkpoint": lesson.checkpoint, "train_n": lesson.n,
        "train_draw": None if lesson.n is None else lesson.draw, "train_perturbation": lesson.perturbation,
        "asked_checkpoint": exam.checkpoint, "perturbation": exam.perturbation,
    }  # fmt: skip


def _stage(split: Split, measurement: str, generator: str, seed: int) -> Stage | None:
    return split.measured.get(measurement, {}).get((generator, seed))


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def _text(path: Path) -> pd.DataFrame:
    """Reads a table that goes on as it is: a class may be called "007" or "None", and a digest be "1234e5678901"."""
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")


def _empty(columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
