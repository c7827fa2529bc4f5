"""What each detector may be said to do on one generator, and the test that the word rests on.

A detector *tells* fakes from reals if its one-sided p-value against chance stands after Holm's correction over the
detectors of the column, at the level of the control; *ranks backwards* likewise for the other side. Sentinels are no
detectors: they are judged by findings of their own. What has no interval or no p-value *cannot tell*, which is no
success.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import pandas as pd

from data.holm import holm
from reports.load import CLEAN, Run

LEVEL = 0.99  # family-wise, as that of the control `real-copy`
TELLS, BACKWARDS, GUESSING, UNKNOWN, FAILED, ABSENT = (
    "tells", "backwards", "guessing", "cannot tell", "failed", "absent",
)  # fmt: skip


class Measured(Protocol):
    """One place in the table, see `reports.sections.tables.Entry`."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def status(self) -> str: ...
    @property
    def best(self) -> bool: ...
    @property
    def tied(self) -> bool: ...


Entries = Mapping[tuple[str, str], Measured]


@dataclass(frozen=True)
class Claims:
    """The words of one column.

    Attributes:
        of: Detector -> one of the words above; no sentinels.
        family: How many detectors the correction is over.
        runs: Most cells behind one word: training runs and detector seeds. A claim holds for each of them.
        partly: Detectors of which some cells failed; their words are of the others.
    """

    of: dict[str, str]
    family: int
    runs: int
    partly: list[str]

    def named(self, word: str) -> list[str]:
        """The detectors that a word is said of, in the order of the run."""
        return [detector for detector, said in self.of.items() if said == word]

    @property
    def test(self) -> str:
        """The test and its level, in words."""
        if self.family == 1:
            return f"one test at {100 * LEVEL:g} %"
        return f"family-wise at {100 * LEVEL:g} % over {self.family} detectors (Holm)"


def claims(run: Run, generator: str, entries: Entries) -> Claims:
    """Says what each detector does on a generator.

    Over several training runs or detector seeds a claim must hold in each of them: their largest p-value counts.

    Args:
        run: The run.
        generator: Id of a generator.
        entries: `tables.table(run)`.
    """
    detectors = [detector.id for detector in run.detectors if not detector.role]
    cells = run.main_cells
    cells = cells[cells["generator"] == generator]
    failed = set(cells.loc[cells["status"] != "done", "detector"])
    cells = cells[cells["status"] == "done"]
    of = {name: list(cells.loc[cells["detector"] == name, "cell"]) for name in detectors}
    rows = run.metrics[(run.metrics["scope"] == "cell") & run.metrics["cell"].isin(cells["cell"])]
    chance = rows[rows["metric"] == "p_chance"].set_index("cell")["value"].to_dict()
    aucs = rows[rows["metric"] == "auc"].set_index("cell")[["value", "low", "high"]].to_dict("index")
    p = {name: _largest([chance.get(cell, math.nan) for cell in of[name]]) for name in detectors}
    reverse = [
        _largest([_backwards(chance.get(cell, math.nan), **aucs.get(cell, _NOTHING)) for cell in of[name]])
        for name in detectors
    ]
    judged = _ranked(run, generator, of, cells) or dict(zip(detectors, holm([*p.values()]), strict=True))
    turned = dict(zip(detectors, holm(reverse), strict=True))
    return Claims(
        of={name: _word(entries[name, generator], judged[name], turned[name]) for name in detectors},
        family=sum(not math.isnan(value) for value in judged.values()),
        runs=max((len(found) for found in of.values()), default=0),
        partly=[name for name, found in of.items() if found and name in failed],
    )


_NOTHING = {"value": math.nan, "low": math.nan, "high": math.nan}


def _word(entry: Measured, p: float, reverse: float) -> str:
    if entry.status in (FAILED, ABSENT):
        return entry.status
    if entry.status != "done" or math.isnan(entry.low) or math.isnan(entry.high) or math.isnan(p):
        return UNKNOWN
    # The interval must agree: over few training runs it is the wider of the two.
    if p <= 1 - LEVEL and entry.low > 0.5:
        return TELLS
    return BACKWARDS if reverse <= 1 - LEVEL and entry.high < 0.5 else GUESSING


def _largest(p_values: list[float]) -> float:
    """The p-value of "in each of them"; NaN if one is missing."""
    return math.nan if not p_values or any(math.isnan(p) for p in p_values) else max(p_values)


def _backwards(p_chance: float, value: float, low: float, high: float) -> float:
    """Returns a one-sided p-value of "fakes score no lower than reals" from the interval at 95 %.

    It is never below `1 - p_chance`, nor below what the interval says on the logit scale, on which it was made; at an
    AUC of 0 the exact bound `alpha ** (1 / n)` is turned round. The second is needed where images are few: there
    `1 - p_chance` leaves out the chance of what was seen itself.
    """
    if math.isnan(p_chance) or math.isnan(value) or math.isnan(high):
        return math.nan
    if value >= 0.5 or high >= 0.5 or high <= value:
        return 1.0
    if value <= 0:
        seen = 0.5 ** (math.log(0.05) / math.log1p(-high))
    else:
        error = (_logit(high) - _logit(value)) / NormalDist().inv_cdf(0.975)
        seen = NormalDist().cdf(_logit(value) / error)
    return max(1 - p_chance, seen)


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _ranked(run: Run, generator: str, of: dict[str, list[str]], cells: pd.DataFrame) -> dict[str, float]:
    """Returns the adjusted p-values of ranks.csv where it has one for every detector with a result, or else nothing."""
    frame = run.rankings
    if frame.empty or not any(of.values()):
        return {}
    several = max(len(found) for found in of.values()) > 1
    rows = frame[(frame["scope"] == ("configurations" if several else "detectors")) & (frame["generator"] == generator)]
    if not several:
        rows = rows[rows["checkpoint"].isin(cells["checkpoint"]) & rows["perturbation"].isin(CLEAN)]
        rows = rows[rows["generator_seed"].isin(cells["generator_seed"])]
    rows = rows[rows["detector"].isin(of) & rows["p_chance_holm"].notna()]
    if rows["detector"].duplicated().any() or {name for name, found in of.items() if found} - set(rows["detector"]):
        return {}
    known = dict(zip(rows["detector"], rows["p_chance_holm"], strict=True))
    return {name: known.get(name, math.nan) for name in of}
