"""FID and KID: the distances of the literature, on the features of its Inception network, of a file that a user has."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.quality import frechet, kernel
from benchmark.quality.estimate import Groups
from benchmark.quality.inception import network as inception_network
from benchmark.quality.inception import weights as inception_weights
from benchmark.quality.inception.images import prepared
from benchmark.quality.inception.weights import PUBLISHED
from benchmark.quality.references import FEWEST

BATCH = 16  # images of 299 px at once: about 1 GiB; more are not faster on a CPU
USUAL = 50_000  # images that figures in the literature are from
COLUMNS = [
    *(f"{name}{end}" for name in ("fid", "kid") for end in ("", "_low", "_high", "_floor")),
    "n_fid", "inception", "inception_note",
]  # fmt: skip


class Inception:
    """The network with the weights of a file.

    Args:
        path: The file, see `inception_weights.read`.
        sha256: What its sha256 must be.

    Raises:
        UserError: If it cannot be read.
        RuntimeError: If it is another file.
    """

    def __init__(self, path: str | Path, sha256: str) -> None:
        weights = inception_weights.read(Path(path))
        if weights.sha256 != sha256:
            raise RuntimeError(f"{path} is not the file that was planned with: its sha256 is {weights.sha256}.")
        self._model = inception_network.build(weights.arrays)

    def features(self, images: np.ndarray, progress: Callable[[int, int], None] | None = None) -> np.ndarray:
        """Returns float32 `(n, 2048)` for uint8 images `(n, height, width, 1 or 3)`; no row depends on the others.

        Args:
            images: Read block by block, so they may lie on disk.
            progress: Called with the images done, and all. Defaults to `None`.

        Raises:
            ValueError: If a feature is not finite.
        """
        found = np.empty((len(images), inception_network.WIDTH), np.float32)
        for start in range(0, len(images), BATCH):
            block = np.asarray(images[start : start + BATCH])
            filled = np.concatenate(
                [block, np.repeat(block[-1:], BATCH - len(block), axis=0)]
            )  # one size, one rounding
            found[start : start + BATCH] = self._model.predict_on_batch(prepared(filled))[: len(block)]
            if progress is not None:
                progress(start + len(block), len(images))
        if not np.isfinite(found).all():
            raise ValueError("The Inception network gave features that are not finite.")
        return found


@lru_cache(maxsize=1)  # every generator asks for the same one, and building it takes seconds
def opened(path: str, sha256: str) -> Inception:
    """Returns the network of a file, built once in a process."""
    return Inception(path, sha256)


def distances(real: np.ndarray, fake: np.ndarray, groups: Groups = (None, None)) -> dict[str, float]:
    """Returns FID and KID of two sets of features `(n, 2048)`, each with the ends of its 95 % interval.

    The FID is `frechet.distance`, whose interval is for the mean over samples of this size. With fewer images than
    features both covariances are singular, and the FID is far above its limit at infinite n; counted coverage
    with 96 images of 256 features: 96 to 100 %, the errors being too large rather than too small
    (`tests/statistics/quality_coverage.py`). The KID is `kernel.distance`, the
    unbiased estimate from all images at once; the mean over blocks that the paper takes has the same expectation.
    Both take `groups`, see there.

    References:
        Heusel et al. (2017), GANs trained by a two time-scale update rule, equation 6.
        Bińkowski et al. (2018), Demystifying MMD GANs, section 4 (also on the FID's bias).
    """
    first, second = real.astype(np.float64), fake.astype(np.float64)
    found = {"fid": frechet.distance(first, second, groups).estimate, "kid": kernel.distance(first, second, groups)}
    return {
        f"{name}{end}": value
        for name, each in found.items()
        for end, value in (("", each.value), ("_low", each.low), ("_high", each.high))
    }


def row(
    real: np.ndarray, fake: np.ndarray, floor: dict[str, float], sha256: str, groups: Groups = (None, None)
) -> dict[str, Any]:
    """Returns the columns in `COLUMNS`.

    Args:
        real: float32 `(n, 2048)`, features of real images that the generator never saw.
        fake: float32 `(n, 2048)`, of fakes.
        floor: `distances` of real images to others at the same n.
        sha256: Of the file of weights.
        groups: Of `real` and `fake`. Defaults to none.
    """
    floors = {f"{name}_floor": floor[name] for name in ("fid", "kid")}
    about = {"n_fid": len(fake), "inception": sha256, "inception_note": note(len(fake), sha256)}
    return distances(real, fake, groups) | floors | about


def too_few(n: int, sha256: str) -> dict[str, Any]:
    """Returns the row that says that there are too few images."""
    why = f"{n} images on a side are too few: expected {FEWEST} or more"
    return {"n_fid": n, "inception": sha256, "inception_note": why}


def note(n: int, sha256: str) -> str:
    """Returns what must be known beside an FID of n images on a side."""
    parts = []
    if n < USUAL:
        parts.append(f"the FID of {n:,} images is biased upward and not comparable with figures of {USUAL:,} images")
    if not sha256.startswith(PUBLISHED):
        parts.append(f"the weights are not the published file, whose sha256 begins with {PUBLISHED}")
    return "; ".join(parts)
