"""A DCGAN as it stands after a training: what samples from it, and its files. Imports Keras when it is first used."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from generation import latents
from generation.dcgan import studies
from generation.trained import Trained


class TrainedDCGAN(Trained):
    """The part of `generation.dcgan.generator.DCGAN` that does not train; see there.

    Args:
        architecture: Its name.
        study: The architecture with its options.
        truncation: Of the latent vectors; `None` for no cut.
        on_collapse: What the collapse alarm did.
        precision: Keras dtype policy.
    """

    kind = "DCGAN"

    def __init__(
        self, architecture: str, study: studies.Study, *, truncation: float | None, on_collapse: str, precision: str
    ) -> None:
        super().__init__(study.condition)
        self.architecture, self.study = architecture, study
        self.truncation, self.on_collapse, self.precision = truncation, on_collapse, precision

    @property
    def parameters(self) -> int | None:
        """How many numbers the generator network has learned or tracked; `None` before `fit` or `load`."""
        return None if self._sampler is None else int(self._sampler.network.count_params())

    def check_shape(self, image_shape: tuple[int, ...]) -> None:
        """Checks that the architecture can make images `(height, width, channels)`, before any training.

        Raises:
            UserError: If not; the message lists the sizes that it can make.
        """
        studies.doublings(self.architecture, self.study, image_shape)

    def latents(self, n: int, seed: int = 0) -> np.ndarray:
        """Returns the latent vectors of a seed, float32 `(n, latent_dim)`; the first do not depend on `n`."""
        return latents.draw(n, self.study.latent_dim, seed, self.study.latent, self.truncation)

    def _way(self, corners: np.ndarray, steps: int) -> np.ndarray:
        return latents.path(corners, steps, self.study.latent)

    def discriminator(self) -> Any:
        """Returns the discriminator of the last checkpoint as plain Keras layers: images in the generator's range (and
        conditions) -> logits, real is high. Spectral normalisation is folded into the kernels.

        Raises:
            RuntimeError: Before `fit`, or after `load` of a generator that was saved without its discriminator.
        """
        if "discriminator" not in self._networks or self.image_shape is None:
            raise RuntimeError("This generator has no discriminator. Expected fit(...), or load(...) of a trained one.")
        from generation.dcgan.networks import build_discriminator, folded

        length = self.conditions.length if self.conditions else 0
        times = studies.doublings(self.architecture, self.study, self.image_shape)
        network = build_discriminator(self.study, self.image_shape, times, conditions=length)
        for variable, value in zip(network.variables, self._networks["discriminator"], strict=True):
            variable.assign(value)
        return folded(network)

    @property
    def image_range(self) -> tuple[int, int]:
        """The least and the greatest value of an image inside the networks: of tanh -1 and 1, of a sigmoid 0 and 1."""
        return (-1, 1) if self.study.output == "tanh" else (0, 1)

    def plain_networks(self) -> dict[str, tuple[Any, str]]:
        """Returns `generator` (what samples) and `discriminator`, as networks of Keras' own layers, for other programs.

        Beside each stands what it takes and what it gives.

        Raises:
            RuntimeError: As `discriminator`.
        """
        discriminator, (low, high) = self.discriminator(), self.image_range
        from generation.dcgan.plain import plain_generator

        images = f"images (n, {', '.join(map(str, self.image_shape or ()))}) in [{low}, {high}]"
        given = self.given()
        latent = f"{self.study.latent} latent vectors (n, {self.study.latent_dim})"
        return {
            "generator": (plain_generator(self._sampler.network), f"{latent}{given} -> {images}"),
            "discriminator": (discriminator, f"{images}{given} -> logits (n, 1), higher is more likely real"),
        }

    def options(self) -> dict[str, Any]:
        """Returns everything that a training depends on beside images and seed, as JSON values."""
        depth = self.study.depth
        if self.image_shape is not None:  # a depth that is asked for is the same as one that the size brings
            depth = studies.doublings(self.architecture, self.study, self.image_shape) or None
        return {
            "architecture": self.architecture,
            "precision": self.precision,
            "on_collapse": self.on_collapse,
            **dataclasses.asdict(self.study),
            "depth": depth,
        }

    def make_sampler(self) -> Any:
        """Returns an untrained `generation.dcgan.sampler.Sampler` of this generator's layers."""
        from generation.dcgan.sampler import Sampler

        shape = tuple(self.image_shape or ())
        length = self.conditions.length if self.conditions else 0
        times = studies.doublings(self.architecture, self.study, shape)
        return Sampler(self.study, shape, times, length, self.precision)
