"""What generators whose network turns noise into images have in common after a training: sampling, and their files.

`generation.dcgan.trained` and `generation.flow.trained` say what is their own, and `generation.learner` how they train.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from data.errors import UserError
from generation import latents
from generation.conditions import Conditions
from generation.training.weights import NOT_FITTED, UNREADABLE, read_options, read_weights, write_options, write_weights


class Trained(ABC):
    """A generator as it stands after a training; a subclass adds the network, the noise and the options.

    Args:
        condition: `"none"`, `"labels"`, or the attributes that fakes can be asked for.
    """

    kind: ClassVar[str]  # in messages

    def __init__(self, condition: str | tuple[str, ...]) -> None:
        self._condition = condition
        self.image_shape: tuple[int, ...] | None = None
        self.conditions: Conditions | None = None
        self._sampler: Any = None
        self._networks: dict[str, list[np.ndarray]] = {}  # of the last checkpoint, as they are trained

    @property
    def conditional(self) -> bool:
        """Whether `sample` can be asked for labels or attributes."""
        return self._condition != "none"

    @property
    def requested_attributes(self) -> tuple[str, ...]:
        """The attributes that `sample(labels=...)` takes, in order; empty for class labels."""
        return () if isinstance(self._condition, str) else tuple(self._condition)

    @abstractmethod
    def check_shape(self, image_shape: tuple[int, ...]) -> None:
        """Checks that the network can make images `(height, width, channels)`, before any training.

        Raises:
            UserError: If not; the message lists the sizes that it can make.
        """

    @abstractmethod
    def latents(self, n: int, seed: int = 0) -> np.ndarray:
        """Returns the noise of a seed, float32 `(n, length)`; the first do not depend on `n`."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Returns everything that a training depends on beside images and seed, as JSON values."""

    @abstractmethod
    def make_sampler(self) -> Any:
        """Returns an untrained sampler of this generator's layers."""

    def _drawn(self, noise: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Asks the sampler for images of noise and condition vectors."""
        return np.asarray(self._sampler.draw(noise, wanted))

    def sample(
        self, n: int, *, labels: np.ndarray | None = None, seed: int = 0, sources: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns fakes, uint8 `(n, height, width, channels)`.

        The noise that they are made of is that of `latents(n, seed)`, whatever the network: `sample(10, seed=s)` equals
        `sample(100, seed=s)[:10]` bit for bit, and two configurations with equally long noise get the same. What the
        network gives is scaled to [0, 255], cut there, and rounded to the nearest level, halves to even.

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

    def labels(self, n: int, seed: int = 0) -> np.ndarray | None:
        """Returns the labels or attributes that `sample` takes when it is given none; `None` without a condition."""
        return None if self.conditions is None else self.conditions.draw(n, seed)

    def draw(self, noise: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Returns the images of noise `(n, length)`, uint8, as `sample` does."""
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
        return self._drawn(noise, wanted)

    def interpolate(self, corners: int, steps: int, *, seed: int = 0) -> np.ndarray:
        """Returns the images on a closed way through the noise of a seed, uint8 `(corners * steps, ...)`.

        A conditional generator keeps the label of the first.
        """
        way = self._way(self.latents(corners, seed), steps)
        first = self.labels(1, seed)
        return self.draw(way, None if first is None else np.repeat(first, len(way), axis=0))

    def _way(self, corners: np.ndarray, steps: int) -> np.ndarray:
        """Returns the noise between corners, `steps` from each to the next."""
        return latents.path(corners, steps)

    def save(self, folder: Path) -> None:
        """Writes `weights.npz` (what samples), `options.json` and, after `fit`, `training.npz` (what is trained, for a
        warm start and the like); the same bytes for the same weights.

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
            raise UserError(f"{folder} holds no saved {self.kind} ({error}).") from error
        self.check_shape(shape)
        if (conditions is not None) != self.conditional:
            raise UserError(f"{folder} holds a generator of another condition than {self._condition!r}.")
        self.image_shape, self.conditions = shape, conditions
        sampler = self.make_sampler()
        if [v.shape for v in weights] != [v.shape for v in sampler.values()]:
            raise UserError(f"{folder} holds a generator with other layers than these options give.")
        sampler.set(weights)
        self.use(sampler, networks)
        return self

    def use(self, sampler: Any, networks: dict[str, list[np.ndarray]]) -> None:
        """Takes over what a checkpoint consists of: what samples, and the networks as they are trained."""
        self._sampler, self._networks = sampler, networks

    def given(self, absent: str = "") -> str:
        """Returns in words what conditions a network is to be given in another program; empty without any.

        Args:
            absent: Words that stand before those of the values. Defaults to `""`.
        """
        if self.conditions is None:
            return ""
        kind = "attributes, -1 or 1 each" if self.conditions.attributes else "classes, one of them 1, the others 0"
        return f" and conditions (n, {self.conditions.length}), {absent}{kind}: {', '.join(self.conditions.names)}"


def read_networks(folder: Path) -> dict[str, list[np.ndarray]]:
    """Returns the weights of the networks as they were trained, by name."""
    return read_weights(Path(folder) / "training.npz")
