"""A face swap through the whole run: swaps of the part's own reals, the preview, and the reconstruction table."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import benchmark
from benchmark.plan import specs
from benchmark.store.checkpoints import Checkpoints
from data.imageset import ImageSet
from data.ledger import Ledger
from generation.swap.generator import Autoencoder

pytestmark = pytest.mark.slow  # networks are trained

OPTIONS = {"encoder_width": 4, "decoder_width": 4, "latent_dim": 8, "batch_size": 16, "epochs": 2}
SPEC = {
    "name": "swap",
    "dataset": {"name": "digits", "classes": ["3", "8"]},
    "generator": [{"kind": "autoencoder", "id": "swap", **OPTIONS}],
    "detector": [{"kind": "linear-pixel"}],
    "quality": {"enabled": False},
    "protocol": {"display_interval": 1},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swap")
    return benchmark.run(specs.parse(SPEC), out=folder / "run", store=folder / "store"), folder


def _stage(folder, function, key):
    (found,) = [path for path in (folder / "store" / function).iterdir() if path.is_dir() and key(path)]
    return found


def test_fakes_are_swaps_of_the_reals_of_their_part(run):
    done, folder = run
    assert set(done.cells["status"]) == {"done"}, done.failures
    prepared = _stage(folder, "prepare", lambda path: True)
    images = ImageSet.load(prepared / "images")
    ledger = Ledger.load(prepared, images)
    trained = _stage(folder, "train_generator", lambda path: (path / "reconstruction.csv").exists())
    generator = Autoencoder(**OPTIONS).load(Checkpoints(trained).folder())
    levels = images.value_grid.astype(int)

    def is_mine(path):
        return json.loads((path / "bank.json").read_text())["checkpoint"] == "epoch-0002"

    bank = _stage(folder, "sample", is_mine)
    for part in ("detector-train", "detector-validation", "test"):
        at = ledger.parts[part]
        swaps = generator.sample(len(at), sources=np.array(images.images[at]), labels=images.labels[at])
        nearest = levels[np.abs(swaps[..., None].astype(int) - levels).argmin(axis=-1)]
        assert np.array_equal(np.load(bank / f"{part}.npy"), nearest)


def test_previews_and_reconstruction_are_in_the_run_folder(run):
    _, folder = run
    index = pd.read_csv(folder / "run" / "images" / "index.csv")
    shown = index[index["kind"] == "preview"]
    assert shown["checkpoint"].tolist() == ["epoch-0001", "epoch-0002"]
    assert shown["columns"].tolist() == [6, 6]
    for row in shown.itertuples():
        with Image.open(folder / "run" / "images" / row.file) as opened:
            assert opened.size == (6 * 8, row.rows * 8)
    table = pd.read_csv(folder / "run" / "reconstruction.csv", dtype={"group": str})
    assert table["generator"].unique().tolist() == ["swap"]
    assert table[["checkpoint", "side", "group", "faces"]].values.tolist() == [
        [checkpoint, side, group, faces]
        for checkpoint in ("epoch-0001", "epoch-0002")
        for side, group in (("a", "3"), ("b", "8"))
        for faces in ("trained", "held_out")
    ]
    assert table["mse"].between(0, 1).all()
    assert table["ssim"].between(-1, 1).all()
    assert (table["n"] > 0).all()
