"""What a summary holds fixed: cells are pooled only where they differ in nothing but what the summary is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

# A cell's identity, as `cells.csv` has it: the question, the lesson, the detector with its seed, and the exam.
LESSON = [
    "ledger_seed", "train_generator", "train_sources", "train_checkpoint", "train_n", "train_draw",
    "train_perturbation",
]  # fmt: skip
EXAM = ["generator", "generator_seed", "asked_checkpoint", "perturbation"]
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
    for key, rows in cells.groupby(list(within), sort=False, dropna=False):
        differing = [name for name in others if rows[name].nunique(dropna=False) > 1] if len(rows) > 1 else []
        if differing:
            raise ValueError(
                f"A summary over {', '.join(over)} would pool cells that differ in {', '.join(differing)}: "
                f"{', '.join(rows['cell'].head(3))} ..."
            )
        yield key, rows


def test_scores(scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Returns the scores of the test images of each cell that has any."""
    return {str(cell): frame for cell, frame in scores[scores["part"] == "test"].groupby("cell", observed=True)}


def tested(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns scores, which of them are of fakes, and the units of their images."""
    return frame["score"].to_numpy(), frame["is_fake"].to_numpy(dtype=bool), frame["unit"].to_numpy()
