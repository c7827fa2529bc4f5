"""The collapse alarm: signs that an adversarial training has stopped being a game. No Keras."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SATURATED = 0.01  # the discriminator's loss over an epoch, as a share of what guessing gives
DIVERSITY = 0.25  # of the generated images, as a share of the real ones'
EARLY, FEWEST = 0.25, 200  # share of the training, and steps, before which images that still look alike are no sign
TARGETS = ("bce", "non-saturating", "least-squares")  # losses that say what the discriminator should answer
# At logits 0 (least-squares: 0.5): ln 2; 2 ln 2; 1 + 1; (0.25 + 0.25) / 2; ln 2. Its loss when it guesses.
CHANCE = {"bce": 0.6931, "non-saturating": 1.3863, "hinge": 2.0, "least-squares": 0.25, "relativistic": 0.6931}


def diversity(images: np.ndarray) -> float:
    """Returns how far images differ from each other: the standard deviation of a pixel over images, its mean over
    pixels.

    Args:
        images: uint8 `(n, height, width, channels)`.
    """
    return float(images.astype(np.float32).std(axis=0).mean())


@dataclass
class Health:
    """Watches a training, epoch by epoch.

    Two signs, each reported when it first shows. `saturated-discriminator`: the mean loss of the discriminator over an
    epoch is below a hundredth of what guessing gives, so that it separates real from fake images without effort and
    tells the generator nothing. Smoothed or exchanged labels and a gradient penalty keep the loss above that, whatever
    the discriminator answers; with them its mean answers are judged, which lack less than a hundredth of the distance
    between the targets of real and of fake images; a relativistic loss has answers to pairs. (A hinge loss has no such
    targets: with a penalty, it can be too high to alarm.) `low-diversity`: the images of a fixed batch of latent
    vectors differ from each other less than a quarter as much as real images do, after they had differed twice as much,
    or after a quarter of the training and 200 steps.

    Attributes:
        rows: One for each epoch: `epoch`, `d_loss`, `diversity` (as a share of the reals').
        alarms: `{"alarm", "epoch", "value", "limit"}`.

    Args:
        real: Diversity of the real images.
        loss: Name of the adversarial loss; `wasserstein-gp` is not bounded, so it has no saturation.
        epochs: Of the whole training.
        smoothing, noise: Of the labels, see `generation.training.losses.targets`.
        penalty: Weight of the gradient penalties, which the loss of the discriminator holds.
    """

    real: float
    loss: str
    epochs: int
    smoothing: float = 0.0
    noise: float = 0.0
    penalty: float = 0.0
    rows: list[dict[str, float]] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)

    def check(self, epoch: int, images: np.ndarray, logs: Mapping[str, float], steps: int) -> list[str]:
        """Notes an epoch and returns the alarms that it raises, which earlier epochs had not.

        Args:
            epoch: From 1.
            images: Of the fixed latent vectors, uint8 `(n, height, width, channels)`.
            logs: Means over the epoch of the discriminator's loss, `d_loss`, and of the sigmoid of its logits of real
                and of fake images, `d_real` and `d_fake`.
            steps: Done so far.
        """
        share = diversity(images) / max(self.real, 1e-9)
        most = max((row["diversity"] for row in self.rows), default=0.0)
        self.rows.append({"epoch": epoch, "d_loss": logs["d_loss"], "diversity": share})
        raised = []
        value, limit = self._effort(logs)
        if value < limit:
            raised.append(("saturated-discriminator", value, limit))
        trained = epoch > EARLY * self.epochs and steps >= FEWEST
        if share < DIVERSITY and (most >= 2 * DIVERSITY or trained):
            raised.append(("low-diversity", share, DIVERSITY))
        known = {alarm["alarm"] for alarm in self.alarms}
        new = [sign for sign in raised if sign[0] not in known]
        for name, value, limit in new:
            self.alarms.append({"alarm": name, "epoch": epoch, "value": value, "limit": limit})
        return [name for name, *_ in new]

    def _effort(self, logs: Mapping[str, float]) -> tuple[float, float]:
        """Returns what the discriminator still lacks of separating all images, and the limit below which it is
        saturated."""
        if self.loss not in CHANCE:
            return 0.0, 0.0
        if self.loss == "hinge" or not (self.smoothing or self.noise or self.penalty):
            return logs["d_loss"], SATURATED * CHANCE[self.loss]
        high = 1.0 - self.smoothing
        real, fake = (1.0 - self.noise) * high, self.noise * high  # the best answers, since no image shows its exchange
        if self.loss == "least-squares":  # these targets are of logits
            real, fake = (1.0 / (1.0 + math.exp(-target)) for target in (real, fake))
        lacking = max(0.0, real - logs["d_real"]) + max(0.0, logs["d_fake"] - fake)
        return lacking / (real - fake), SATURATED
