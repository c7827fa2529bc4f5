"""A feature extractor that is trained here, for distances between image sets. Keras is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError
from detection.base import in_blocks
from detection.frozen import extractor_network as networks
from detection.frozen import stored
from detection.frozen.extractor_network import PIXELS, WIDTH

KIND = "extractor"  # of the files that it is saved in
SMALLEST = 4  # pixels a side
FEWEST = 8  # images to learn from
BATCH = 64
PASSES = 40  # over a small set


class Extractor:
    """Learns 64 features of images by telling apart their classes, their attributes or their rotations.

    A small convolutional network ends in the mean of its last map, which are the features, and a linear layer for
    the task, which is dropped. Classes are told by a softmax, attributes by one sigmoid each. Without either, the
    network learns by which of 0, 90, 180 and 270 degrees an image was turned (0 and 180 if it is not square), which
    asks for no labels (Gidaris, Singh and Komodakis, "Unsupervised Representation Learning by Predicting Image
    Rotations", ICLR 2018, section 2). Training images are shifted by up to a sixteenth of their side. The features
    are scaled by one number, so that their mean variance over the training images is 1.

    Args:
        random_state: The seed of weights, batches, shifts and rotations. Defaults to `0`.
        passes: Passes over the training images, fewer for a large set: training looks at 200 million pixels at most.
            Defaults to `40`.

    Attributes:
        task: After `fit` or `load`, what it learned: `"classes"`, `"attributes"` or `"rotations"`.
    """

    def __init__(self, *, random_state: int = 0, passes: int = PASSES) -> None:
        self.random_state = random_state
        self.passes = passes
        self.task = ""
        self._network: Any = None
        self._about: dict[str, Any] = {}
        self._scale = 1.0

    @property
    def name(self) -> str:
        """What it learned, what it is and its version, such as `"classes-cnn64-v1"`."""
        return f"{self.task}-cnn{WIDTH}-v1"

    @property
    def digest(self) -> str:
        """The sha256, in hex, of its weights and of what it learned."""
        return stored.digest(self._about, self._arrays())

    def fit(
        self,
        images: np.ndarray,
        targets: np.ndarray | None = None,
        *,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Extractor:
        """Trains on real images.

        Args:
            images: uint8 `(n, height, width, channels)`, at least 4 pixels a side, 1 or 3 channels.
            targets: int `(n,)`, the classes; or bool `(n, k)`, the attributes; or `None`, to learn rotations. One
                class is none: it then learns rotations too. Defaults to `None`.
            progress: Called with steps done, steps in all, and a line of text. Defaults to `None`.

        Raises:
            UserError: For images of another type, smaller ones, or fewer than 8.
            FloatingPointError: If the training diverges.
        """
        images = _checked(images)
        self.task, targets, outputs = _task(images, targets)
        self._about = {"task": self.task, "shape": list(images.shape[1:]), "outputs": outputs}
        self._network = networks.build(images.shape[1:], outputs, self.random_state)
        seen = min(self.passes * len(images), PIXELS // (images.shape[1] * images.shape[2]))
        steps = max(1, seen // BATCH)
        step = networks.training_step(self._network, steps, many=self.task == "attributes")
        rng = np.random.default_rng([self.random_state, 0xFEA7])
        for done, at in enumerate(networks.batches(len(images), BATCH, steps, rng), start=1):
            loss = step(*networks.posed(images[at], None if targets is None else targets[at], rng))
            if not np.isfinite(loss):
                raise FloatingPointError(f"The training of the extractor diverged in step {done} of {steps}.")
            if progress is not None and (done == steps or done % 20 == 0):
                progress(done, steps, f"step {done}/{steps}, loss {loss:.3f}")
        some = images[rng.permutation(len(images))[:2000]]
        self._scale = 1.0
        # by features that are not scaled yet
        self._scale = float(1 / np.sqrt(max(self.features(some).var(axis=0).mean(), 1e-12)))
        return self

    def features(self, images: np.ndarray) -> np.ndarray:
        """Returns float64 `(n, 64)` for uint8 images `(n, height, width, channels)`; no row depends on the others.

        Raises:
            RuntimeError: Before `fit` or `load`.
            UserError: For images of another size than those that it learned from.
        """
        if not len(images):
            return np.zeros((0, WIDTH))
        return in_blocks(lambda block: self._outputs(block, 0), self._same(images)) * self._scale

    def accuracy(self, images: np.ndarray, targets: np.ndarray | None = None) -> float:
        """Returns the share of right answers to the question that it learned; of attributes, over all of them."""
        images = self._same(images)
        if self.task == "rotations":
            images, targets = networks.turned(images, np.random.default_rng([self.random_state, 0xACC]))
        return float((self.answers(images) == targets).mean())

    def answers(self, images: np.ndarray) -> np.ndarray:
        """Returns what it recognises: int labels `(n,)`, or of attributes bool `(n, k)`."""
        logits = in_blocks(lambda block: self._outputs(block, 1), self._same(images))
        return np.asarray(logits > 0 if self.task == "attributes" else logits.argmax(axis=1))

    def save(self, folder: Path) -> None:
        """Writes `extractor.npz` and `extractor.json`, the same bytes for the same weights."""
        stored.save(folder, KIND, self.name, self._about, self._arrays())

    def load(self, folder: Path) -> Extractor:
        """Reads what `save` wrote.

        Raises:
            UserError: If the folder holds no extractor, or a damaged one.
        """
        self._about, arrays = stored.load(folder, KIND)
        try:
            self.task, self._scale = self._about["task"], float(arrays.pop("scale"))
            self._network = networks.build(tuple(self._about["shape"]), int(self._about["outputs"]), 0)
            self._network.set_weights([arrays[name] for name in sorted(arrays)])
        except stored.UNREADABLE as error:
            raise stored.refused(folder, KIND, error) from error
        return self

    def _arrays(self) -> dict[str, np.ndarray]:
        if self._network is None:
            raise RuntimeError("This extractor has no weights yet. Expected fit(...) or load(...) first.")
        weights = {f"w{i:03d}": weight for i, weight in enumerate(self._network.get_weights())}
        return {"scale": np.float64(self._scale), **weights}

    def _outputs(self, images: np.ndarray, which: int) -> np.ndarray:
        return np.asarray(self._network.predict_on_batch(images.astype(np.float32))[which])

    def _same(self, images: np.ndarray) -> np.ndarray:
        if self._network is None:
            raise RuntimeError("This extractor has no weights yet. Expected fit(...) or load(...) first.")
        images = np.asarray(images)
        if images.dtype != np.uint8 or list(images.shape[1:]) != self._about["shape"]:
            wanted = "x".join(map(str, self._about["shape"]))
            raise UserError(f"This extractor takes uint8 images of {wanted}. Received: {images.dtype} {images.shape}.")
        return images


def _task(images: np.ndarray, targets: np.ndarray | None) -> tuple[str, np.ndarray | None, int]:
    """Returns what can be learned, its targets, and how many outputs the network needs for it."""
    if targets is not None and targets.ndim == 2 and targets.shape[1]:
        return "attributes", targets.astype(np.float32), targets.shape[1]
    if targets is not None and targets.ndim == 1 and len(np.unique(targets)) > 1:
        return "classes", targets.astype(np.int64), int(targets.max()) + 1
    return "rotations", None, 4 if images.shape[1] == images.shape[2] else 2


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise UserError(
            "The extractor learns from uint8 images (n, height, width, channels) with 1 or 3 channels. "
            f"Received: {images.dtype} {images.shape}."
        )
    if len(images) < FEWEST or min(images.shape[1:3]) < SMALLEST:
        raise UserError(
            f"The extractor learns from at least {FEWEST} images of at least {SMALLEST} pixels a side. "
            f"Received: {len(images)} of {images.shape[1]} x {images.shape[2]}."
        )
    return images
