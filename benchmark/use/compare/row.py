"""One row of a comparison: what two cells, configurations or generators differ by, or why there is nothing to say."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from benchmark.plan.cell import LAST, UNTOUCHED
from benchmark.statistics.columns.column import Difference

COMPARED, EQUAL, NOT = "compared", "equal scores", "not comparable"
nan = float("nan")


@dataclass
class Row:
    """What two cells, two configurations over their trainings, or two generators' images differ by in one metric.

    Names are the reference's; `called` is the later run's own name for the cell. `changed` says which options of the
    rows that it rests on are others in the later run: then the difference is of these too.
    """

    run: str
    scope: str
    cell: str
    called: str
    metric: str
    generator: str
    generator_seed: float
    checkpoint: str
    perturbation: str
    train_generator: str
    detector: str
    detector_seed: float
    purpose: str
    status: str = NOT
    reference_value: float = nan
    value: float = nan
    difference: float = nan
    low: float = nan
    high: float = nan
    p: float = nan
    p_holm: float = nan
    paired_on: str = ""
    changed: str = ""
    note: str = ""
    differs: bool = field(default=False)

    def found(self, reference_value: float, value: float, told: Difference, paired_on: str, note: str = "") -> Row:
        """Fills in the values of both and their difference: the later run less the reference."""
        self.status, self.paired_on, self.note = COMPARED, paired_on, note
        self.reference_value, self.value = reference_value, value
        self.difference, self.low, self.high, self.p = told
        self.differs = bool(self.low > 0 or self.high < 0)
        return self

    def equal(self, value: float, note: str) -> Row:
        """Fills in what both have alike: there is nothing to test."""
        self.status, self.note = EQUAL, note
        self.value = self.reference_value = value
        self.difference = 0.0
        return self

    def refused(self, why: str) -> Row:
        """Fills in why there is nothing to compare."""
        self.note = why
        return self


COLUMNS = [one.name for one in fields(Row)]


def of_cell(run: str, cell: dict[str, Any], metric: str, *, called: str = "") -> Row:
    """Returns a row, still to be filled in, about a cell of the reference or, where it has none, of the later run."""
    checkpoint = cell["checkpoint"] if cell["asked_checkpoint"] in ("", LAST) else cell["asked_checkpoint"]
    return Row(
        run, "cell", cell["cell"], called, metric, cell["generator"], cell["generator_seed"], checkpoint,
        cell["perturbation"] or UNTOUCHED, cell["train_generator"], cell["detector"], cell["detector_seed"],
        cell["purpose"],
    )  # fmt: skip
