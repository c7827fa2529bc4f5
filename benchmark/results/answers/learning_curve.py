"""How the AUC grows with the number of labelled images, and how many it takes to reach 0.75, 0.9 and 0.99."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmark.results import held
from benchmark.results.answers import Known
from benchmark.statistics.columns.configuration import mean_interval
from benchmark.statistics.columns.draws import draws_interval, needed

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
    scores = held.test_scores(known.scores[known.scores["cell"].isin(cells["cell"])])
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
    points = []
    for _, rows in held.groups(cells.assign(table=""), over=OVER, within=["train_n"]):
        done = rows[rows["status"] == "done"]
        whole = bool(rows["train_n"].isna().all())
        n = done["n_real"].max() if whole else rows["train_n"].iloc[0]
        counts = {name: done[name].max() for name in (*COUNTS, "n_real", "n_fake")} if len(done) else {}
        failed = f"{len(rows) - len(done)} of {len(rows)} trainings failed" if len(done) < len(rows) else ""
        found = _mean(done, scores, drawn=not whole) if len(done) else {}
        note = "; ".join(part for part in (found.pop("note", ""), failed) if part)
        if whole and not len(done):
            continue  # how many images there are is not known
        points.append({"n": int(n), "all_images": whole, **counts, **found, "note": note})
    yield from sorted(points, key=lambda point: (point["n"], point["all_images"]))


def _mean(done: pd.DataFrame, scores: dict[str, pd.DataFrame], *, drawn: bool) -> dict[str, Any]:
    """Returns the mean of one point, over splits of the real images where there are several."""
    splits = [_of_split(rows, scores, drawn=drawn) for _, rows in done.groupby("ledger_seed")]
    said = {name: min(one[name] for one in splits) for name in ("runs", "draws")}
    if len(splits) == 1:
        return splits[0]
    value, low, high = mean_interval(*([one[end] for one in splits] for end in ("value", "low", "high")), bounded=True)
    note = f"mean of {len(splits)} splits of the real images"
    return said | {"value": value, "low": low, "high": high, "note": note}


def _of_split(done: pd.DataFrame, scores: dict[str, pd.DataFrame], *, drawn: bool) -> dict[str, Any]:
    draws = done["train_draw"].fillna(0)
    whole = done.assign(draw=draws).groupby("generator_seed")["draw"].agg(lambda each: frozenset(each))
    shared = frozenset.intersection(*whole)  # a draw that failed in one training run speaks of none
    runs: dict[tuple[bytes, ...], list[list[Any]]] = {}
    for _, rows in done.groupby("generator_seed"):
        each = [[held.tested(scores[cell]) for cell in rows["cell"][draws[rows.index] == d]] for d in sorted(shared)]
        runs.setdefault(tuple(np.asarray(one[0]).tobytes() for draw in each for one in draw), each)  # equal fakes once
    if not shared:
        return {"runs": len(whole), "draws": 0, "value": np.nan, "low": np.nan, "high": np.nan,
                "note": "cannot tell: no draw is done in every training run"}  # fmt: skip
    found = draws_interval(list(runs.values()), drawn=drawn)
    return {"runs": len(runs), "draws": len(shared) if drawn else 1, "value": found.value, "low": found.low,
            "high": found.high, "note": found.note}  # fmt: skip


def _needed(curve: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields a row for each threshold. Of two points with one number of images, all images speak."""
    points = list({point["n"]: point for point in curve}.values())
    three = ([point.get(name, np.nan) for point in points] for name in ("value", "low", "high"))
    sizes, (values, lows, highs) = [point["n"] for point in points], three
    for threshold in THRESHOLDS:
        found = needed(sizes, values, lows, highs, threshold)
        yield {"threshold": threshold, "value": found.n, "low": found.low, "high": found.high, "note": found.note}
