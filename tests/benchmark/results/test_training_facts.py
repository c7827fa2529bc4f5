"""What a training leaves in the run folder beside its losses: alarms, notes, classes, pictures, and warm starts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import benchmark
from benchmark.findings.finding import frame
from benchmark.plan import specs
from benchmark.plan.planner import plan
from benchmark.results import summarise
from benchmark.stages import warm
from benchmark.store.store import Store
from data.errors import UserError

SMALL = {"kind": "dcgan", "architecture": "small", "width": 4, "discriminator_width": 4, "epochs": 2}
BASE = {
    "dataset": {"name": "digits", "limit": 600}, "detector": [{"kind": "linear-pixel"}], "quality": {"enabled": False},
}  # fmt: skip


def _spec(*generators, **changes):
    rows = [SMALL | {"id": f"g{at}"} | row for at, row in enumerate(generators)]
    return specs.parse({**BASE, "generator": rows, "protocol": {"display_interval": 1}, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("facts")
    spec = _spec({"condition": "labels", "id": "cond"}, {"augment": ["rotation"], "id": "turned"})
    return benchmark.run(spec, out=folder / "run")


@pytest.mark.slow
def test_classes_have_metrics_and_the_discriminators_view(run):
    classes = pd.read_csv(run.folder / "classes.csv", dtype={"class": str})
    assert set(classes["class"]) == {str(digit) for digit in range(10)}
    assert set(classes["checkpoint"]) == {"epoch-0001", "epoch-0002"}
    assert classes[["d_accuracy_real", "d_accuracy_fake"]].stack().between(0, 1).all()
    metrics = pd.read_csv(run.folder / "metrics.csv", dtype={"class": str})
    of_class = metrics[metrics["scope"] == "class"]
    assert set(of_class["generator"]) == {"cond"}, "fakes of a generator without a condition have no class"
    assert set(of_class["class"]) == {str(digit) for digit in range(10)}
    assert set(of_class["metric"]) == {"auc", "accuracy", "fpr", "tpr"}
    whole = metrics[(metrics["scope"] == "cell") & (metrics["generator"] == "cond") & (metrics["metric"] == "accuracy")]
    mine = of_class[of_class["metric"] == "accuracy"]
    for row in whole.itertuples():
        parts = mine[mine["cell"] == row.cell]
        assert (parts["n_real"].sum(), parts["n_fake"].sum()) == (row.n_real, row.n_fake)
        n = parts["n_real"] + parts["n_fake"]
        assert (parts["value"] * n).sum() / n.sum() == pytest.approx(row.value)


@pytest.mark.slow
def test_fakes_have_the_labels_that_they_were_asked_for(run):
    scores = pd.read_parquet(run.folder / "scores.parquet")
    cond = scores[scores["cell"] == "cond/0/linear-pixel/0"]
    counts = cond.groupby(["part", "is_fake", "label"], observed=True).size().unstack("is_fake")
    assert (counts[True] == counts[False]).all(), "the same labels as the real images of the part"
    turned = scores[scores["cell"] == "turned/0/linear-pixel/0"]
    assert turned.loc[turned["is_fake"], "label"].isna().all()


@pytest.mark.slow
def test_a_preview_shows_all_classes_of_sorted_images(tmp_path, monkeypatch):
    """And the same images as before of a generator without a condition."""
    from benchmark.plugins import adapt
    from benchmark.stages import line as stages

    asked = []

    class Sorted:
        conditional = True

        def __init__(self, *, random_state=None):
            del random_state

        def fit(self, images, labels, *, on_checkpoint=None):
            assert (np.diff(labels) >= 0).all()
            on_checkpoint("final", self)
            return self

        def sample(self, n, *, labels=None, seed=0):
            if seed == stages.PREVIEW_SEED:
                asked.append(np.asarray(labels))
            return np.zeros((n, 8, 8, 1), np.uint8)

    monkeypatch.setattr(adapt, "save", lambda plugin, folder: None)
    images, ledger = _sorted_digits()
    monkeypatch.setattr(stages, "prepared", lambda job: (images, ledger))
    monkeypatch.setattr(stages, "instance", lambda kind, job: Sorted())
    stages.train_generator(stages.Job({"seed": 0}, {"seen": []}, {}, tmp_path, lambda *line: None))
    assert len(asked[0]) == stages.PREVIEW
    assert set(asked[0]) == set(range(10))
    plain = Sorted()
    plain.conditional = False
    assert stages._preview_reals(plain, 100).tolist() == list(range(stages.PREVIEW))


def _sorted_digits():
    from data.ledger import split
    from data.sources.digits import Digits

    images = Digits().load([])
    images = images.take(np.argsort(images.labels, kind="stable"))
    return images, split(images, seed=0)


@pytest.mark.slow
def test_options_that_can_leak_are_in_the_audit(run):
    audit = pd.read_csv(run.folder / "audit.csv")
    row = audit[audit["name"] == "options / turned seed 0"].iloc[0]
    assert row["verdict"] == "note"
    assert "rotation" in row["advice"]


@pytest.mark.slow
def test_evolution_and_interpolation_are_pictures(run):
    index = pd.read_csv(run.folder / "images/index.csv")
    kinds = index[index["generator"] == "turned"]["kind"].tolist()
    assert kinds.count("grid") == 2
    strip = index[(index["generator"] == "turned") & (index["kind"] == "evolution")].iloc[0]
    with Image.open(run.folder / "images" / strip["file"]) as picture:
        assert picture.size == (12 * 8, 2 * 8)
    film = index[(index["generator"] == "turned") & (index["kind"] == "interpolation")].iloc[0]
    with Image.open(run.folder / "images" / film["file"]) as picture:
        assert picture.n_frames == 48


def test_alarms_are_notes_of_the_audit():
    alarms = [
        {"alarm": "low-diversity", "epoch": 7, "value": 0.1, "limit": 0.25},
        {"alarm": "diverged", "epoch": 9, "value": float("nan"), "note": "a loss"},
    ]
    rows = frame(summarise.training_checks("g seed 0", {"alarms": alarms, "notes": ["Mind this."]}))
    assert rows["name"].tolist() == ["low-diversity / g seed 0", "diverged / g seed 0", "options / g seed 0"]
    assert set(rows["verdict"]) == {"note"}
    assert rows["advice"].str.contains("epoch 7, the limit is 0.25").iloc[0]
    assert len(summarise.training_checks("g", {})) == 0


def test_an_option_of_sampling_changes_the_bank_and_not_the_training():
    one, other = (plan(_spec(row), folders=[]) for row in ({}, {"truncation": 0.5}))
    assert one.trainings["g0", 0].key == other.trainings["g0", 0].key
    assert one.banks["g0", 0].key != other.banks["g0", 0].key
    assert other.trainings["g0", 0].key != plan(_spec({"dropout": 0.5}), folders=[]).trainings["g0", 0].key


def _digits(classes, out, **row):
    spec = specs.parse(
        {
            **BASE, "dataset": {"name": "mine.py:Digits", "classes": classes}, "generator": [SMALL | {"id": "g"} | row]
        }
    )  # fmt: skip
    return benchmark.run(spec, out=out)


SOURCE = """
import numpy as np
from data.imageset import ImageSet
from data.sources.digits import Digits as All


