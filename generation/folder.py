"""Images that another tool made, as a generator: a folder of files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge

from data.duplicates import find_copies, units_of
from data.errors import UserError
from data.imageset import ImageSet
from data.sources.folder import digest_of, read_images
from data.sources.folder_groups import Grouping, Groups

if TYPE_CHECKING:
    import pandas as pd

UNITS = "units.npy"


class Folder:
    """Gives out the images of a folder, each at most once.

    The files must have the size of the real images (see `mixed`) and be of one kind (see `formats`). PNG, JPEG, WebP,
    BMP and TIFF files give one image, animated GIF, WebP and PNG files one for each frame: at most 5,000 frames of
    2**28 pixels together. Files are found as `data.reading.walk` says. Grey files beside colour reals are given three
    equal channels; colour files beside grey reals are used when all their channels are equal, and refused otherwise.
    Nothing else is changed here: what a detector may learn from sizes and formats is reported from `facts`.

    Args:
        path: The folder; sub-folders are read too. Or one animated file.
        mixed: What to do when sizes differ: `"error"`, `"center-crop"` or `"resize"`, see
            `data.sources.folder.Folder`. Defaults to `"error"`.
        size: The side in pixels that `mixed` aims at. Defaults to `None`, that of the real images.
        formats: Whether all files must be of `"one"` format and mode (such as PNG in RGB), or `"any"` of those that
            can be read will do. Defaults to `"one"`.
        groups: What comes from one source, such as the frames of a video, which are nearly the same image again and
            again and must not be trained and tested on: `"file"`, the frames of an animated file, or `"folder"`, the
            files of one sub-folder. Near copies are of one source in any case. Defaults to `"file"`.
        groups_pattern: Sources by the files' names, see `data.sources.folder.Folder`. Defaults to `None`.
        groups_csv: Sources by a table, see there. Defaults to `None`.
        random_state: Not used; there is nothing to learn.

    Attributes:
        n_available: How many images there are, after `fit`.
        groups_of: int64 `(n_available,)`, equal for images of one source, below 0 for one of none, after `fit`, in the
            order of the names; `None` where each image is a source of its own.
        units_of: int64 `(n_available,)`, equal for images that are not independent: those of one source, and near
            copies, as `data.duplicates.units_of` chains them. They are what `parts` deals.
        facts: Width, height, format, mode, quality, coding and bytes of each original file, after `fit`, in the order
            of the names.
        notes: What was done to images and what was left out of the folder, as sentences, after `fit`.
    """

    control: str | None = None
    trains = False

    def __init__(
        self,
        *,
        path: str,
        mixed: Literal["error", "center-crop", "resize"] = "error",
        size: Annotated[int, Ge(1)] | None = None,
        formats: Literal["one", "any"] = "one",
        groups: Groups = "file",
        groups_pattern: str | None = None,
        groups_csv: str | None = None,
        random_state: int | None = None,
    ) -> None:
        self.path, self.mixed, self.size, self.random_state = path, mixed, size, random_state
        self.formats, self.groups = formats, groups
        self.groups_pattern, self.groups_csv = groups_pattern, groups_csv
        self.grouping = Grouping(groups, groups_pattern, groups_csv)
        self.history = None
        self.n_available: int | None = None
        self.groups_of: np.ndarray | None = None
        self.units_of: np.ndarray | None = None
        self.facts: pd.DataFrame | None = None
        self.notes: tuple[str, ...] = ()
        self._images: ImageSet | None = None

    def fingerprint(self, folders: Sequence[Path] = ()) -> str:
        """Returns the sha256 over the names and contents of the files; `folders` are not used."""
        del folders
        return self.grouping.sealed(digest_of(self.path, animations=True))

    def fit(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        folder: Path | None = None,
        alike: bool = False,
        on_checkpoint: Callable[[str, Any], None] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Folder:
        """Reads the files and checks them against the shape of real images, uint8 `(n, height, width,
        channels)`; `alike` is what near copies among those were told by, see `data.duplicates.find_copies`.

        Raises:
            UserError: If a file cannot be read, the files are of several kinds, or the images have another shape than
                the real ones.
        """
        del labels, folder
        height, width, channels = images.shape[1:]
        square = height if height == width and self.mixed != "error" else None
        options: dict[str, Any] = {"mixed": self.mixed, "size": self.size or square, "grouping": self.grouping}
        found = read_images(self.path, animations=True, progress=progress, **options)
        if found.images.shape[1:3] != (height, width):
            raise UserError(
                f"The images in {self.path} must be as large as the real ones, {width} x {height} pixels. "
                f"Received: {found.images.shape[2]} x {found.images.shape[1]}."
            )
        if self.formats == "one":
            _check_one_kind(found, self.path)
        self.notes = found.notes[1:]  # less what formats there are, which `facts` say
        found = _with_channels(found, channels, self.path)
        self._keep(found, units_of(find_copies(found.images, alike=alike), found.groups))
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
        return self.facts_at(self._order(n, seed))

    def parts(self, counts: Mapping[str, int], seed: int = 0) -> dict[str, np.ndarray]:
        """Deals the images into parts by chance, so that the images of one source, and near copies, are in one part.

        Sources are shared out in proportion to what the parts want, and each part takes images of all of its own.

        Args:
            counts: Part to how many images it wants.
            seed: Decides the draw. Defaults to `0`.

        Returns:
            Part to positions for `take`, in random order: `counts` at most, and exactly so if every source is a single
            image and there are enough. If there are fewer, every part gets its share of them.

        Raises:
            UserError: If there are fewer sources than parts.
        """
        images = self._fitted()
        _, source_of, sizes = np.unique(np.asarray(self.units_of), return_inverse=True, return_counts=True)
        wanted = {part: count for part, count in counts.items() if count}
        if len(sizes) < len(wanted):
            raise UserError(
                f"{self.path} holds {images.n} images of {len(sizes)} sources, and no source may serve two parts (near "
                f"copies are one source). Expected at least one source for each of {', '.join(wanted)}."
            )
        rng = np.random.default_rng(seed)
        shuffled = rng.permutation(len(sizes))
        given, owner = dict.fromkeys(wanted, 0), np.empty(len(sizes), object)
        for source in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:  # large ones first fill most evenly
            owner[source] = min(wanted, key=lambda part: given[part] / wanted[part])
            given[owner[source]] += int(sizes[source])
        at = {part: rng.permutation(np.flatnonzero(owner[source_of] == part))[: counts[part]] for part in wanted}
        return {part: at.get(part, np.empty(0, np.int64)) for part in counts}

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Returns the images at positions that `parts` gave, uint8 `(k, height, width, channels)`."""
        return self._fitted().images[positions]

    def came(self, positions: np.ndarray) -> np.ndarray:
        """Returns the upper left corner of the files at positions that `parts` gave, as they came: neither reduced nor
        cut elsewhere, in the shape of `take`."""
        images = self._fitted()
        return (images.images if images.originals is None else images.originals)[positions]

    def units_drawn(self, n: int, seed: int = 0) -> np.ndarray:
        """Returns the units of `sample(n, seed=seed)`, int64 `(n,)`, in that order."""
        order = self._order(n, seed)
        return np.asarray(self.units_of)[order]

    def facts_at(self, positions: np.ndarray) -> pd.DataFrame:
        """Returns the facts of the files at positions that `parts` gave, in that order, with a column `id`."""
        images = self._fitted()
        if images.facts is None:
            raise RuntimeError("The folder's reader gave no facts.")
        chosen = images.facts.iloc[positions].reset_index(drop=True)
        chosen.insert(0, "id", images.ids[positions])
        return chosen

    def save(self, folder: Path) -> None:
        """Writes a copy of the images, so that a later `load` does not depend on the files."""
        folder = Path(folder)
        self._fitted().save(folder / "images")
        np.save(folder / UNITS, np.asarray(self.units_of))
        names = ("path", "mixed", "size", "formats", "groups", "groups_pattern", "groups_csv")
        options = {name: getattr(self, name) for name in names}
        (folder / "options.json").write_text(json.dumps(options, indent=1) + "\n", encoding="utf-8")

    def load(self, folder: Path) -> Folder:
        """Reads what `save` wrote."""
        self._keep(ImageSet.load(Path(folder) / "images"), np.load(Path(folder) / UNITS, allow_pickle=False))
        return self

    def _keep(self, images: ImageSet, units: np.ndarray) -> None:
        self._images, self.n_available = images, images.n
        self.facts, self.groups_of, self.units_of = images.facts, images.groups, units

    def _fitted(self) -> ImageSet:
        if self._images is None:
            raise RuntimeError("This generator has read no files. Expected fit(...) or load(...) first.")
        return self._images

    def _order(self, n: int, seed: int) -> np.ndarray:
        available = self._fitted().n
        if n > available:
            raise UserError(f"{self.path} holds {available} images, and {n} are needed.")
        return np.random.default_rng(seed).permutation(available)[:n]


