"""Keras' summaries of an architecture. Imports Keras: import this inside functions only."""

from __future__ import annotations

import keras

from generation.dcgan.networks import build_discriminator, build_generator
from generation.dcgan.studies import Study


def summaries(study: Study, image_shape: tuple[int, ...], times: int) -> str:
    """Returns the summaries of the generator, the discriminator and the two combined, without a condition."""
    models = [build(study, image_shape, times) for build in (build_generator, build_discriminator)]
    models.append(keras.Sequential([keras.Input((study.latent_dim,)), *models], name="combined"))
    lines: list[str] = []
    for model in models:
        model.summary(line_length=78, print_fn=lambda text, **_: lines.append(text))
    return "\n".join(lines)
