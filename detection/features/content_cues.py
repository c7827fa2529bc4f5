"""Cheap statistics of an image's content: what a detector should know better than."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from detection.features.frequency import grey


def content_cues(images: np.ndarray) -> np.ndarray:
    """Returns float64 `(n, 2 c + 5)` for uint8 images `(n, h, w, c)`; `content_names` names the columns."""
    values = images.reshape(len(images), -1, images.shape[-1])
    luminance = grey(images).reshape(len(images), -1)
    low, high = np.percentile(luminance, [5, 95], axis=1)
    return np.column_stack(
        [
            values.mean(axis=1),
            values.std(axis=1),
            high - low,
            (values == 0).mean(axis=(1, 2)),
            (values == 255).mean(axis=(1, 2)),
            [len(np.unique(image)) for image in images],
            [png_bytes(image) for image in images],
        ]
    ).astype(np.float64)


def content_names(channels: int) -> list[str]:
    """Returns the names of the columns of `content_cues`."""
    colours = ["grey"] if channels == 1 else ["red", "green", "blue"]
    per_channel = [f"{what} {colour}" for what in ("mean", "spread") for colour in colours]
    return [*per_channel, "contrast", "share at 0", "share at 255", "distinct values", "PNG bytes"]


def png_bytes(image: np.ndarray) -> int:
    """Returns the size in bytes of one uint8 image `(h, w, c)` as a PNG file."""
    file = io.BytesIO()
    # The level is stated, so that another default of Pillow's changes no score.
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, format="PNG", compress_level=6)
    return file.tell()
