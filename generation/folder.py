"""Images that another tool made, as a generator: a folder of files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge

from data.errors import UserError
from data.imageset import ImageSet
from data.sources.folder import Folder as FolderSource
from data.sources.folder import read_images

if TYPE_CHECKING:
    import pandas as pd


class Folder:
    """Gives out the images of a folder, each at most once.

    Grey files beside colour reals are given three equal channels; colour files beside grey reals are used
    when all their channels are equal, and refused otherwise. Nothing else is changed: what a detector may
    learn from file formats and sizes is reported from `facts`.

    Args:
        path: The folder; sub-folders are read too.
        mixed: What to do when sizes differ: `"error"`, `"center-crop"` or `"resize"`, see
            `data.sources.folder.Folder`. Defaults to `"error"`.
        size: The side in pixels that `mixed` aims at. Defaults to `None`, that of the real images.
        random_state: Not used; there is nothing to learn.

    Attributes:
        n_available: How many images there are, after `fit`.
        facts: Width, height, format, mode and bytes of each original file, after `fit`, in the order of the
            names.
    """

    control: str | None = None
    trains = False

    def __init__(
        self,
        *,
        path: str,
        mixed: Literal["error", "center-crop", "resize"] = "error",
        size: Annotated[int, Ge(1)] | None = None,
        random_state: int | None = None,
    ) -> None:
        self.path, self.mixed, self.size, self.random_state = path, mixed, size, random_state
        self.history = None
        self.n_available: int | None = None
        self.facts: pd.DataFrame | None = None
        self._images: ImageSet | None = None

    def fingerprint(self, folders: Sequence[Path] = ()) -> str:
        """Returns the sha256 over the names and contents of the files; `folders` are not used."""
        return FolderSource(path=self.path).fingerprint(folders)

    def fit(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        folder: Path | None = None,
        on_checkpoint: Callable[[str, Any], None] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Folder:
        """Reads the files and checks them against the shape of real images, uint8 `(n, height, width,
        channels)`.

        Raises:
            UserError: If a file cannot be read, or the images have another shape than the real ones.
        """
        del labels, folder
        height, width, channels = images.shape[1:]
        square = height if height == width and self.mixed != "error" else None
        found = read_images(self.path, mixed=self.mixed, size=self.size or square, progress=progress)
        if found.images.shape[1:3] != (height, width):
            raise UserError(
                f"The images in {self.path} must be as large as the real ones, {width} x {height} pixels. "
                f"Received: {found.images.shape[2]} x {found.images.shape[1]}."
            )
        self._keep(_with_channels(found, channels, self.path))
        if on_checkpoint is not None:
            on_checkpoint("final", self)
        return self

    def sample(
        self, n: int, *, labels: np.ndarray | None = None, seed: int = 0, sources: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns the first `n` images of a seeded permutation, uint8 `(n, height, width, channels)`.

        Raises:
            UserError: For more images than there are.
        """
        del labels, sources
        return self._fitted().images[self._order(n, seed)]

    def facts_of(self, n: int, seed: int = 0) -> pd.DataFrame:
        """Returns the facts of the files of `sample(n, seed=seed)`, in that order, with a column `id`."""
        images, order = self._fitted(), self._order(n, seed)
        facts = images.facts
        if facts is None:
            raise RuntimeError("The folder's reader gave no facts.")
        chosen = facts.iloc[order].reset_index(drop=True)
        chosen.insert(0, "id", images.ids[order])
        return chosen

    def save(self, folder: Path) -> None:
        """Writes a copy of the images, so that a later `load` does not depend on the files."""
        folder = Path(folder)
        self._fitted().save(folder / "images")
        options = {"path": self.path, "mixed": self.mixed, "size": self.size}
        (folder / "options.json").write_text(json.dumps(options, indent=1) + "\n", encoding="utf-8")

    def load(self, folder: Path) -> Folder:
        """Reads what `save` wrote."""
        self._keep(ImageSet.load(Path(folder) / "images"))
        return self

    def _keep(self, images: ImageSet) -> None:
        self._images, self.n_available, self.facts = images, images.n, images.facts

    def _fitted(self) -> ImageSet:
        if self._images is None:
            raise RuntimeError("This generator has read no files. Expected fit(...) or load(...) first.")
        return self._images

    def _order(self, n: int, seed: int) -> np.ndarray:
        available = self._fitted().n
        if n > available:
            raise UserError(f"{self.path} holds {available} images, and {n} are needed.")
        return np.random.default_rng(seed).permutation(available)[:n]


def _with_channels(found: ImageSet, channels: int, path: str) -> ImageSet:
    """Gives the images as many channels as the real ones have, where no information is lost or made up."""
    images = found.images
    if images.shape[3] == channels:
        return found
    if channels == 3:
        images = np.repeat(images, 3, axis=3)
    elif (images == images[..., :1]).all():
        images = images[..., :1]
    else:
        raise UserError(f"The images in {path} must be grey, as the real ones are. Received: colour.")
    return dataclasses.replace(found, images=images)
