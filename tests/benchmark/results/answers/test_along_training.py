"""The answer along the training: AUC and quality of each checkpoint, where fakes are hardest, and the frontier."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.results.answers import Known, along_training
from benchmark.use import api

N = 200
IS_FAKE = np.arange(2 * N) >= N
EPOCHS = [5, 10, 15, 20, 25, 30, 35, 40]
GAN = {"kind": "dcgan", "id": "g", "architecture": "small", "epochs": 40, "display_interval": 5}
EASE = dict(zip(EPOCHS, (3.0, 2.0, 1.0, 0.3, 0.3, 0.3, 1.2, 1.2), strict=True))  # hardest from 20 to 30


@cache
def planned(lesson: tuple[str, ...], seeds: tuple[int, ...]):
    values = {
        "dataset": {"name": "digits"}, "generator": [GAN, GAN | {"id": "cut", "truncation": 0.5}],
        "detector": [{"kind": "linear-pixel"}], "protocol": {"ask": ["along_training"], "generator_seeds": [*seeds]},
        "question": {"along_training": {"lesson": [*lesson]}},
    }  # fmt: skip
    return planning.plan(specs.parse(values), folders=[])


def known(ease: dict[int, float] = EASE, *, lesson: tuple[str, ...] = ("own",), quality: bool = True, seeds=(0,)):
    """Cells of one detector at eight checkpoints, of which every plan knows."""
    plan = planned(lesson, tuple(seeds))
    cells, scores, generators = [], [], []
    for seed in seeds:
        real = np.random.default_rng(9).normal(size=N)
        for epoch, shift in ease.items():
            name = f"epoch-{epoch:04d}"
            asked = "last" if epoch == EPOCHS[-1] else name
            usual = asked == "last"
            cell = {
                "cell": f"{seed} {epoch}", "dataset": "digits", "question": "own" if usual else "along_training",
                "table": "own" if usual else "along_training", "ledger_seed": 0, "train_generator": "g",
                "train_sources": f"g/{seed}", "train_checkpoint": asked, "train_n": np.nan, "train_draw": np.nan,
                "train_perturbation": "none", "detector": "linear-pixel", "detector_seed": 0, "generator": "g",
                "generator_seed": seed, "asked_checkpoint": asked, "checkpoint": name, "perturbation": "none",
                "purpose": "main", "status": "done",
            }  # fmt: skip
            fd = {"fd": 10 * shift + 1, "fd_low": 10 * shift, "fd_high": 10 * shift + 2} if quality else {}
            generators.append({"ledger_seed": 0, "generator": "g", "generator_seed": seed, "checkpoint": name} | fd)
            for place in range(1 + (not usual and len(lesson) > 1)):
                more = {"cell": f"{cell['cell']} {place}", "train_checkpoint": "last" if place else asked}
                cells.append(cell | more)
                score = np.r_[real, np.random.default_rng([seed, epoch]).normal(size=N) + shift] - place
                units = np.r_[np.arange(N), N * (1 + seed) + np.arange(N)]
                row = {"cell": more["cell"], "part": "test", "unit": units, "is_fake": IS_FAKE, "score": score}
                scores.append(pd.DataFrame(row))
    frames = pd.DataFrame(cells), pd.concat(scores, ignore_index=True), pd.DataFrame(), pd.DataFrame(generators)
    return Known(plan, *frames)


def row_of(found: pd.DataFrame, kind: str) -> pd.Series:
    (row,) = [row for _, row in found[found["kind"] == kind].iterrows()]
    return row


def test_each_checkpoint_has_its_auc_and_its_distance() -> None:
    found = along_training.table(known())
    course = found[found["kind"] == "auc"]
    assert course["epoch"].tolist() == EPOCHS
    assert course["is_last"].tolist() == [False] * 7 + [True]
    assert course["fd"].tolist() == pytest.approx([10 * shift + 1 for shift in EASE.values()])
    assert ((course["low"] < course["value"]) & (course["value"] < course["high"])).all()
    assert course["value"].iloc[0] > 0.97 > 0.65 > course["value"].iloc[4]
    assert set(course["lesson"]) == {"own"}
    assert (course["note"] == "one training run").all()


def test_fakes_are_hardest_where_no_other_checkpoint_is_told_to_be_harder() -> None:
    row = row_of(along_training.table(known()), "hardest")
    assert (row["low"], row["high"]) == (20, 30)
    assert 20 <= row["value"] <= 30
    assert np.isnan(row["epoch"]), "the last checkpoint is easier again"
    falling = dict(zip(EPOCHS, (3, 2.5, 2, 1, 0.4, 0.4, 0.4, 0.4), strict=True))
    row = row_of(along_training.table(known(falling)), "hardest")
    assert row["epoch"] == 25, "from there on as hard as it gets"
    perfect = dict.fromkeys(EPOCHS, 30.0)
    row = row_of(along_training.table(known(perfect)), "hardest")
    assert row["note"].startswith("cannot rank")


def test_quality_and_detectability_are_compared_over_trainings() -> None:
    row = row_of(along_training.table(known()), "together")
    assert row["note"].startswith("cannot tell: 8 points that follow each other")
    row = row_of(along_training.table(known(seeds=(0, 1, 2))), "together")
    assert 0.5 < row["low"] < row["value"] < row["high"] <= 1
    row = row_of(along_training.table(known(quality=False)), "together")
    assert row["note"] == "cannot tell: quality was not measured"


def test_the_frontier_is_what_no_other_beats_in_both() -> None:
    found = along_training.table(known())
    course = found[found["kind"] == "auc"]
    hardest = course.loc[course["value"].idxmin()]
    assert bool(hardest["frontier"])
    assert not course.loc[course["epoch"].isin([5, 10, 15, 35, 40]), "frontier"].any()
    assert found.loc[found["kind"] != "auc", "frontier"].isna().all()


def test_the_last_checkpoints_detector_has_a_course_of_its_own() -> None:
    found = along_training.table(known(lesson=("own", "last")))
    course = found[found["kind"] == "auc"].set_index(["lesson", "epoch"])["value"]
    assert course["own"].to_numpy() == pytest.approx(course["last"].to_numpy()), "AUCs do not know what is taken off"
    assert len(course) == 16
    assert (found["kind"] == "hardest").sum() == 1


def test_generators_of_one_training_are_named_with_what_they_differ_by() -> None:
    families = along_training._families(known().plan)
    assert families["g"] == {"family": "g", "sampling": "truncation = None"}
    assert families["cut"] == {"family": "g", "sampling": "truncation = 0.5"}
    assert families["noise"] == {"family": "", "sampling": ""}


WALKED = """
import numpy as np


