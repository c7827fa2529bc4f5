"""Identity transfer through the whole run: known swaps of made-up people, who learns from whom, and what is absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import benchmark
from benchmark.plan import specs
from benchmark.quality.identity import persons
from benchmark.quality.identity import transfer as identity
from benchmark.stages import identity as identity_stages
from benchmark.use import api
from data.imageset import ImageSet
from data.ledger import Ledger, split

pytestmark = pytest.mark.slow  # networks are trained

PEOPLE = Path(__file__).parents[2] / "plugins" / "people.py"
PARTS = {"generator-train": 0.2, "detector-train": 0.4, "detector-validation": 0.2, "test": 0.2}


def spec(*names: str, dataset: dict[str, Any] | None = None, **more: Any) -> specs.Spec:
    rows = [{"id": name.lower(), "kind": f"{PEOPLE}:{name}"} for name in names]
    values = {
        "name": "people",
        "dataset": {"name": f"{PEOPLE}:People", **(dataset or {})},
        "generator": rows,
        "detector": [{"kind": "linear-pixel"}],
        "protocol": {"parts": PARTS},
    }
    return specs.parse(values | more)


def failures(run: api.Run) -> list[str]:
    """Those of other stages do not count: fakes that are the very reals are too much for detectors and distances."""
    return [row["stage"] for row in run.failures if row["stage"].split()[0] in ("train_embedding", "score_identity")]


def table(run: api.Run) -> pd.DataFrame:
    return pd.read_csv(run.folder / "identity.csv", keep_default_na=False, na_values=[""])


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> api.Run:
    folder = tmp_path_factory.mktemp("people")
    options = {"encoder_width": 4, "decoder_width": 4, "latent_dim": 8, "batch_size": 16, "epochs": 1}
    made = spec("PerfectSwap", "NoSwap")
    made.generator.insert(0, specs.PluginSpec(kind="autoencoder", id="swap", **options))
    return benchmark.run(made, out=folder / "run", store=folder / "store")


def stage(run: api.Run, function: str) -> list[Path]:
    return [path for path in (run.folder.parent / "store" / function).iterdir() if (path / "key.json").exists()]


def test_every_checkpoint_and_direction_has_a_row(run):
    assert not failures(run)
    found = table(run)
    assert list(found.columns) == ["ledger_seed", "generator", "generator_seed", *identity.COLUMNS]
    assert found[["generator", "checkpoint", "direction", "source", "target"]].values.tolist() == [
        [generator, checkpoint, direction, *names]
        for generator, checkpoints in (
            ("swap", ["epoch-0001"]),
            ("perfectswap", ["epoch-1", "epoch-2"]),
            ("noswap", ["epoch-1", "epoch-2"]),
        )
        for checkpoint in checkpoints
        for direction, names in (("a>b", ("even", "odd")), ("b>a", ("odd", "even")))
    ]
    assert set(found["kind"]) == {"groups"}
    own = found[found["generator"] == "swap"]
    assert own[[name for name in identity.COLUMNS if name != "identity_note"]].notna().all().all()


def test_a_perfect_swap_transfers_and_no_swap_does_not(run):
    found = table(run).set_index("generator")
    perfect, none = found.loc["perfectswap"], found.loc["noswap"]
    assert (perfect["transfer"] > 0.9).all()
    assert (none["transfer"] == none["transfer_real"]).all()
    assert (none["transfer"] < 0.1).all()
    assert (perfect["transfer_reconstruction"] == perfect["transfer_real"]).all()
    assert none["transfer_reconstruction"].isna().all(), "it does not say how to draw a source straight"
    assert (none["retention"] == none["retention_real"]).all()
    assert (none["retention"] > none["retention_other"] + 0.2).all()
    assert (perfect["retention"] < perfect["retention_real"] - 0.2).all()


def test_the_embedding_says_how_far_it_can_be_trusted(run):
    found = table(run).iloc[0]
    assert found["verification_low"] < found["verification"] <= found["verification_high"]
    assert found["verification"] > 0.8
    assert found["embedding"] == "triplet-cnn64-v1"
    assert len(found["embedding_digest"]) == 12
    assert table(run)["identity_note"].isna().all()
    (folder,) = stage(run, "train_embedding")
    about = json.loads((folder / "facts.json").read_text())["about"]
    assert about["checked"] == 14


def test_nobody_whom_the_embedding_learns_from_is_anywhere_else(run):
    (prepared,) = stage(run, "prepare")
    images = ImageSet.load(prepared / "images")
    ledger = Ledger.load(prepared, images)
    chosen = persons.choose(images, ledger, lambda most: None, limit=5000)
    assert isinstance(chosen, persons.Chosen)
    learned = set(np.asarray(chosen.learn.groups).tolist())
    assert len(learned) == 28
    assert set(chosen.learn.ids) <= set(images.ids[ledger.parts["detector-train"]])
    for part in ("generator-train", "detector-validation", "test"):
        assert not learned & set(images.groups[ledger.parts[part]].tolist())
    assert set(chosen.scored.at) <= set(ledger.parts["detector-validation"])
    assert not learned & set(chosen.scored.identity.tolist())
    (folder,) = stage(run, "train_embedding")
    assert np.array_equal(persons.Scored.load(folder).at, chosen.scored.at)


def test_the_report_of_a_real_run_shows_it(run):
    from reports.page import write

    page = write(run.folder).read_text(encoding="utf-8")
    assert 'id="identity"' in page
    assert "triplet-cnn64-v1" in page


def tables(folders: dict[str, Path]) -> pd.DataFrame:
    """The tables of all generators, as a run would join them."""
    found = {name.split()[1]: folder for name, folder in folders.items() if name.startswith("score_identity")}
    frames = [pd.read_csv(folder / "identity.csv", keep_default_na=False, na_values=[""]) for folder in found.values()]
    return pd.concat(frames, keys=found, names=["generator", "row"]).reset_index("row", drop=True)


def test_a_second_training_gives_the_same_table(run, made):
    before = table(run)[lambda frame: frame["generator"] == "noswap"]
    again = tables(made(spec("NoSwap"), "score_identity"))
    pd.testing.assert_frame_equal(again.reset_index(drop=True), before[list(again)].reset_index(drop=True))


def test_two_persons_are_judged_by_what_was_learned_from_strangers(made):
    folders = made(spec("PerfectSwap", "NoSwap", dataset={"pair": True}, protocol={}), "score_identity")
    found = tables(folders)
    assert set(found["kind"]) == {"identities"}
    assert found["source"].tolist() == ["anna", "bert"] * 4
    assert (found["n_learned"] == 38).all(), "persons 2 to 39; those called test serve nothing"
    assert (found["n_persons"] == 1).all()
    assert (found.loc["perfectswap", "transfer"] > 0.9).all()
    assert (found.loc["noswap", "transfer"] < 0.1).all()
    assert (found["retention_real"] > found["retention_other"] + 0.2).all()
    (prepared,) = [folder for name, folder in folders.items() if name.startswith("prepare")]
    images = ImageSet.load(prepared / "images")
    parts = Ledger.load(prepared, images).parts
    scored = set(persons.Scored.load(folders["train_embedding"]).at.tolist())
    assert scored == {*parts["detector-train"].tolist(), *parts["detector-validation"].tolist()}


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ({"named": False}, "the source does not say who its images show"),
        ({"persons": 45, "each": 8}, "18 identities with two images to learn from are too few: expected 20 or more"),
        ({"pair": True, "named": False}, "the source does not say who its images show"),
    ],
    ids=["no-identities", "too-few", "no-strangers"],
)
def test_where_it_cannot_be_measured_a_note_says_why(made, dataset, words):
    found = tables(made(spec("NoSwap", dataset=dataset), "score_identity"))
    assert found["checkpoint"].tolist() == ["epoch-1", "epoch-2"]
    assert found["identity_note"].tolist() == [f"not measured: {words}"] * 2
    assert found[list(identity.MEASURES)].isna().all().all()


def test_a_persons_own_picture_among_strangers_is_not_learned_from(people):
    source = people.People(pair=True)
    images, others = source.load(), source.strangers([], most=1000)
    pictures = others.images.copy()
    pictures[:2] = images.images[:2]  # two of anna's, under the number of person 2
    wrong = ImageSet("people", pictures, others.labels, others.ids, others.classes, others.groups, others.official)
    ledger = split(images)
    chosen = [persons.choose(images, ledger, lambda most, given=given: given, limit=9) for given in (others, wrong)]
    ids = [set(each.learn.ids) for each in chosen if isinstance(each, persons.Chosen)]
    assert ids[0] - ids[1] == set(others.ids[others.groups == 2]), "nor are her other pictures under that number"


def test_a_near_copy_gives_a_whole_number_away():
    rng = np.random.default_rng(0)
    own, strange = (rng.integers(0, 256, (n, 32, 32, 3), np.uint8) for n in (60, 160))
    strange[0] = own[5]
    strange[0, :2] //= 2  # not the same bytes
    names = [np.array([f"{letter}{i:03d}" for i in range(n)]) for letter, n in (("a", 60), ("s", 160))]
    images = ImageSet("two", own, np.repeat([0, 1], 30).astype(np.int64), names[0], ("a", "b"))
    groups = np.repeat(np.arange(40), 4)
    official = np.where(groups < 30, "train", "validation")
    others = ImageSet("others", strange, np.zeros(160, np.int64), names[1], ("o",), groups, official)
    chosen = persons.choose(images, split(images), lambda most: others, limit=5000)
    assert isinstance(chosen, persons.Chosen)
    assert set(np.asarray(chosen.learn.groups)) == set(range(1, 30))


def test_faces_of_one_group_are_no_swap(people):
    """All persons of the validation part may be of one group, by chance or since the other's have one picture each."""
    images = people.People(persons=70).load()
    ledger = split(images, parts=PARTS)
    one = np.unique(images.groups[ledger.parts["detector-validation"]])
    labels = np.where(np.isin(images.groups, one), 0, images.labels)
    changed = ImageSet("people", images.images, labels, images.ids, images.classes, images.groups)
    found = persons.choose(changed, ledger, lambda most: None, limit=5000)
    assert found == "the faces that swaps would be made from show 1 of the two groups"


