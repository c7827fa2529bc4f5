"""Which configuration made an image, by the scores of all detectors together: `answers/sources.csv`.

A multinomial regression with an L2 penalty (scikit-learn's `LogisticRegression`, C = 1, on standardised scores) takes
the scores of each detector trained on each configuration, and says which class an image is of: real, or the fakes of
one configuration. It is fitted on validation images, for each training seed by itself, and judged on test images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.results import held
from benchmark.results.answers import ONE_RUN, Known, as_usual
from benchmark.stages.bank import BESIDE
from benchmark.statistics.cells import rates
from benchmark.statistics.cells.smallest import cannot_tell
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.columns import configuration

COLUMNS = [
    "ledger_seed", "scope", "generator_seed", "measure", "made_by", "said", "value", "low", "high", "n", "runs", "note",
]  # fmt: skip
REAL, ALL = "", "all"  # what real images were made by; the mean of all classes: no generator has this name
# what tells its cells apart: all else is as in the usual cells
NAMED = ("table", "ledger_seed", "train_generator", "train_sources", "detector", "detector_seed", *held.EXAM[:2])
PENALTY = 1.0  # scikit-learn's C
SAID, RIGHT = "said", "right"
ONE = "cannot tell: of one configuration there is nothing to tell apart"
Key = tuple[str, str]  # a detector, and the configuration that it has learned from


@dataclass(frozen=True)
class Images:
    """Images of one class: their scores `(n, k)`, by k detectors, and their units `(n,)`."""

    scores: np.ndarray
    units: np.ndarray


def table(known: Known) -> pd.DataFrame:
    """Returns the confusion matrix of each training seed and over them: rows of `said` for each pair of classes, of
    `right` for each class and, without a class, for their mean.
    """
    rows: list[dict[str, Any]] = []
    for ledger, cells in known.cells[known.cells["purpose"] == "main"].groupby("ledger_seed", sort=False):
        runs = []
        for seed, mine in cells.groupby("generator_seed", sort=False):
            found = list(_confusion(known, mine))
            rows += [row | {"ledger_seed": ledger, "scope": "cell", "generator_seed": seed} for row in found]
            runs.append(found)
        rows += [row | {"ledger_seed": ledger, "scope": "configuration"} for row in _over(runs)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _confusion(known: Known, cells: pd.DataFrame) -> Iterator[dict[str, Any]]:
    generators = [row.id for row in known.plan.generators if row.id in set(cells["generator"])]
    if len(generators) < 2:
        yield {"measure": RIGHT, "made_by": ALL, "n": 0, "note": ONE}
        return
    by_key, failed = _by_key(known, cells, generators)
    if not by_key:
        yield {
            "measure": RIGHT,
            "made_by": ALL,
            "n": 0,
            "note": f"cannot tell: no detector has scored all images; {failed}",
        }
        return
    classes = [REAL, *generators]
    fit, test = ([_images(known, by_key, name, part) for name in classes] for part in ("fit", "test"))
    said = _fitted(fit).predict(np.concatenate([one.scores for one in test]))
    made = np.repeat(np.arange(len(classes)), [len(one.scores) for one in test])
    right: list[rates.Row] = []
    for i, (name, images) in enumerate(zip(classes, test, strict=True)):
        mine, everyone = said[made == i], np.ones(len(images.scores), dtype=bool)
        clusters = Clusters.of(images.units, everyone)
        # a rate is of one class: that there are enough of the other side is not asked
        why = cannot_tell("tpr", clusters, everyone)
        for j, other in enumerate(classes):
            value, low, high, _ = rates.rate(mine == j, everyone, clusters, 0.95, "")
            low, high = (np.nan, np.nan) if why else (low, high)
            row = {"made_by": name, "said": other, "value": value, "low": low, "high": high, "n": len(mine)}
            note = "; ".join(filter(None, [why, failed]))
            yield row | {"measure": SAID, "runs": 1, "note": note}
            if i == j:
                right.append((value, low, high, why))
                yield row | {"measure": RIGHT, "runs": 1, "note": note}
    value, low, high = _mean_of_classes(right, _share_units(test))
    note = f"mean of {len(classes)} classes; guessing has {1 / len(classes):.3f}"
    yield {
        "measure": RIGHT, "made_by": ALL, "value": value, "low": low, "high": high, "n": len(made), "runs": 1,
        "note": "; ".join(filter(None, [note, failed])),
    }  # fmt: skip


def _by_key(known: Known, cells: pd.DataFrame, generators: list[str]) -> tuple[dict[Key, dict[str, str]], str]:
    """Returns for each detector and configuration that it has learned from its cell by tested configuration.

    Found by lesson and exam: whichever question has asked for a cell. A detector of which one cell has failed, or that
    was not put to all pairs, is left out whole; said is which, and why.
    """
    asked = list(dict.fromkeys(row.id for row, _ in known.plan.rows.askable))
    mine = as_usual(cells, but=NAMED)
    plain = mine[(mine["detector_seed"] == mine["detector_seed"].min()) & mine["status"].eq("done")]
    names = {
        (row.detector, row.train_sources, row.generator): row.cell for row in plain.itertuples()
    }  # a lesson of one run is named by it
    broken = set(mine.loc[mine["status"] != "done", "detector"])
    seed = cells["generator_seed"].iloc[0]
    found: dict[Key, dict[str, str]] = {}
    left_out: dict[str, list[str]] = {}
    for detector in asked:
        mine = {
            (learned, tested): names.get((detector, f"{learned}/{seed}", tested))
            for learned in generators for tested in generators
        }  # fmt: skip
        if None in mine.values():
            why = "since a cell of it has failed" if detector in broken else f"since a cell of it was {known.unasked}"
            left_out.setdefault(why, []).append(detector)
            continue
        for learned in generators:
            found[detector, learned] = {tested: str(mine[learned, tested]) for tested in generators} | {
                REAL: str(mine[learned, learned])
            }
    return found, "; ".join(f"left out, {why}: {', '.join(names)}" for why, names in left_out.items())


def _images(known: Known, by_key: dict[Key, dict[str, str]], name: str, part: str) -> Images:
    """Returns the images of a class, of the part that is fitted on or of the test, in one order for all detectors."""
    scores, units, order = [], None, None
    for (_, learned), cells in by_key.items():
        validation = "detector-validation" if name in (REAL, learned) else BESIDE
        frame = known.by_part["test" if part == "test" else validation][cells[name]]
        mine = frame["is_fake"].to_numpy(bool) == (name != REAL)
        values, ids = frame["score"].to_numpy(float)[mine], frame["image_id"].array[mine]
        if order is None:
            units, order = frame["unit"].to_numpy()[mine], ids
        same = order.equals(ids)  # as nearly always
        scores.append(values if same else pd.Series(values, ids).reindex(order).to_numpy())
    assert units is not None  # noqa: S101  (there is a detector, see `_confusion`)
    return Images(np.stack(scores, axis=1), units)


def _fitted(classes: list[Images]) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=1000))
    labels = np.repeat(np.arange(len(classes)), [len(one.scores) for one in classes])
    return model.fit(np.concatenate([one.scores for one in classes]), labels)


def _share_units(classes: list[Images]) -> bool:
    """Says whether fakes were made from real images: an image and what was made of it are then judged alike."""
    reals = set(classes[0].units)
    return any(reals & set(one.units) for one in classes[1:])


def _mean_of_classes(rows: list[rates.Row], together: bool) -> tuple[float, float, float]:
    """Returns the mean of rates, with the distances of their ends squared and added, as `rates.balanced` does."""
    value, low, high, _ = (np.array(column) for column in zip(*rows, strict=True))
    mean, value, low, high = float(value.mean()), value.astype(float), low.astype(float), high.astype(float)
    down, up = value - low, high - value
    if together:
        return mean, max(mean - float(down.mean()), 0.0), min(mean + float(up.mean()), 1.0)
    n = len(rows)
    return mean, max(mean - float(np.hypot.reduce(down)) / n, 0.0), min(mean + float(np.hypot.reduce(up)) / n, 1.0)


def _over(runs: list[list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yields the means over training seeds of what each has a value of."""
    for rows in zip(*runs, strict=False):
        if len({(row["measure"], row.get("made_by"), row.get("said")) for row in rows}) > 1 or "value" not in rows[0]:
            yield rows[0]
            return
        if len(rows) == 1:
            yield rows[0] | {"note": "; ".join(filter(None, [rows[0]["note"], ONE_RUN]))}
            continue
        values = np.array([[row["value"], row["low"], row["high"]] for row in rows], dtype=float)
        # not on the logit scale: of a rate of 0 in one run it knows nothing, and the ends are exact already
        value, low, high = configuration.mean_interval(*values.T)
        low, high = float(np.clip(low, 0, 1)), float(np.clip(high, 0, 1))
        ends = {"value": value, "low": low, "high": high, "runs": len(rows), "n": sum(row["n"] for row in rows)}
        yield (
            rows[0] | ends | {"note": "; ".join(filter(None, [rows[0]["note"], f"mean of {len(rows)} training runs"]))}
        )
