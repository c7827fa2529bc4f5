"""The honest cheap baseline: principal components and a Gaussian mixture of their scores."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt

from data.errors import UserError
from generation.mixture import Mixture, fit_mixture
from generation.principal import principal

BATCH = 128  # fixed: a matrix product's last bits may depend on the batch size


class Gaussian:
    """Draws the scores of principal components from a mixture of Gaussians.

    It learns in seconds what second moments and a few modes can say of a set of images: blurred pictures of the
    right colours in the right places. A generator that is no harder to detect than this one has learned no more.

    Args:
        components: Principal components: a count, or the share of the variance that they hold together, which stops
            at 256 of them. Never more than the images allow. Defaults to `64`.
        n_mixture: Gaussians of the mixture, at most: each is given at least twice as many images as there are
            components. Defaults to `10`.
        covariance: Shape of each Gaussian: `"full"`, `"diag"`, `"tied"` (one for all) or `"spherical"`. Defaults to
            `"full"`.
        conditional: Whether each class has a mixture of its own, so that `sample` can be asked for classes. Defaults
            to `False`, where labels are not used.
        max_images: Learns from a random choice of that many images, so that time and memory stay bounded. Defaults to
            `10000`.
        random_state: Seed of everything random. Defaults to `None`, which is 0.

    Attributes:
        classes: int64 `(k,)`, the labels that it can draw, after a conditional `fit`; otherwise `None`.
        image_shape: `(height, width, channels)`, after `fit` or `load`.

    References:
        Richardson and Weiss (2018), On GANs and GMMs, NeurIPS, for mixtures of Gaussians as generators of images and
        as a measure for others.
    """

    control: str | None = None
    trains = True
    channels = (1, 3)

    def __init__(
        self,
        *,
        components: Annotated[int, Ge(1)] | Annotated[float, Gt(0), Lt(1)] = 64,
        n_mixture: Annotated[int, Ge(1)] = 10,
        covariance: Literal["full", "diag", "tied", "spherical"] = "full",
        conditional: bool = False,
        max_images: Annotated[int, Ge(1)] = 10_000,
        random_state: int | None = None,
    ) -> None:
        self.components, self.n_mixture, self.covariance = components, n_mixture, covariance
        self.conditional, self.max_images, self.random_state = conditional, max_images, random_state
        self.history = None
        self.image_shape: tuple[int, ...] | None = None
        self.classes: np.ndarray | None = None
        self._mean: np.ndarray | None = None
        self._basis: np.ndarray | None = None
        self._mixtures: list[Mixture] = []
        self._shares: np.ndarray | None = None

    def fit(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        folder: Path | None = None,
        on_checkpoint: Callable[[str, Any], None] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Gaussian:
        """Learns from uint8 images `(n, height, width, channels)`, and from their labels if `conditional`.

        Raises:
            UserError: For no image, images of another type, or a conditional fit without one label per image.
        """
        del folder  # it takes seconds: nothing to resume
        images = _checked(images)
        labels = _checked_labels(labels, len(images)) if self.conditional else np.zeros(len(images), np.int64)
        seed = self.random_state or 0
        if len(images) > self.max_images:
            chosen = np.sort(np.random.default_rng(seed).permutation(len(images))[: self.max_images])
            images, labels = images[chosen], labels[chosen]
        self.image_shape = tuple(images.shape[1:])
        _tell(progress, 0, 2, "principal components")
        self._mean, self._basis, scores = principal(images, self.components, seed)
        _tell(progress, 1, 2, "mixture")
        classes, counts = np.unique(labels, return_counts=True)
        self._mixtures = [
            fit_mixture(scores[labels == label], self.n_mixture, self.covariance, seed) for label in classes
        ]
        self._shares = counts / counts.sum()
        self.classes = classes if self.conditional else None
        _tell(progress, 2, 2, "mixture")
        if on_checkpoint is not None:
            on_checkpoint("final", self)
        return self

    @property
    def parameters(self) -> int | None:
        """How many numbers it has learned; `None` before `fit` or `load`."""
        if self._mean is None or self._basis is None:
            return None
        return int(self._mean.size + self._basis.size + sum(mixture.size for mixture in self._mixtures))

    def check_shape(self, image_shape: tuple[int, ...]) -> None:
        """Checks that it can make images `(height, width, channels)`; every size will do.

        Raises:
            UserError: For other than 1 or 3 channels.
        """
        if image_shape[2] not in self.channels:
            raise UserError(f"The gaussian generator makes 1 or 3 channels. Received: {image_shape[2]}.")

    def sample(
        self, n: int, *, labels: np.ndarray | None = None, seed: int = 0, sources: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns fakes, uint8 `(n, height, width, channels)`.

        Everything is drawn row by row and multiplied in batches of a fixed size, so `sample(10, seed=s)` equals
        `sample(100, seed=s)[:10]` bit for bit. Values are rounded to the nearest level, halves to even.

        Args:
            n: How many.
            labels: int `(n,)`, the class of each image, for a conditional generator. Defaults to `None`, classes as
                frequent as in the training images.
            seed: Of all draws. Defaults to `0`.
            sources: Not used.

        Raises:
            RuntimeError: Before `fit` or `load`.
            UserError: For labels that it has not learned, or not one per image.
        """
        del sources
        if self._mean is None or self._basis is None or self._shares is None or self.image_shape is None:
            raise RuntimeError("This generator has learned nothing yet. Expected fit(...) or load(...) first.")
        # One stream for each kind of draw: else the first images would depend on how many are drawn.
        which, inside, normal = (np.random.default_rng([seed, stream]) for stream in range(3))
        uniform = which.random(n)  # drawn even if labels are given, so that those change nothing else
        # without the last bound, which rounding may leave below 1
        chosen = np.searchsorted(np.cumsum(self._shares)[:-1], uniform, side="right")
        if self.classes is not None and labels is not None:
            chosen = _positions(labels, self.classes, n)
        uniform, noise = inside.random(n), normal.standard_normal((n, len(self._basis)))
        scores = np.empty_like(noise)
        for position, mixture in enumerate(self._mixtures):
            mine = chosen == position
            scores[mine] = mixture.draw(uniform[mine], noise[mine])
        return self._decoded(scores)

    def save(self, folder: Path) -> None:
        """Writes `basis.npz`, one `mixture-<i>.npz` per class, and `options.json`; the same bytes for the same model.

        Raises:
            RuntimeError: Before `fit` or `load`.
        """
        if self._mean is None or self._basis is None or self._shares is None or self.image_shape is None:
            raise RuntimeError("This generator has learned nothing yet. Expected fit(...) or load(...) first.")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        # NumPy dates the members of an archive 1980-01-01, so that the bytes do not change with the time.
        np.savez(folder / "basis.npz", mean=self._mean, basis=self._basis, shares=self._shares)
        for position, mixture in enumerate(self._mixtures):
            arrays: dict[str, Any] = mixture.arrays()
            np.savez(folder / f"mixture-{position}.npz", **arrays)
        classes = None if self.classes is None else self.classes.tolist()
        about = {"kind": "gaussian", "image_shape": list(self.image_shape), "classes": classes}
        (folder / "options.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    def load(self, folder: Path) -> Gaussian:
        """Reads what `save` wrote; no file is run as code.

        Raises:
            UserError: If the folder holds no such generator.
        """
        folder = Path(folder)
        try:
            about = json.loads((folder / "options.json").read_text(encoding="utf-8"))
            basis = _arrays(folder / "basis.npz")
            shape, classes = tuple(about["image_shape"]), about["classes"]
            mean, components, shares = basis["mean"], basis["basis"], basis["shares"]
            mixtures = [Mixture(**_arrays(folder / f"mixture-{i}.npz")) for i in range(len(shares))]
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{folder} holds no saved gaussian generator ({error}).") from error
        if mean.size != np.prod(shape) or components.shape[1:] != mean.shape:
            raise UserError(f"{folder} holds a gaussian generator whose parts do not fit together.")
        self.image_shape, self._mean, self._basis, self._shares, self._mixtures = (
            shape, mean, components, shares, mixtures,
        )  # fmt: skip
        self.classes = None if classes is None else np.array(classes, np.int64)
        return self

    def _decoded(self, scores: np.ndarray) -> np.ndarray:
        assert self._mean is not None and self._basis is not None and self.image_shape is not None  # noqa: S101, PT018
        images = np.empty((len(scores), *self.image_shape), np.uint8)
        for start in range(0, len(scores), BATCH):
            part = scores[start : start + BATCH]
            full = np.zeros((BATCH, scores.shape[1]))
            full[: len(part)] = part
            pixels = full @ self._basis + self._mean
            levels = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
            images[start : start + len(part)] = levels[: len(part)].reshape(-1, *self.image_shape)
        return images


def _positions(labels: np.ndarray, classes: np.ndarray, n: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (n,) or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"Labels must be {n} integers, one per image. Received: {labels.dtype} {labels.shape}.")
    strange = np.setdiff1d(labels, classes)
    if len(strange):
        known = ", ".join(map(str, classes))
        raise UserError(f"This generator has learned the classes {known}. Received: {strange[0]}.")
    return np.searchsorted(classes, labels)


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise UserError(
            f"Images must be uint8 (n, height, width, channels), at least one. Received: {images.dtype} {images.shape}."
        )
    return images


def _checked_labels(labels: np.ndarray | None, n: int) -> np.ndarray:
    received = "none" if labels is None else f"{np.asarray(labels).dtype} {np.asarray(labels).shape}"
    if labels is None or np.shape(labels) != (n,) or not np.issubdtype(np.asarray(labels).dtype, np.integer):
        raise UserError(f"A conditional gaussian needs {n} integer labels, one per image. Received: {received}.")
    return np.asarray(labels, np.int64)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _tell(progress: Callable[[int, int, str], None] | None, done: int, total: int, text: str) -> None:
    if progress is not None:
        progress(done, total, text)
