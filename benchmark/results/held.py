"""What a summary holds fixed: cells are pooled only where they differ in nothing but what the summary is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import pandas as pd

from benchmark.statistics.clusters import Clusters

# A cell's identity, as `cells.csv` has it: the question, the lesson, the detector with its seed, and the exam.
LESSON = [
    "ledger_seed", "train_generator", "train_sources", "train_checkpoint", "train_n", "train_draw",
    "train_perturbation",
]  # fmt: skip
EXAM = ["generator", "generator_seed", "asked_checkpoint", "perturbation"]
Scores: TypeAlias = pd.DataFrame | Mapping[str, pd.DataFrame]  # of all images; or of the test images, by cell
IDENTITY = ["dataset", "table", *LESSON, "detector", "detector_seed", *EXAM]


def groups(cells: pd.DataFrame, *, over: Sequence[str], within: Sequence[str]) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """Yields groups of cells that a summary may pool.

    Args:
        cells: Rows with the columns of `IDENTITY`.
        over: The columns that the summary is over: in these the cells of a group may differ.
        within: The columns that tell groups apart.

    Yields:
        The values of `within`, and the rows, in the order in which they stand.

    Raises:
        ValueError: If cells of a group differ in a column that is in neither list: the summary would pool them unsaid.
    """
    others = [name for name in IDENTITY if name not in (*over, *within)]
    grouped = cells.groupby(list(within), sort=False, dropna=False)
    several = [name for name in others if cells[name].nunique(dropna=False) > 1]  # else no group differs in it either
    mixed = [grouped[name].nunique(dropna=False).gt(1).to_numpy() for name in several]
    for at, (key, rows) in enumerate(grouped):
        differing = [name for name, more in zip(several, mixed, strict=True) if more[at]]
        if differing:
            raise ValueError(
                f"A summary over {', '.join(over)} would pool cells that differ in {', '.join(differing)}: "
                f"{', '.join(rows['cell'].head(3))} ..."
            )
        yield key, rows


def by_part(scores: pd.DataFrame) -> dict[str, dict[str, pd.DataFrame]]:
    """Returns the scores of the images of each part, by cell."""
    found: dict[str, dict[str, pd.DataFrame]] = {}
    part, cell = (scores[name].astype("category").cat.codes.to_numpy() for name in ("part", "cell"))
    if not len(part):
        return found
    starts = np.flatnonzero(np.r_[True, (part[1:] != part[:-1]) | (cell[1:] != cell[:-1])])
    blocks = [scores.iloc[start:end] for start, end in zip(starts, [*starts[1:], len(scores)], strict=True)]
    if len(set(zip(part[starts], cell[starts], strict=True))) < len(blocks):  # rows of a cell stand apart
        blocks = [frame for _, frame in scores.groupby(["part", "cell"], observed=True)]
    for frame in blocks:
        found.setdefault(str(frame["part"].iat[0]), {})[str(frame["cell"].iat[0])] = frame
    return found


def test_scores(scores: Scores) -> Mapping[str, pd.DataFrame]:
    """Returns the scores of the test images of each cell that has any; what it has returned comes back as it is."""
    return by_part(scores).get("test", {}) if isinstance(scores, pd.DataFrame) else scores


def tested(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns scores, which of them are of fakes, and the units of their images."""
    return frame["score"].to_numpy(), frame["is_fake"].to_numpy(dtype=bool), frame["unit"].to_numpy()


def run(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, Clusters]:
    """Returns what `tested` does, with the clusters that the units make, as the statistics take them."""
    scores, is_fake, units = tested(frame)
    return scores, is_fake, clusters(units, is_fake)


def clusters(units: np.ndarray, is_fake: np.ndarray) -> Clusters:
    """Returns `Clusters.of`, whose work is done once for all cells of the same images: nearly all of a run are."""
    if units.dtype.kind not in "iu":
        return Clusters.of(units, is_fake)
    return _clusters(units.dtype.str, units.tobytes(), is_fake.tobytes())


@lru_cache(maxsize=64)
def _clusters(kind: str, units: bytes, is_fake: bytes) -> Clusters:
    return Clusters.of(np.frombuffer(units, kind), np.frombuffer(is_fake, bool))