def _check_one_kind(found: ImageSet, path: str) -> None:
    """Refuses a mixture of formats or modes: it would be learned in the place of the picture."""
    assert found.facts is not None  # noqa: S101 - a folder's reader gives them
    kinds = (found.facts["format"] + " in " + found.facts["mode"]).to_numpy(str)
    names, first, counts = np.unique(kinds, return_index=True, return_counts=True)
    if len(names) > 1:
        order = np.argsort(-counts, kind="stable")
        most, least = order[0], order[-1]
        raise UserError(
            f"The files in {path} are of several kinds: {counts[most]} {names[most]}, {counts[least]} {names[least]} "
            f"(such as {found.ids[first[least]]}). Expected one format and mode, or the option formats='any'."
        )


def _with_channels(found: ImageSet, channels: int, path: str) -> ImageSet:
    """Gives the images as many channels as the real ones have, where no information is lost or made up."""
    if found.images.shape[3] == channels:
        return found
    if channels == 1 and not (found.images == found.images[..., :1]).all():
        raise UserError(f"The images in {path} must be grey, as the real ones are. Received: colour.")

    def given(images: np.ndarray) -> np.ndarray:
        return np.repeat(images, 3, axis=3) if channels == 3 else images[..., :1]

    originals = None if found.originals is None else given(found.originals)
    return dataclasses.replace(found, images=given(found.images), originals=originals)
