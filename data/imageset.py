"""The image set: uint8 images with labels, stable ids and whatever else their publisher says about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data import names

ORIGINALS = "originals.npy"
CHUNK = 1024  # images looked at together, so that a memory-mapped set is never wholly in memory


@dataclass(frozen=True)
class ImageSet:
    """Images and all that is known of each of them.

    Attributes:
        name: What the set is called, such as `"cifar10"`.
        images: uint8 `(n, height, width, channels)` with 1 or 3 channels, values 0 to 255.
        labels: int64 `(n,)`, each an index into `classes`.
        ids: str `(n,)`, unique and stable: `"train/00017"`, or the file's name relative to its folder. Names that a
            terminal or a spreadsheet would not take as text are changed, here and in classes and attributes.
        classes: The names of the labels.
        groups: int64 `(n,)` of what must stay together (a person's identity, the source of frames), or `None`; an
            image whose group is below 0 is of none.
        official: str `(n,)` of the publisher's split, `"train"`, `"validation"` or `"test"`, or `None`.
        attributes: bool `(n, k)`, or `None`.
        attribute_names: The names of the `k` attributes.
        facts: A frame of `n` rows about the original files (`width`, `height`, `format`, `mode`, `bytes`), or `None`.
        notes: Sentences about how the set was made that a reader of the results should know.
        originals: uint8 of the shape of `images`, from the upper left corner of each file as it came, where files were
            cut or reduced; or `None` where `images` are as they came.

    Raises:
        ValueError: If the parts do not fit together.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    classes: tuple[str, ...]
    groups: np.ndarray | None = None
    official: np.ndarray | None = None
    attributes: np.ndarray | None = None
    attribute_names: tuple[str, ...] = ()
    facts: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    originals: np.ndarray | None = None

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "name", names.plain(self.name))
        for field in ("classes", "attribute_names", "ids"):
            self._rename(field)

    @property
    def n(self) -> int:
        """The number of images."""
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    @cached_property
    def value_grid(self) -> np.ndarray:
        """The grey levels that occur, sorted uint8."""
        seen = np.zeros(256, bool)
        for chunk in self._chunks():
            seen |= np.bincount(chunk.ravel(), minlength=256) > 0
        return np.flatnonzero(seen).astype(np.uint8)

    @cached_property
    def digest(self) -> str:
        """The sha256, in hex, of everything but the name and the notes: images, order, labels, ids, groups, facts."""
        sha = hashlib.sha256()
        header = {"shape": self.images.shape, "classes": self.classes, "attributes": self.attribute_names}
        sha.update(json.dumps(header).encode())
        for chunk in self._chunks():
            sha.update(np.ascontiguousarray(chunk).data)
        sha.update(self._index().to_csv(index=False, lineterminator="\n").encode())
        return sha.hexdigest()

    def take(self, index: Any) -> ImageSet:
        """Returns the images at `index` (positions, a slice or a bool mask) with all that belongs to them."""
        columns = ("images", "labels", "ids", "groups", "official", "attributes", "originals")
        taken = {name: getattr(self, name)[index] for name in columns if getattr(self, name) is not None}
        if self.facts is not None:
            taken["facts"] = self.facts.iloc[index].reset_index(drop=True)
        return replace(self, **taken)

    def save(self, folder: Path) -> None:
        """Writes `images.npy`, `index.csv` and `imageset.json` into `folder`; the same set gives the same bytes."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "images.npy", self.images, allow_pickle=False)
        if self.originals is not None:
            np.save(folder / ORIGINALS, self.originals, allow_pickle=False)
        self._index().to_csv(folder / "index.csv", index=False, lineterminator="\n")
        about = {
            "name": self.name,
            "shape": list(self.images.shape),
            "classes": list(self.classes),
            "attributes": list(self.attribute_names) if self.attributes is not None else None,
            "facts": None if self.facts is None else {str(k): str(v) for k, v in self.facts.dtypes.items()},
            "value_grid": self.value_grid.tolist(),
            "digest": self.digest,
            "notes": list(self.notes),
        }
        (folder / "imageset.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, mmap: bool = True) -> ImageSet:
        """Reads what `save` wrote.

        Args:
            folder: The folder with the three files.
            mmap: Whether the images stay on disk, read-only, until they are used. Defaults to `True`.
        """
        folder = Path(folder)
        about = json.loads((folder / "imageset.json").read_text(encoding="utf-8"))
        # as text: pandas would read an id "007" as 7, and one called "NA" as missing
        index = pd.read_csv(folder / "index.csv", dtype=str, keep_default_na=False)
        facts = None
        if about["facts"] is not None:
            facts = pd.DataFrame({name: index[f"fact:{name}"].astype(kind) for name, kind in about["facts"].items()})
        attributes = None
        if about["attributes"] is not None:
            columns = [f"attribute:{name}" for name in about["attributes"]]
            attributes = index[columns].to_numpy(str) == "1"
        return cls(
            name=about["name"],
            images=np.load(folder / "images.npy", mmap_mode="r" if mmap else None, allow_pickle=False),
            labels=index["label"].to_numpy(str).astype(np.int64),
            ids=index["id"].to_numpy(str),
            classes=tuple(about["classes"]),
            groups=index["group"].to_numpy(str).astype(np.int64) if "group" in index else None,
            official=index["official"].to_numpy(str) if "official" in index else None,
            attributes=attributes,
            attribute_names=tuple(about["attributes"] or ()),
            facts=facts,
            notes=tuple(about["notes"]),
            originals=_mapped(folder / ORIGINALS, mmap),
        )

    def _rename(self, field: str) -> None:
        """Gives names of folders and files that a terminal or a spreadsheet would not take as text other ones."""
        given = [str(name) for name in getattr(self, field)]
        odd = next((name for name in given if not names.is_plain(name)), None)
        if odd is None:
            return
        new = names.distinct(given)
        what = {"classes": "Classes", "attribute_names": "Attributes", "ids": "Image ids"}[field]
        said = f"{what} that begin like a formula or hold signs that cannot be seen were renamed, the first to "
        object.__setattr__(self, field, np.array(new, str) if field == "ids" else tuple(new))
        object.__setattr__(self, "notes", (*self.notes, f"{said}'{new[given.index(odd)]}'."))

    def _chunks(self) -> Iterator[np.ndarray]:
        for start in range(0, self.n, CHUNK):
            yield self.images[start : start + CHUNK]

    def _index(self) -> pd.DataFrame:
        columns: dict[str, Any] = {"id": self.ids, "label": self.labels}
        if self.groups is not None:
            columns["group"] = self.groups
        if self.official is not None:
            columns["official"] = self.official
        if self.attributes is not None:
            for k, name in enumerate(self.attribute_names):
                columns[f"attribute:{name}"] = self.attributes[:, k].astype(np.uint8)
        if self.facts is not None:
            for name in self.facts:
                columns[f"fact:{name}"] = self.facts[name].to_numpy()
        return pd.DataFrame(columns)


def snap(images: np.ndarray, value_grid: np.ndarray) -> np.ndarray:
    """Moves every value to the nearest level of a grid, so that fakes use the levels that the reals use.

    Args:
        images: uint8 of any shape.
        value_grid: The sorted levels, uint8. The lower one wins a tie.

    Returns:
        uint8 of the same shape; equal to `images` when the grid is 0 to 255.
    """
    images, grid = np.asarray(images), np.asarray(value_grid).astype(np.int64)
    if images.dtype != np.uint8:
        raise ValueError(f"Images must be uint8. Received: dtype={images.dtype}.")
    if len(grid) == 0:
        raise ValueError("A value grid needs at least one level. Received: none.")
    # argmin gives the first of equals, which is the lower level
    table = grid[np.abs(np.arange(256)[:, None] - grid).argmin(axis=1)]
    return table.astype(np.uint8)[images]


def _mapped(path: Path, mmap: bool) -> np.ndarray | None:
    """Reads an array that a set may have, or not."""
    return np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False) if path.exists() else None


def _check(image_set: ImageSet) -> None:
    images, n = image_set.images, len(image_set.images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise ValueError(
            "Images must be uint8 (n, height, width, channels) with 1 or 3 channels. "
            f"Received: {images.dtype} {images.shape}."
        )
    for field in fields(image_set):
        value = getattr(image_set, field.name)
        if isinstance(value, np.ndarray | pd.DataFrame) and len(value) != n:
            raise ValueError(f"'{field.name}' must have one entry per image. Received: {len(value)} for {n} images.")
    if image_set.originals is not None and image_set.originals.shape != images.shape:
        raise ValueError(
            f"Originals must have the images' shape {images.shape}. Received: {image_set.originals.shape}."
        )
    if image_set.labels.dtype != np.int64 or (
        n and not 0 <= image_set.labels.min() <= image_set.labels.max() < len(image_set.classes)
    ):
        raise ValueError(f"Labels must be int64 indices into the {len(image_set.classes)} classes.")
    if len(np.unique(image_set.ids)) != n:
        raise ValueError("Ids must be unique.")
    if image_set.official is not None and set(np.unique(image_set.official)) - {
        "train",
        "validation",
        "test",
    }:
        raise ValueError(f"Official parts are train, validation and test. Received: {np.unique(image_set.official)}.")
    if image_set.attributes is not None and image_set.attributes.shape != (n, len(image_set.attribute_names)):
        raise ValueError(
            f"Attributes must be (n, {len(image_set.attribute_names)}). Received: {image_set.attributes.shape}."
        )