class Walked:
    checkpoint_names = "epoch-{}"
    trains = True

    def __init__(self, *, random_state=None, epochs=5, display_interval=1):
        self.epochs, self.noise = epochs, 0

    def fit(self, images, *, on_checkpoint=None):
        self.images = images
        for epoch in range(1, 4):  # it ends two epochs early
            self.noise = 90 // epoch**2
            on_checkpoint(f"epoch-{epoch}", self)
        return self

    def sample(self, n, *, seed=0):
        rng = np.random.default_rng(seed)
        drawn = self.images[rng.integers(len(self.images), size=n)].astype(int)
        return np.clip(drawn + rng.integers(-1, 2, size=drawn.shape) * self.noise, 0, 255).astype(np.uint8)
"""
SPEC = """
name = "walk"
[dataset]
name = "digits"
limit = 300
[[generator]]
kind = "walked.py:Walked"
id = "walked"
[[detector]]
kind = "linear-log-dct"
[protocol]
ask = ["along_training", "learning_curve"]
display_interval = 1
[question.learning_curve]
sizes = [9]
[quality]
enabled = false
"""


def test_a_run_asks_of_a_strangers_checkpoints_and_says_which_it_did_not_come_to(tmp_path: Path) -> None:
    (tmp_path / "walked.py").write_text(WALKED)
    (tmp_path / "walk.toml").write_text(SPEC)
    run = api.run(tmp_path / "walk.toml", out=tmp_path / "run")
    cells = run.cells[(run.cells["detector"] == "linear-log-dct") & (run.cells["generator"] == "walked")]
    along = cells[cells["question"] == "along_training"].set_index("asked_checkpoint")
    assert along["status"].to_dict() == {"epoch-1": "done", "epoch-2": "done", "epoch-3": "done", "epoch-4": "failed"}
    assert "no checkpoint 'epoch-4'. It has: epoch-1, epoch-2, epoch-3." in along["error"]["epoch-4"]
    found = pd.read_csv(tmp_path / "run" / "answers" / "along_training.csv")
    course = found[(found["kind"] == "auc") & (found["detector"] == "linear-log-dct")]
    assert course["checkpoint"].tolist() == ["epoch-1", "epoch-2", "epoch-4", "epoch-3"], "epoch 3 is the last"
    assert course["value"].iloc[0] > course["value"].iloc[-1]
    assert course["note"].iloc[2] == "1 of 1 cells failed"
    curve = pd.read_csv(tmp_path / "run" / "answers" / "learning_curve.csv")
    point = curve[(curve["n"] == 9) & (curve["detector"] == "linear-log-dct")].iloc[0]
    assert (point["n_train_real"], point["n_validation_real"], point["n_real"], point["n_fake"]) == (6, 3, 9, 9)
    draws = cells[cells["question"] == "learning_curve"]
    assert draws["train_draw"].tolist() == [0, 1, 2, 3, 4]
    assert draws["n_train_fake"].eq(6).all()
