"""Who stands where: the tables of comparisons and ranks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.results import rankings

N = 150
IS_FAKE = np.arange(2 * N) >= N
CELL = {
    "dataset": "digits", "question": "own", "table": "own", "ledger_seed": 0, "train_generator": "a",
    "train_sources": "a/0", "train_checkpoint": "last", "train_n": None, "train_draw": None,
    "train_perturbation": "none", "detector": "d", "detector_seed": 0,
    "generator": "a", "generator_seed": 0, "asked_checkpoint": "last", "perturbation": "none", "checkpoint": "final",
    "purpose": "main", "status": "done",
}  # fmt: skip


def run(shifts: dict[tuple[str, int, str], float]) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Returns cells, scores and p-values of chance; from (generator, seed, detector) to how far its fakes stand off."""
    rng = np.random.default_rng(0)
    real = rng.normal(size=N)
    fakes = {(generator, seed): rng.normal(size=N) for generator, seed, _ in shifts}
    cells, scores, p = [], [], {}
    for (generator, seed, detector), shift in shifts.items():
        name = f"{generator}/{seed}/{detector}"
        about = {"cell": name, "generator": generator, "generator_seed": seed, "detector": detector}
        cells.append(CELL | about | {"train_generator": generator, "train_sources": f"{generator}/{seed}"})
        score = np.r_[real, fakes[generator, seed] + shift] + 0.2 * rng.normal(size=2 * N)
        columns = {"cell": name, "part": "test", "unit": np.arange(2 * N), "is_fake": IS_FAKE, "score": score}
        scores.append(pd.DataFrame(columns))
        p[name] = 1e-6 if shift > 0.5 else 0.008
    return pd.DataFrame(cells), pd.concat(scores, ignore_index=True), pd.Series(p)


def ranked(shifts, *, sentinels=(), trained=()) -> pd.DataFrame:
    cells, scores, p = run(shifts)
    return rankings.ranks(rankings.exams(cells, scores, sentinels), cells, scores, p, trained)


def test_detectors_of_an_exam_are_ranked():
    table = ranked({("a", 0, "good"): 2.0, ("a", 0, "poor"): 0.6, ("a", 0, "blind"): 0.0})
    rows = table[table["scope"] == "detectors"].set_index("name")
    assert rows["rank_low"].to_dict() == {"good": 1, "poor": 2, "blind": 3}
    assert rows["group"].to_dict() == {"good": "a", "poor": "b", "blind": "c"}
    assert rows["may_be_best"].to_dict() == {"good": True, "poor": False, "blind": False}
    assert (rows["best_low"] < rows["value"]).all()
    assert rows.loc["blind", "p_chance_holm"] == pytest.approx(0.008)  # the last of the family
    assert rows["tells"].all()
    assert list(table.columns) == rankings.RANK_COLUMNS


def test_chance_is_corrected_for_the_number_of_detectors():
    """A p-value of 0.008 is 99 % alone and not so among three."""
    rows = ranked({("a", 0, name): 0.0 for name in ("one", "two", "three")})
    rows = rows[rows["scope"] == "detectors"]
    assert rows["p_chance_holm"].tolist() == pytest.approx([0.024] * 3)
    assert not rows["tells"].any()
    alone = ranked({("a", 0, "one"): 0.0})
    assert alone["tells"].all()
    assert alone["rank_low"].isna().all()  # nothing to rank


def test_a_sentinel_is_compared_and_never_the_best():
    shifts = {("a", 0, "one"): 0.5, ("a", 0, "two"): 0.5, ("a", 0, "watch"): 2.0}
    cells, scores, _ = run(shifts)
    compared = rankings.comparisons(rankings.exams(cells, scores, {"watch"})).set_index("detector")
    assert set(compared["best"]) <= {"one", "two"}
    assert compared.loc["watch", "difference"] < 0
    assert compared.loc["watch", "separable"]
    assert compared["sentinel"].to_dict() == {"one": False, "two": False, "watch": True}
    rows = ranked(shifts, sentinels={"watch"}).set_index(["scope", "name"])
    assert rows.loc[("detectors", "watch"), "note"] == rankings.NOT_RANKED
    assert np.isnan(rows.loc[("detectors", "watch"), "p_chance_holm"])
    assert rows.loc[("detectors", "one"), "compared"] == 2
    assert rows.loc[("detectors", "one"), "p_chance_holm"] == pytest.approx(0.016)


