"""The collapse alarm: signs that an adversarial training has stopped being a game. No Keras."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

SATURATED = 0.01  # the discriminator's loss over an epoch, as a share of what guessing gives
DIVERSITY = 0.25  # of the generated images, as a share of the real ones'
EARLY, FEWEST = 0.25, 200  # share of the training, and steps, before which images that still look alike are no sign
CHANCE = {"bce": 0.6931, "non-saturating": 1.3863, "hinge": 2.0, "least-squares": 0.25}  # its loss when it guesses


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
    tells the generator nothing. `low-diversity`: the images of a fixed batch of latent vectors differ from each other
    less than a quarter as much as real images do, after they had differed twice as much, or after a quarter of the
    training and 200 steps.

    Attributes:
        rows: One for each epoch: `epoch`, `d_loss`, `diversity` (as a share of the reals').
        alarms: `{"alarm", "epoch", "value", "limit"}`.

    Args:
        real: Diversity of the real images.
        loss: Name of the adversarial loss; `wasserstein-gp` is not bounded, so it has no saturation.
        epochs: Of the whole training.
    """

    real: float
    loss: str
    epochs: int
    rows: list[dict[str, float]] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)

    def check(self, epoch: int, images: np.ndarray, d_loss: float, steps: int) -> list[str]:
        """Notes an epoch and returns the alarms that it raises, which earlier epochs had not.

        Args:
            epoch: From 1.
            images: Of the fixed latent vectors, uint8 `(n, height, width, channels)`.
            d_loss: Mean loss of the discriminator over the epoch.
            steps: Done so far.
        """
        share = diversity(images) / max(self.real, 1e-9)
        most = max((row["diversity"] for row in self.rows), default=0.0)
        self.rows.append({"epoch": epoch, "d_loss": d_loss, "diversity": share})
        raised = []
        if self.loss in CHANCE and d_loss < SATURATED * CHANCE[self.loss]:
            raised.append(("saturated-discriminator", d_loss, SATURATED * CHANCE[self.loss]))
        trained = epoch > EARLY * self.epochs and steps >= FEWEST
        if share < DIVERSITY and (most >= 2 * DIVERSITY or trained):
            raised.append(("low-diversity", share, DIVERSITY))
        known = {alarm["alarm"] for alarm in self.alarms}
        new = [sign for sign in raised if sign[0] not in known]
        for name, value, limit in new:
            self.alarms.append({"alarm": name, "epoch": epoch, "value": value, "limit": limit})
        return [name for name, *_ in new]
