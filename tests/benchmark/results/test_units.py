"""What is said across cells reads the units of the score table, and not the groups that stand beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.results import over_runs, rankings

N = 200
SAME = {
    "question": "own", "table": "own", "dataset": "digits", "ledger_seed": 0, "train_generator": "g",
    "train_checkpoint": "last", "train_n": None, "train_draw": None,
    "train_perturbation": "none", "perturbation": "none", "asked_checkpoint": "last", "checkpoint": "final",
    "status": "done", "purpose": "main",
}  # fmt: skip
IS_FAKE = np.arange(2 * N) >= N


def tables(units: np.ndarray, group: float = np.nan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cells and scores of three training runs of one generator and two detectors; images of a unit are alike."""
    rng = np.random.default_rng(0)
    scene = rng.normal(size=10)[np.arange(N) // 20]
    cells, scores = [], []
    for seed in range(3):
        fakes = rng.normal(size=N) + 1.2
        for detector, noise in (("one", 0.1), ("other", 0.6)):
            name = f"{detector} {seed}"
            about = {"cell": name, "generator": "g", "generator_seed": seed, "detector": detector, "detector_seed": 0}
            cells.append(about | SAME | {"train_sources": f"g/{seed}"})
            score = np.r_[scene, fakes] + noise * rng.normal(size=2 * N)
            columns = {"cell": name, "part": "test", "unit": units, "group": group, "is_fake": IS_FAKE, "score": score}
            scores.append(pd.DataFrame(columns))
    return pd.DataFrame(cells), pd.concat(scores, ignore_index=True)


ALONE = np.arange(2 * N)
SCENES = np.r_[np.arange(N) // 20, np.arange(N, 2 * N)]


def test_a_configuration_with_units_has_an_interval_and_it_is_wider():
    alone, scenes = (over_runs.configurations(*tables(units), {"g"}) for units in (ALONE, SCENES))
    assert scenes["value"].tolist() == alone["value"].tolist()
    assert scenes["note"].tolist() == ["mean of 3 training runs"] * 2
    width = [(frame["high"] - frame["low"]).to_numpy() for frame in (alone, scenes)]
    assert (width[1] > 1.5 * width[0]).all()


def compared(cells: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    return rankings.comparisons(rankings.exams(cells, scores))


def test_comparisons_count_units():
    alone, scenes = (compared(*tables(units)) for units in (ALONE, SCENES))
    assert scenes["difference"].tolist() == alone["difference"].tolist()
    others = scenes["detector"] != scenes["best"]
    assert (scenes["high"] - scenes["low"] != alone["high"] - alone["low"])[others].all()


@pytest.mark.parametrize("table", [compared, lambda *of: over_runs.configurations(*of, {"g"})])
def test_groups_are_information_only(table):
    pd.testing.assert_frame_equal(table(*tables(SCENES)), table(*tables(SCENES, group=7.0)))
