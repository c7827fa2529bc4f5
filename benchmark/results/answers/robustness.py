"""What processing costs: the AUC after it, the paired drop from clean images, and what training with it gives back.

All differences are of the same test images, see `paired`; rates and AUCs are those of `metrics.csv`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmark.plan.cell import UNTOUCHED
from benchmark.plan.questions.robustness import SAME, Options, able, after
from benchmark.results import held
from benchmark.results.answers import Known, paired
from benchmark.results.answers.paired import Row
from benchmark.results.over_runs import FIXED, OVER
from data import perturb

NAME = "robustness"
COLUMNS = [
    "generator", "detector", "preprocess", "perturbation", "kind", "strength", "train", "metric", "value", "low",
    "high", "told", "runs", "note",
]  # fmt: skip
RATES = ("auc", "tpr", "fpr")  # the rates are at the threshold of the lesson's validation images
WHOLE = ("table", "generator", "detector", "train_perturbation", "perturbation")  # what the row of a mean is of


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
    scores = known.tested
    cells = known.cells
    usual = (cells["question"] == "own") & (cells["train_generator"] == cells["generator"])
    asked = cells[cells["purpose"].eq("main") & (usual | (cells["question"] == NAME))]
    found: dict[tuple[str, str], dict[tuple[str, str], list[Row]]] = {}
    for _, group in held.groups(asked, over=OVER, within=FIXED):
        same: list[Row] = group.to_dict("records")
        changed = (same[0]["train_perturbation"], same[0]["perturbation"])
        found.setdefault((same[0]["generator"], same[0]["detector"]), {})[changed] = same
    trained = {row.id for row in known.plan.generators if row.trains}
    mine, measured = set(cells.loc[cells["question"] == NAME, "detector"]), _measured(known.metrics)
    rows = []
    for (generator, detector), groups in found.items():
        if detector in mine:
            of_pair = Pair(groups, scores, measured, generator in trained)
            rows += [{"generator": generator, "detector": detector} | row for row in of_pair.rows(options)]
            rows += list(_left_out(known, options, generator, detector))
    return pd.DataFrame(rows, columns=COLUMNS)


def _measured(metrics: pd.DataFrame) -> dict[tuple[str, ...], Row]:
    """Returns rows of `metrics.csv`: those of cells by the cell, and those of configurations by what they are of."""
    kept = metrics[metrics["metric"].isin(RATES) & metrics["scope"].isin(["cell", "configuration"])]
    found = {}
    for row in kept.to_dict("records"):
        whole = tuple(str(row[name]) for name in WHOLE)
        found[(row["metric"], str(row["cell"])) if row["scope"] == "cell" else (row["metric"], *whole)] = row
    return found


class Pair:
    """One configuration and one detector.

    Args:
        groups: The cells by what was done to their lesson and their exam, one for each seed.
        scores: The scores of the test images of each cell.
        measured: What is known of cells and configurations.
        trained: Whether the generator trains.
    """

    def __init__(
        self, groups: dict[tuple[str, str], list[Row]], scores: dict[str, pd.DataFrame],
        measured: dict[tuple[str, ...], Row], trained: bool,
    ) -> None:  # fmt: skip
        self.groups, self.scores, self.measured, self.trained = groups, scores, measured, trained

    def rows(self, options: Options) -> Iterator[Row]:
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
                about = _about(place)
                yield from (about | row for row in self._rates(place))
                if place != clean:
                    yield about | {"metric": "drop"} | self._difference(clean, place, family["drop"])
                plain = place._replace(train=UNTOUCHED)
                if place.train == SAME and plain.cell in self.groups:
                    yield about | {"metric": "regained"} | self._difference(place, plain, family["regained"])

    def _difference(self, more: Place, less: Place, family: int) -> Row:
        both = self.groups[more.cell], self.groups[less.cell]
        return paired.difference(*both, self.scores, family, trained=self.trained)

    def _rates(self, place: Place) -> Iterator[Row]:
        cells = self.groups[place.cell]
        done, lost = [cell for cell in cells if cell["status"] == "done"], paired.failed(cells)
        for metric in RATES:
            row: Row = {"metric": metric, "runs": paired.runs(done)}
            number = None
            if done:
                whole = tuple(str(done[0][name]) for name in WHOLE)
                number = self.measured.get((metric, *([done[0]["cell"]] if len(done) == 1 else whole)))
            if number is not None:
                notes = [number["note"] if isinstance(number["note"], str) else "", lost]
                if len(cells) == 1:
                    notes.insert(0, paired.alone(self.trained))
                row |= {name: number[name] for name in ("value", "low", "high")}
                row["note"] = "; ".join(dict.fromkeys(note for note in notes if note))
            else:
                row["note"] = lost or "cannot tell: not measured"
            yield row


def _about(place: Place) -> Row:
    steps = [] if place.perturbation == UNTOUCHED else perturb.steps(place.perturbation)
    kind = "" if not steps else steps[0].kind if len(steps) == 1 else place.perturbation
    return {**place._asdict(), "kind": kind, "strength": steps[0].strength if len(steps) == 1 else np.nan}


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


def _left_out(known: Known, options: Options, generator: str, detector: str) -> Iterator[Row]:
    """Yields a row for each preprocessing that a detector cannot take, so that it is no hole."""
    row = next(row for row in known.plan.detectors if row.id == detector)
    why = "not asked: its feature extractor takes images of the set's own size only"
    for preprocess in options.preprocess:
        if not able(row, preprocess):
            place = Place(preprocess, UNTOUCHED, UNTOUCHED)._asdict()
            yield {"generator": generator, "detector": detector, **place, "kind": "", "metric": "auc", "note": why}
