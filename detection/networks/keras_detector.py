"""The one training loop of all network detectors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from annotated_types import Ge, Gt, Le

from data.errors import UserError
from detection.base import BaseDetector, Pair, Progress, in_blocks
from detection.networks import saved_network
from detection.networks.batches import augment, balanced_batches, blurred, class_weights, compressed, plain_batches
from detection.networks.few_steps import eagerly
from detection.selection import auc_of, log_loss

NETWORK = "network.keras"
WANG_SIDE, WANG_SIGMA = 256, 3.0  # pixels: the images of Wang et al. 2020, and their largest blur


class KerasDetector(BaseDetector):
    """Trains a Keras network on lightly augmented batches, and keeps the epoch that validates best.

    A subclass writes `build(shape, seed)`, which returns a network from float32 images in [0, 255] to one
    logit. One with options of its own takes them and `**options`, which it passes on; one with layers of its own writes
    `_import_layers`.

    Images are mirrored at random and shifted by up to `shift` pixels, the border repeated: both keep the pixels that
    detectors live on as they are. Blur and JPEG compression, in this order and before the shift, do not, and are off by
    default. After each epoch the validation images are scored, as they are; training ends when their AUC has not risen
    for `patience` epochs, and the weights with the highest AUC come back, the lowest log-loss deciding between
    equals. Every random draw comes from `random_state`, so that a second training gives the same weights on
    the same machine.

    `history` is a frame with one row per epoch: epoch, loss (on augmented training batches), val_auc,
    val_loss. `save` writes the network as `network.keras`, which Keras reads on every backend.

    Args:
        epochs: Most passes over the larger class, or over all images if batches are not balanced. Defaults to `30`.
        patience: Epochs without a higher validation AUC before training ends. Defaults to `5`.
        batch_size: Images per batch, an odd number rounded down where half of it is fake. Defaults to `64`.
        learning_rate: Of Adam. Defaults to `0.001`.
        balance: `"batches"`: half of each batch is fake, and the smaller class repeats. `"weights"`: batches as they
            come, each class weighted by the inverse of its frequency. `"none"`: batches as they come; scores then lean
            towards the larger class. Defaults to `"batches"`.
        precision: `"float32"` or `"mixed_bfloat16"`, which is for accelerators: weights and the last layer, with the
            logit, stay float32. Defaults to `"float32"`.
        shift: Pixels that augmentation moves an image at most, in each direction. `None` is a sixteenth of
            the shorter side. Defaults to `None`.
        mirror: Whether augmentation mirrors left and right. Defaults to `True`.
        blur: Probability that a training image is blurred. Defaults to `0`.
        blur_sigma: Largest standard deviation of that blur in pixels, at most 100; it is uniform from 0 on. `None` is
            `3 sqrt(side / 256)` for the shorter side: the 3 of Wang et al. at their 256 pixels, and 1.1 at 32, where 3
            would leave nothing, and the 0.4 of a linear scale would hardly blur. Defaults to `None`.
        jpeg: Probability that a training image is compressed as JPEG, with Pillow's 4:2:0. Defaults to `0`.
        jpeg_quality: Least and greatest quality of that, each whole number equally likely. Defaults to `(30, 100)`.
        random_state: The seed of weights, batches and augmentation. Defaults to `None`.

    References:
        Wang, Wang, Zhang, Owens, Efros (2020), CNN-generated images are surprisingly easy to spot... for now, section
        4.1, for blur and JPEG.
    """

    def __init__(
        self,
        *,
        random_state: int | None = None,
        epochs: Annotated[int, Ge(1)] = 30,
        patience: Annotated[int, Ge(1)] = 5,
        batch_size: Annotated[int, Ge(2)] = 64,
        learning_rate: Annotated[float, Gt(0)] = 0.001,
        balance: Literal["batches", "weights", "none"] = "batches",
        precision: Literal["float32", "mixed_bfloat16"] = "float32",
        shift: Annotated[int, Ge(0)] | None = None,
        mirror: bool = True,
        blur: Annotated[float, Ge(0), Le(1)] = 0.0,
        blur_sigma: Annotated[float, Gt(0), Le(100)] | None = None,
        jpeg: Annotated[float, Ge(0), Le(1)] = 0.0,
        jpeg_quality: Sequence[Annotated[int, Ge(1), Le(100)]] = (30, 100),
    ) -> None:
        super().__init__(random_state=random_state)
        if len(jpeg_quality) != 2 or jpeg_quality[0] > jpeg_quality[1]:
            raise UserError(
                f"jpeg_quality must be the least and the greatest quality, such as [30, 100]. Received: {jpeg_quality}."
            )
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.balance = balance
        self.precision = precision
        self.shift = shift
        self.mirror = mirror
        self.blur = blur
        self.blur_sigma = blur_sigma
        self.jpeg = jpeg
        self.jpeg_quality = list(jpeg_quality)
        self._network: Any = None

    def explain(self, images: np.ndarray) -> np.ndarray:
        """Returns signed Grad-CAM maps, float64 `(n, height, width)`: positive where the evidence is for "fake".

        Negative values speak for "real". The unit is the logit's; an image's map does not depend on what it is
        explained together with.

        Args:
            images: uint8 `(n, height, width, channels)` of the trained size.

        Raises:
            UserError: If the detector is not trained, or the images do not fit.
            NoFeatureMap: If the network has no feature map before a global mean.
        """
        from detection.networks.gradcam import GradCAM

        images = self._checked_as_trained(images, "explained")
        heat = in_blocks(GradCAM(self._network, signed=True), images)
        return heat.reshape(images.shape[:3])  # also of no images

    def build(self, shape: tuple[int, int, int], seed: int) -> Any:
        """Returns an uncompiled Keras network for images of one shape, its weights drawn from the seed."""
        raise NotImplementedError

    @property
    def parameters(self) -> int | None:
        """How many numbers the network has learned or tracked; `None` before `fit` or `load`."""
        return None if self._network is None else int(self._network.count_params())

    def save(self, folder: Path) -> None:
        """Writes `detector.json`, `detector.npz` and `network.keras`; equal detectors give equal bytes."""
        super().save(folder)
        saved_network.save(self._network, Path(folder) / NETWORK)

    def load(self, folder: Path) -> Self:
        """Reads what `save` wrote, on an instance that was made with the same options; on any Keras backend."""
        super().load(folder)
        self._import_layers()
        network = saved_network.load(Path(folder) / NETWORK)
        if network.input_shape != (None, *(self._shape or ())) or network.output_shape != (None, 1):
            raise UserError(
                f"The network in {folder} must take images {self._shape} and give one logit. "
                f"Received: {network.input_shape} to {network.output_shape}."
            )
        self._network = network
        return self

    # What a subclass may change

    def _import_layers(self) -> None:
        """Imports the module that registers layers of its own, so that a saved network can be read."""

    def _learned(self, network: Any) -> Any:
        """Returns the logits `(n, k)` that are trained, each by the label of its image; one of an image by default."""
        return network.output

    def _augment(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns what a batch of training images, uint8 `(n, h, w, c)`, looks like this time."""
        side = min(images.shape[1:3])
        sigma = WANG_SIGMA * (side / WANG_SIDE) ** 0.5 if self.blur_sigma is None else self.blur_sigma
        # The order of Wang et al.: blur, JPEG, and last their crop, which is a shift here.
        images = blurred(images, rng, self.blur, sigma)
        images = compressed(images, rng, self.jpeg, self.jpeg_quality)
        return augment(images, rng, side // 16 if self.shift is None else self.shift, self.mirror)

    # The loop

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        import pandas as pd

        self._network = self._built(images.shape[1:])
        steps = self.epochs * len(self._batches(is_fake, np.random.default_rng(0)))
        self._trainer = _compiled(self._network, self._learned(self._network), self.learning_rate, eagerly(steps))
        rng = np.random.default_rng([self._seed, 1])
        best, best_weights, waited, rows = (-1.0, 0.0), self._network.get_weights(), 0, []
        for epoch in range(1, self.epochs + 1):
            loss = self._train_epoch(images, is_fake, rng)
            scores = in_blocks(self._score, validation[0])
            if not np.isfinite(scores).all():
                raise ValueError(
                    f"{type(self).__name__} diverged in epoch {epoch}: a score is not finite. "
                    f"Expected a learning_rate that it can learn with. Received: {self.learning_rate}."
                )
            auc, val_loss = auc_of(scores, validation[1]), log_loss(scores, validation[1])
            rows.append({"epoch": epoch, "loss": loss, "val_auc": auc, "val_loss": val_loss})
            waited = 0 if auc > best[0] else waited + 1
            if (auc, -val_loss) > best:
                best, best_weights = (auc, -val_loss), self._network.get_weights()
            if progress is not None:
                progress(epoch, self.epochs, f"epoch {epoch}/{self.epochs}, loss {loss:.3f}, val_auc {auc:.3f}")
            if waited >= self.patience:
                break
        del self._trainer  # the optimiser's state
        self._network.set_weights(best_weights)
        self.history = pd.DataFrame(rows)

    def _built(self, shape: tuple[int, ...]) -> Any:
        import keras

        with _dtype_policy(self.precision):
            network = self.build((shape[0], shape[1], shape[2]), self._seed)
        if network.outputs[0].dtype == "float32":
            return network
        last = network.layers[-1]
        last.dtype_policy = "float32"
        return keras.Model(network.input, last(last.input), name=network.name)

    def _train_epoch(self, images: np.ndarray, is_fake: np.ndarray, rng: np.random.Generator) -> float:
        batches = self._batches(is_fake, rng)
        weights = class_weights(is_fake) if self.balance == "weights" else None
        # else `train_on_batch` would give the mean over all epochs
        self._trainer.reset_metrics()
        loss = 0.0
        for chosen in batches:
            batch = self._augment(images[chosen], rng).astype(np.float32)
            target = is_fake[chosen].astype(np.float32)[:, None]
            weight = None if weights is None else weights[chosen]
            loss = self._trainer.train_on_batch(batch, target, sample_weight=weight)  # the mean since the reset
        return float(loss)

    def _batches(self, is_fake: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if self.balance == "batches":
            return balanced_batches(is_fake, self.batch_size, rng)
        return plain_batches(len(is_fake), self.batch_size, rng)

    def _score(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(self._network.predict_on_batch(images.astype(np.float32)), dtype=np.float64)[:, 0]

    def _state(self) -> dict[str, np.ndarray]:
        return {}  # all of it is in the network's own file

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        pass


def _compiled(network: Any, logits: Any, learning_rate: float, eager: bool) -> Any:
    """Returns a model that trains the network's layers; the network itself stays without an optimiser."""
    import keras

    trainer = keras.Model(network.input, logits)
    trainer.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=_cross_entropy, run_eagerly=eager)
    return trainer


def _cross_entropy(labels: Any, logits: Any) -> Any:
    """Returns each image's mean cross-entropy in nats, `(n,)`, of its logits `(n, k)` against its label `(n, 1)`."""
    from keras import ops

    every = ops.broadcast_to(labels, ops.shape(logits))
    return ops.mean(ops.binary_crossentropy(every, logits, from_logits=True), axis=-1)


@contextlib.contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
