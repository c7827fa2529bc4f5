"""Adversarial losses on logits. Imports Keras: import this inside functions only."""

from __future__ import annotations

from typing import Any

from keras import ops


def discriminator_loss(real: Any, fake: Any) -> Any:
    """Binary cross-entropy of the discriminator, the mean over real and fake images: ln 2 when it cannot
    tell.

    Args:
        real: Logits of real images, `(batch, 1)`.
        fake: Logits of fake images, `(batch, 1)`.

    References:
        Goodfellow et al. (2014), Generative adversarial nets, equation 1.
    """
    return (ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))) / 2


def generator_loss(fake: Any) -> Any:
    """Non-saturating binary cross-entropy of the generator: the fake images should be called real.

    Args:
        fake: Logits of fake images, `(batch, 1)`.

    References:
        Goodfellow et al. (2014), Generative adversarial nets, section 3.
    """
    return ops.mean(ops.softplus(-fake))
