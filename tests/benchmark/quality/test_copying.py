"""Copied fakes are found among all training images; what only leans towards them is a note; honest fakes pass."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.findings import finding as findings
from benchmark.quality import closest, copying
from benchmark.stages.measurements import copying as measurement
from data.ledger import split
from data.sources.digits import Digits

IMAGES = Digits().load([])


def judged(fakes: np.ndarray, trained: np.ndarray, held: np.ndarray) -> dict:
    pool = np.concatenate([trained, held])
    near = closest.by_features(fakes, pool)
    everyone = np.arange(len(pool))
    return copying.finding(near, everyone < len(trained), everyone, np.zeros(len(pool), int), by="features")


def normal(seed: int, *sizes: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, 16)) for n in sizes]


def test_one_copy_in_ten_is_found_where_training_images_outnumber_the_held_out():
    verdicts = []
    for seed in range(20):
        fakes, trained, held = normal(seed, 300, 700, 200)
        fakes[:30] = trained[100:130] + 0.05
        row = judged(fakes, trained, held)
        verdicts.append(row["verdict"])
        assert row["low"] <= 0.1 <= row["high"]
    assert verdicts.count("alarm") >= 19


def test_honest_fakes_pass_and_say_what_they_would_have_shown():
    rows = [judged(*normal(seed, 200, 300, 150)) for seed in range(20)]
    assert [row["verdict"] for row in rows].count("pass") >= 19
    assert all(0 < row["smallest"] < 0.15 for row in rows if row["verdict"] == "pass")
    assert rows[0]["name"] == "memorisation / features"


def test_copies_of_held_out_images_are_no_copies_of_training_images():
    fakes, trained, held = normal(1, 200, 300, 300)
    fakes[:100] = held[:100]
    assert judged(fakes, trained, held)["verdict"] == "pass"


def test_a_lean_without_copies_is_a_note():
    rng = np.random.default_rng(2)
    fakes, trained, held = rng.normal(size=(3, 600, 64))
    fakes = 0.5 * trained + 0.87 * fakes
    row = judged(fakes, trained, held)
    assert row["verdict"] == "note"
    assert "lean" in row["advice"]


def test_copies_of_training_images_that_are_not_at_hand_are_counted_in():
    fakes, trained, held = normal(4, 400, 400, 200)
    fakes[:80] = trained[:80] + 0.05  # half of them copy images that are not compared
    pool = np.concatenate([trained[40:240], held])
    near, everyone = closest.by_features(fakes, pool), np.arange(400)
    row = copying.finding(near, everyone < 200, everyone, np.zeros(400, int), by="features", covered=0.5)
    assert row["verdict"] == "alarm"
    assert row["value"] == pytest.approx(0.2, abs=0.02)


def test_a_few_fakes_cannot_tell():
    row = judged(*normal(3, 4, 30, 30))
    assert row["verdict"] == "cannot tell"


@pytest.mark.parametrize(("copied", "verdict"), [(0, "pass"), (90, "alarm")])
def test_the_stage_compares_a_bank_with_all_training_images(tmp_path, copied, verdict):
    ledger = split(IMAGES, seed=3)
    (tmp_path / "prepared").mkdir()
    IMAGES.save(tmp_path / "prepared/images")
    ledger.save(tmp_path / "prepared")
    (tmp_path / "bank").mkdir()
    # honest fakes that nobody has learned: reals of the test part, which the stage does not look at
    rng = np.random.default_rng(0)
    first = IMAGES.n
    for part in ("detector-train", "detector-validation", "test"):
        n = len(ledger.parts[part])
        fakes = IMAGES.images[rng.choice(ledger.parts["test"], n)].copy()
        if part == "test":
            fakes[:copied] = IMAGES.images[ledger.parts["generator-train"][-copied:]] if copied else fakes[:0]
        np.save(tmp_path / f"bank/{part}.npy", fakes)
        np.save(tmp_path / f"bank/{part}.units.npy", np.arange(first, first + n))
        first += n
    (tmp_path / "out").mkdir()
    inputs = {"prepared": tmp_path / "prepared", "bank": tmp_path / "bank"}
    measurement.copying(SimpleNamespace(inputs=inputs, folder=tmp_path / "out"))
    (row,) = findings.read(tmp_path / "out/audit.csv")
    assert row["verdict"] == verdict, json.dumps(row)
    if copied:
        assert row["low"] <= copied / 898 <= row["high"]
