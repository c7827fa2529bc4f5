"""Quality on small runs of the real stages: the columns, the failures, the keys, and what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import benchmark
from benchmark.plan import specs
from benchmark.quality import measures
from benchmark.quality.inception import distances as inception
from benchmark.use import api
from data.errors import UserError

pytestmark = pytest.mark.slow  # networks are trained

PLUGIN = """
import json
from pathlib import Path
import numpy as np

class Saved:
    def save(self, folder):
        np.save(folder / "images.npy", self.images)
        (folder / "about.json").write_text(json.dumps(self.blur))

    def load(self, folder):
        self.images = np.load(folder / "images.npy")
        self.blur = json.loads((folder / "about.json").read_text())

class Learner(Saved):
    '''Gives training images, blurred the less the longer it trained.'''

    def fit(self, images, labels=None, *, on_checkpoint=None):
        self.images = images.copy()
        for name, self.blur in (("epoch-2", 4), ("epoch-10", 1)):
            on_checkpoint(name, self)
        return self

    def sample(self, n, seed=0):
        rng = np.random.default_rng(seed)
        chosen = self.images[rng.integers(0, len(self.images), n)].astype(int)
        noise = rng.integers(-30 * self.blur, 30 * self.blur + 1, chosen.shape)
        return np.clip(chosen + noise, 0, 255).astype(np.uint8)

class Copycat(Learner):
    def sample(self, n, seed=0):
        return self.images[np.random.default_rng(seed).integers(0, len(self.images), n)]

class FailsInQuality(Learner):
    '''Its preview and its banks have other seeds.'''
    def sample(self, n, seed=0):
        if seed == 2018:
            raise ValueError("no images today")
        return super().sample(n, seed)

class Few(Learner):
    n_available = 100
    trains = False

class Asked(Learner):
    '''Gives an image of each label that it is asked for, from the training images.'''
    conditional = True

    def fit(self, images, labels, *, on_checkpoint=None):
        self.labels = labels
        self.images = images.copy()
        on_checkpoint("final", self)
        return self

    blur = 0

    def save(self, folder):
        super().save(folder)
        np.save(folder / "labels.npy", self.labels)

    def load(self, folder):
        super().load(folder)
        self.labels = np.load(folder / "labels.npy")

    def sample(self, n, labels, seed=0):
        rng = np.random.default_rng(seed)
        assert len(labels) == n
        return np.stack([self.images[rng.choice(np.flatnonzero(self.labels == label))] for label in labels])
"""


def spec(folder: Path, *names: str, dataset: dict[str, Any] | None = None, **more: Any) -> specs.Spec:
    path = folder / "mine.py"
    if not path.exists():
        path.write_text(PLUGIN)
    rows = [{"id": name.lower(), "kind": f"{path}:{name}"} for name in names]
    values = {"dataset": dataset or {"name": "digits"}, "generator": rows, "detector": [{"kind": "linear-pixel"}]}
    return specs.parse({"name": "mine", **values, **more})


def table(run: api.Run) -> pd.DataFrame:
    return pd.read_csv(run.folder / "generators.csv").set_index(["generator", "checkpoint"])


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> api.Run:
    folder = tmp_path_factory.mktemp("quality")
    return benchmark.run(spec(folder, "Learner", "Copycat", "Few"), out=folder / "run")


def test_every_checkpoint_is_measured_and_has_all_columns(run):
    found = table(run)
    columns = [*measures.COLUMNS, *inception.COLUMNS]
    assert list(found.columns[-len(columns) :]) == columns
    assert found[inception.COLUMNS].isna().all().all(), "no weights were given"
    numbers = [name for name in measures.COLUMNS if name not in ("quality_note",)]
    for at in (("learner", "epoch-2"), ("learner", "epoch-10"), ("copycat", "epoch-2"), ("noise", "final")):
        assert found.loc[at, numbers].notna().all(), at
    for name in measures.MEASURES:
        row = found.loc[("learner", "epoch-10")]
        assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
    assert found.loc[("learner", "epoch-2"), "extractor"] == "classes-cnn64-v1"
    assert len(found.loc[("learner", "epoch-2"), "extractor_digest"]) == 12


def test_better_images_measure_better(run):
    found = table(run)
    early, late, noise = (found.loc[at] for at in (("learner", "epoch-2"), ("learner", "epoch-10"), ("noise", "final")))
    assert late["fd_floor"] < late["fd"] < early["fd"] < noise["fd"]
    assert late["kd"] < early["kd"] < noise["kd"]
    assert late["coverage"] > early["coverage"] > noise["coverage"]
    assert late["fd_high"] < early["fd_low"]


def test_copies_of_training_images_are_given_away(run):
    found = table(run)
    copies, half = found.loc[("copycat", "epoch-10")], measures.memorisation.EXPECTED
    assert copies["memorisation_low"] > half
    assert copies["fd_gap"] > 0
    assert copies["precision"] > 0.9
    index = pd.read_csv(run.folder / "images" / "index.csv")
    row = index[(index["kind"] == "nearest") & (index["generator"] == "copycat")].iloc[0]
    from PIL import Image

    pixels = np.asarray(Image.open(run.folder / "images" / row["file"]))
    side = pixels.shape[0] // 3
    assert np.array_equal(pixels[:side], pixels[side : 2 * side]), "the nearest training image is the copied one"
    assert not np.array_equal(pixels[:side], pixels[2 * side :])
    said = run.audit[run.audit["finding"] == "FB015"].set_index("about")
    for by in ("pixels", "features"):
        assert said.loc[f"copycat seed 0, {by}", "verdict"] == "alarm"
        assert said.loc[f"copycat seed 0, {by}", "value"] > 0.9
    assert not said.index.str.contains("few|noise|real-copy").any(), "what learns nothing has nothing to copy"


def test_the_copying_control_is_left_out_since_the_floor_is_that(run):
    found = table(run)
    assert found.loc[("real-copy", "final"), measures.COLUMNS].isna().all()


def test_a_finite_generator_is_measured_at_its_own_n(run):
    found = table(run)
    few, many = found.loc[("few", "epoch-10")], found.loc[("learner", "epoch-10")]
    assert (few["n_quality"], many["n_quality"]) == (100, 449)
    assert few["fd_floor"] > 2 * many["fd_floor"], "the floor is of the same n"


def test_a_conditional_generator_is_asked_for_the_labels_of_the_held_out_images(run, made, tmp_path):
    store = run.folder.parent / ".store"  # which has the extractor
    found = made(spec(tmp_path, "Asked"), "quality", store)["quality asked seed 0"]
    assert pd.read_csv(found / "quality.csv").set_index("checkpoint").loc["final", "recall"] > 0.8


def test_a_failure_is_visible_costs_no_cell_and_ends_with_exit_code_1(tmp_path, call):
    (tmp_path / "mine.py").write_text(PLUGIN)
    text = """
