"""The memorisation gap: judged over all cells of a run, a note and never more, and in a table of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.results import gap
from benchmark.stages.measurements.gap import compared
from benchmark.use import api

CELLS = pd.DataFrame(
    {
        "cell": [f"g/{seed}/{name}/0" for seed in (0, 1) for name in ("cnn", "linear")],
        "ledger_seed": 0, "generator": "g", "generator_seed": [0, 0, 1, 1], "detector": ["cnn", "linear"] * 2,
    }
)  # fmt: skip


def table(p: list[float], auc: list[float], n: int = 500) -> pd.DataFrame:
    rows = {"cell": CELLS["cell"], "auc": auc, "low": 0.4, "high": 0.8, "p": p, "n_seen": 500, "n_unseen": 500}
    rows |= {"units_seen": n, "units_unseen": n}
    return pd.DataFrame(rows).astype(str)  # as it is gathered


def test_one_finding_for_each_run_family_wise_over_all_cells():
    sound, caught = gap.findings(table([0.004, 0.5, 0.001, 0.6], [0.55, 0.5, 0.57, 0.5]), CELLS)
    assert (sound["name"], sound["verdict"]) == ("memorisation-gap / g seed 0", "pass"), "0.004 x 3 > 0.01"
    assert 0.55 < sound["smallest"] < 0.6
    assert (caught["verdict"], caught["value"]) == ("note", 0.57)
    assert "cnn finds" in caught["advice"]
    assert "more like its fakes" in caught["advice"]


def test_splits_of_the_real_images_are_not_pooled():
    first, other = gap.findings(table([0.5] * 4, [0.5] * 4), CELLS.assign(ledger_seed=[3, 3, 4, 4], generator_seed=0))
    assert (first["about"], other["about"]) == ("g seed 0", "g seed 0 ledger 4")


def test_what_is_missing_or_too_few_cannot_tell():
    nothing, some = gap.findings(table([np.nan, np.nan, 0.3, np.nan], [0.5] * 4), CELLS)
    assert nothing["verdict"] == "cannot tell"
    assert some["verdict"] == "pass"
    assert {row["verdict"] for row in gap.findings(table([0.5] * 4, [0.5] * 4, n=3), CELLS)} == {"cannot tell"}
    assert gap.findings(None, CELLS) == []
    assert gap.findings(table([0.5] * 4, [0.5] * 4).iloc[:0], CELLS) == []


def test_seen_reals_that_score_higher_are_found_and_equal_ones_are_not():
    rng = np.random.default_rng(0)
    seen, unseen = rng.normal(size=300), rng.normal(size=200)
    same = compared(seen, unseen, np.arange(300), np.arange(300, 500))
    assert same["low"] <= 0.5 <= same["high"]
    assert same["p"] > 0.01
    for shift, way in ((0.6, 1), (-0.6, -1)):
        moved = compared(seen + shift, unseen, np.arange(300), np.arange(300, 500))
        assert moved["p"] < 1e-4
        assert np.sign(moved["auc"] - 0.5) == way
    assert (same["n_seen"], same["n_unseen"]) == (300, 200)


def test_units_count_together():
    rng = np.random.default_rng(1)
    shared = np.repeat(rng.normal(size=20), 20)
    values = shared + 0.05 * rng.normal(size=400)
    alone = compared(values[:200], values[200:], np.arange(200), np.arange(200, 400))
    units = compared(values[:200], values[200:], np.arange(200) // 20, 100 + np.arange(200) // 20)
    assert units["high"] - units["low"] > 1.5 * (alone["high"] - alone["low"])
    assert (units["n_seen"], units["units_seen"], units["units_unseen"]) == (200, 10, 10)
    assert "not defined" in compared(np.ones(5), np.ones(5), np.arange(5), np.arange(5, 10))["note"]


@pytest.mark.slow
def test_a_run_has_all_controls_and_its_cells_know_nothing_of_them(finished: Path) -> None:
    run = api.load(finished / "runs/images")
    audit = run.audit.set_index("finding")
    assert {"FB010", "FB011", "FB012", "FB013", "FB014", "FB015"} <= set(audit.index)
    runs = {"gaussian seed 0", "by class seed 0"}
    assert set(audit.loc["FB013", "about"]) == set(audit.loc["FB014", "about"]) == runs
    assert set(audit.loc["FB015", "about"]) == {f"{one}, pixels" for one in runs}
    assert (audit.loc[["FB012", "FB013", "FB014", "FB015"], "verdict"] != "alarm").all()
    gaps = pd.read_csv(run.folder / gap.FILE)
    assert set(gaps["purpose"]) == {"control"}
    assert set(gaps["cell"]) == set(run.cells[run.cells["purpose"] == "main"]["cell"])
    assert not set(run.metrics["metric"]) & {"gap", "memorisation_gap"}
    assert not run.cells["question"].str.contains("gap").any()
