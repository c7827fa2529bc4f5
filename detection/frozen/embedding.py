"""An embedding of faces, trained here, to ask whether two images show one person. Keras is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError
from detection.base import in_blocks
from detection.frozen import extractor_network as networks
from detection.frozen import stored
from detection.frozen.triplet import identity_batches, triplet_loss
from detection.networks.batches import augment
from detection.networks.few_steps import eagerly

KIND = "embedding"  # of the files that it is saved in
WIDTH = 64
FEWEST = 20  # identities with two images or more to learn from
PERSONS, EACH = 16, 4  # identities in a batch, and images of each
PASSES = 40
STEPS = 400  # at least
GAIN, OFFSET = 0.3, 20.0  # how much training changes contrast and brightness


class Embedding:
    """Learns 64 numbers of a face, as a vector of length 1, such that images of one person lie close together.

    The feature extractor's convolutions, whose last map is flattened, since aligned faces have their parts in the same
    places; a linear layer; and a division by the length. It learns by the triplet loss with semi-hard negatives
    in batches of 16 identities with 4 images each (Schroff, Kalenichenko and Philbin, "FaceNet: A Unified Embedding for
    Face Recognition and Clustering", CVPR 2015, section 3; their networks are not used). Training images are mirrored
    at random, shifted by up to a sixteenth of their side, and changed in contrast and brightness, which say nothing
    about the person.

    Args:
        random_state: The seed of weights, batches and augmentation. Defaults to `0`.
        steps: Batches to learn from. Defaults to `None`: 40 passes over the images, at least 400 batches, and at most
            200 million pixels looked at.
    """

    name = f"triplet-cnn{WIDTH}-v1"

    def __init__(self, *, random_state: int = 0, steps: int | None = None) -> None:
        self.random_state = random_state
        self.steps = steps
        self._network: Any = None
        self._about: dict[str, Any] = {}

    @property
    def digest(self) -> str:
        """The sha256, in hex, of its weights and of the shape of its images."""
        return stored.digest(self._about, self._arrays())

    def fit(
        self,
        images: np.ndarray,
        identities: np.ndarray,
        *,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Embedding:
        """Trains on real images; those of an identity with one image only are left out.

        Args:
            images: uint8 `(n, height, width, channels)`, at least 4 pixels a side, 1 or 3 channels.
            identities: int `(n,)`, who each image shows.
            progress: Called with steps done, steps in all, and a line of text. Defaults to `None`.

        Raises:
            UserError: For images of another type, smaller ones, or fewer than 20 identities with two images.
            FloatingPointError: If the training diverges.
        """
        images, identities = _checked(np.asarray(images), np.asarray(identities))
        self._about = {"shape": list(images.shape[1:]), "width": WIDTH}
        self._network = _build(images.shape[1:], self.random_state)
        steps = self.steps or _steps(images.shape)
        step = _training_step(self._network, steps)
        rng = np.random.default_rng([self.random_state, 0x1DE7])
        persons = min(PERSONS, len(np.unique(identities)))
        for done, at in enumerate(identity_batches(identities, persons, EACH, steps, rng), start=1):
            loss = step(_varied(images[at], rng), identities[at])
            if not np.isfinite(loss):
                raise FloatingPointError(f"The training of the embedding diverged in step {done} of {steps}.")
            if progress is not None and (done == steps or done % 20 == 0):
                progress(done, steps, f"step {done}/{steps}, loss {loss:.3f}")
        return self

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Returns float64 `(n, 64)`, rows of length 1, for uint8 images `(n, height, width, channels)`.

        The scalar product of two rows is the cosine similarity of two images, in [-1, 1]. No row depends on the others.

        Raises:
            RuntimeError: Before `fit` or `load`.
            UserError: For images of another size than those that it learned from.
        """
        self._arrays()
        images = np.asarray(images)
        if images.dtype != np.uint8 or list(images.shape[1:]) != self._about["shape"]:
            wanted = "x".join(map(str, self._about["shape"]))
            raise UserError(f"This embedding takes uint8 images of {wanted}. Received: {images.dtype} {images.shape}.")
        if not len(images):
            return np.zeros((0, WIDTH))
        # Divided by the length once more: the network's own division is good to the digits of float32.
        found = in_blocks(self._outputs, images)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))

    def save(self, folder: Path) -> None:
        """Writes `embedding.npz` and `embedding.json`, the same bytes for the same weights."""
        stored.save(folder, KIND, self.name, self._about, self._arrays())

    def load(self, folder: Path) -> Embedding:
        """Reads what `save` wrote.

        Raises:
            UserError: If the folder holds no embedding, or a damaged one.
        """
        self._about, arrays = stored.load(folder, KIND)
        try:
            self._network = _build(tuple(self._about["shape"]), 0)
            self._network.set_weights([arrays[name] for name in sorted(arrays)])
        except stored.UNREADABLE as error:
            raise stored.refused(folder, KIND, error) from error
        return self

    def _arrays(self) -> dict[str, np.ndarray]:
        if self._network is None:
            raise RuntimeError("This embedding has no weights yet. Expected fit(...) or load(...) first.")
        return {f"w{i:03d}": weight for i, weight in enumerate(self._network.get_weights())}

    def _outputs(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(self._network.predict_on_batch(images.astype(np.float32)), np.float64)


def several(identities: np.ndarray) -> np.ndarray:
    """Returns bool `(n,)`: which images show an identity, 0 or more, that has at least two of them."""
    _, index, counts = np.unique(identities, return_inverse=True, return_counts=True)
    return np.asarray((counts[index] > 1) & (identities >= 0))


def _build(shape: tuple[int, ...], seed: int) -> Any:
    import keras
    from keras import layers

    seeds = iter(range(1000 * seed, 1000 * seed + 1000))
    inputs = keras.Input(tuple(shape))
    x = layers.Flatten()(networks.convolutions(inputs, seeds))
    x = layers.Dense(WIDTH, kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)))(x)
    return keras.Model(inputs, layers.UnitNormalization()(x), name="embedding")


