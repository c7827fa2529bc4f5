"""Many files are read as one table with the values that each has by itself."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from benchmark.results import held, read_together

TABLES = [
    pd.DataFrame({"metric": ["auc", "nll"], "value": [1.0, np.inf], "n": [3, 4], "note": [np.nan, "a, b"]}),
    pd.DataFrame({"metric": ["auc"], "value": [np.nan], "n": [5], "note": [np.nan]}),
    pd.DataFrame({"metric": [], "value": [], "n": [], "note": []}),
    pd.DataFrame({"metric": ["x"], "value": [0.1 + 0.2], "n": [6], "note": ['said "so"']}),
]
LINES = pd.DataFrame({"metric": ["y"], "value": [2.0], "n": [7], "note": ["two\nlines"]})
MORE = pd.DataFrame({"metric": ["z"], "label": [1.0]})


@pytest.mark.parametrize("tables", [TABLES, TABLES[2:3], [*TABLES, LINES], [*TABLES, MORE], []])
def test_files_read_together_have_the_values_of_each(tables, tmp_path):
    paths = [tmp_path / f"{at}.csv" for at in range(len(tables))]
    for table, path in zip(tables, paths, strict=True):
        table.to_csv(path, index=False)
    found, counts = read_together.csv(paths)
    assert counts == [len(table) for table in tables]
    alone = [pd.read_csv(path) for path in paths]
    expected = pd.concat([one for one in alone if len(one)], ignore_index=True) if sum(counts) else pd.DataFrame()
    told, wanted = io.StringIO(), io.StringIO()
    found.reindex(columns=expected.columns).to_csv(told, index=False)
    expected.to_csv(wanted, index=False)
    assert told.getvalue() == wanted.getvalue()


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 0, 3, 1, 4, 2]])
def test_scores_are_sorted_by_part_and_cell_however_they_stand(order):
    names = {"part": list("aabbaa"), "cell": ["x", "x", "x", "y", "y", "y"], "score": range(6)}
    scores = pd.DataFrame(names).iloc[order].astype({"part": "category", "cell": "category"})
    found = held.by_part(scores)
    assert {part: {cell: sorted(one["score"]) for cell, one in cells.items()} for part, cells in found.items()} == {
        "a": {"x": [0, 1], "y": [4, 5]}, "b": {"x": [2], "y": [3]},
    }  # fmt: skip
    assert held.by_part(scores.head(0)) == {}
