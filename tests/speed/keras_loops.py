"""Our training and two loops that people write with Keras, all with the networks of our architecture `tuned`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from generation.dcgan.adversary import Adversary
from generation.dcgan.networks import build_discriminator, build_generator
from generation.dcgan.studies import STUDIES
from generation.training.trainer import Trainer

N, SHAPE = 1600, (32, 32, 3)
STUDY = STUDIES["tuned"]
Run = Callable[[int], None]


def contestant(name: str, batch: int) -> tuple[Run, dict[str, Any]]:
    images = np.random.default_rng(0).integers(0, 256, (N, *SHAPE), np.uint8)
    if name.startswith("peak"):
        return _peak(name.removeprefix("peak ")), {}
    if name.startswith("ours"):
        return _ours(name, batch, images)
    g, d = (_stock(build(STUDY, SHAPE, 3)) for build in (build_generator, build_discriminator))
    run = {"train_on_batch": _train_on_batch, "fit": _fit}[name](g, d, batch, images.astype(np.float32) / 127.5 - 1)
    return run, {"version": keras.__version__, "trainable": _trainable(g, d)}


def _ours(name: str, batch: int, images: np.ndarray) -> tuple[Run, dict[str, Any]]:
    architecture = "stable" if "stable" in name else "tuned"
    updates = "alternating" if "alternating" in name else "simultaneous"
    precision = "mixed_bfloat16" if "bfloat16" in name else "float32"
    study = replace(STUDIES[architecture], batch_size=batch, updates=updates)
    adversary = Adversary(study, SHAPE, 3, conditions=0, seed=0, precision=precision)
    nothing = np.zeros((N, 0), np.float32)
    trainer = Trainer(adversary, images, nothing, epochs=1000, options={})
    device = [trainer._backend.device_array(array) for array in (images, nothing)]
    rng, done = np.random.default_rng(0), 0

    def run(steps: int) -> None:
        nonlocal done
        for size in [10] * (steps // 10) + [steps % 10] * (steps % 10 > 0):  # each returns its losses, as in a training
            trainer._run(*device, rng.integers(0, N, (size, batch), np.int32), done + 1)
            done += size

    return run, {"trainable": _trainable(adversary.generator, adversary.discriminator), "mflop": flops(study) / 1e6}


def _train_on_batch(g: keras.Model, d: keras.Model, batch: int, images: np.ndarray) -> Run:
    """As in Keras DCGAN notebooks: `predict`, then `train_on_batch` on real, on fake, and on the combined model."""
    d.compile(_adam(), keras.losses.BinaryCrossentropy(from_logits=True))
    combined = keras.Sequential([keras.Input((STUDY.latent_dim,)), g, d])
    combined.compile(_adam(), keras.losses.BinaryCrossentropy(from_logits=True))
    ones, zeros = np.ones((batch, 1), np.float32), np.zeros((batch, 1), np.float32)
    rng = np.random.default_rng(0)

    def noise() -> np.ndarray:
        return rng.standard_normal((batch, STUDY.latent_dim), np.float32)

    def run(steps: int) -> None:
        for _ in range(steps):
            fake = g.predict(noise(), verbose=0)
            d.trainable = True
            d.train_on_batch(images[rng.integers(0, N, batch)], ones)
            d.train_on_batch(fake, zeros)
            d.trainable = False
            combined.train_on_batch(noise(), ones)

    return run


class _Gan(keras.Model):
    """The train_step of the Keras DCGAN example, with `training=True`, which networks with batch normalisation need."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model) -> None:
        super().__init__()
        self.generator, self.discriminator = generator, discriminator

    def compile(self, d_optimizer: Any, g_optimizer: Any, loss: Any) -> None:  # type: ignore[override]
        super().compile()
        self.d_optimizer, self.g_optimizer, self.adversarial = d_optimizer, g_optimizer, loss

    def train_step(self, real: Any) -> dict[str, Any]:
        batch = tf.shape(real)[0]
        fake = self.generator(tf.random.normal((batch, STUDY.latent_dim)), training=True)
        both = tf.concat([fake, real], axis=0)
        labels = tf.concat([tf.zeros((batch, 1)), tf.ones((batch, 1))], axis=0)
        with tf.GradientTape() as tape:
            d_loss = self.adversarial(labels, self.discriminator(both, training=True))
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        latents = tf.random.normal((batch, STUDY.latent_dim))
        with tf.GradientTape() as tape:
            judged = self.discriminator(self.generator(latents, training=True), training=True)
            g_loss = self.adversarial(tf.ones((batch, 1)), judged)
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


def _fit(g: keras.Model, d: keras.Model, batch: int, images: np.ndarray) -> Run:
    gan = _Gan(g, d)
    gan.compile(_adam(), _adam(), keras.losses.BinaryCrossentropy(from_logits=True))
    data = tf.data.Dataset.from_tensor_slices(images).shuffle(1024).repeat()
    data = data.batch(batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)

    def run(steps: int) -> None:
        gan.fit(data, epochs=1, steps_per_epoch=steps, verbose=0)

    return run


def _peak(precision: str) -> Run:
    """Products of 2048 x 2048 matrices, with TensorFlow's own choice of threads: all cores."""
    a, b = (tf.cast(tf.random.normal((2048, 2048)), precision) for _ in range(2))
    multiply = tf.function(tf.matmul)

    def run(steps: int) -> None:
        for _ in range(steps):
            out = multiply(a, b)
        out.numpy()

    return run


def flops(study: Any) -> float:
    """Floating-point operations that one simultaneous update needs per real image, in convolutions and products.

    Counted once forward and, going back, once for the weights and once for the inputs of each layer; nothing goes back
    to latent vectors or to real images, nor, for the discriminator's own loss, to fake ones.
    """
    g, d = _layer_flops(build_generator(study, SHAPE, 3)), _layer_flops(build_discriminator(study, SHAPE, 3))
    g_total = 3 * sum(g) - g[0]
    d_real = 3 * sum(d) - d[0]
    d_fake = d_real + sum(d)  # the same, and back to the images for the generator's loss
    return g_total + d_real + d_fake


def _layer_flops(model: keras.Model) -> list[float]:
    found = []
    for layer in model.layers:
        if not hasattr(layer, "kernel"):
            continue
        places = layer.input.shape if "Transpose" in type(layer).__name__ else layer.output.shape
        found.append(2.0 * float(np.prod(layer.kernel.shape)) * float(np.prod(places[1:-1] or [1])))
    return found


def _stock(model: keras.Model) -> keras.Model:
    """The same network out of Keras' own layers."""

    def copy(layer: keras.Layer) -> keras.Layer:
        kind = getattr(keras.layers, type(layer).__name__)
        return kind.from_config(layer.get_config())

    return keras.models.clone_model(model, clone_function=copy)


def _trainable(*models: keras.Model) -> int:
    return sum(int(np.prod(v.shape)) for v in itertools.chain(*(m.trainable_variables for m in models)))


def _adam() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(STUDY.learning_rate, beta_1=STUDY.beta_1)