name = "mine"
dataset = {name = "digits", limit = 300}
generator = [{kind = "mine.py:FailsInQuality", id = "bad"}]
detector = [{kind = "linear-pixel"}]
"""
    (tmp_path / "mine.toml").write_text(text)
    answer = call("run", tmp_path / "mine.toml")
    assert answer.code == 1
    assert "no images today" in answer.out + answer.err
    run = benchmark.load(Path("runs") / "mine")
    assert [failure["stage"] for failure in run.failures] == ["quality bad seed 0"]
    assert "no images today" in run.failures[0]["error"]
    assert set(run.cells["status"]) == {"done"}
    assert table(run).loc["bad", measures.COLUMNS].isna().all().all()


def test_the_report_of_a_real_run_shows_it(run):
    from reports.page import write

    page = write(run.folder).read_text(encoding="utf-8")
    assert 'id="quality"' in page
    assert "449 against 449" in page
    assert "100 against 100" in page


def test_too_few_images_are_said_and_are_no_failure(tmp_path):
    parts = {"generator-train": 40, "detector-train": 40, "detector-validation": 20, "test": 40}
    made = benchmark.run(spec(tmp_path, "Learner", protocol={"parts": parts}), out=tmp_path / "run")
    assert not made.failures
    found = table(made).loc["learner"]
    assert found["fd"].isna().all()
    assert found["quality_note"].str.contains("20 images on a side are too few").all()


def planned(folder: Path, **more: Any) -> dict[str, str]:
    plan = api.make_plan(spec(folder, "Learner", **more))
    return {stage.name: stage.key for stage in plan.stages}


def test_disabled_there_are_no_stages(tmp_path):
    with_it, without = planned(tmp_path), planned(tmp_path, quality={"enabled": False})
    assert {name for name in with_it if name not in without} == {
        "train_extractor", "quality learner seed 0", "quality noise seed 0",
    }  # fmt: skip
    assert all(with_it[name] == key for name, key in without.items()), "and no other key knows of it"


def test_n_is_in_the_keys_of_its_own_stages_only(tmp_path):
    before, after = planned(tmp_path), planned(tmp_path, quality={"n": 100})
    touched = {name for name in before if before[name] != after[name]}
    assert touched == {"train_extractor", "quality learner seed 0", "quality noise seed 0"}


def test_where_nothing_trains_no_extractor_can_learn(tmp_path):
    plan = api.make_plan(spec(tmp_path, "Few"))
    assert not plan.measured["quality"]
    assert not any(stage.function == "train_extractor" for stage in plan.stages)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"n": 31}, "greater than or equal to 32"),
        ({"enabled": "yes"}, "valid boolean"),
        ({"enable": True}, "Unknown key 'enable' of [quality]. Did you mean 'enabled'?"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line(tmp_path, table, words):
    with pytest.raises(UserError) as raised:
        spec(tmp_path, "Learner", quality=table)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