class Digits:
    '''Some of the digits.'''

    def __init__(self, *, classes: list[int]):
        self.classes = classes

    def load(self, folders, progress=None):
        images = All().load([])
        return images.take(np.flatnonzero(np.isin(images.labels, self.classes)))
"""


@pytest.mark.slow
def test_warm_start_from_an_earlier_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(SOURCE)
    first = _digits([0, 1, 2, 3, 4, 5], tmp_path / "runs/first")
    assert first.failures == []
    second = _digits([6, 7], tmp_path / "runs/second", warm_start="runs/first")
    assert second.failures == []
    cold = _digits([6, 7], tmp_path / "runs/cold")
    losses = [pd.read_csv(run.folder / "training.csv")["d_loss"].iloc[0] for run in (second, cold)]
    assert losses[0] != losses[1]
    for classes, place, message in (
        ([7, 8], "runs/second:g", r"learned from images that this run's detectors"),
        ([3, 9], "runs/second:g", r"learned from images that this run's detectors"),  # by way of the first
        ([8, 9], "runs/first:h", "Unknown generator 'h'"),
        ([8, 9], "runs/none", "no run folder"),
    ):
        with pytest.raises(UserError, match=message):
            _digits(classes, tmp_path / "runs/refused", warm_start=place)
    with pytest.raises(UserError, match="has other layers"):
        _digits([8, 9], tmp_path / "runs/refused", warm_start="runs/first", width=6)


@pytest.mark.slow
def test_an_autoencoder_starts_from_an_earlier_run_unless_parts_overlap(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(SOURCE)
    swap = {"kind": "autoencoder", "id": "g", "encoder_width": 4, "decoder_width": 4, "latent_dim": 8, "epochs": 1}

    def run(classes, name, **options):
        dataset = {"name": "mine.py:Digits", "classes": classes}
        spec = specs.parse({**BASE, "dataset": dataset, "generator": [swap | options]})
        return benchmark.run(spec, out=tmp_path / "runs" / name)

    assert run([0, 1], "first").failures == []
    assert run([2, 3], "second", warm_start="runs/first").failures == []
    for classes, place in (([3, 4], "runs/second"), ([1, 5], "runs/second")):  # the latter by way of the first
        with pytest.raises(UserError, match=r"learned from images that this run's detectors"):
            run(classes, "refused", warm_start=place)


def test_an_overlap_is_refused_by_pixels_and_by_identity(tmp_path):
    from data.imageset import ImageSet
    from data.ledger import split

    def images(seed, groups=None, n=60, side=8):
        pixels = np.random.default_rng(seed).integers(0, 256, (n, side, side, 1), np.uint8)
        ids = np.array([f"{seed}/{i}" for i in range(n)])
        return ImageSet("set", pixels, np.zeros(n, np.int64), ids, ("x",), groups=groups)

    def prepared(name, some, seed=0):
        ledger, store = split(some, seed=seed), Store(tmp_path / "store")

        def save(folder):
            some.save(folder / "images")
            ledger.save(folder)

        store.complete("prepare", name, {}, save, resumes=False)
        return str(store.path("prepare", name)), ledger

    first, ledger = prepared("first", images(1))
    warm.refuse_overlap([first], images(2), split(images(2), seed=0))
    warm.refuse_overlap([first], images(1), ledger)  # the same parts: it saw only what it may see
    with pytest.raises(UserError, match="learned from images"):
        warm.refuse_overlap([first], images(1), split(images(1), seed=5))
    people, ledger = prepared("people", images(3, np.arange(60) // 3))
    other = images(4, np.arange(60) // 3)
    with pytest.raises(UserError, match="identities of this run's detector parts were seen before"):
        warm.refuse_overlap([people], other, split(other, seed=9))
    larger, _ = prepared("larger", images(6, side=16))
    with pytest.raises(UserError, match=r"images are \(16, 16, 1\)\. Expected \(8, 8, 1\)\.$"):
        warm.refuse_overlap([larger], images(2), split(images(2), seed=0))
    with pytest.raises(UserError, match="no longer in its store"):
        warm.refuse_overlap([str(tmp_path / "gone")], other, split(other, seed=9))
    (Path(larger) / "ledger.csv").write_text("")
    with pytest.raises(UserError, match=r"are damaged: ledger\.csv"):
        warm.refuse_overlap([larger], images(2), split(images(2), seed=0))