def test_what_is_learned_from_has_a_limit_and_persons_stay_whole(people, monkeypatch):
    images = people.People(persons=70).load()
    ledger = split(images, parts=PARTS)
    monkeypatch.setattr(persons, "MOST_LEARNED", 130)
    chosen = persons.choose(images, ledger, lambda most: None, limit=5000)
    assert isinstance(chosen, persons.Chosen)
    assert np.unique(np.asarray(chosen.learn.groups), return_counts=True)[1].tolist() == [6] * 21


def test_of_two_persons_at_most_so_many_faces_are_scored(people):
    source = people.People(pair=True)
    images, others = source.load(), source.strangers([], most=1000)
    ledger = split(images)
    chosen = [persons.choose(images, ledger, lambda most: others, limit=limit) for limit in (20, 5000)]
    few, all_ = (each.scored for each in chosen if isinstance(each, persons.Chosen))
    assert len(few.at) == len(few.label) == len(few.copy) == 20
    assert set(few.at) < set(all_.at)
    assert len(all_.at) == sum(len(ledger.parts[part]) for part in ("detector-train", "detector-validation"))
    assert (images.labels[few.at] == few.label).all()


class Straight:
    """Gives its sources back, and says so in different ways."""

    uses_sources = True

    def __init__(self, *, give: Any = None) -> None:
        self.give = give

    def fit(self, images: np.ndarray) -> Straight:
        return self

    def sample(self, n: int, *, sources: np.ndarray) -> np.ndarray:
        return sources[:n]

    def reconstruct(self, x: np.ndarray) -> Any:
        return x if self.give is None else self.give


