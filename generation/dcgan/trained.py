"""A DCGAN as it stands after a training: what samples from it, and its files. Imports Keras when it is first used."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Self

import numpy as np

from data.errors import UserError
from generation import latents
from generation.conditions import Conditions
from generation.dcgan import studies
from generation.training.weights import NOT_FITTED, UNREADABLE, read_options, read_weights, write_options, write_weights


class TrainedDCGAN:
    """The part of `generation.dcgan.generator.DCGAN` that does not train; see there.

    Args:
        architecture: Its name.
        study: The architecture with its options.
        truncation: Of the latent vectors; `None` for no cut.
        on_collapse: What the collapse alarm did.
        precision: Keras dtype policy.
    """

    def __init__(
        self, architecture: str, study: studies.Study, *, truncation: float | None, on_collapse: str, precision: str
    ) -> None:
        self.architecture, self.study = architecture, study
        self.truncation, self.on_collapse, self.precision = truncation, on_collapse, precision
        self.image_shape: tuple[int, ...] | None = None
        self.conditions: Conditions | None = None
        self._sampler: Any = None
        self._networks: dict[str, list[np.ndarray]] = {}  # of the last checkpoint: `generator`, `discriminator`

    @property
    def conditional(self) -> bool:
        """Whether `sample` can be asked for labels or attributes."""
        return self.study.condition != "none"

    @property
    def requested_attributes(self) -> tuple[str, ...]:
        """The attributes that `sample(labels=...)` takes, in order; empty for class labels."""
        return () if isinstance(self.study.condition, str) else tuple(self.study.condition)

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

    def sample(
        self, n: int, *, labels: np.ndarray | None = None, seed: int = 0, sources: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns fakes, uint8 `(n, height, width, channels)`.

        The latent vectors are those of `latents(n, seed)`, whatever the network: `sample(10, seed=s)` equals
        `sample(100, seed=s)[:10]` bit for bit, and two configurations with equally long latent vectors get the same
        ones. The network's output is scaled to [0, 255] and rounded to the nearest level, halves to even.

        Args:
            n: How many.
            labels: Of a conditional generator: class labels `(n,)`, or `(n, k)` zeros and ones for its attributes.
                Defaults to `None`, as often as they occurred in the training.
            seed: Of the latent vectors, and of the labels if there are none.
            sources: Not used.

        Raises:
            RuntimeError: Before `fit` or `load`.
            UserError: For labels that the training had not, or too many or few.
        """
        del sources
        return self.draw(self.latents(n, seed), self.labels(n, seed) if labels is None else labels)

    def latents(self, n: int, seed: int = 0) -> np.ndarray:
        """Returns the latent vectors of a seed, float32 `(n, latent_dim)`; the first do not depend on `n`."""
        return latents.draw(n, self.study.latent_dim, seed, self.study.latent, self.truncation)

    def labels(self, n: int, seed: int = 0) -> np.ndarray | None:
        """Returns the labels or attributes that `sample` takes when it is given none; `None` without a condition."""
        return None if self.conditions is None else self.conditions.draw(n, seed)

    def draw(self, vectors: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Returns the images of latent vectors `(n, latent_dim)`, uint8, as `sample` does."""
        if self._sampler is None:
            raise RuntimeError(NOT_FITTED)
        if self.conditions is None:
            wanted = np.zeros((len(vectors), 0), np.float32)
        elif labels is None:
            raise UserError("This generator is conditional: draw(latents, labels) needs labels. Received: None.")
        else:
            wanted = self.conditions.vectors(labels)
        if len(wanted) != len(vectors):
            raise UserError(f"labels must be one for each of {len(vectors)} images. Received: {len(wanted)}.")
        return np.asarray(self._sampler.draw(vectors, wanted))

    def interpolate(self, corners: int, steps: int, *, seed: int = 0) -> np.ndarray:
        """Returns the images on a closed way through the latent vectors of a seed, uint8 `(corners * steps, ...)`.

        A conditional generator keeps the label of the first.
        """
        way = latents.path(self.latents(corners, seed), steps, self.study.latent)
        first = self.labels(1, seed)
        return self.draw(way, None if first is None else np.repeat(first, len(way), axis=0))

    def save(self, folder: Path) -> None:
        """Writes `weights.npz` (what samples), `options.json` and, after `fit`, `training.npz` (both networks as they
        are trained, for a warm start and `discriminator`); the same bytes for the same weights.

        Raises:
            RuntimeError: Before `fit` or `load`.
        """
        if self._sampler is None or self.image_shape is None:
            raise RuntimeError(NOT_FITTED)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(folder / "weights.npz", {"w": self._sampler.values()})
        if self._networks:
            write_weights(folder / "training.npz", self._networks)
        conditions = self.conditions.as_json() if self.conditions else None
        options = {**self.options(), "image_shape": list(self.image_shape), "conditions": conditions}
        write_options(folder, options)

    def load(self, folder: Path) -> Self:
        """Reads what `save` wrote into this instance, which must have been made with the same network
        options.

        Raises:
            UserError: If the folder holds no such generator, or one of another architecture.
        """
        folder = Path(folder)
        try:
            saved = read_options(folder)
            weights = read_weights(folder / "weights.npz").get("w", [])
            shape = tuple(saved["image_shape"])
            conditions = Conditions.from_json(saved["conditions"]) if saved["conditions"] else None
            networks = read_networks(folder) if (folder / "training.npz").exists() else {}
        except UNREADABLE as error:
            raise UserError(f"{folder} holds no saved DCGAN ({error}).") from error
        self.check_shape(shape)
        if (conditions is not None) != self.conditional:
            raise UserError(f"{folder} holds a generator of another condition than {self.study.condition!r}.")
        self.image_shape, self.conditions = shape, conditions
        sampler = self.make_sampler()
        if [v.shape for v in weights] != [v.shape for v in sampler.values()]:
            raise UserError(f"{folder} holds a generator with other layers than architecture '{self.architecture}'.")
        sampler.set(weights)
        self.use(sampler, networks)
        return self

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
        given = ""
        if self.conditions is not None:
            kind = "attributes, -1 or 1 each" if self.conditions.attributes else "classes, one of them 1, the others 0"
            given = f" and conditions (n, {self.conditions.length}), {kind}: {', '.join(self.conditions.names)}"
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

    def use(self, sampler: Any, networks: dict[str, list[np.ndarray]]) -> None:
        """Takes over what a checkpoint consists of: what samples, and both networks as they are trained."""
        self._sampler, self._networks = sampler, networks


def read_networks(folder: Path) -> dict[str, list[np.ndarray]]:
    """Returns the weights of both networks as they were trained: `generator` and `discriminator`."""
    return read_weights(folder / "training.npz")
