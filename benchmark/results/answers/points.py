"""What several answers need: the mean of the cells of one point of a curve. It is no answer itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmark.results import held
from benchmark.statistics.columns.configuration import mean_interval
from benchmark.statistics.columns.draws import draws_interval


def mean(done: pd.DataFrame, scores: dict[str, pd.DataFrame], *, drawn: bool) -> dict[str, Any]:
    """Returns the mean AUC of one point, over splits of the real images, training runs and draws.

    Args:
        done: Its cells, which differ in nothing else but the detector's seed.
        scores: The test scores of each cell.
        drawn: Whether their lessons are draws of some of the images, see `draws_interval`.

    Returns:
        `runs`, `draws`, `value`, `low`, `high` and `note`.
    """
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
        each = [[held.run(scores[cell]) for cell in rows["cell"][draws[rows.index] == d]] for d in sorted(shared)]
        runs.setdefault(tuple(np.asarray(one[0]).tobytes() for draw in each for one in draw), each)  # equal fakes once
    if not shared:
        return {"runs": len(whole), "draws": 0, "value": np.nan, "low": np.nan, "high": np.nan,
                "note": "cannot tell: no draw is done in every training run"}  # fmt: skip
    found = draws_interval(list(runs.values()), drawn=drawn)
    return {"runs": len(runs), "draws": len(shared) if drawn else 1, "value": found.value, "low": found.low,
            "high": found.high, "note": found.note}  # fmt: skip
