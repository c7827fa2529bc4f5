"""The one training loop of all network detectors."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt

from data.errors import UserError
from detection.base import BaseDetector, Pair, Progress, in_blocks
from detection.selection import auc_of, log_loss


class KerasDetector(BaseDetector):
    """Trains a Keras network on balanced, lightly augmented batches, and keeps the epoch that validates best.

    A subclass writes `build(shape, seed)`, which returns a network from float32 images in [0, 255] to one
    logit.

    Each batch holds as many fakes as reals; the smaller class repeats. Images are mirrored at random and
    shifted by up to `shift` pixels, the border repeated: both keep the pixels that detectors live on as they
    are. After each epoch the validation images are scored; training ends when their AUC has not risen for
    `patience` epochs, and the weights with the highest AUC come back, the lowest log-loss deciding between
    equals. Every random draw comes from `random_state`, so that a second training gives the same weights on
    the same machine.

    `history` is a frame with one row per epoch: epoch, loss (on augmented training batches), val_auc,
    val_loss.

    Args:
        epochs: Most passes over the larger class. Defaults to `30`.
        patience: Epochs without a higher validation AUC before training ends. Defaults to `5`.
        batch_size: Images per batch, half of them fake. Defaults to `64`.
        learning_rate: Of Adam. Defaults to `0.001`.
        shift: Pixels that augmentation moves an image at most, in each direction. `None` is a sixteenth of
            the shorter side. Defaults to `None`.
        mirror: Whether augmentation mirrors left and right. Defaults to `True`.
        random_state: The seed of weights, batches and augmentation. Defaults to `None`.
    """

    def __init__(
        self,
        *,
        random_state: int | None = None,
        epochs: Annotated[int, Ge(1)] = 30,
        patience: Annotated[int, Ge(1)] = 5,
        batch_size: Annotated[int, Ge(2)] = 64,
        learning_rate: Annotated[float, Gt(0)] = 0.001,
        shift: Annotated[int, Ge(0)] | None = None,
        mirror: bool = True,
    ) -> None:
        super().__init__(random_state=random_state)
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.shift = shift
        self.mirror = mirror

    def explain(self, images: np.ndarray) -> np.ndarray:
        """Returns signed Grad-CAM maps, float64 `(n, height, width)`: positive where the evidence is for "fake".

        Negative values speak for "real". The unit is the logit's; an image's map does not depend on what it is
        explained together with.

        Args:
            images: uint8 `(n, height, width, channels)` of the trained size.

        Raises:
            UserError: If the detector is not trained, or the images or the network do not fit.
        """
        from detection.gradcam import GradCAM

        images = self._checked_as_trained(images, "explained")
        heat = in_blocks(GradCAM(self._network, signed=True), images)
        return heat.reshape(images.shape[:3])  # also of no images

    def build(self, shape: tuple[int, int, int], seed: int) -> Any:
        """Returns an uncompiled Keras network for images of one shape, its weights drawn from the seed."""
        raise NotImplementedError

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        import pandas as pd

        self._network = self._compiled(images.shape[1:])
        rng = np.random.default_rng([self._seed, 1])
        best, best_weights, waited, rows = (-1.0, 0.0), self._network.get_weights(), 0, []
        for epoch in range(1, self.epochs + 1):
            loss = self._train_epoch(images, is_fake, rng)
            scores = in_blocks(self._score, validation[0])
            if not np.isfinite(scores).all():
                raise ValueError(f"{type(self).__name__} diverged in epoch {epoch}: a score is not finite.")
            auc, val_loss = auc_of(scores, validation[1]), log_loss(scores, validation[1])
            rows.append({"epoch": epoch, "loss": loss, "val_auc": auc, "val_loss": val_loss})
            waited = 0 if auc > best[0] else waited + 1
            if (auc, -val_loss) > best:
                best, best_weights = (auc, -val_loss), self._network.get_weights()
            if progress is not None:
                progress(epoch, self.epochs, f"epoch {epoch}/{self.epochs}, loss {loss:.3f}, val_auc {auc:.3f}")
            if waited >= self.patience:
                break
        self._network.set_weights(best_weights)
        self.history = pd.DataFrame(rows)

    def _compiled(self, shape: tuple[int, ...]) -> Any:
        import keras

        network = self.build((shape[0], shape[1], shape[2]), self._seed)
        network.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate),
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
        )
        return network

    def _train_epoch(self, images: np.ndarray, is_fake: np.ndarray, rng: np.random.Generator) -> float:
        losses = []
        shift = min(images.shape[1:3]) // 16 if self.shift is None else self.shift
        for chosen in balanced_batches(is_fake, self.batch_size, rng):
            batch = augment(images[chosen], rng, shift, self.mirror)
            target = is_fake[chosen].astype(np.float32)[:, None]
            losses.append(self._network.train_on_batch(batch.astype(np.float32), target))
        return float(np.mean([float(loss) for loss in losses]))

    def _score(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(self._network.predict_on_batch(images.astype(np.float32)), dtype=np.float64)[:, 0]

    def _state(self) -> dict[str, np.ndarray]:
        return {f"{i:03d}": weight for i, weight in enumerate(self._network.get_weights())}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        if self._shape is None:
            raise UserError("The saved network has no image shape.")
        self._network = self._compiled(self._shape)
        self._network.set_weights([state[name] for name in sorted(state)])


def balanced_batches(is_fake: np.ndarray, batch_size: int, rng: np.random.Generator) -> np.ndarray:
    """Draws one epoch of batches of positions, int64 `(batches, batch_size)`.

    The first half of each row is real, the rest fake.

    Every image of the larger class comes once, up to the rounding to whole batches; the smaller one repeats
    in permuted rounds.
    """
    half = batch_size // 2
    reals, fakes = np.flatnonzero(~is_fake), np.flatnonzero(is_fake)
    batches = max(1, round(max(len(reals), len(fakes)) / half))
    sides = []
    for members in (reals, fakes):
        rounds = -(-batches * half // len(members))
        order = np.concatenate([rng.permutation(members) for _ in range(rounds)])
        sides.append(order[: batches * half].reshape(batches, half))
    return np.concatenate(sides, axis=1)


def augment(images: np.ndarray, rng: np.random.Generator, shift: int, mirror: bool) -> np.ndarray:
    """Returns images `(n, h, w, c)`, each mirrored with probability 1/2 and shifted by up to `shift` pixels.

    What moves in is the border line, repeated. The input is not changed.
    """
    n, height, width, _ = images.shape
    flips = (rng.random((n, 1)) < 0.5) & mirror
    down = rng.integers(-shift, shift + 1, (n, 1))
    right = rng.integers(-shift, shift + 1, (n, 1))
    rows = np.clip(np.arange(height) + down, 0, height - 1)
    columns = np.clip(np.arange(width) + right, 0, width - 1)
    columns = np.where(flips, width - 1 - columns, columns)
    return images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