def _training_step(network: Any, steps: int) -> Callable[[np.ndarray, np.ndarray], float]:
    import keras

    rate = keras.optimizers.schedules.CosineDecay(networks.RATE, steps)
    network.compile(optimizer=keras.optimizers.Adam(rate), loss=triplet_loss, run_eagerly=eagerly(steps))
    # Keras gives the mean of all batches so far; one that is not finite makes all later ones so.
    return lambda images, identities: float(network.train_on_batch(images, identities))


def _steps(shape: tuple[int, ...]) -> int:
    seen = min(PASSES * shape[0], networks.PIXELS // (shape[1] * shape[2]))
    return max(STEPS, seen // (PERSONS * EACH))


def _varied(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns images moved and with another contrast and brightness, float32 in [0, 255]."""
    moved = augment(images, rng, min(images.shape[1:3]) // 16, mirror=True)
    gain = rng.uniform(1 - GAIN, 1 + GAIN, (len(images), 1, 1, 1))
    offset = rng.uniform(-OFFSET, OFFSET, (len(images), 1, 1, 1))
    return np.clip(moved * gain + offset, 0, 255).astype(np.float32)


def _checked(images: np.ndarray, identities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images of identities with two or more, and their identities as int32 from 0 on."""
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3) or min(images.shape[1:3]) < 4:
        raise UserError(
            "The embedding learns from uint8 images (n, height, width, channels) of at least 4 pixels a side with 1 or "
            f"3 channels. Received: {images.dtype} {images.shape}."
        )
    if identities.shape != images.shape[:1]:
        raise UserError(f"Expected an identity for each of {len(images)} images. Received: shape {identities.shape}.")
    usable = several(identities)
    names, index = np.unique(identities[usable], return_inverse=True)
    if len(names) < FEWEST:
        raise UserError(
            f"The embedding learns from at least {FEWEST} identities with two images each. Received: {len(names)}."
        )
    return images[usable], index.astype(np.int32)
