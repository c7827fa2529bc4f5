"""What the AUCs of two cells differ by that were tested on the same images, and the mean of it over training runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmark.results import held
from benchmark.statistics.columns.column import Column, of_detectors
from benchmark.statistics.columns.configuration import mean_interval

Row = dict[str, Any]
LEVEL = 0.95  # of each interval, and of all that is told of one family together
SEEDS = ("ledger_seed", "generator_seed", "detector_seed")
ONE_RUN = "one training run: the interval is of its test images"
ONE_SET = "the interval of one set of images"


def difference(
    more: list[Row], less: list[Row], scores: dict[str, pd.DataFrame], family: int, *, trained: bool = True
) -> Row:
    """Returns what the AUC of some cells is above that of others, over the trainings that have both.

    Of each training it is DeLong's paired difference. Over several training runs it is their mean, with an interval
    that another run is in (`configuration.mean_interval`).

    Args:
        more: Rows of `cells.csv`, one for each training.
        less: Likewise; each was tested on the same images as that of the same seeds in `more`.
        scores: Of the test images of each cell.
        family: How many differences are told together.
        trained: Whether the generator trains; seeds of finished images are draws. Defaults to `True`.

    Returns:
        `value`, `low`, `high`, `runs`, `note`, and `told`: whether it is `"above 0"` or `"below 0"` when all of the
        family hold together at 95 % (Bonferroni), else `"no"`.

    Raises:
        ValueError: If two cells of the same seeds were tested on other images.
    """
    lost = failed([*more, *less])
    first, second = ({_seeds(cell): cell for cell in cells if cell["status"] == "done"} for cells in (more, less))
    pairs = [(first[seeds], second[seeds]) for seeds in first if seeds in second]
    if not pairs:
        return {"runs": 0, "note": f"cannot tell: {lost or 'its cells are of different seeds'}"}
    columns = [_column(*pair, scores) for pair in pairs]
    done = [pair[0] for pair in pairs]
    value, low, high = _mean(done, columns, LEVEL)
    told, n = "", runs(done)
    if not np.isnan(low):
        _, least, most = _mean(done, columns, 1 - (1 - LEVEL) / family)
        told = "above 0" if least > 0 else "below 0" if most < 0 else "no"
    several = f"mean of {n} {'training runs' if trained else 'draws of the images'}"
    what = several if n > 1 else alone(trained)
    why = "cannot tell: " if np.isnan(low) else ""
    numbers = {"value": value, "low": low, "high": high, "told": told, "runs": n}
    return numbers | {"note": "; ".join(filter(None, [why + what, lost]))}


def failed(cells: list[Row]) -> str:
    """Says which cells were not finished, and of the first why; nothing if all were."""
    lost = [cell for cell in cells if cell["status"] != "done"]
    if not lost:
        return ""
    return f"{len(lost)} of {len(cells)} cells failed: {lost[0]['error'] or lost[0]['status']}"


def alone(trained: bool) -> str:
    """Says what the interval of a single run is of."""
    return ONE_RUN if trained else ONE_SET


def runs(cells: list[Row]) -> int:
    """Returns how many training runs cells are of, those of each split apart."""
    return len({_seeds(cell)[:2] for cell in cells})


def _seeds(cell: Row) -> tuple[int, ...]:
    return tuple(int(cell[name]) for name in SEEDS)


def _column(more: Row, less: Row, scores: dict[str, pd.DataFrame]) -> Column:
    first, second = (scores[cell["cell"]] for cell in (more, less))
    if not np.array_equal(first["image_id"].to_numpy(), second["image_id"].to_numpy()):
        raise ValueError(f"Cells '{more['cell']}' and '{less['cell']}' were not tested on the same images.")
    values, is_fake, units = held.run(first)
    return of_detectors({"more": values, "less": second["score"].to_numpy()}, is_fake, groups=units)


def _mean(cells: list[Row], columns: list[Column], level: float) -> tuple[float, float, float]:
    """Returns the mean difference over training runs, or over splits where there are several, and its interval.

    Trainings of the detector are averaged with the ends of their intervals, which is long rather than short.
    """
    several = len({cell["ledger_seed"] for cell in cells}) > 1
    each: dict[int, list[tuple[float, ...]]] = {}
    for cell, column in zip(cells, columns, strict=True):
        each.setdefault(_seeds(cell)[0 if several else 1], []).append(column.difference(0, 1, level)[:3])
    values, lows, highs = np.array([np.mean(same, axis=0) for same in each.values()]).T
    if len(values) == 1:
        return float(values[0]), float(lows[0]), float(highs[0])
    value, low, high = mean_interval(values, lows, highs, level=level)
    return value, max(low, -1.0), min(high, 1.0)
