"""What generators that learn by steps have in common: what their `fit` takes, and whom it tells. Needs no Keras."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from generation.images import checked

if TYPE_CHECKING:
    from generation.training.trainer import Turns


@dataclass(frozen=True)
class Told:
    """Where a training keeps its state, and whom it tells of its progress; `Learner.fit` says what each is."""

    folder: Path | None = None
    on_checkpoint: Callable[[str, Any], None] | None = None
    progress: Callable[[int, int, str], None] | None = None
    on_logs: Callable[[int, dict[str, np.ndarray]], None] | None = None


class Learner(ABC):
    """A generator that learns by steps; a subclass says what its steps are."""

    @abstractmethod
    def check_shape(self, image_shape: tuple[int, ...]) -> None:
        """Checks that the networks can make images `(height, width, channels)`, before any training.

        Raises:
            UserError: If not; the message lists the sizes that they can make.
        """

    @abstractmethod
    def begin(self, images: np.ndarray, labels: np.ndarray | None, told: Told, **found: Any) -> Turns:
        """Returns the training on checked images of a size that the networks can make.

        Args:
            images: uint8 `(n, height, width, channels)`.
            labels: As `fit` was given them.
            told: Where it keeps its state, and whom it tells.
            **found: `classes`, `attributes` and `attribute_names`, as `fit` was given them.
        """

    def fit(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        classes: Sequence[str] = (),
        attributes: np.ndarray | None = None,
        attribute_names: Sequence[str] = (),
        folder: Path | None = None,
        on_checkpoint: Callable[[str, Any], None] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
        on_logs: Callable[[int, dict[str, np.ndarray]], None] | None = None,
    ) -> Self:
        """Trains on real images.

        Args:
            images: uint8 `(n, height, width, channels)`.
            labels: int `(n,)` from 0, for a generator with `condition="labels"`, or one of two sides, of which the
                smaller number is side A. Defaults to `None`.
            classes: Names of the labels. Defaults to their numbers.
            attributes: bool `(n, k)`, for a generator with a list of attributes as `condition`. Defaults to `None`.
            attribute_names: Names of the `k` attributes.
            folder: Private folder for the resumable state: a second `fit` with the same folder goes on where the first
                was interrupted, bit for bit. Defaults to `None`.
            on_checkpoint: Called as `on_checkpoint("epoch-0010", self)` at each checkpoint, before the state behind it
                is written. It may save, sample and preview. Defaults to `None`.
            progress: Called with steps done, steps in all, and a line of text. Defaults to `None`.
            on_logs: Called with the number of a step and what is logged of it and of those after it: the columns of
                `history` as arrays, by name. After an interruption it goes on with the first step that is done again.
                Defaults to `None`.

        Raises:
            UserError: For a size that the networks cannot make, fewer images than a batch needs, too few or too many
                classes, unknown attributes, labels or attributes that are not one for each image or have no name, a
                warm start of other layers, or a folder that belongs to other options; the message lists the
                differences.
            FloatingPointError: When the training diverges before its first checkpoint. Later, the last good checkpoint
                is what this generator is then, and `alarms` says so.
        """
        from generation.training.trainer import drive

        told = Told(folder, on_checkpoint, progress, on_logs)
        found = {"classes": classes, "attributes": attributes, "attribute_names": attribute_names}
        drive(self.turns(images, labels, told, **found))
        return self

    def turns(self, images: np.ndarray, labels: np.ndarray | None, told: Told, **found: Any) -> Turns:
        """Does what `fit` does while someone else does the steps: see `generation.training.trainer.drive`."""
        images = checked(images)
        self.check_shape(images.shape[1:])
        return self.begin(images, labels, told, **found)
