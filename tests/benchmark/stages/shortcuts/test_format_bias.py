"""JPEG on one class alone: how much a detector's answers move, and what is said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.results.shortcuts import format_verdicts
from benchmark.stages.shortcuts.format_bias import moved

N = 200
IS_FAKE = np.repeat([False, True], N)


def scored(turned: int, side: bool, units=None) -> dict:
    """A detector that is right about all images, and wrong about some of one class when they are compressed."""
    before = np.where(IS_FAKE, 1.0, -1.0) + np.random.default_rng(0).normal(0, 0.1, 2 * N)
    after = before.copy()
    after[np.flatnonzero(side == IS_FAKE)[:turned]] *= -1
    return moved(before, after, IS_FAKE, side == IS_FAKE, 0.0, np.arange(2 * N) if units is None else units)


@pytest.mark.parametrize("side", [False, True])
def test_the_change_is_that_of_the_class_that_was_changed(side):
    row = scored(50, side)
    assert (row["accuracy"], row["accuracy_after"], row["change"]) == (1.0, 0.75, -0.25)
    assert row["change_low"] < -0.25 < row["change_high"] < 0
    assert row["change_p"] < 1e-10
    assert row["auc"] == 1.0 > row["auc_after"]
    assert row["auc_change_low"] < row["auc_change"] < 0


def test_what_does_not_move_has_no_p_value_and_an_interval_around_0():
    row = scored(0, True)
    assert (row["change"], row["change_p"]) == (0.0, 1.0)
    assert row["change_low"] < 0 < row["change_high"] < 0.05


def test_units_count_instead_of_images():
    alone, films = scored(20, True), scored(20, True, np.arange(2 * N) // 20)
    assert films["change_p"] > 0.2 > 1e-4 > alone["change_p"]
    assert films["change_low"] < alone["change_low"]


def test_the_interval_of_a_change_covers():
    """Of 300 detectors that turn 10 % of images one way and 5 % the other, at least 95 % are covered."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        before = np.where(rng.random(2 * N) < 0.8, 1.0, -1.0) * np.where(IS_FAKE, 1, -1)
        turn = rng.random(2 * N) < np.where((before > 0) == IS_FAKE, 0.1, 0.2)
        after = np.where(turn & IS_FAKE, -before, before)
        row = moved(before, after, IS_FAKE, IS_FAKE, 0.0, np.arange(2 * N))
        hits += row["change_low"] <= -0.8 * 0.1 + 0.2 * 0.2 <= row["change_high"]
    assert hits >= 0.95 * 300


def test_a_change_beyond_chance_is_a_note_family_wise():
    def table(**cells):
        every = [{"cell": cell, "side": "fake", "quality": 75} | row for cell, rows in cells.items() for row in rows]
        return pd.DataFrame(every).astype(str)  # as the run folder's tables are read

    found = format_verdicts(table(bad=[scored(0, True), scored(60, True)], good=[scored(0, True), scored(2, False)]))
    rows = {row["about"]: row for row in found}
    assert rows["bad"]["verdict"] == "note"
    assert "JPEG at quality 75 on the fake test images alone moves the accuracy" in rows["bad"]["advice"]
    assert rows["bad"]["value"] == pytest.approx(-0.3)
    assert rows["good"]["verdict"] == "pass"
    assert 0 < rows["good"]["smallest"] < 0.1
    borderline = table(**{f"cell {i}": [scored(9, True)] for i in range(2)})  # p = 2 / 2 ** 9, twice
    assert {row["verdict"] for row in format_verdicts(borderline)} == {"note"}
    many = table(**{f"cell {i}": [scored(9 if i < 2 else 0, True)] for i in range(20)})
    assert "note" not in {row["verdict"] for row in format_verdicts(many)}
    assert format_verdicts(table(few=[scored(0, True) | {"n": 5}]))[0]["verdict"] == "cannot tell"
    assert format_verdicts(None) == format_verdicts(table()) == []


@pytest.mark.slow
def test_a_run_measures_it_and_says_it(tmp_path):
    import benchmark
    from benchmark.plan import specs

    asked = specs.parse({"dataset": {"name": "digits"}, "generator": [{"kind": "gaussian"}],
                         "detector": [{"kind": "linear-pixel"}], "quality": {"enabled": False}})  # fmt: skip
    run = benchmark.run(asked, out=tmp_path / "run", smoke=True)
    assert not run.failures
    table = pd.read_csv(tmp_path / "run" / "format_bias.csv")
    assert set(table["side"]) == {"real", "fake"}
    assert set(table["quality"]) == {75, 95}
    assert set(run.audit["finding"]) >= {"FB024", "FB025", "FB026", "FB027", "FB028", "FB029"}
    assert (
        not run.audit.loc[run.audit["verdict"] == "alarm", "finding"].isin(["FB024", "FB025", "FB026", "FB027"]).any()
    )
