"""Banks: on the reals' grid, no fake twice, halves that share nothing, and regenerated bit for bit."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from benchmark.quality.planted import changes
from benchmark.stages import bank, bank_audit
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
    assert bank_audit.file_facts(None, mixed)["verdict"] == "cannot tell"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 64, "height": 64}, "size before processing: reals 32x32, fakes 64x64"),
        ({"format": "JPEG"}, "format: reals PNG, fakes JPEG"),
        ({"mode": "P"}, "mode: reals RGB, fakes P"),
        ({"format": ["PNG"] * 10 + ["BMP"] * 40}, "format: reals PNG, fakes 80% BMP, 20% PNG"),
    ],
    ids=["size", "format", "mode", "share"],
)
def test_the_audit_says_what_differs(change, said):
    row = bank_audit.file_facts(files(80), files(50).assign(**change))
    assert row["verdict"] == "alarm"
    assert said in row["advice"]
    assert row["value"] >= 0.8
    others = {"size before", "format:", "mode:"} - {" ".join(said.split(" ")[:2]), said.split(" ")[0]}
    assert not [other for other in others if other in row["advice"]]


def test_the_audit_sees_another_jpeg_quality_and_coding():
    reals = files(80, "JPEG").assign(quality=95, coding="quality 95, 4:4:4")
    same = bank_audit.file_facts(reals, reals.iloc[:50])
    assert same["verdict"] == "pass"
    lower = bank_audit.file_facts(reals, reals.iloc[:50].assign(quality=75, coding="quality 75, 4:4:4"))
    assert "JPEG quality: reals 95, fakes 75" in lower["advice"]
    sampled = bank_audit.file_facts(reals, reals.iloc[:50].assign(coding="quality 95, 4:2:0"))
    assert "JPEG coding: reals quality 95, 4:4:4, fakes quality 95, 4:2:0" in sampled["advice"]
    assert "JPEG quality:" not in sampled["advice"]


@pytest.mark.parametrize("factor", [1, 2])
def test_sizes_that_are_all_different_are_compared_by_rank(factor):
    rng = np.random.default_rng(0)
    reals, fakes = (
        files(n).assign(width=rng.integers(300, 900, n), height=rng.integers(300, 900, n)) for n in (80, 60)
    )
    row = bank_audit.file_facts(reals, fakes.assign(width=fakes["width"] * factor))
    assert row["verdict"] == ("pass" if factor == 1 else "alarm")


def test_equal_sides_rarely_raise_an_alarm():
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        sides = [
            files(60, "JPEG").assign(
                width=rng.integers(20, 60, 60), mode=rng.choice(["L", "RGB"], 60), quality=rng.integers(60, 100, 60)
            )
            for _ in range(2)
        ]
        alarms += bank_audit.file_facts(*sides)["verdict"] == "alarm"
    assert alarms <= 8


def test_frames_of_one_video_stay_in_one_part(tmp_path, reals):
    from PIL import Image

    from generation.folder import Folder

    images, ledger = reals, split(reals, seed=0)
    rng = np.random.default_rng(8)
    videos = {}
    for video in range(12):
        (tmp_path / f"made/{video}").mkdir(parents=True)
        for frame in range(rng.integers(2, 9)):
            pixels = LEVELS[rng.integers(0, 4, images.shape)]
            Image.fromarray(pixels.squeeze()).save(tmp_path / f"made/{video}/{frame}.png")
            videos[pixels.tobytes()] = video
    generator = Folder(path=str(tmp_path / "made"), groups="folder").fit(images.images)
    seen = {}
    written(tmp_path / "bank", generator, images, ledger)
    for part in bank.DETECTOR_PARTS:
        fakes = np.load(tmp_path / "bank" / f"{part}.npy")
        groups = np.load(tmp_path / "bank" / f"{part}.groups.npy")
        assert len(fakes) == len(groups) >= 2
        seen[part] = {videos[fake.tobytes()] for fake in fakes}
        table = bank.labelled(tmp_path / "bank", images, ledger, part).index
        assert table.loc[~table["is_fake"], "group"].isna().all(), "the reals are of nobody"
        assert table.loc[table["is_fake"], "group"].tolist() == groups.tolist()
        assert table.loc[~table["is_fake"], "unit"].tolist() == ledger.parts[part].tolist(), "each real is alone"
        fake = table[table["is_fake"]]
        assert fake["unit"].min() >= images.n, "no fake of another tool is of a real's unit"
        assert fake["unit"].nunique() == fake["group"].nunique() == len(fake.groupby(["unit", "group"]))
        assert len(set(groups)) == len({videos[fake.tobytes()] for fake in fakes})
    parts = list(seen.values())
    assert sum(map(len, parts)) == len(set().union(*parts)), "no video is in two parts"


def test_groups_and_units_of_the_score_table(tmp_path, reals):
    persons = np.arange(200) // 4
    persons[:8] = -1  # of whom nobody knows
    images = dataclasses.replace(reals, groups=persons)
    ledger = split(images)

    class Videos:
        groups_of = np.arange(400) // 10

        def parts(self, counts, *, seed):
            ends = np.cumsum(list(counts.values()))
            return {part: np.arange(end - n, end) for (part, n), end in zip(counts.items(), ends, strict=True)}

        def take(self, at):
            return LEVELS[at % 4, None, None, None].repeat(8, 1).repeat(8, 2)

        def facts_at(self, at):
            return pd.DataFrame({"format": ["PNG"] * len(at), "mode": "L", "width": 8, "height": 8})

    found, units = {}, {}
    noise = Noise().fit(images.images)
    for name, generator in (("noise", noise), ("copy", RealCopy()), ("videos", Videos())):
        written(tmp_path / name, generator, images, ledger)
        table = bank.labelled(tmp_path / name, images, ledger, "test").index
        shown = persons[ledger.parts["test"]]
        real, fake = (table.loc[table["is_fake"] == side, "unit"] for side in (False, True))
        assert set(real) <= set(ledger.units[ledger.parts["test"]])
        units[name] = set(real), fake
        real, fake = (table.loc[table["is_fake"] == side, "group"] for side in (False, True))
        assert set(real.dropna()) <= set(shown[shown >= 0])
        assert real.isna().sum() <= (shown < 0).sum()
        found[name] = set(real.dropna()), fake
    assert found["noise"][1].isna().all(), "each fake from noise is alone"
    assert set(found["copy"][1].dropna()) & found["copy"][0], "half of a person's images may be called fake"
    videos = found["videos"][1]
    assert videos.nunique() < len(videos) / 5
    assert not set(videos) & set(persons.tolist()), "a video is none of the persons"
    assert units["noise"][1].is_unique
    assert units["noise"][1].min() >= images.n
    assert units["copy"][0] & set(units["copy"][1]), "a fake is of the unit of its source"
    assert set(units["copy"][1]) <= set(ledger.units)
    assert units["videos"][1].nunique() == videos.nunique()
    assert units["videos"][1].min() >= images.n


def pictures(n: int, seed: int) -> np.ndarray:
    """Random pictures with details, uint8 `(n, 32, 32, 3)`."""
    from scipy.ndimage import zoom

    rng = np.random.default_rng(seed)
    coarse, fine = rng.normal(0, 50, (n, 4, 4, 3)), rng.normal(0, 25, (n, 16, 16, 1))
    made = 128 + zoom(coarse, (1, 8, 8, 1), order=1) + zoom(fine, (1, 2, 2, 1), order=1)
    return np.clip(made, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", ["JPEG", "resized", "mirrored", "negative", "shifted"])
def test_near_copies_of_reals_among_the_fakes_are_an_alarm(change):
    reals, fakes = pictures(200, 0), pictures(100, 1)
    clean = bank_audit.copies(reals, fakes)
    assert (clean["verdict"], clean["smallest"]) == ("pass", 1), "one copy would have been seen"
    assert "Of 100 planted copies" in clean["advice"]
    alter, rng = changes((32, 32, 3))[change], np.random.default_rng(0)
    fakes[:5] = [alter(image, rng) for image in reals[:5]]
    row = bank_audit.copies(reals, fakes)
    assert (row["verdict"], row["value"]) == ("alarm", 5)
    assert "5 of 100 fakes are real images: 5 " in row["advice"]


def test_near_copies_that_reals_have_as_often_are_a_note():
    reals, fakes = pictures(200, 0), pictures(100, 1)
    fakes[0] = reals[0, :, ::-1]
    assert bank_audit.copies(reals, fakes, base=(2, 200))["verdict"] == "note"
    fakes[1] = reals[1]
    assert bank_audit.copies(reals, fakes, base=(2, 200))["verdict"] == "alarm", "equal pixels always are"


def test_an_image_made_from_a_real_one_may_look_like_it():
    reals, fakes = pictures(50, 0), pictures(20, 1)
    fakes[:4] = reals[:4, :, ::-1]
    units = np.arange(50), np.concatenate([np.arange(4), np.arange(50, 66)])
    assert bank_audit.copies(reals, fakes, units=units)["verdict"] == "pass"
    assert bank_audit.copies(reals, fakes, units=(units[0], units[1] + 1))["value"] == 4


def test_near_copies_among_the_fakes_are_repeats():
    fakes = pictures(60, 1)
    parts = {"detector-train": fakes[:30], "detector-validation": fakes[30:40], "test": fakes[40:].copy()}
    assert bank_audit.repeats(parts)["verdict"] == "pass"
    parts["test"][:3] = [fakes[0, :, ::-1], 255 - fakes[1], fakes[2]]
    row = bank_audit.repeats(parts)
    assert (row["verdict"], row["value"]) == ("note", 3)
    assert "3 of 20 test fakes are training or validation fakes too, 1 of them byte for byte" in row["advice"]


class Files(Noise):
    """Fakes that came as files with values off the reals' grid."""

    control = None

    def parts(self, counts, seed=0):
        ends = np.cumsum(list(counts.values()))
        return {part: np.arange(end - n, end) for (part, n), end in zip(counts.items(), ends, strict=True)}

    def take(self, positions):
        return self.sample(200)[positions]

    def came(self, positions):
        images = self.take(positions)
        images[:, 4, 4] = 77
        return images

    def facts_at(self, positions):
        return files(len(positions))


def test_traces_are_looked_for_in_files_as_they_came(tmp_path, reals):
    record = written(tmp_path / "bank", Files().fit(reals.images), reals, split(reals))
    seen = {trace["trace"]: trace for trace in record["traces"]}
    assert seen["a constant pixel"]["p"] < 1e-6
    assert seen["a constant pixel"]["where"] == "value 77 at row 4, column 4"
    assert set(np.unique(np.load(tmp_path / "bank" / "test.npy"))) <= set(LEVELS)
    control = written(tmp_path / "control", RealCopy(random_state=0).fit(reals.images), reals, split(reals))
    assert control["traces"] == []
