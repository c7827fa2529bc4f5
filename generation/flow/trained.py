"""A flow as it stands after a training: what samples from it, and its files. Imports Keras when it is first used."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Self

import numpy as np

from data.errors import UserError
from generation import latents
from generation.conditions import Conditions
from generation.flow.settings import Sampling, Settings, halvings
from generation.training.weights import NOT_FITTED, UNREADABLE, read_options, read_weights, write_options, write_weights


class TrainedFlow:
    """The part of `generation.flow.generator.Flow` that does not train; see there.

    Args:
        settings: Its options that change the network or the training.
        sampling: Those that change samples alone.
    """

    def __init__(self, settings: Settings, sampling: Sampling) -> None:
        self.settings, self.sampling = settings, sampling
        self.image_shape: tuple[int, ...] | None = None
        self.conditions: Conditions | None = None
        self._sampler: Any = None
        self._networks: dict[str, list[np.ndarray]] = {}  # of the last checkpoint, as it is trained: `velocity`

    @property
    def conditional(self) -> bool:
        """Whether `sample` can be asked for labels or attributes."""
        return self.settings.condition != "none"

    @property
    def requested_attributes(self) -> tuple[str, ...]:
        """The attributes that `sample(labels=...)` takes, in order; empty for class labels."""
        return () if isinstance(self.settings.condition, str) else tuple(self.settings.condition)

    @property
    def parameters(self) -> int | None:
        """How many numbers the network has learned; `None` before `fit` or `load`."""
        if self._sampler is None:
            return None
        return sum(math.prod(variable.shape) for variable in self._sampler.network.trainable_variables)

    def check_shape(self, image_shape: tuple[int, ...]) -> None:
        """Checks that the U-Net can make images `(height, width, channels)`, before any training.

        Raises:
            UserError: If not; the message lists the sizes that it can make.
        """
        halvings(self.settings.depth, image_shape)

    def sample(
        self, n: int, *, labels: np.ndarray | None = None, seed: int = 0, sources: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns fakes, uint8 `(n, height, width, channels)`.

        The noise that they begin as is that of `latents(n, seed)`, whatever the network and however many steps:
        `sample(10, seed=s)` equals `sample(100, seed=s)[:10]` bit for bit. What it ends as is scaled from [-1, 1] to
        [0, 255], cut there, and rounded to the nearest level, halves to even.

        Args:
            n: How many.
            labels: Of a conditional generator: class labels `(n,)`, or `(n, k)` zeros and ones for its attributes.
                Defaults to `None`, as often as they occurred in the training.
            seed: Of the noise, and of the labels if there are none.
            sources: Not used.

        Raises:
            RuntimeError: Before `fit` or `load`.
            UserError: For labels that the training had not, or too many or few.
        """
        del sources
        return self.draw(self.latents(n, seed), self.labels(n, seed) if labels is None else labels)

    def latents(self, n: int, seed: int = 0) -> np.ndarray:
        """Returns the noise of a seed, float32 `(n, height * width * channels)`; the first do not depend on `n`."""
        if self.image_shape is None:
            raise RuntimeError(NOT_FITTED)
        return latents.draw(n, math.prod(self.image_shape), seed)

    def labels(self, n: int, seed: int = 0) -> np.ndarray | None:
        """Returns the labels or attributes that `sample` takes when it is given none; `None` without a condition."""
        return None if self.conditions is None else self.conditions.draw(n, seed)

    def draw(self, noise: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Returns the images that noise `(n, height * width * channels)` becomes, uint8, as `sample` does."""
        if self._sampler is None:
            raise RuntimeError(NOT_FITTED)
        if self.conditions is None:
            wanted = np.zeros((len(noise), 0), np.float32)
        elif labels is None:
            raise UserError("This generator is conditional: draw(latents, labels) needs labels. Received: None.")
        else:
            wanted = self.conditions.vectors(labels)
        if len(wanted) != len(noise):
            raise UserError(f"labels must be one for each of {len(noise)} images. Received: {len(wanted)}.")
        return np.asarray(self._sampler.draw(noise, wanted, self.sampling))

    def interpolate(self, corners: int, steps: int, *, seed: int = 0) -> np.ndarray:
        """Returns the images on a closed way through the noise of a seed, uint8 `(corners * steps, ...)`.

        A conditional generator keeps the label of the first.
        """
        way = latents.path(self.latents(corners, seed), steps)
        first = self.labels(1, seed)
        return self.draw(way, None if first is None else np.repeat(first, len(way), axis=0))

    def save(self, folder: Path) -> None:
        """Writes `weights.npz` (what samples), `options.json` and, after `fit`, `training.npz` (the network as it is
        trained, for a warm start); the same bytes for the same weights.

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
        write_options(folder, {**self.options(), "image_shape": list(self.image_shape), "conditions": conditions})

    def load(self, folder: Path) -> Self:
        """Reads what `save` wrote into this instance, which must have been made with the same network options.

        Raises:
            UserError: If the folder holds no such generator, or one of other layers or another condition.
        """
        folder = Path(folder)
        try:
            saved = read_options(folder)
            weights = read_weights(folder / "weights.npz").get("w", [])
            shape = tuple(saved["image_shape"])
            conditions = Conditions.from_json(saved["conditions"]) if saved["conditions"] else None
            networks = read_networks(folder) if (folder / "training.npz").exists() else {}
        except UNREADABLE as error:
            raise UserError(f"{folder} holds no saved flow ({error}).") from error
        self.check_shape(shape)
        if (conditions is not None) != self.conditional:
            raise UserError(f"{folder} holds a generator of another condition than {self.settings.condition!r}.")
        self.image_shape, self.conditions = shape, conditions
        sampler = self.make_sampler()
        if [v.shape for v in weights] != [v.shape for v in sampler.values()]:
            raise UserError(f"{folder} holds a generator with other layers than these options give.")
        sampler.set(weights)
        self.use(sampler, networks)
        return self

    def plain_networks(self) -> dict[str, tuple[Any, str]]:
        """Returns `velocity` (what samples) as a network of Keras' own layers, for other programs.

        Beside it stands what it takes and what it gives.

        Raises:
            RuntimeError: Before `fit` or `load`.
        """
        if self._sampler is None or self.image_shape is None:
            raise RuntimeError(NOT_FITTED)
        from generation.flow.networks import plain_unet

        shape, given = ", ".join(map(str, self.image_shape)), ""
        network = plain_unet(self._sampler.network, self.settings)
        if self.conditions is not None:
            kind = "attributes, -1 or 1 each" if self.conditions.attributes else "classes, one of them 1, the others 0"
            names = ", ".join(self.conditions.names)
            given = f" and conditions (n, {self.conditions.length}), all 0 for none, or {kind}: {names}"
        about = (
            f"images (n, {shape}), at time 0 standard normal noise and at time 1 images in [-1, 1], and times (n, 1) "
            f"between them{given} -> velocities (n, {shape}): what images change by per unit of time"
        )
        return {"velocity": (network, about)}

    def options(self) -> dict[str, Any]:
        """Returns everything that a training depends on beside images and seed, as JSON values."""
        # a depth that is asked for is the same as one that the size brings
        own = self.settings.depth if self.image_shape is None else halvings(self.settings.depth, self.image_shape)
        return {**dataclasses.asdict(self.settings), "depth": own}

    def make_sampler(self) -> Any:
        """Returns an untrained `generation.flow.sampler.Sampler` of this generator's layers."""
        from generation.flow.sampler import Sampler

        length = self.conditions.length if self.conditions else 0
        return Sampler(self.settings, tuple(self.image_shape or ()), length)

    def use(self, sampler: Any, networks: dict[str, list[np.ndarray]]) -> None:
        """Takes over what a checkpoint consists of: what samples, and the network as it is trained."""
        self._sampler, self._networks = sampler, networks


def read_networks(folder: Path) -> dict[str, list[np.ndarray]]:
    """Returns the weights of the network as it was trained: `velocity`."""
    return read_weights(Path(folder) / "training.npz")
