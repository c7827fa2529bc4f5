"""Tables of counts are written case by case, and what is not counted again stays as it was."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from counted import enough, store

KEYS = ["case", "what"]


def rows(case: str, share: float, draws: int) -> pd.DataFrame:
    return pd.DataFrame({"case": case, "what": ["holds", "told"], "share": [share, 0.1 + 0.2], "draws": draws})


def test_rows_take_the_place_of_those_with_their_keys(tmp_path: Path):
    table = tmp_path / "counts.csv"
    for case in ("a", "b", "c"):
        store(table, rows(case, 0.975, 200), KEYS)
    before = table.read_text().splitlines()
    store(table, rows("b", 0.5, 2000), KEYS)
    after = table.read_text().splitlines()
    assert after[:3] + after[5:] == before[:3] + before[5:]
    assert after[3] == "b,holds,0.5,2000"
    store(table, rows("d", 1.0, 2000), KEYS)
    assert table.read_text().splitlines()[:7] == after
    assert not list(tmp_path.glob("*.part"))


def test_a_case_is_left_where_all_its_rows_have_the_draws(tmp_path: Path):
    table = tmp_path / "counts.csv"
    assert not enough(table, {"case": "a"}, 1)
    store(table, rows("a", 0.9, 200), KEYS)
    store(table, rows("b", 0.9, 2000), KEYS)
    store(table, rows("a", 0.9, 2000)[:1], KEYS)
    assert not enough(table, {"case": "a"}, 2000)  # one of its rows is of the 200
    assert enough(table, {"case": "b"}, 2000)
    assert not enough(table, {"case": "c"}, 1)
