"""The question `transfer`, run: its answer is what the scores say, detectors are read once, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import benchmark
from benchmark.plan import specs
from benchmark.results.answers import transfer as answer

PLUGIN = """
import json, pathlib

LOG = pathlib.Path(__file__).with_name("reads.txt")

class Nearest:
    def fit(self, images, is_fake):
        self.means = [images[is_fake == side].mean(axis=0).tolist() for side in (False, True)]
        return self

    def decision_function(self, images):
        real, fake = (((images - mean) ** 2.0).sum(axis=(1, 2, 3)) for mean in self.means)
        return real - fake

    def save(self, folder):
        (folder / "means.json").write_text(json.dumps(self.means))

    def load(self, folder):
        with LOG.open("a") as file:
            file.write(f"{folder.parent.name}\\n")
        self.means = json.loads((folder / "means.json").read_text())
        return self
"""
SECONDS = ["seconds", "milliseconds_per_image", "images_per_second"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[benchmark.Run, benchmark.Run, Path]:
    """The same spec run without the question and then with it, in one store, and the folder of both."""
    folder = tmp_path_factory.mktemp("transfer")
    (folder / "nearest.py").write_text(PLUGIN)
    both = []
    for ask in (["own"], ["transfer"]):
        rows = [{"kind": "gaussian", "id": name, "components": n} for name, n in (("c", 2), ("a", 8), ("b", 30))]
        given = specs.parse({
            "dataset": {"name": "digits", "limit": 200}, "generator": rows, "quality": {"enabled": False},
            "detector": [{"kind": f"{folder}/nearest.py:Nearest", "id": "nearest"}, {"kind": "linear-pixel"}],
            "protocol": {"ask": ask},
        })  # fmt: skip
        both.append(benchmark.run(given, out=folder / ask[0]))
    assert not both[1].failures
    return both[0], both[1], folder


def test_each_detector_is_read_once(runs: tuple) -> None:
    _, run, folder = runs
    reads = (folder / "reads.txt").read_text().split()
    cells = run.cells[(run.cells["detector"] == "nearest") & (run.cells["table"].isin(["own", "transfer"]))]
    lessons = cells["train_sources"].nunique()
    assert lessons == 3 + 3 + 2  # each, all but each (the last of which is before the last too), and the controls
    assert len(cells) == 5 + 10 > lessons
    again = 3  # each generator's, whose own exam the first run had scored
    assert len(reads) == lessons + again


def test_the_answer_is_what_the_scores_say(runs: tuple) -> None:
    _, run, _ = runs
    rows = pd.read_csv(run.folder / "answers" / "transfer.csv")
    assert list(rows.columns) == answer.COLUMNS
    assert rows["measure"].isin(["mean", "above_hardest", "behind_best", *rows["measure"][:7]]).all()
    at = rows[(rows["scope"] == "cell") & (rows["part"] == "pairs")].set_index(["cell", "measure"])
    scores = run.scores
    for cell in at.index.get_level_values("cell").unique():
        mine = at.loc[cell]
        parts = [scores[scores["cell"] == name] for name in (cell, mine["own_cell"].iloc[0])]
        here, own = (part[part["part"] == "test"] for part in parts)
        aucs = [roc_auc_score(part["is_fake"], part["score"]) for part in (here, own)]
        assert mine.loc["auc", "value"] == pytest.approx(aucs[0])
        assert mine.loc["own_auc", "value"] == pytest.approx(aucs[1])
        assert mine.loc["difference", "value"] == pytest.approx(aucs[0] - aucs[1])
        before = parts[0][parts[0]["part"] == "detector-validation"]
        unit = np.sqrt(np.mean([before.loc[before["is_fake"] == side, "score"].var() for side in (False, True)]))
        for measure, side in (("shift_real", False), ("shift_fake", True)):
            means = [part.loc[part["is_fake"] == side, "score"].mean() for part in (here, before)]
            assert mine.loc[measure, "value"] == pytest.approx((means[0] - means[1]) / unit)
    assert (at["low"] <= at["value"]).all()
    assert (at["value"] <= at["high"]).all()


def test_what_is_over_all_configurations_is_there_for_each_detector(runs: tuple) -> None:
    _, run, _ = runs
    rows = pd.read_csv(run.folder / "answers" / "transfer.csv")
    over = rows[rows["scope"] == "detector"]
    assert over.groupby("measure")["detector"].nunique().to_dict() == {"above_hardest": 3, "behind_best": 2, "mean": 3}
    unseen = rows[(rows["scope"] == "cell") & (rows["part"] == "leave-one-out") & (rows["measure"] == "auc")]
    means = unseen.groupby("detector")["value"].mean()
    for row in over[over["measure"] == "mean"].to_dict("records"):
        assert row["value"] == pytest.approx(means[row["detector"]])
        assert row["low"] < row["value"] < row["high"]
    hardest = over[(over["measure"] == "above_hardest") & (over["value"] == 0)].set_index("detector")["generator"]
    lowest = unseen.loc[unseen.groupby("detector")["value"].idxmin()].set_index("detector")["generator"]
    assert hardest.to_dict() == lowest.to_dict()


@pytest.mark.parametrize("name", ["cells", "metrics", "comparisons", "ranks", "components", "histories", "audit"])
def test_the_main_table_is_the_same_whether_it_is_asked_or_not(runs: tuple, name: str) -> None:
    frames = []
    for run in runs[:2]:
        frame = pd.read_csv(run.folder / f"{name}.csv")
        frame = frame if "table" not in frame else frame[frame["table"] == "own"].reset_index(drop=True)
        frames.append(frame.drop(columns=SECONDS, errors="ignore").dropna(axis="columns", how="all"))
    pd.testing.assert_frame_equal(*frames, check_dtype=False)
