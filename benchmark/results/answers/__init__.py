"""Answers: what questions beside the usual one come to over all their cells, one short file each.

A file of this folder is named as its question. It has `table(known)`, which returns a frame with a row for each number
and its interval. Where a run asked the question the frame is written as `answers/NAME.csv`. `paired` is no question:
it has differences of cells that share their test images, for those that need them.

May import `benchmark.results.held`, `benchmark.statistics` and what is below.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from benchmark.plan import questions
from benchmark.plan.planner import Plan
from benchmark.results import held, over_runs

ONE_RUN = "one training run: the interval is of other test images"


@dataclass(frozen=True)
class Known:
    """What an answer is made of.

    Attributes:
        plan: The plan; what is asked stands in `plan.spec`.
        cells: As `cells.csv` has them, of all questions.
        scores: As `scores.parquet` has them: the images of the validation and the test part of each cell.
        metrics: As `metrics.csv` has them.
        generators: As `generators.csv` has them.
        banks: Of each cell a digest of the fakes that it learned from and is tested on.
        sorted: The scores by part and cell, see `held.by_part`, where somebody has sorted them. Defaults to `None`.
    """

    plan: Plan
    cells: pd.DataFrame
    scores: pd.DataFrame
    metrics: pd.DataFrame
    generators: pd.DataFrame
    banks: Mapping[str, str] = field(default_factory=dict)
    sorted: dict[str, dict[str, pd.DataFrame]] | None = None

    @cached_property
    def by_part(self) -> dict[str, dict[str, pd.DataFrame]]:
        """The scores of the images of each part, by cell: sorted once for all answers."""
        return held.by_part(self.scores) if self.sorted is None else self.sorted

    @cached_property
    def tested(self) -> dict[str, pd.DataFrame]:
        """The scores of the test images of each cell."""
        return self.by_part.get("test", {})

    @cached_property
    def validation(self) -> dict[str, pd.DataFrame]:
        """The scores of the validation images of each cell."""
        return self.by_part.get("detector-validation", {})

    @cached_property
    def aucs(self) -> dict[str, pd.DataFrame]:
        """The rows of the AUC in `metrics`, by their scope."""
        aucs = self.metrics[self.metrics["metric"] == "auc"]
        return {scope: aucs[aucs["scope"] == scope] for scope in ("cell", "configuration")}

    @cached_property
    def by_metric(self) -> dict[str, dict[str, tuple[float, float, float, str]]]:
        """Of each metric and cell the value, the ends of its interval, and the note."""
        return over_runs.by_metric(self.metrics)

    @property
    def unasked(self) -> str:
        """Why a cell that an answer needs is not there, in words."""
        return "left out by --smoke" if self.plan.rows.smoke else "not asked"

    def options(self, question: str) -> Any:
        """Returns the options of a question, see `benchmark.plan.questions.options`."""
        return questions.options(question, self.plan.spec.question.get(question, {}))


def as_usual(cells: pd.DataFrame, *, but: Collection[str]) -> pd.DataFrame:
    """Returns the cells that are as the usual ones in all that tells cells apart, but for some columns.

    Args:
        cells: As `cells.csv` has them.
        but: Columns of `held.IDENTITY` that may differ: an answer that finds cells by these says so of each.
    """
    usual = cells[cells["table"] == questions.USUAL]
    for name in held.IDENTITY:
        if name not in but and len(usual):
            value = usual[name].iloc[0]  # missing where it says nothing of all images; then the first, 0, stands for it
            cells = cells[cells[name].isna() | (cells[name] == 0) if pd.isna(value) else cells[name] == value]
    return cells


def asked(plan: Plan) -> list[str]:
    """Returns the names of the answers that a run has asked for."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name in plan.spec.protocol.ask)


def table(name: str, known: Known) -> pd.DataFrame:
    """Returns an answer by its name."""
    return importlib.import_module(f"{__name__}.{name}").table(known)
