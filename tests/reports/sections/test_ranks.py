"""Ranks on the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from reports.load import load
from reports.page import render
from reports.sections import ranks

SATURATED = "cannot rank: all 9 are so near to the end of the scale"


def test_detectors_stand_where_their_intervals_say(run_folder: Path) -> None:
    run = load(run_folder)
    (table,) = ranks.section(run)
    assert table["columns"] == ["baseline", "tuned"]
    sentinels = {detector.id for detector in run.detectors if detector.role}
    assert not sentinels & {name for name, _ in table["rows"]}
    rows = run.rankings[run.rankings["generator"] == "baseline"].set_index("name")
    for name, (place, _) in table["rows"]:
        low, high = rows.loc[name, "rank_low"], rows.loc[name, "rank_high"]
        assert place["text"] == (f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}")
    page = render(run)
    assert '<section id="ranks">' in page
    assert "Two that share a letter are not separated" in page


def test_a_saturated_column_is_said_to_be_one(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    table = pd.read_csv(folder / "ranks.csv")
    mine = table["generator"] == "tuned"
    table.loc[mine, ["rank_low", "rank_high", "group"]] = None
    table["note"] = table["note"].astype(object)
    table.loc[mine, "note"] = SATURATED
    table.to_csv(folder / "ranks.csv", index=False)
    run = load(sealed(folder))
    (shown,) = ranks.section(run)
    assert {places[1]["text"] for _, places in shown["rows"] if places[1]["text"]} == {"cannot rank"}
    assert shown["notes"] == [f"tuned: {SATURATED}."]
    assert f"tuned: {SATURATED}." in render(run)


def test_generators_have_a_table_of_their_own(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    assert [table["what"] for table in ranks.section(load(folder))] == ["Detector"]
    table = pd.read_csv(folder / "ranks.csv")
    rows = table[table["detector"] == "cnn"].head(2).assign(scope="configurations", compared=2, generator_seed=None)
    rows["generator"] = rows["name"] = ["baseline", "tuned"]
    rows["note"] = "one training run: these are cells, not configurations"
    pd.concat([table, rows]).to_csv(folder / "ranks.csv", index=False)
    _, shown = ranks.section(load(sealed(folder)))
    assert shown["columns"] == ["cnn"]
    assert [name for name, _ in shown["rows"]] == ["baseline", "tuned"]
    assert shown["notes"] == ["One training run: these are cells, not configurations."]
