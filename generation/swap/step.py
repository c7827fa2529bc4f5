"""One step of a swap autoencoder: warped faces of both sides in, straight ones out, and a discriminator beside it.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import ops

from generation.swap.settings import Settings
from generation.swap.similarity import ssim
from generation.swap.warp import draw_view
from generation.training.losses import discriminator_loss, generator_loss

LOGS = ("loss_a", "loss_b", "ssim_a", "ssim_b", "mse_a", "mse_b", "g_loss", "d_loss", "d_real", "d_fake")
ADVERSARIAL = ("d_loss", "d_real", "d_fake")  # of the logs, zeros while there is no discriminator
LOSS = "non-saturating"


def reconstruct(encoder: keras.Model, decoders: tuple[keras.Model, keras.Model], inputs: Any) -> Any:
    """Returns each side's faces as its own decoder draws them, float32 like `inputs`: the first half is side A."""
    half = inputs.shape[0] // 2
    code = encoder(inputs, training=True)
    return ops.concatenate([decoders[0](code[:half], training=True), decoders[1](code[half:], training=True)])


def distances(outputs: Any, targets: Any) -> Any:
    """Returns `(dssim_a, mse_a, dssim_b, mse_b)`, float32 `(4,)`: means over each half; DSSIM is (1 - SSIM) / 2."""
    half = outputs.shape[0] // 2
    unlike = (1.0 - ssim(outputs, targets)) / 2.0
    squares = ops.mean(ops.square(outputs - targets), axis=(1, 2, 3))
    return ops.stack([ops.mean(v[rows]) for rows in (slice(half), slice(half, None)) for v in (unlike, squares)])


def swap_step(
    encoder: keras.Model,
    decoders: tuple[keras.Model, keras.Model],
    discriminator: keras.Model | None,
    optimizers: dict[str, keras.optimizers.Optimizer],
    *,
    settings: Settings,
    seed: int,
    backend: ModuleType,
) -> Callable[[Any, Any, Any], Any]:
    """Returns `step(images, conditions, number)`, which trains the networks that have an optimiser, once.

    A side's loss is its mean squared error plus `ssim_weight` times (1 - SSIM) / 2, both between what its decoder makes
    of the warped face and the face without the warp (the twist of the public face-swap programs of 2018 on the
    denoising autoencoder of Vincent et al. 2008, section 2.3). The autoencoder's is the sum of both sides' and
    `adversarial` times its adversarial loss. A discriminator learns first, to tell the straight faces from what the
    decoders make of the warped ones, and the autoencoder then learns from the updated one.

    Args:
        encoder, decoders: Built networks; the decoders of side A and of side B.
        discriminator: Built, returning logits; `None` to go without.
        optimizers: Built, by the names `"autoencoder"` and `"discriminator"`; what has none keeps its weights.
        settings: The settings.
        seed: The random numbers of a step depend on it and on the step's number only.
        backend: From `generation.training.backend`.

    Returns:
        A function of uint8 images `(batch, height, width, channels)`, whose first half is of side A, of conditions that
        are not used, and of the step's number, from 1. It returns float32 `(10,)`, named by `LOGS`; `d_real` and
        `d_fake` are means of the sigmoid of the logits before the discriminator's update.
    """
    vjp = backend.vjp
    networks = (encoder, *decoders)
    weights = [weight for network in networks for weight in network.trainable_variables]
    weighing = np.array([settings.ssim_weight, 1.0, settings.ssim_weight, 1.0], np.float32)

    def views(images: Any, number: Any) -> tuple[Any, Any]:
        real = ops.cast(images, "float32") / 255.0
        uniform, normal = (
            lambda shape, draw=draw, stream=stream: draw(shape, seed + (stream << 33), number)
            for stream, draw in enumerate((backend.uniform, backend.normal))
        )
        strength = settings.warp, settings.transform
        view = draw_view(real.shape[0], real.shape[1:3], uniform, normal, *strength, mirror=settings.mirror)
        return view.inputs(real), view.targets(real)

    def judged(real: Any, fake: Any) -> tuple[Any, Any, Any]:
        """Trains the discriminator, if it is to be, and returns its loss and what it said before."""
        assert discriminator is not None  # noqa: S101  for the type checker

        def loss() -> Any:
            on_real, on_fake = (discriminator(x, training=True) for x in (real, fake))
            said = ops.mean(ops.sigmoid(on_real)), ops.mean(ops.sigmoid(on_fake))
            return ops.stack([discriminator_loss(LOSS, on_real, on_fake), *said])

        (logs, pull) = vjp(loss, discriminator.trainable_variables)
        if "discriminator" in optimizers:
            gradients = pull(np.array([1, 0, 0], np.float32), "weights")
            optimizers["discriminator"].apply(gradients, discriminator.trainable_variables)
        return logs[0], logs[1], logs[2]

    def deceiving(fake: Any) -> tuple[Any, Any]:
        """Returns the autoencoder's adversarial loss and its gradient by the images."""
        assert discriminator is not None  # noqa: S101  for the type checker
        loss, pull = vjp(lambda x: generator_loss(LOSS, discriminator(x, training=True)), [], [fake])
        return loss, pull(ops.ones_like(loss), "inputs")[0]

    def step(images: Any, conditions: Any, number: Any) -> Any:
        del conditions
        inputs, targets = views(images, number)
        made, to_weights = vjp(lambda: reconstruct(encoder, decoders, inputs), weights)
        fake = ops.stop_gradient(made)
        apart, to_fake = vjp(lambda x: distances(x, targets), [], [fake])
        side_a, side_b = (ops.sum(apart[at] * weighing[at]) for at in (slice(2), slice(2, None)))
        g_loss, zero = side_a + side_b, ops.zeros_like(side_a)
        # Gradients by the images are added up first, so that one way back through the networks serves all losses.
        (cotangent,) = to_fake(ops.convert_to_tensor(weighing), "inputs")
        d_loss, d_real, d_fake = zero, zero, zero
        if discriminator is not None:
            d_loss, d_real, d_fake = judged(targets, fake)
            adversarial, gradient = deceiving(fake)
            g_loss = g_loss + settings.adversarial * adversarial
            cotangent = cotangent + settings.adversarial * gradient
        if "autoencoder" in optimizers:
            optimizers["autoencoder"].apply(to_weights(cotangent, "weights"), weights)
        alike = 1.0 - 2.0 * apart[0], 1.0 - 2.0 * apart[2]
        return ops.stack([side_a, side_b, *alike, apart[1], apart[3], g_loss, d_loss, d_real, d_fake])

    return step
