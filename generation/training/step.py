"""The adversarial step: the updates of the discriminator and of the generator on one batch of real images.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
from keras import ops

from generation.training import augment
from generation.training.game import Game
from generation.training.losses import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    targets,
    zero_centred_penalty,
)

LOGS = ("d_loss", "g_loss", "d_real", "d_fake")
SPAN = {"tanh": 2.0, "sigmoid": 1.0}  # from black to white

# Every random number of a step follows from the training's seed, one of these streams, and the step's number.
LATENTS, REAL, FAKE, GENERATOR, REAL_LABELS, FAKE_LABELS, MIX, CLASSICAL = range(8)
STREAMS = 64  # for one update; each update of a step has its own


def to_range(images: Any, output: str) -> Any:
    """Maps uint8 images to float32 in the generator's range: [-1, 1] for `"tanh"`, [0, 1] for `"sigmoid"`."""
    images = ops.cast(images, "float32")
    return images / 127.5 - 1.0 if output == "tanh" else images / 255.0


def call(network: keras.Model, inputs: Any, conditions: Any, training: bool) -> Any:
    """Calls a network, with the conditions if it is a conditional one."""
    return network([inputs, conditions] if conditions.shape[1] else inputs, training=training)


class Randomness:
    """The random numbers of one update.

    Args:
        backend: From `generation.training.backend`.
        seed: The training's.
        update: Counts the updates within a step.
        number: The step's number.
    """

    def __init__(self, backend: ModuleType, seed: int, update: int, number: Any) -> None:
        # shifted above the 32 bits of a seed: no stream of one seed is a stream of another
        self._backend, self._seed, self._number = backend, seed + ((update * STREAMS) << 33), number

    def uniform(self, shape: tuple[int, ...], stream: int, use: int = 0) -> Any:
        return self._backend.uniform(shape, self._seed + ((stream + 8 * use) << 33), self._number)

    def normal(self, shape: tuple[int, ...], stream: int, use: int = 0) -> Any:
        return self._backend.normal(shape, self._seed + ((stream + 8 * use) << 33), self._number)

    def draws(self, stream: int) -> augment.Draw:
        """Returns a source of uniform numbers for one augmentation after the other."""
        # use 0 is the noise's
        uses = iter(range(1, 8))
        return lambda shape: self.uniform(shape, stream, next(uses))


def latents(study: Game, n: int, random: Randomness) -> Any:
    """Returns latent vectors `(n, latent_dim)`, standard normal or uniform in [-1, 1)."""
    shape = (n, study.latent_dim)
    if study.latent == "normal":
        return random.normal(shape, LATENTS)
    return 2 * random.uniform(shape, LATENTS) - 1


