"""Adversarial losses on logits. Imports Keras: import this inside functions only.

Every loss takes the logits of real and of fake images, `(batch, 1)`, and where it has them the targets of each, in
[0, 1] where 1 means real.
"""

from __future__ import annotations

from typing import Any

from keras import ops


def discriminator_loss(name: str, real: Any, fake: Any, real_target: Any = 1.0, fake_target: Any = 0.0) -> Any:
    """Returns the discriminator's loss, a scalar.

    | name | loss | source |
    |---|---|---|
    | `"bce"` | mean binary cross-entropy over real and fake images: ln 2 for guessing | Goodfellow et al. 2014, eq. 1 |
    | `"non-saturating"` | the sum of the two means, as StyleGAN has it: 2 ln 2 | the same |
    | `"hinge"` | mean max(0, 1 - real) + mean max(0, 1 + fake) | Lim, Ye 2017, section 3 |
    | `"least-squares"` | half the mean squared distances to the targets, added | Mao et al. 2017, eq. 2 and 9 |
    | `"wasserstein-gp"` | mean fake - mean real; the penalty comes on top | Gulrajani et al. 2017, eq. 3 |
    | `"relativistic"` | mean softplus(fake - real) of pairs of a real and a fake | Huang et al. 2024, section 2 |

    Args:
        name: The loss.
        real: Logits of real images, `(batch, 1)`.
        fake: Logits of fake images, `(batch, 1)`.
        real_target, fake_target: What the discriminator should say, where the loss has targets; `(batch, 1)` or a
            number.
    """
    if name == "bce":
        return (_cross_entropy(real, real_target) + _cross_entropy(fake, fake_target)) / 2
    if name == "non-saturating":
        return _cross_entropy(real, real_target) + _cross_entropy(fake, fake_target)
    if name == "hinge":
        return ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake))
    if name == "least-squares":
        return (ops.mean(ops.square(real - real_target)) + ops.mean(ops.square(fake - fake_target))) / 2
    if name == "relativistic":
        return ops.mean(ops.softplus(fake - real))
    return ops.mean(fake) - ops.mean(real)


def generator_loss(name: str, fake: Any, real: Any = None) -> Any:
    """Returns the generator's loss, a scalar: the fake images should be called real.

    `"bce"` and `"non-saturating"` share the generator's loss, `-log D(G(z))` (Goodfellow et al. 2014, section 3), which
    does not saturate; `"least-squares"` is half the mean squared distance to 1; `"relativistic"` is the discriminator's
    with real and fake exchanged; the others are the negative mean logit.

    Args:
        name: The loss.
        fake: Logits of fake images, `(batch, 1)`.
        real: Logits of the real images that they are paired with, which `"relativistic"` alone needs. Defaults to
            `None`.
    """
    if name in ("bce", "non-saturating"):
        return _cross_entropy(fake, 1.0)
    if name == "least-squares":
        return ops.mean(ops.square(fake - 1.0)) / 2
    if name == "relativistic":
        return ops.mean(ops.softplus(real - fake))
    return -ops.mean(fake)


def targets(real_draw: Any, fake_draw: Any, smoothing: float, noise: float) -> tuple[Any, Any]:
    """Returns the targets of real and of fake images after smoothing and noise.

    Smoothing is one-sided: real images aim at `1 - smoothing`, fakes stay at 0 (Salimans et al. 2016, section 3.4).
    Noise exchanges the two labels of an image with the given probability (Chintala et al. 2016, "How to train a GAN",
    tip 6).

    Args:
        real_draw, fake_draw: Uniform numbers in [0, 1), one for each image; an image is exchanged below `noise`.
        smoothing: In [0, 1).
        noise: Probability in [0, 0.5).
    """
    high, low = 1.0 - smoothing, 0.0
    return ops.where(real_draw < noise, low, high), ops.where(fake_draw < noise, high, low)


def gradient_penalty(gradients: Any) -> Any:
    """Returns the mean of `(|gradient| - 1)^2` over images.

    Args:
        gradients: Of the logits by the images, `(batch, height, width, channels)`.

    References:
        Gulrajani et al. (2017), Improved training of Wasserstein GANs, equation 3.
    """
    # the root has no gradient at 0
    return ops.mean(ops.square(ops.sqrt(_squares(gradients) + 1e-12) - 1.0))


def zero_centred_penalty(gradients: Any) -> Any:
    """Returns half the mean of `|gradient|^2` over images: R1 of real images, R2 of fake ones.

    Args:
        gradients: Of the logits by the images, `(batch, height, width, channels)`.

    References:
        Mescheder, Geiger, Nowozin (2018), Which training methods for GANs do actually converge?, equations 9 and 10;
        Huang et al. (2024), The GAN is dead; long live the GAN! A modern baseline GAN, section 2.
    """
    return ops.mean(_squares(gradients)) / 2


def _squares(gradients: Any) -> Any:
    return ops.sum(ops.square(ops.cast(gradients, "float32")), axis=(1, 2, 3))


def _cross_entropy(logits: Any, target: Any) -> Any:
    if isinstance(target, float) and target in (0.0, 1.0):  # exact where the logit is large
        return ops.mean(ops.softplus(-logits if target else logits))
    return ops.mean(target * ops.softplus(-logits) + (1.0 - target) * ops.softplus(logits))
