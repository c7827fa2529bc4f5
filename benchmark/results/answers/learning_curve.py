"""How the AUC grows with the number of labelled images, and how many it takes to reach 0.75, 0.9 and 0.99."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmark.results import held
from benchmark.results.answers import Known, points
from benchmark.statistics.columns.draws import needed

THRESHOLDS = (0.75, 0.9, 0.99)
COUNTS = ["n_train_real", "n_train_fake", "n_validation_real", "n_validation_fake"]
COLUMNS = [
    "kind", "generator", "detector", "n", *COUNTS, "n_real", "n_fake", "all_images", "runs", "draws", "threshold",
    "value", "low", "high", "note",
]  # fmt: skip
OVER = ["ledger_seed", "generator_seed", "detector_seed", "train_sources", "train_draw"]


def table(known: Known) -> pd.DataFrame:
    """Returns a row for each number of images (`kind` is `auc`), and one for each threshold (`needed`).

    Of `auc`, `value` is the mean AUC over draws and training runs, and `n` counts labelled images of each side, those
    for validation included; the usual cell, which has all images, is the last. Of `needed`, `value` is the smallest `n`
    at which the mean reaches the threshold: more than `low` images, and at most `high`.

    Args:
        known: What the answer is made of.
    """
    cells = _with_counts(known)
    asked = cells[cells["question"] == "learning_curve"]
    pairs = asked.drop_duplicates(["generator", "detector"])[["generator", "detector"]]
    scores = known.tested
    rows: list[dict[str, Any]] = []
    for generator, detector in pairs.itertuples(index=False):
        mine = cells[(cells["generator"] == generator) & (cells["detector"] == detector)]
        curve = list(_curve(mine, scores))
        about = {"generator": generator, "detector": detector}
        rows += [about | {"kind": "auc"} | row for row in curve]
        rows += [about | {"kind": "needed"} | row for row in _needed(curve)]
    whole = dict.fromkeys(["n", *COUNTS, "n_real", "n_fake", "runs", "draws"], "Int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(whole)


def _with_counts(known: Known) -> pd.DataFrame:
    """Returns the cells of the question and the usual ones of the same detectors, with all that they learned from."""
    cells = known.cells
    asked = cells[cells["question"] == "learning_curve"]
    usual = cells[(cells["question"] == "own") & (cells["purpose"] == "main")]
    both = pd.concat([asked, usual[usual["detector"].isin(asked["detector"])]], ignore_index=True)
    scores = known.scores[known.scores["cell"].isin(both["cell"]) & (known.scores["part"] != "test")]
    fakes = scores.groupby("cell", observed=True)["is_fake"].agg(["sum", "size"]).reindex(both["cell"])
    fake, every = fakes["sum"].to_numpy(float), fakes["size"].to_numpy(float)
    both = both.assign(n_validation_real=every - fake, n_validation_fake=fake)
    for side in ("real", "fake"):
        both[f"n_{side}"] = both[f"n_train_{side}"].astype(float) + both[f"n_validation_{side}"]
    return both


def _curve(cells: pd.DataFrame, scores: dict[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """Yields the points of one curve, by the number of images; that of all images has the number that there were."""
    curve = []
    for _, rows in held.groups(cells.assign(table=""), over=OVER, within=["train_n"]):
        done = rows[rows["status"] == "done"]
        whole = bool(rows["train_n"].isna().all())
        n = done["n_real"].max() if whole else rows["train_n"].iloc[0]
        counts = {name: done[name].max() for name in (*COUNTS, "n_real", "n_fake")} if len(done) else {}
        failed = f"{len(rows) - len(done)} of {len(rows)} trainings failed" if len(done) < len(rows) else ""
        found = points.mean(done, scores, drawn=not whole) if len(done) else {}
        note = "; ".join(part for part in (found.pop("note", ""), failed) if part)
        if whole and not len(done):
            continue  # how many images there are is not known
        curve.append({"n": int(n), "all_images": whole, **counts, **found, "note": note})
    yield from sorted(curve, key=lambda point: (point["n"], point["all_images"]))


def _needed(curve: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields a row for each threshold. Of two points with one number of images, all images speak."""
    of_each = list({point["n"]: point for point in curve}.values())
    three = ([point.get(name, np.nan) for point in of_each] for name in ("value", "low", "high"))
    sizes, (values, lows, highs) = [point["n"] for point in of_each], three
    for threshold in THRESHOLDS:
        found = needed(sizes, values, lows, highs, threshold)
        yield {"threshold": threshold, "value": found.n, "low": found.low, "high": found.high, "note": found.note}
