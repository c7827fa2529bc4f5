"""The 8x8 digits inside scikit-learn: nothing to download."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge

from data.imageset import ImageSet
from data.selection import choose_classes, limit_note, pick, wider

CLASSES = tuple(str(digit) for digit in range(10))


class Digits:
    """1,797 handwritten digits of 8x8 pixels, one channel.

    The values 0 to 16 become `round(value * 255 / 16)`: 17 levels of uint8. There is no official split. Source:
    Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI 1998 (its test part).

    Args:
        classes: The digits to take, such as `[0, 1]`. Defaults to `None`, all ten.
        limit: Takes only the first that many images. Defaults to `None`, all.
    """

    size = 8  # pixels a side
    unordered = True  # its first images of a part are as any others
    terms = "The digits come with scikit-learn, from the UCI repository, under CC BY 4.0."

    def __init__(self, *, classes: list[int | str] | None = None, limit: Annotated[int, Ge(1)] | None = None) -> None:
        self.classes = choose_classes(classes, CLASSES)
        self.limit = limit

    def fingerprint(self, folders: Sequence[Path] = ()) -> str:
        """Returns the sha256 of the file inside scikit-learn; `folders` are not used."""
        del folders
        spec = find_spec("sklearn")  # finds the package without the second that importing it takes
        path = Path(str(spec.origin if spec else "")).parent / "datasets" / "data" / "digits.csv.gz"
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def load(
        self, folders: Sequence[Path] = (), *, progress: Callable[[int, int, str], None] | None = None
    ) -> ImageSet:
        """Returns the set; `folders` and `progress` are not used."""
        del folders, progress
        from sklearn.datasets import load_digits

        bunch = load_digits()
        index, labels = pick(bunch.target, CLASSES, self.classes, limit=self.limit)
        return ImageSet(
            name="digits",
            images=np.round(bunch.images[index, :, :, None] * 255 / 16).astype(np.uint8),
            labels=labels,
            ids=np.array([f"{i:04d}" for i in index], str),
            classes=self.classes,
            notes=(
                "scikit-learn's 8x8 digits; values 0 to 16 became round(value * 255 / 16).",
                *limit_note(self.limit, per_part=False),
            ),
        )

    def wider(self, folders: Sequence[Path] = ()) -> ImageSet | None:
        """Returns the images of all ten classes, or `None` if these are the ones that `load` returns.

        A feature extractor learns from them. Ids are those of `load`. A `limit` counts per class: it is as many times
        higher as there are more classes.
        """
        return wider(self, CLASSES, folders)