def test_a_generator_may_draw_straight_without_labels(people):
    images = people.People(persons=4).load()
    at = np.array([3, 8])
    swaps, straight = identity_stages._drawn(Straight(), images, at)
    assert np.array_equal(swaps, images.images[at])
    assert np.array_equal(straight, images.images[at])
    with pytest.raises(ValueError, match=r"reconstruct must give uint8 \(2, 16, 16, 1\), as its sources are. Received"):
        identity_stages._drawn(Straight(give=np.zeros((2, 16, 16))), images, at)


def test_three_groups_are_no_swap(people):
    images = people.People(persons=30).load()
    three = ImageSet("three", images.images, np.arange(images.n) % 3, images.ids, ("a", "b", "c"), images.groups)
    found = persons.choose(three, split(three), lambda most: None, limit=100)
    assert found == "a swap goes between two groups, and there are 3"


def test_a_limit_keeps_persons_whole(people):
    images = people.People(persons=70).load()
    chosen = persons.choose(images, split(images, parts=PARTS), lambda most: None, limit=40)
    assert isinstance(chosen, persons.Chosen)
    assert np.unique(chosen.scored.identity, return_counts=True)[1].tolist() == [6] * 6


def planned(*names: str, **more: Any) -> dict[str, str]:
    plan = api.make_plan(spec(*names, **more))
    return {made.name: made.key for made in plan.stages}


def test_planned_only_for_what_makes_images_from_real_ones():
    mine = {"train_embedding", "score_identity noswap seed 0"}
    found = planned("NoSwap")
    assert mine == {name for name in found if name.split()[0] in ("train_embedding", "score_identity")}
    without = planned("NoSwap", quality={"enabled": False})
    assert not mine & set(without)
    assert all(found[name] == key for name, key in without.items()), "and no other key knows of it"
    other = specs.parse({"dataset": {"name": "digits"}, "generator": [{"kind": "gaussian"}]})
    assert not api.make_plan(other).measured["identity"]


def test_the_embedding_is_shared_and_knows_no_generator():
    one, two = planned("NoSwap"), planned("NoSwap", "PerfectSwap", protocol={"parts": PARTS, "generator_seeds": [0, 1]})
    assert one["train_embedding"] == two["train_embedding"]
    assert one["score_identity noswap seed 0"] == two["score_identity noswap seed 0"]
    assert {name for name in two if name.startswith("score_identity")} == {
        f"score_identity {name} seed {seed}" for name in ("noswap", "perfectswap") for seed in (0, 1)
    }
    fewer = planned("NoSwap", quality={"n": 100})
    assert fewer["train_embedding"] != one["train_embedding"]
