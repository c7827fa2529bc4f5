"""Generators whose answer is known: every run carries them, to show that its detectors can be trusted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError


class RealCopy:
    """Calls real images fake: no detector may tell them from the other real images.

    Each part's real images are split in two halves at random. One half is called fake, and the other is what
    it is compared with, so that no image stands on both sides.
    """

    control: str | None = "real-copy"
    trains = False
    consumes_sources = True

    def __init__(self, *, random_state: int | None = None) -> None:
        self.random_state = random_state
        self.history = None

    def fit(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        folder: Path | None = None,
        on_checkpoint: Callable[[str, Any], None] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> RealCopy:
        """Does nothing; there is nothing to learn."""
        del images, labels, folder, progress
        if on_checkpoint is not None:
            on_checkpoint("final", self)
        return self

    def split(self, n_sources: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Returns `(fake_index, real_index)`, two sorted halves of `range(n_sources)`, disjoint and complete.

        For an odd number the fake half is the smaller one.
        """
        order = np.random.default_rng(seed).permutation(n_sources)
        half = n_sources // 2
        return np.sort(order[:half]), np.sort(order[half:])

    def sample(
        self, n: int, *, labels: np.ndarray | None = None, seed: int = 0, sources: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns the first `n` of a seeded permutation of `sources`, uint8 `(n, height, width, channels)`.

        Raises:
            UserError: Without sources, or with fewer than `n`.
        """
        del labels
        if sources is None or len(sources) < n:
            have = "none" if sources is None else len(sources)
            raise UserError(f"The real-copy control needs {n} real images to copy. Received: {have}.")
        return sources[np.random.default_rng(seed).permutation(len(sources))[:n]].copy()

    def save(self, folder: Path) -> None:
        """Writes `options.json`, so that the folder is not empty."""
        _write(folder, {"control": self.control})

    def load(self, folder: Path) -> RealCopy:
        """Does nothing; there is nothing to load."""
        del folder
        return self


class Noise:
    """Draws every pixel and channel independently and uniformly from the grey levels of the real images.

    Any detector worth the name tells it from real images at once.
    """

    control: str | None = "noise"
    trains = False

    def __init__(self, *, random_state: int | None = None) -> None:
        self.random_state = random_state
        self.history = None
        self.levels: np.ndarray | None = None
        self.image_shape: tuple[int, ...] | None = None

    def fit(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        folder: Path | None = None,
        on_checkpoint: Callable[[str, Any], None] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Noise:
        """Notes the shape and the grey levels of uint8 images `(n, height, width, channels)`."""
        del labels, folder, progress
        self.image_shape = tuple(images.shape[1:])
        self.levels = np.flatnonzero(np.bincount(np.ravel(images), minlength=256)).astype(np.uint8)
        if on_checkpoint is not None:
            on_checkpoint("final", self)
        return self

    def sample(
        self, n: int, *, labels: np.ndarray | None = None, seed: int = 0, sources: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns noise, uint8 `(n, height, width, channels)`; the first images do not depend on `n`.

        Raises:
            RuntimeError: Before `fit` or `load`.
        """
        del labels, sources
        if self.levels is None or self.image_shape is None:
            raise RuntimeError("This generator has seen no images. Expected fit(...) or load(...) before sample(...).")
        uniform = np.random.default_rng(seed).random((n, *self.image_shape), np.float32)
        # float32 draws end at 1 - 2**-24, so that no product is rounded up to the number of levels
        return self.levels[(uniform * len(self.levels)).astype(np.intp)]

    def save(self, folder: Path) -> None:
        """Writes shape and grey levels as `options.json`.

        Raises:
            RuntimeError: Before `fit` or `load`.
        """
        if self.levels is None or self.image_shape is None:
            raise RuntimeError("This generator has seen no images. Expected fit(...) or load(...) before save(...).")
        _write(
            folder,
            {"control": "noise", "levels": self.levels.tolist(), "image_shape": list(self.image_shape)},
        )

    def load(self, folder: Path) -> Noise:
        """Reads what `save` wrote.

        Raises:
            UserError: If the folder holds no noise control.
        """
        try:
            saved = json.loads((Path(folder) / "options.json").read_text(encoding="utf-8"))
            self.levels = np.array(saved["levels"], np.uint8)
            self.image_shape = tuple(saved["image_shape"])
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{folder} holds no saved noise control ({error}).") from error
        return self


def _write(folder: Path, content: dict[str, Any]) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / "options.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
