"""A summary pools nothing that differs in what it does not name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.results import held, over_runs, rankings

CELL = {
    "dataset": "digits", "question": "own", "table": "own", "ledger_seed": 0, "train_generator": "a",
    "train_sources": "a/0", "train_checkpoint": "last", "train_n": None, "train_draw": None,
    "train_perturbation": "none", "detector": "d", "detector_seed": 0,
    "generator": "a", "generator_seed": 0, "asked_checkpoint": "last", "perturbation": "none", "checkpoint": "final",
    "purpose": "main", "status": "done",
}  # fmt: skip


def frames(*changes: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns cells that differ by what is given, and scores of four real and four fake images of each."""
    cells = pd.DataFrame([CELL | {"cell": f"cell {i}"} | change for i, change in enumerate(changes)])
    rng = np.random.default_rng(0)
    scores = [
        pd.DataFrame(
            {
                "cell": cell,
                "part": "test",
                "is_fake": np.arange(8) > 3,
                "score": rng.normal(size=8),
                "unit": np.arange(8),
            }
        )
        for cell in cells["cell"]
    ]
    return cells, pd.concat(scores, ignore_index=True)


def test_a_summary_is_over_what_it_names():
    cells, _ = frames({}, {"generator_seed": 1, "train_sources": "a/1"}, {"detector": "e"})
    found = held.groups(cells, over=["generator_seed", "train_sources"], within=["detector"])
    assert [(key, len(rows)) for key, rows in found] == [(("d",), 2), (("e",), 1)]


@pytest.mark.parametrize(
    "name", [name for name in held.IDENTITY if name not in ("table", "detector", "generator_seed")]
)
def test_a_summary_raises_where_cells_differ_in_anything_else(name):
    cells, _ = frames({}, {name: 7, "generator_seed": 1})
    with pytest.raises(ValueError, match=f"would pool cells that differ in {name}: cell 0, cell 1"):
        list(held.groups(cells, over=["generator_seed"], within=["detector"]))


@pytest.mark.parametrize(
    "change",
    [
        {"perturbation": "jpeg-75"},
        {"asked_checkpoint": "epoch-1"},
        {"train_n": 9},
        {"train_n": 9, "train_draw": 1},
        {"train_checkpoint": "epoch-1"},
        {"train_perturbation": "blur-1"},
    ],
)
def test_configurations_and_comparisons_keep_apart_what_differs(change):
    cells, scores = frames(
        {}, {"generator_seed": 1, "train_sources": "a/1"}, change, change | {"detector": "e"}, {"detector": "e"}
    )
    rows = over_runs.configurations(cells, scores, {"a"})
    assert list(rows["detector"]) == ["d", "d", "e", "e"]
    assert len(rows) == 4
    compared = rankings.comparisons(rankings.exams(cells, scores))
    pairs = [
        frozenset(pair) for pair in zip(compared["cell"], compared["best_cell"], strict=True) if pair[0] != pair[1]
    ]
    assert set(pairs) <= {frozenset({"cell 0", "cell 4"}), frozenset({"cell 2", "cell 3"})}


def test_two_cells_of_one_detector_are_no_comparison():
    cells, scores = frames({}, {"train_generator": "b", "train_sources": "b/0"})
    with pytest.raises(ValueError, match="several cells of one detector: cell 0, cell 1"):
        rankings.exams(cells, scores)
