"""One line for each configuration: clean, few-shot, unseen, processed and pooled: `answers/profile.csv`.

Cells are found by their lesson and their exam, whichever question has asked for them. The detector of a number is the
one that tells the validation images of its lesson apart best; of several equal ones the first of the spec. No test
image decides which.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmark.results import held, over_runs
from benchmark.results.answers import ONE_RUN, Known, as_usual, sets
from benchmark.statistics.delong import components
from benchmark.statistics.ranking import Ranking

COLUMNS = ["generator", "number", "detector", "measure", "value", "low", "high", "runs", "about", "note"]
NUMBERS = ("clean", "few_shot", "unseen", "processed", "pooled")
# what tells the cells of its numbers apart: all else is as in the usual cells
NAMED = ("table", *over_runs.OVER, "train_generator", "train_n", "perturbation", "detector", *held.EXAM[:2])


def table(known: Known) -> pd.DataFrame:
    """Returns a row for each configuration that is no control and each of `NUMBERS`, in the order of the spec."""
    rows = []
    for row in known.plan.generators:
        if not row.plugin.attribute("control"):
            of = _Configuration(known, row.id)
            rows += [{"generator": row.id, "number": number, **getattr(of, number)()} for number in NUMBERS]
    return pd.DataFrame(rows, columns=COLUMNS)


class _Configuration:
    """One configuration: its cells by what each number is of."""

    def __init__(self, known: Known, generator: str) -> None:
        self.known, self.generator = known, generator
        self.options = known.options("profile")
        cells = known.cells
        cells = as_usual(cells, but=NAMED)
        mine = cells["generator"] == generator
        judges = [row.id for row in known.plan.detectors if not row.plugin.attribute("sentinel")]
        asked = {row.id for row, _ in known.plan.rows.askable if row.id in judges}
        self.cells = cells[mine & cells["detector"].isin(asked)]
        self.own = pd.Series([f"{generator}/{seed}" for seed in self.cells["generator_seed"]], self.cells.index)

    def clean(self) -> dict[str, Any]:
        return self._auc(self._trained(self.own), "")

    def few_shot(self) -> dict[str, Any]:
        cells, n = self._trained(self.own, few=self.options.few), self.options.few
        about = f"{n} real images and {n} fakes to learn from"
        most = self.known.plan.rows.learnable
        if n >= most:
            return _untold(f"cannot tell: {n} are not few, where there are {most} of each side to learn from", about)
        return self._auc(cells, about)

    def unseen(self) -> dict[str, Any]:
        mains = self.known.plan.rows.mains
        others = {
            run.seed: " + ".join(
                f"{one.generator.id}/{one.seed}"
                for one in mains
                if one.seed == run.seed and one.generator.id != self.generator
            )
            for run in mains
        }
        if not any(others.values()):
            return _untold("cannot tell: there is no other configuration to learn from", "")
        return self._auc(self._trained(self.cells["generator_seed"].map(others)), "learned from all others")

    def processed(self) -> dict[str, Any]:
        return self._auc(self._chosen_clean(self.options.processed), self.options.processed)

    def pooled(self) -> dict[str, Any]:
        cells = self._chosen_clean("none")
        cells = cells[cells["detector_seed"] == cells["detector_seed"].min()]
        if cells.empty:
            return self._auc(cells, "")
        runs = sets.distinct(sets.sets_of(self.known, cells))
        most = min(max(self.known.options("sets").sizes), *(one.test.most for one in runs))
        value, low, high, note = sets.needed(sets.mean(runs, "auc"), most)
        found = {
            "detector": cells["detector"].iloc[0],
            "measure": sets.NEEDED,
            "value": value,
            "low": low,
            "high": high,
        }
        said = "; ".join(
            filter(None, [note, ONE_RUN if len(runs) == 1 else f"of the mean of {len(runs)} training runs"])
        )
        return found | {"runs": len(runs), "about": f"sets of at most {most}", "note": said}

    def _trained(self, sources: pd.Series, few: int | None = None, processed: str = "none") -> pd.DataFrame:
        """Returns the cells of a lesson, tested on images as they are or processed."""
        n = self.cells["train_n"]
        of = (self.cells["train_sources"] == sources) & (n.isna() if few is None else n == few)
        return self.cells[of & (self.cells["perturbation"] == processed)]

    def _chosen_clean(self, processed: str) -> pd.DataFrame:
        """Returns the cells of the detector that is best on clean validation images."""
        chosen = _best(self.known, self._trained(self.own))
        cells = self._trained(self.own, processed=processed)
        return cells[cells["detector"] == chosen]

    def _auc(self, cells: pd.DataFrame, about: str) -> dict[str, Any]:
        """Returns the AUC of the detector that validation chooses, over training runs as `over_runs` has it."""
        best = _best(self.known, cells)
        failed = cells.loc[cells["status"] != "done", "error"]
        if best is None:
            return _untold(f"cannot tell: {self.known.unasked if cells.empty else failed.iloc[0]}", about)
        mine = cells[(cells["detector"] == best) & (cells["status"] == "done")]
        single, whole, one = self.known.aucs["cell"], self.known.aucs["configuration"], mine.iloc[0]
        for name in (name for name in over_runs.FIXED if name in whole):
            whole = whole[whole[name].isna() if pd.isna(one[name]) else whole[name] == one[name]]
        single = single[single["cell"] == one["cell"]]
        found = whole if len(whole) and not (len(mine) == 1 and len(single)) else single
        value, low, high, note = found[["value", "low", "high", "note"]].iloc[0]
        note = "; ".join(filter(None, [note if isinstance(note, str) else "", ONE_RUN if len(mine) == 1 else ""]))
        runs = len(mine[["ledger_seed", "generator_seed"]].drop_duplicates())
        ends = {"value": value, "low": low, "high": high, "runs": runs}
        return {"detector": best, "measure": "auc", "about": about, "note": note, **ends}


def _best(known: Known, cells: pd.DataFrame) -> str | None:
    """Returns the detector whose AUC on the validation images of its lesson is highest, on average over its cells.

    One of which a cell has failed is none: it would be judged on fewer.
    """
    found: dict[str, float] = {}
    for detector, mine in cells.groupby("detector", sort=False):
        if (mine["status"] == "done").all():
            found[str(detector)] = float(np.mean([_validated(known, cell) for cell in mine["cell"]]))
    order = [row.id for row in known.plan.detectors if row.id in found]
    return max(order, key=lambda name: found[name], default=None)


def _validated(known: Known, cell: str) -> float:
    scores = known.validation[cell]
    values = scores["score"].to_numpy()
    if values.min() == values.max():
        return 0.5
    return components(Ranking.of(values, scores["is_fake"].to_numpy(bool))).auc


def _untold(why: str, about: str) -> dict[str, Any]:
    return {"measure": "auc", "value": np.nan, "low": np.nan, "high": np.nan, "runs": 0, "about": about, "note": why}