class Discrimination:
    """What the discriminator sees of images: augmented, with noise, in separate or joint batches.

    Args:
        discriminator: The network.
        study: The settings.
        backend: From `generation.training.backend`.
        random: The random numbers of this update.
        noise: Standard deviation of the noise that is added, a scalar tensor; `None` for no noise.
        conditions: float32 `(batch, k)`, of real and of fake images alike; `k` is 0 without.
    """

    def __init__(
        self, discriminator: keras.Model, study: Game, backend: ModuleType, random: Randomness, noise: Any,
        conditions: Any,
    ) -> None:  # fmt: skip
        self.network, self.study, self.random, self.noise = discriminator, study, random, noise
        self.conditions, self._backend = conditions, backend
        self.weights = discriminator.trainable_variables

    def seen(self, images: Any, stream: int) -> Any:
        """Returns the images as the discriminator gets them."""
        draw = self.random.draws(stream)
        images = augment.diffaugment(images, self.study.diffaugment, draw, SPAN[self.study.output])
        if self.noise is None:
            return images
        return images + self.noise * self.random.normal(images.shape, stream)

    def logits(self, images: Any, stream: int) -> Any:
        """Returns the logits of one class of images in a batch of their own."""
        return call(self.network, self.seen(images, stream), self.conditions, True)

    def of_both(self, real: Any, fake: Any) -> tuple[Any, Any, Any, Callable[..., list[Any]]]:
        """Judges real and fake images.

        Returns:
            `(on_real, on_fake, penalty, pull)`: the logits, the zero-centred penalties with their weights, and
            `pull(real_cotangent, fake_cotangent, "weights" | "fake")`, which for the weights adds the penalties'
            gradients.
        """
        r1, r2 = self.study.r1, self.study.r2
        if self.study.batches == "joint":
            return self._jointly(real, fake, r1, r2)
        on_real, on_steep, from_real = self._penalised(lambda x: self.logits(x, REAL), [real], [r1])
        on_fake, off_steep, from_fake = self._penalised(lambda x: self.logits(x, FAKE), [fake], [r2])

        def pull(of_real: Any, of_fake: Any, of: str) -> list[Any]:
            if of == "fake":
                return from_fake(of_fake, "inputs")
            pairs = zip(from_real(of_real, "weights"), from_fake(of_fake, "weights"), strict=True)
            return [ops.add(*pair) for pair in pairs]

        return on_real, on_fake, on_steep + off_steep, pull

    def of_fake(self, real: Any, fake: Any) -> tuple[Any, Any, Callable[[Any], list[Any]]]:
        """Judges fake images for the generator's update, beside real ones in joint batches and for losses of pairs.

        Returns:
            `(on_fake, on_real, pull)`: the logits, where on_real may be `None`, and the pullback to the fake images.
        """
        if self.study.batches == "joint":
            on_real, on_fake, _, pull = self._jointly(real, fake)
            return on_fake, on_real, lambda cotangent: pull(ops.zeros_like(on_real), cotangent, "fake")
        on_real = self.logits(real, REAL) if self.study.loss == "relativistic" else None
        on_fake, back = self._backend.vjp(lambda x: self.logits(x, GENERATOR), [], [fake])
        return on_fake, on_real, lambda cotangent: back(cotangent, "inputs")

    def penalty(self, real: Any, fake: Any) -> tuple[Any, list[Any]]:
        """Returns the gradient penalty between real and fake images, and its gradients by the weights."""

        def function() -> Any:
            share = self.random.uniform((real.shape[0], 1, 1, 1), MIX)
            mixed = share * real + (1 - share) * fake
            logits, back = self._backend.vjp(lambda x: self.logits(x, MIX), [], [mixed])
            return gradient_penalty(back(ops.ones_like(logits), "inputs")[0])

        value, back = self._backend.vjp(function, self.weights)
        return value, back(ops.ones_like(value), "weights")

    def _jointly(
        self, real: Any, fake: Any, r1: float = 0.0, r2: float = 0.0
    ) -> tuple[Any, Any, Any, Callable[..., list[Any]]]:
        n = real.shape[0]
        twice = ops.concatenate([self.conditions, self.conditions])

        def function(x: Any, y: Any) -> Any:
            seen = ops.concatenate([self.seen(x, REAL), self.seen(y, FAKE)])
            return call(self.network, seen, twice, True)

        both, penalty, back = self._penalised(function, [real, fake], [r1, r2])

        def pull(of_real: Any, of_fake: Any, of: str) -> list[Any]:
            cotangent = ops.concatenate([of_real, of_fake])
            return back(cotangent, "inputs")[1:] if of == "fake" else back(cotangent, of)

        return both[:n], both[n:], penalty, pull

    def _penalised(
        self, function: Callable[..., Any], images: list[Any], weights: list[float]
    ) -> tuple[Any, Any, Callable[[Any, str], list[Any]]]:
        """Runs the discriminator once for its logits and for the zero-centred penalties on what it is given.

        Args:
            function: `function(*images)` returns logits.
            images: A batch, or a batch of each side.
            weights: Of the penalty on each; 0 for none.

        Returns:
            The logits, the sum of the penalties, and the pullback of the logits, which for the weights adds the
            gradients of that sum.
        """
        if not any(weights):
            logits, back = self._backend.vjp(function, self.weights, images)
            return logits, 0.0, back

        def with_penalty(*images: Any) -> Any:
            logits, steepness = self._backend.vjp(function, [], images)
            gradients = steepness(ops.ones_like(logits), "inputs")  # an image's logit depends on itself alone
            terms = [w * zero_centred_penalty(g) for w, g in zip(weights, gradients, strict=True) if w]
            return ops.concatenate([logits, ops.reshape(sum(terms), (1, 1))])  # one output: one pass back

        found, back = self._backend.vjp(with_penalty, self.weights, images)

        def pull(cotangent: Any, of: str) -> list[Any]:
            # the generator is not to make images at which the discriminator is flat
            counts = ops.full((1, 1), 1.0 if of == "weights" else 0.0, dtype=cotangent.dtype)
            return back(ops.concatenate([cotangent, counts]), of)

        return found[:-1], found[-1, 0], pull


