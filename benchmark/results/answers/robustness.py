"""What processing costs: the AUC after it, the paired drop from clean images, and what training with it gives back.

All differences are of the same test images under the same detector's two scores (DeLong's paired variance). Over
several training runs a number is their mean, with an interval that another run is in (`configuration.mean_interval`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmark.plan.cell import UNTOUCHED
from benchmark.plan.questions.robustness import SAME, Options, able, after
from benchmark.results import held
from benchmark.results.answers import Known
from benchmark.results.over_runs import FIXED, OVER
from benchmark.statistics.columns.column import of_detectors
from benchmark.statistics.columns.configuration import mean_interval
from data import perturb

NAME = "robustness"
COLUMNS = [
    "generator", "detector", "preprocess", "perturbation", "kind", "strength", "train", "metric", "value", "low",
    "high", "told", "runs", "note",
]  # fmt: skip
RATES = ("auc", "tpr", "fpr")  # the rates are at the threshold of the lesson's validation images
LEVEL = 0.95  # of each interval, and of all that is told of one detector and configuration together
CHAIN = "chain"
ONE_RUN = "one training run: the interval is of its test images"
SEEDS = ["ledger_seed", "generator_seed", "detector_seed"]


class Place(NamedTuple):
    """What a row is about, beside its configuration and its detector."""

    preprocess: str
    perturbation: str
    train: str

    @property
    def cell(self) -> tuple[str, str]:
        """What was done to the lesson and to the exam."""
        exam = after(self.perturbation, self.preprocess)
        return (exam if self.train == SAME else after(UNTOUCHED, self.preprocess)), exam


def table(known: Known) -> pd.DataFrame:
    """Returns a row for each number: of each configuration, detector, preprocessing, perturbation and training.

    Columns:
        metric: `"auc"`, `"tpr"` and `"fpr"` (at the threshold of the lesson's validation images), `"drop"` (the AUC of
            clean images under a detector that learned from clean ones, minus this one) and `"regained"` (what training
            with the perturbation adds to the AUC after it).
        told: Of a difference, whether it is above or below 0 when all of its metric, detector, configuration and
            preprocessing are to hold together at 95 % (Bonferroni): `"above 0"`, `"below 0"` or `"no"`.
    """
    options: Options = known.options(NAME)
    scores = held.test_scores(known.scores)
    cells = known.cells
    usual = (cells["question"] == "own") & (cells["train_generator"] == cells["generator"])
    asked = cells[cells["purpose"].eq("main") & (usual | (cells["question"] == NAME))]
    found: dict[tuple[str, str], dict[tuple[str, str], pd.DataFrame]] = {}
    for _, rows in held.groups(asked, over=OVER, within=FIXED):
        one = rows.iloc[0]
        changed = (one["train_perturbation"], one["perturbation"])
        found.setdefault((one["generator"], one["detector"]), {})[changed] = rows
    mine = set(cells.loc[cells["question"] == NAME, "detector"])
    rows = []
    for (generator, detector), groups in found.items():
        if detector in mine:
            of_pair = Pair(groups, scores, known.metrics)
            rows += [{"generator": generator, "detector": detector} | row for row in of_pair.rows(options)]
            rows += list(_left_out(known, options, generator, detector))
    return pd.DataFrame(rows, columns=COLUMNS)


class Pair:
    """One configuration and one detector.

    Args:
        groups: The cells by what was done to their lesson and their exam, a row for each seed.
        scores: The scores of the test images of each cell.
        metrics: Of `metrics.csv`.
    """

    def __init__(
        self, groups: dict[tuple[str, str], pd.DataFrame], scores: dict[str, pd.DataFrame], metrics: pd.DataFrame
    ) -> None:
        self.groups, self.scores = groups, scores
        one = next(iter(groups.values())).iloc[0]
        here = metrics["metric"].isin(RATES) & metrics["scope"].isin(["cell", "configuration"])
        here &= (metrics["generator"] == one["generator"]) & (metrics["detector"] == one["detector"])
        self.metrics = metrics[here]

    def rows(self, options: Options) -> Iterator[dict[str, Any]]:
        """Yields the rows of all places: clean images first, then each kind from weak to strong."""
        for preprocess in options.preprocess:
            clean = Place(preprocess, UNTOUCHED, UNTOUCHED)
            names = ordered(options.perturbations)
            places = [Place(preprocess, name, train) for name in names for train in options.train]
            places = [place for place in places if place.cell in self.groups]
            if clean.cell not in self.groups:
                continue
            family = {"drop": len(places), "regained": sum(place.train == SAME for place in places)}
            for place in (clean, *places):
                yield from (self._about(place) | row for row in self._rates(place))
                if place != clean:
                    yield self._about(place) | self._difference("drop", clean, place, family["drop"])
                plain = place._replace(train=UNTOUCHED)
                if place.train == SAME and plain.cell in self.groups:
                    yield self._about(place) | self._difference("regained", place, plain, family["regained"])

    def _about(self, place: Place) -> dict[str, Any]:
        steps = [] if place.perturbation == UNTOUCHED else perturb.steps(place.perturbation)
        kind = "" if not steps else steps[0].kind if len(steps) == 1 else CHAIN
        strength = steps[0].strength if len(steps) == 1 else np.nan
        return {**place._asdict(), "kind": kind, "strength": strength}

    def _rates(self, place: Place) -> Iterator[dict[str, Any]]:
        cells = self.groups[place.cell]
        done = cells[cells["status"] == "done"]
        lost = failed(cells)
        for metric in RATES:
            row: dict[str, Any] = {"metric": metric, "runs": _runs(done)}
            of_metric = self.metrics[self.metrics["metric"] == metric]
            if len(done) == 1:
                read = of_metric[of_metric["cell"] == done["cell"].iloc[0]]
            else:
                same = of_metric["train_perturbation"].eq(place.cell[0]) & of_metric["perturbation"].eq(place.cell[1])
                tables = of_metric["table"].isin(done["table"])
                read = of_metric[same & tables & (of_metric["scope"] == "configuration")]
            if len(done) and len(read):
                number = read.iloc[0]
                notes = [number["note"] if isinstance(number["note"], str) else "", lost]
                if len(done) == 1 and len(cells) == 1:
                    notes.insert(0, ONE_RUN)
                row |= {name: number[name] for name in ("value", "low", "high")}
                row["note"] = "; ".join(dict.fromkeys(note for note in notes if note))
            else:
                row["note"] = lost or "cannot tell: not measured"
            yield row

    def _difference(self, metric: str, more: Place, less: Place, family: int) -> dict[str, Any]:
        """Returns the AUC at one place minus that at another, over the trainings that have both."""
        first, second = (self.groups[place.cell] for place in (more, less))
        lost = failed(pd.concat([first, second]))
        done = [cells[cells["status"] == "done"] for cells in (first, second)]
        both = done[0][[*SEEDS, "cell"]].merge(done[1][[*SEEDS, "cell"]], on=SEEDS)
        if both.empty:
            return {
                "metric": metric,
                "runs": 0,
                "note": f"cannot tell: {lost}" if lost else "cannot tell: no such cell",
            }
        columns = [self._column(row.cell_x, row.cell_y) for row in both.itertuples()]
        value, low, high = _mean(both, columns, LEVEL)
        told = ""
        if not np.isnan(low):
            _, least, most = _mean(both, columns, 1 - (1 - LEVEL) / family)
            told = "above 0" if least > 0 else "below 0" if most < 0 else "no"
        runs = _runs(both)
        what = f"mean of {runs} training runs" if runs > 1 else ONE_RUN
        why = "cannot tell: " if np.isnan(low) else ""
        numbers = {"value": value, "low": low, "high": high, "told": told, "runs": runs}
        return {"metric": metric, **numbers, "note": "; ".join(filter(None, [why + what, lost]))}

    def _column(self, first: str, second: str) -> Any:
        frames = [self.scores[cell] for cell in (first, second)]
        if not np.array_equal(*(frame["image_id"].to_numpy() for frame in frames)):
            raise ValueError(f"Cells '{first}' and '{second}' were not tested on the same images.")
        one, is_fake, units = held.tested(frames[0])
        return of_detectors({"more": one, "less": frames[1]["score"].to_numpy()}, is_fake, groups=units)


def ordered(names: list[str]) -> list[str]:
    """Returns perturbations kind by kind, each from weak to strong; chains stay in their order, after all kinds.

    Example:
        >>> ordered(["jpeg-50", "blur-1", "jpeg-90"])
        ['jpeg-90', 'jpeg-50', 'blur-1']
    """
    steps = {name: perturb.steps(name) for name in names}
    single = [name for name in names if len(steps[name]) == 1]
    kinds = list(dict.fromkeys(steps[name][0].kind for name in single))
    single.sort(key=lambda name: (kinds.index(steps[name][0].kind), steps[name][0].distance))
    return single + [name for name in names if name not in single]


def failed(cells: pd.DataFrame) -> str:
    """Says which cells were not finished, and of the first why; nothing if all were."""
    lost = cells[cells["status"] != "done"]
    if lost.empty:
        return ""
    error = str(lost["error"].iloc[0] or lost["status"].iloc[0])
    return f"{len(lost)} of {len(cells)} cells failed: {error}"


def _runs(cells: pd.DataFrame) -> int:
    return int(cells[["ledger_seed", "generator_seed"]].drop_duplicates().shape[0])


def _mean(both: pd.DataFrame, columns: list[Any], level: float) -> tuple[float, float, float]:
    """Returns the mean difference over training runs, or over splits where there are several, and its interval.

    Trainings of the detector are averaged with the ends of their intervals, which is long rather than short.
    """
    each = pd.DataFrame([column.difference(0, 1, level)[:3] for column in columns], index=both.index)
    by = "ledger_seed" if both["ledger_seed"].nunique() > 1 else "generator_seed"
    values, lows, highs = each.groupby(both[by]).mean().to_numpy(float).T
    if len(values) == 1:
        return float(values[0]), float(lows[0]), float(highs[0])
    value, low, high = mean_interval(values, lows, highs, level=level)
    return value, max(low, -1.0), min(high, 1.0)


def _left_out(known: Known, options: Options, generator: str, detector: str) -> Iterator[dict[str, Any]]:
    """Yields a row for each preprocessing that a detector cannot take, so that it is no hole."""
    row = next(row for row in known.plan.detectors if row.id == detector)
    why = "not asked: its feature extractor takes images of the set's own size only"
    for preprocess in options.preprocess:
        if not able(row, preprocess):
            place = Place(preprocess, UNTOUCHED, UNTOUCHED)._asdict()
            yield {"generator": generator, "detector": detector, **place, "kind": "", "metric": "auc", "note": why}
