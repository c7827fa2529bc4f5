"""The answer of learning curves: means over draws, all images counted, and how many it takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.results.answers import Known, learning_curve

N = 150
IS_FAKE = np.arange(2 * N) >= N
CELL = {
    "dataset": "digits", "table": "learning_curve", "question": "learning_curve", "ledger_seed": 0,
    "train_generator": "g", "train_checkpoint": "last", "train_perturbation": "none", "detector": "d",
    "detector_seed": 0, "generator": "g", "asked_checkpoint": "last", "perturbation": "none", "purpose": "main",
    "status": "done",
}  # fmt: skip
EASE = {8: 0.2, 16: 0.9, 32: 1.9, 60: 3.0}  # 60 is all


def known(*, seeds: tuple[int, ...] = (0,), failed: tuple[tuple[int, int], ...] = (), fakes: int = 99) -> Known:
    """A detector whose fakes are the easier the more it has seen; the usual cell has seen 60."""
    rng = np.random.default_rng(3)
    cells, scores = [], []
    for seed in seeds:
        for n, ease in EASE.items():
            for draw in range(5 if n < 60 else 1):
                usual = {"question": "own", "table": "own"} if n == 60 else {}
                of = {"train_n": n, "train_draw": draw} if n < 60 else {"train_n": np.nan, "train_draw": np.nan}
                name = f"{seed} {n} {draw}"
                train = n * 2 // 3
                counts = {"n_train_real": train, "n_train_fake": min(train, fakes)}
                status = {"status": "failed"} if (n, draw) in failed else {}
                of |= {"generator_seed": seed, "train_sources": f"g/{seed}", "cell": name}
                cells.append(CELL | usual | of | counts | status)
                if not status:
                    score = rng.normal(size=2 * N) + ease * IS_FAKE
                    test = {"part": "test", "unit": np.arange(2 * N), "is_fake": IS_FAKE, "score": score}
                    sides = np.repeat([False, True], [n - train, min(n - train, fakes)])
                    seen = {"part": "detector-validation", "unit": 0, "is_fake": sides, "score": 0.0}
                    scores += [pd.DataFrame({"cell": name} | part) for part in (test, seen)]
    cells.append(CELL | {"question": "own", "table": "own", "detector": "other", "cell": "x", "train_n": np.nan,
                         "train_draw": np.nan, "generator_seed": 0, "train_sources": "g/0"})  # fmt: skip
    none = pd.DataFrame()
    return Known(None, pd.DataFrame(cells), pd.concat(scores, ignore_index=True), none, none)


def points(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["kind"] == "auc"].reset_index(drop=True)


def test_each_number_of_images_has_its_mean_and_all_images_come_last() -> None:
    curve = points(learning_curve.table(known()))
    assert curve["n"].tolist() == curve["n_real"].tolist() == curve["n_fake"].tolist() == [8, 16, 32, 60]
    assert curve["n_validation_real"].tolist() == [3, 6, 11, 20]
    assert curve["draws"].tolist() == [5, 5, 5, 1]
    assert curve["all_images"].tolist() == [False, False, False, True]
    assert curve["value"].is_monotonic_increasing
    assert ((curve["low"] < curve["value"]) & (curve["value"] < curve["high"])).all()
    assert set(curve["detector"]) == {"d"}, "a detector that the question was not put to has no curve"


def test_how_many_it_takes_has_bounds_and_not_reached_is_an_answer() -> None:
    found = learning_curve.table(known())
    needed = found[found["kind"] == "needed"].set_index("threshold")
    curve = points(found)
    for threshold, row in needed.iterrows():
        reached = curve.loc[curve["value"] >= threshold, "n"]
        assert row["value"] == reached.min() if len(reached) else np.isnan(row["value"])
    assert needed.loc[0.75, ["value", "low", "high"]].tolist()[0] == 32  # AUC 0.74 at 16, 0.91 at 32
    assert needed.loc[0.75, "low"] == 8
    assert needed["note"].tolist() == ["", "", "not reached"]


def test_fakes_are_counted_apart_from_reals() -> None:
    curve = points(learning_curve.table(known(fakes=12)))
    assert curve["n_real"].tolist() == [8, 16, 32, 60]
    assert curve["n_fake"].tolist() == [8, 16, 23, 24]


def test_several_training_runs_are_the_replicates() -> None:
    one, three = (points(learning_curve.table(known(seeds=seeds))) for seeds in ((0,), (0, 1, 2)))
    assert three["runs"].tolist() == [3, 3, 3, 3]
    assert three["note"].str.contains("3 training runs").all()
    assert one["note"].tolist()[-1] == "one training run"


def test_a_failed_draw_is_said_and_one_that_is_left_tells_nothing() -> None:
    curve = points(learning_curve.table(known(failed=((8, 1), *((16, draw) for draw in range(4))))))
    first, second = curve.iloc[0], curve.iloc[1]
    assert first["draws"] == 4
    assert first["note"] == "mean of 4 draws; 1 of 5 trainings failed"
    assert np.isnan(second["low"])
    assert second["note"].startswith("cannot tell: one draw")
    needed = learning_curve.table(known(failed=tuple((16, draw) for draw in range(5))))
    row = needed[(needed["kind"] == "auc") & (needed["n"] == 16)].iloc[0]
    assert np.isnan(row["value"])
    assert row["note"] == "5 of 5 trainings failed"


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_equal_fakes_of_several_seeds_count_once(seeds: tuple[int, ...]) -> None:
    of = known()
    again = of.cells.assign(generator_seed=1, cell=of.cells["cell"] + "'", train_sources="g/1")
    cells = pd.concat([of.cells, again]) if len(seeds) > 1 else of.cells
    scores = pd.concat([of.scores, of.scores.assign(cell=of.scores["cell"] + "'")])
    found = points(learning_curve.table(Known(None, cells, scores, of.metrics, of.generators)))
    assert found["runs"].tolist() == [1, 1, 1, 1]
    assert found["value"].tolist() == points(learning_curve.table(of))["value"].tolist()
