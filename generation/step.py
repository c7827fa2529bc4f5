"""The adversarial step: one update of the discriminator and one of the generator on one batch of real images.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
from keras import ops

from generation.losses import discriminator_loss, generator_loss

LOGS = ("d_loss", "g_loss", "d_real", "d_fake")


def to_range(images: Any, output: str) -> Any:
    """Maps uint8 images to float32 in the generator's range: [-1, 1] for `"tanh"`, [0, 1] for `"sigmoid"`."""
    images = ops.cast(images, "float32")
    return images / 127.5 - 1.0 if output == "tanh" else images / 255.0


def adversarial_step(
    generator: keras.Model,
    discriminator: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
    *,
    updates: str,
    batches: str,
    output: str,
    latent_dim: int,
    batch_size: int,
    seed: int,
    backend: ModuleType,
) -> Callable[[Any, Any], Any]:
    """Returns `step(images, number)`, which trains both networks once.

    With `updates="alternating"` the discriminator learns first, and the generator learns from the updated
    one; the generator runs once and serves both, so both see the same fakes. With `"simultaneous"` one pass
    of the discriminator serves both updates, which is faster. With `batches="separate"` real and fake images
    pass the discriminator one after the other, each with their own batch statistics (Radford et al. 2016); with
    `"joint"` they pass it together and share them. Both networks are in training mode throughout.

    Args:
        generator, discriminator: Built networks, the discriminator returning logits.
        generator_optimizer, discriminator_optimizer: Built optimisers.
        updates: `"alternating"` or `"simultaneous"`.
        batches: `"separate"` or `"joint"`.
        output: The generator's last activation, which fixes the range of the images.
        latent_dim: Length of the latent vectors.
        batch_size: Real images, and fake images, per step.
        seed: Seed of the latent vectors; those of a step depend on it and on the step's number only.
        backend: From `generation.backend`.

    Returns:
        A function of uint8 images `(batch, height, width, channels)` and the step's number that returns
        float32 `(4,)`: both losses, and the mean probability "real" that the discriminator gave to real and
        to fake images before its update.
    """
    d_weights, g_weights = discriminator.trainable_variables, generator.trainable_variables
    vjp = backend.vjp

    def judge_separately(real: Any, fake: Any) -> tuple[Any, Any, Callable[..., list[Any]]]:
        on_real, from_real = vjp(lambda: discriminator(real, training=True), d_weights)
        on_fake, from_fake = vjp(lambda: discriminator(fake, training=True), [*d_weights, fake])

        def pull(real_cotangent: Any, fake_cotangent: Any, wrt: list[Any]) -> list[Any]:
            if wrt[0] is fake:
                return from_fake(fake_cotangent, wrt)
            parts = zip(from_real(real_cotangent, wrt), from_fake(fake_cotangent, wrt), strict=True)
            return [ops.add(of_real, of_fake) for of_real, of_fake in parts]

        return on_real, on_fake, pull

    def judge_jointly(real: Any, fake: Any) -> tuple[Any, Any, Callable[..., list[Any]]]:
        both, back = vjp(lambda: discriminator(ops.concatenate([real, fake]), training=True), [*d_weights, fake])

        def pull(real_cotangent: Any, fake_cotangent: Any, wrt: list[Any]) -> list[Any]:
            return back(ops.concatenate([real_cotangent, fake_cotangent]), wrt)

        return both[:batch_size], both[batch_size:], pull

    def judge_fake(real: Any, fake: Any) -> tuple[Any, Callable[[Any], list[Any]]]:
        if batches == "joint":
            on_real, on_fake, pull = judge_jointly(real, fake)
            return on_fake, lambda cotangent: pull(ops.zeros_like(on_real), cotangent, [fake])
        on_fake, back = vjp(lambda: discriminator(fake, training=True), [fake])
        return on_fake, lambda cotangent: back(cotangent, [fake])

    judge = judge_jointly if batches == "joint" else judge_separately

    def step(images: Any, number: Any) -> Any:
        real = to_range(images, output)
        latents = backend.normal((batch_size, latent_dim), seed, number)
        fake, to_generator = vjp(lambda: generator(latents, training=True), g_weights)
        fake = ops.stop_gradient(fake)

        on_real, on_fake, pull = judge(real, fake)
        d_loss, d_pull = vjp(lambda: discriminator_loss(on_real, on_fake), [on_real, on_fake])
        d_gradients = pull(*d_pull(ops.ones_like(d_loss), [on_real, on_fake]), d_weights)

        judged, to_fake = on_fake, lambda cotangent: pull(ops.zeros_like(on_real), cotangent, [fake])
        if updates == "alternating":
            discriminator_optimizer.apply(d_gradients, d_weights)
            judged, to_fake = judge_fake(real, fake)
        g_loss, g_pull = vjp(lambda: generator_loss(judged), [judged])
        (judged_pull,) = g_pull(ops.ones_like(g_loss), [judged])
        (image_pull,) = to_fake(judged_pull)
        g_gradients = to_generator(image_pull, g_weights)

        if updates == "simultaneous":
            discriminator_optimizer.apply(d_gradients, d_weights)
        generator_optimizer.apply(g_gradients, g_weights)
        return ops.stack([d_loss, g_loss, ops.mean(ops.sigmoid(on_real)), ops.mean(ops.sigmoid(on_fake))])

    return step
