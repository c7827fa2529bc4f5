"""One set of people's videos called real, other people's called fake: the truth is 0.5, and nothing else may come out.

Nothing tells the two sides apart but who is on them, so a detector that is tested on people whom it has seen finds them
again. The detector here is the nearest neighbour: what it has seen, it knows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.plan.preparation import NO_TRAINING_PARTS
from benchmark.stages import bank
from benchmark.statistics.cells import metrics
from benchmark.statistics.clusters import Clusters
from data.ledger import check_ledger, split
from data.sources.folder import Folder as Reals
from generation.folder import Folder as Fakes

PEOPLE, FRAMES, DRAWS = 30, 6, 8


def film(folder: Path, rng: np.random.Generator, name: str, noise: float) -> None:
    """Writes every person's frames: a picture of each, with noise."""
    for person in range(PEOPLE):
        small = rng.integers(0, 256, (6, 6, 3), np.uint8)
        face = np.asarray(Image.fromarray(small).resize((32, 32), Image.Resampling.BICUBIC)).astype(float)
        for frame in range(FRAMES):
            path = folder / name.format(person=person, frame=frame)
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = 96 + face / 4 + rng.normal(0, noise, face.shape)
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


def parts_of(folder: Path, seed: int, name: str, noise: float, options: dict[str, str]) -> dict[str, bank.Labelled]:
    """Returns the images of every part, from files of both sides, checked to share no person."""
    rng = np.random.default_rng(seed)
    for side in ("real", "fake"):
        film(folder / side, rng, name, noise)
    reals = Reals(path=str(folder / "real"), **options).load()
    ledger = split(reals, seed=seed, parts=NO_TRAINING_PARTS)
    check_ledger(reals, ledger)
    fakes = Fakes(path=str(folder / "fake"), **options).fit(reals.images[:1], alike=reals.groups is not None)
    (folder / "bank").mkdir()
    bank.write(folder / "bank", fakes, reals, ledger, seed=seed, checkpoint="final", traced=False)
    return {part: bank.labelled(folder / "bank", reals, ledger, part) for part in bank.DETECTOR_PARTS}


def scores(train: bank.Labelled, test: bank.Labelled) -> np.ndarray:
    """How much nearer the nearest fake of the training part is than the nearest real one."""
    known, asked = (part.images.reshape(len(part.images), -1).astype(float) for part in (train, test))
    squares = (asked**2).sum(1)[:, None] + (known**2).sum(1) - 2 * asked @ known.T
    return squares[:, ~train.is_fake].min(axis=1) - squares[:, train.is_fake].min(axis=1)


SUB = "{person:02d}/{frame:03d}.bmp"
FLAT = "{person:02d}_{frame:03d}.bmp"


@pytest.mark.parametrize(
    ("name", "noise", "options"),
    [
        (SUB, 60, {"groups": "folder"}),
        (FLAT, 60, {"groups_pattern": "^(.+)_"}),
        pytest.param(FLAT, 2, {}, marks=pytest.mark.slow),
    ],
    ids=["sub-folders", "names", "flat, frames that are near copies"],
)
def test_people_are_in_one_part_and_the_interval_holds_the_truth(tmp_path, name, noise, options):
    held, found = 0, []
    for seed in range(DRAWS):
        parts = parts_of(tmp_path / str(seed), seed, name, noise, options)
        units = [set(part.index["unit"]) for part in parts.values()]
        assert sum(map(len, units)) == len(set().union(*units)) == 2 * PEOPLE, "nobody is in two parts"
        test = parts["test"]
        unit = test.index["unit"].to_numpy()
        clusters = Clusters.of(unit, test.is_fake)
        assert clusters.count < 2 * PEOPLE / 2, "as many independent images as there are people"
        values = scores(parts["detector-train"], test)
        auc = metrics.measure(values, test.is_fake, groups=unit, only=("auc",)).set_index("metric").loc["auc"]
        held += auc["low"] <= 0.5 <= auc["high"]
        found.append(auc["value"])
    assert held >= DRAWS - 1, found
    assert abs(np.mean(found) - 0.5) < 0.15, found


def test_without_groups_a_detector_knows_the_people_again(tmp_path):
    """Frames that are no near copies, and nobody said whose they are: this is what the options are for."""
    parts = parts_of(tmp_path, 0, FLAT, 60, {})
    test = parts["test"]
    values = scores(parts["detector-train"], test)
    auc = metrics.measure(values, test.is_fake, only=("auc",)).set_index("metric").loc["auc"]
    assert auc["low"] > 0.75


def test_scenes_count_as_scenes_and_not_as_frames(tmp_path):
    """Where the images of a scene agree, each scene is one answer, and its frames are no more of them."""
    parts = parts_of(tmp_path, 1, SUB, 60, {"groups": "folder"})
    test = parts["test"]
    unit, rng = test.index["unit"].to_numpy(), np.random.default_rng(0)
    values = rng.normal(size=unit.max() + 1)[unit] + 1e-3 * rng.normal(size=len(unit)) + test.is_fake
    told, untold = (
        metrics.measure(values, test.is_fake, groups=groups, only=("auc",)).set_index("metric").loc["auc"]
        for groups in (unit, None)
    )
    assert told["value"] == untold["value"]
    assert told["high"] - told["low"] > 2 * (untold["high"] - untold["low"])
