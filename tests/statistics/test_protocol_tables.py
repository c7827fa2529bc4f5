"""What `docs/protocol.md` says was counted is what `docs/tables/` holds, and intervals hold as they are to."""

from __future__ import annotations

import pandas as pd
import pytest
from protocol_tables import ALARMS, COVERED, DOCS, PAGE, placed


def test_the_page_has_the_tables_that_were_counted():
    page = PAGE.read_text(encoding="utf-8")
    assert placed(page) == page, "run tests/statistics/protocol_tables.py"


def test_printed_intervals_hold_in_93_percent_or_more():
    table = pd.read_csv(DOCS / "tables/intervals.csv")
    least = 0.93 - 3.5 * (0.93 * 0.07 / table["draws"]) ** 0.5  # what chance leaves of 93 % in one of 1,400 rows
    low = table[table["coverage"] < least]
    assert low.empty, low[["metric", "auc", "n", "units", "coverage"]]
    longer = table[(table["coverage"] > 0.98) & table["conservative"].isna()]
    assert longer.empty, "not said to be conservative"


def test_intervals_of_sets_and_components_hold_in_93_percent_or_more():
    sets = pd.read_csv(DOCS / "tables/sets.csv")
    components = pd.read_csv(DOCS / "tables/components.csv")
    # what is told in a few of many draws is told where the drawn AUCs are low: its share is no coverage
    components = components[components["told"].str.rstrip("%").astype(float) > 20]
    components["coverage"] = components["coverage"].str.rstrip("%").astype(float) / 100
    for table in (sets, components):
        least = 0.93 - 3.5 * (0.93 * 0.07 / table["draws"]) ** 0.5
        assert len(table) > 50
        assert table[table["coverage"] < least].empty, table[table["coverage"] < least]


@pytest.mark.parametrize("what", [*ALARMS, *COVERED])
def test_tests_and_ranks_keep_their_level(what: str):
    rows = pd.read_csv(DOCS / "tables/comparisons.csv").query("what == @what")
    assert len(rows) >= 9
    wanted = {"one tells, 99 %": 0.01, "any tells, Holm 99 %": 0.01}.get(what, 0.05)
    wrong = rows["share"] if what in ALARMS else 1 - rows["share"]
    if "alone" in what or "95 % each" in what:
        assert wrong.max() > 0.08, "shown for comparison: this is what it would be without"
        return
    chance = 3.5 * (wanted * (1 - wanted) / rows["draws"]) ** 0.5
    assert (wrong <= wanted + 0.02 + chance).all(), rows[wrong > wanted + 0.02 + chance]