def test_a_saturated_column_cannot_rank():
    rows = ranked({("a", 0, name): 30.0 for name in ("one", "two", "three")})
    rows = rows[rows["scope"] == "detectors"]
    assert rows["note"].str.startswith("cannot rank: all 3 ").all()
    assert rows[["rank_low", "rank_high"]].isna().all(axis=None)
    assert rows["may_be_best"].all()
    assert (rows["best_low"] < 1).all()


def test_generators_with_one_training_run_are_compared_as_cells():
    table = ranked({("a", 0, "d"): 2.0, ("b", 0, "d"): 0.5, ("b", 0, "e"): 0.5, ("a", 0, "e"): 0.5}, trained={"a", "b"})
    rows = table[table["scope"] == "configurations"].set_index(["detector", "name"])
    assert rows.loc["d", "rank_low"].to_dict() == {"a": 1, "b": 2}
    assert rows.loc["e", "rank_high"].to_dict() == {"a": 2, "b": 2}
    assert (rows["note"] == "one training run: these are cells, not configurations").all()
    assert rows.loc[("d", "b"), "p_chance_holm"] == pytest.approx(0.016)  # d and e judge b


def test_generators_with_several_training_runs_are_compared_as_configurations():
    shifts = {("a", seed, "d"): 2.0 + 0.01 * seed for seed in range(4)}
    shifts |= {("b", seed, "d"): 0.5 + 0.01 * seed for seed in range(4)}
    rows = ranked(shifts, trained={"a", "b"})
    rows = rows[rows["scope"] == "configurations"].set_index("name")
    assert rows["rank_low"].to_dict() == {"a": 1, "b": 2}
    assert (rows["note"] == "").all()
    assert rows.loc["a", "p_chance"] < 1e-4
    unlike = {**shifts, ("b", 0, "d"): 9.0}  # one run that is quite another: the runs are the replicates
    spread = ranked(unlike, trained={"a", "b"})
    spread = spread[spread["scope"] == "configurations"].set_index("name")
    assert spread.loc["a", "rank_high"] == 2


def test_seeds_of_a_generator_that_does_not_train_are_no_runs():
    shifts = {(name, seed, "d"): 1.0 for name in ("a", "folder") for seed in range(3)}
    rows = ranked(shifts, trained={"a"})
    rows = rows[rows["scope"] == "configurations"].set_index("name")
    assert "one training run" in rows.loc["folder", "note"]
    assert rows.loc["a", "note"] == ""


def test_controls_are_no_configurations():
    cells, scores, p = run({("a", 0, "d"): 1.0, ("real-copy", 0, "d"): 0.0})
    cells.loc[cells["generator"] == "real-copy", "purpose"] = "control"
    table = rankings.ranks(rankings.exams(cells, scores), cells, scores, p, {"a"})
    assert table[table["scope"] == "configurations"]["name"].tolist() == ["a"]
    assert set(table[table["scope"] == "detectors"]["generator"]) == {"a", "real-copy"}


def test_failed_cells_alone_leave_the_tables_empty():
    cells, scores, p = run({("a", 0, "d"): 1.0})
    cells["status"] = "failed"
    found = rankings.exams(cells, scores)
    assert rankings.comparisons(found).empty
    table = rankings.ranks(found, cells, scores, p, {"a"})
    assert table.empty
    assert list(table.columns) == rankings.RANK_COLUMNS