def adversarial_step(
    generator: keras.Model,
    discriminator: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
    *,
    study: Game,
    steps: int,
    seed: int,
    backend: ModuleType,
) -> Callable[[Any, Any, Any], Any]:
    """Returns `step(images, conditions, number)`, which trains both networks once.

    With `updates="alternating"` the discriminator learns first, on `discriminator_steps` batches, and the generator
    learns from the updated one, `generator_steps` times; in the first of these it runs once and serves both networks,
    so that both see the same fakes. With `"simultaneous"` one pass of the discriminator serves both updates, which is
    faster. With `batches="separate"` real and fake images pass the discriminator one after the other, each with their
    own batch statistics (Radford et al. 2016); with `"joint"` they pass it together and share them. Both networks are
    in training mode throughout.

    Args:
        generator, discriminator: Built networks, the discriminator returning logits.
        generator_optimizer, discriminator_optimizer: Built optimisers.
        study: The settings.
        steps: Steps of the whole training, over which the noise on the discriminator's input goes to zero.
        seed: Seed of everything random; the numbers of a step depend on it and on the step's number only.
        backend: From `generation.training.backend`.

    Returns:
        A function of uint8 images `(batch * discriminator_steps, height, width, channels)`, float32 conditions of as
        many rows and the step's number, from 1. It returns float32 `(4,)`: both losses (the last update's; the
        discriminator's with its penalties), and the means of the sigmoid of the logits of real and of fake images
        before the discriminator's last update; with a relativistic loss, of what each has over its partner.
    """
    d_weights, g_weights = discriminator.trainable_variables, generator.trainable_variables
    vjp, batch = backend.vjp, study.batch_size

    def noise_at(number: Any) -> Any:
        if not study.input_noise:
            return None
        return study.input_noise * (1.0 - (ops.cast(number, "float32") - 1.0) / steps)

    def generate(conditions: Any, random: Randomness) -> tuple[Any, Callable[..., list[Any]]]:
        z = latents(study, batch, random)
        fake, back = vjp(lambda: call(generator, z, conditions, True), g_weights)
        return ops.stop_gradient(fake), back

    def judge(view: Discrimination, real: Any, fake: Any) -> tuple[Any, Any, Any, list[Any], Callable[..., Any]]:
        """Returns the discriminator's loss, the logits, its gradients, and the pullback to the images."""
        on_real, on_fake, steepness, pull = view.of_both(real, fake)
        goals: tuple[Any, ...] = ()
        if study.label_smoothing or study.label_noise:
            real_draw, fake_draw = (view.random.uniform((batch, 1), stream) for stream in (REAL_LABELS, FAKE_LABELS))
            goals = targets(real_draw, fake_draw, study.label_smoothing, study.label_noise)
        d_loss, d_pull = vjp(lambda r, f: discriminator_loss(study.loss, r, f, *goals), [], [on_real, on_fake])
        gradients = pull(*d_pull(ops.ones_like(d_loss), "inputs"), "weights")
        d_loss = d_loss + steepness
        if study.gradient_penalty:
            penalty, extra = view.penalty(real, fake)
            d_loss = d_loss + study.gradient_penalty * penalty
            gradients = [g + study.gradient_penalty * e for g, e in zip(gradients, extra, strict=True)]
        return d_loss, on_real, on_fake, gradients, pull

    def learn(on_fake: Any, on_real: Any, to_fake: Callable[[Any], list[Any]], to_weights: Callable[..., Any]) -> Any:
        """Returns the generator's loss and its gradients."""
        g_loss, g_pull = vjp(lambda x: generator_loss(study.loss, x, on_real), [], [on_fake])
        (image_pull,) = to_fake(*g_pull(ops.ones_like(g_loss), "inputs"))
        return g_loss, to_weights(image_pull, "weights")

    def step(images: Any, conditions: Any, number: Any) -> Any:
        noise = noise_at(number)
        for update in range(study.discriminator_steps):
            random = Randomness(backend, seed, update, number)
            rows = slice(update * batch, (update + 1) * batch)
            real, condition = to_range(images[rows], study.output), conditions[rows]
            real = augment.classical(real, study.augment, random.draws(CLASSICAL))
            view = Discrimination(discriminator, study, backend, random, noise, condition)
            fake, to_weights = generate(condition, random)
            d_loss, on_real, on_fake, d_gradients, pull = judge(view, real, fake)
            if study.updates == "alternating":
                discriminator_optimizer.apply(d_gradients, d_weights)

        if study.updates == "simultaneous":
            zeros = ops.zeros_like(on_real)
            # both gradients are taken before either network changes
            g_loss, g_gradients = learn(on_fake, on_real, lambda c: pull(zeros, c, "fake"), to_weights)
            discriminator_optimizer.apply(d_gradients, d_weights)
            generator_optimizer.apply(g_gradients, g_weights)
        else:
            for extra in range(study.generator_steps):
                if extra:
                    random = Randomness(backend, seed, study.discriminator_steps - 1 + extra, number)
                    view = Discrimination(discriminator, study, backend, random, noise, condition)
                    fake, to_weights = generate(condition, random)
                g_loss, g_gradients = learn(*view.of_fake(real, fake), to_weights)
                generator_optimizer.apply(g_gradients, g_weights)
        if study.loss == "relativistic":  # which does not know a logit, but a difference of two
            on_real, on_fake = on_real - on_fake, on_fake - on_real
        return ops.stack([d_loss, g_loss, ops.mean(ops.sigmoid(on_real)), ops.mean(ops.sigmoid(on_fake))])

    return step
