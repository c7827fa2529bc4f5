"""Banks: on the reals' grid, no fake twice, halves that share nothing, and regenerated bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from benchmark import bank, bank_audit
from data.imageset import ImageSet
from data.ledger import split
from generation.controls import Noise, RealCopy

LEVELS = np.array([0, 85, 170, 255], np.uint8)


@pytest.fixture
def reals():
    rng = np.random.default_rng(0)
    images = LEVELS[rng.integers(0, 4, (200, 8, 8, 1))]
    ids = np.array([f"{i:03d}" for i in range(200)])
    return ImageSet("made", images, np.zeros(200, np.int64), ids, ("only",))


class Counter:
    """Gives image number i the grey level i, off the reals' grid."""

    n_available = None

    def fit(self, images):
        return self

    def sample(self, n, *, seed=0):
        return np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, 8, 8, 1)).copy()


def written(folder, generator, images, ledger, seed=0):
    folder.mkdir()
    bank.write(folder, generator, images, ledger, seed=seed, checkpoint="final")
    return json.loads((folder / "bank.json").read_text())


def test_there_are_as_many_fakes_as_reals_and_all_are_on_the_grid(tmp_path, reals):
    ledger = split(reals)
    record = written(tmp_path / "bank", Counter(), reals, ledger)
    for part in bank.DETECTOR_PARTS:
        fakes = np.load(tmp_path / "bank" / f"{part}.npy")
        assert len(fakes) == len(ledger.parts[part])
        assert set(np.unique(fakes)) <= set(LEVELS)
    assert max(record["snapped"].values()) > 0.9


def test_one_call_is_cut_into_parts_so_that_no_fake_is_used_twice(tmp_path, reals):
    class Unsnapped(Counter):
        n_available = 60

    ledger = split(reals)
    record = written(tmp_path / "bank", Unsnapped(), reals, ledger)
    assert sum(record["counts"].values()) <= 60
    sizes = [len(ledger.parts[part]) for part in bank.DETECTOR_PARTS]
    shares = np.array(list(record["counts"].values())) / sizes
    np.testing.assert_allclose(shares, 60 / sum(sizes), atol=0.05)


def test_real_copy_gives_halves_of_every_part(tmp_path, reals):
    ledger = split(reals)
    generator = RealCopy(random_state=0).fit(reals.images)
    written(tmp_path / "bank", generator, reals, ledger)
    everything = []
    for part in bank.DETECTOR_PARTS:
        labelled = bank.labelled(tmp_path / "bank", reals, ledger, part)
        mine = {image.tobytes() for image in reals.images[ledger.parts[part]]}
        fake = {image.tobytes() for image in labelled.images[labelled.is_fake]}
        real = {image.tobytes() for image in labelled.images[~labelled.is_fake]}
        assert not fake & real
        assert fake | real == mine
        assert abs(len(fake) - len(real)) <= 1
        everything.extend(labelled.index["image_id"])
    assert len(set(everything)) == len(everything)


def test_a_bank_is_regenerated_bit_for_bit_from_its_seed(tmp_path, reals):
    ledger = split(reals)
    generator = Noise(random_state=0).fit(reals.images)
    first = written(tmp_path / "a", generator, reals, ledger, seed=3)
    again = written(tmp_path / "b", generator, reals, ledger, seed=3)
    other = written(tmp_path / "c", generator, reals, ledger, seed=4)
    assert first["digests"] == again["digests"]
    assert first["digests"] != other["digests"]
    fresh = Noise(random_state=0).fit(reals.images).sample(first["n"], seed=first["seeds"]["all"])
    parts = np.concatenate([np.load(tmp_path / "a" / f"{part}.npy") for part in bank.DETECTOR_PARTS])
    np.testing.assert_array_equal(fresh, parts)


def test_fakes_that_are_reals_raise_an_alarm(reals):
    rows = bank_audit.copies(reals.images, reals.images[:3])
    assert (rows["verdict"], rows["value"]) == ("alarm", 3)
    assert bank_audit.copies(reals.images, 255 - reals.images[:3])["verdict"] in ("pass", "alarm")
    assert bank_audit.copies(reals.images, np.full((3, 8, 8, 1), 7, np.uint8))["verdict"] == "pass"


def files(n, kind="PNG", size=32):
    return pd.DataFrame({"width": size, "height": size, "format": [kind] * n, "mode": "RGB", "bytes": 1000})


@pytest.mark.parametrize(
    ("fakes", "verdict"),
    [(files(50), "pass"), (files(50, "JPEG"), "alarm"), (files(50, size=64), "alarm")],
    ids=["alike", "format", "size"],
)
def test_files_of_another_kind_raise_an_alarm(fakes, verdict):
    assert bank_audit.file_facts(files(80), fakes)["verdict"] == verdict


def test_a_few_odd_files_on_both_sides_raise_none():
    mixed = pd.concat([files(45), files(5, "JPEG")], ignore_index=True)
    assert bank_audit.file_facts(mixed, mixed)["verdict"] == "pass"
    assert bank_audit.file_facts(None, mixed)["verdict"] == "note"
