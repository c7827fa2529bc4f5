"""What a generator that learns may be given. No Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from data.errors import UserError

INTEGERS = "iub"  # kinds of numpy's types that class labels may have


def checked(images: np.ndarray) -> np.ndarray:
    """Returns the images as an array.

    Raises:
        UserError: If they are not uint8 `(n, height, width, channels)`.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4:
        raise UserError(f"Images must be uint8 (n, height, width, channels). Received: {images.dtype} {images.shape}.")
    return images


def checked_labels(labels: Any, n: int, classes: Sequence[str] = ()) -> np.ndarray:
    """Returns class labels, int64 `(n,)`.

    Args:
        labels: One for each image.
        n: How many images there are.
        classes: Names of the labels 0, 1 and so on; none if the labels are free.

    Raises:
        UserError: If they are not integers, not one for each image, or have no name.
    """
    given = np.asarray(labels)
    if given.shape != (n,):
        received = len(given) if given.ndim == 1 else given.shape
        raise UserError(f"labels must be one for each of {n} images. Received: {received}.")
    if given.dtype.kind not in INTEGERS:
        raise UserError(f"labels must be integers. Received: {given.dtype}.")
    given = given.astype(np.int64)
    odd = given[(given < 0) | (given >= len(classes))]
    if len(classes) and len(odd):
        raise UserError(f"labels must be from 0 to {len(classes) - 1}, the numbers of the classes. Received: {odd[0]}.")
    return given


def checked_attributes(attributes: Any, n: int, names: Sequence[str]) -> np.ndarray:
    """Returns attributes, bool `(n, names)`.

    Raises:
        UserError: If they are not zeros and ones, one row for each image and one column for each name.
    """
    given = np.asarray(attributes)
    if given.shape != (n, len(names)):
        raise UserError(
            f"attributes must be one row for each of {n} images and one column for each of {len(names)} names. "
            f"Received: {given.shape}."
        )
    if not np.isin(given, (0, 1)).all():
        odd = given[~np.isin(given, (0, 1))][0]
        raise UserError(f"attributes must be zeros and ones. Received: {odd}.")
    return given.astype(bool)
