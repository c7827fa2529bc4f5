"""The azimuthal spectrum with a support vector machine, as Durall et al. tested it, and with both sides treated alike.

    python tests/papers/azimuthal.py RUN_FOLDER --generator stable --faces img_align_celeba.zip

Their notebook took 1,000 real CelebA images at native size and 1,000 fakes of another size, interpolated both profiles
to 80 numbers, divided by the first, and gave the accuracy of 10 random splits of 80 to 20: 0.9975 to 1.000. This does
so with the reals of a run (same size, same steps as the fakes) and with the reals at native size, and prints both.
Images of the detectors' training part are used only; the machine has the notebook's C = 6.37 and gamma = 0.86.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.interpolate import CubicSpline
from sklearn.svm import SVC

from benchmark.use.stored_run import StoredRun
from detection.features.frequency import azimuthal_mean, log_spectrum

BINS, SPLITS, TEST = 80, 10, 0.2
C, GAMMA = 6.37, 0.86
PART = "detector-train"


def profiles(images: np.ndarray) -> np.ndarray:
    """Returns `(n, 80)`: the azimuthal mean in decibel, interpolated, and divided by its first entry."""
    rings = azimuthal_mean(log_spectrum(images))
    at = np.linspace(0, rings.shape[1] - 1, BINS)
    spread = CubicSpline(np.arange(rings.shape[1]), rings, axis=1)(at)
    return np.asarray(spread / spread[:, :1])


def native(archive: Path, ids: list[str]) -> np.ndarray:
    """Returns the original images of these ids, uint8 `(n, 218, 178, 3)`."""
    with zipfile.ZipFile(archive) as file:
        members = {Path(name).name: name for name in file.namelist()}
        pictures = [Image.open(io.BytesIO(file.read(members[Path(i).name]))).convert("RGB") for i in ids]
    return np.stack([np.asarray(picture) for picture in pictures])


def accuracies(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns the accuracy of each random split."""
    features, is_fake = np.concatenate([real, fake]), np.repeat([0, 1], [len(real), len(fake)])
    rng, found = np.random.default_rng(seed), []
    for _ in range(SPLITS):
        order = rng.permutation(len(features))
        test, train = np.split(order, [int(TEST * len(order))])
        machine = SVC(C=C, gamma=GAMMA).fit(features[train], is_fake[train])
        found.append(machine.score(features[test], is_fake[test]))
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--generator", required=True)
    parser.add_argument("--faces", type=Path, help="CelebA's zip, for reals at native size")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--n", type=int, default=1000)
    given = parser.parse_args()
    opened = StoredRun(given.run, given.store)
    at = opened.ledger.parts[PART][: given.n]
    fakes = np.load(opened.bank(given.generator, opened.training_seeds[0]) / f"{PART}.npy")[: given.n]
    sides = {"both sides alike": np.array(opened.images.images[at])}
    if given.faces:
        sides["reals at native size"] = native(given.faces, [str(i) for i in opened.images.ids[at]])
    for name, reals in sides.items():
        found = accuracies(profiles(reals), profiles(fakes))
        print(f"{name}: {len(reals)} reals of {reals.shape[1]} x {reals.shape[2]}, {len(fakes)} fakes: accuracy "
              f"{found.mean():.4f} ({found.min():.4f} to {found.max():.4f})")  # fmt: skip


if __name__ == "__main__":
    main()
