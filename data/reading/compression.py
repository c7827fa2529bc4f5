"""How strongly an image file was compressed, read from its header: a detector may see the difference in the pixels."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from PIL import Image

# Luminance table of Annex K.1 of ITU-T T.81 (1992), from which the Independent JPEG Group's library, and nearly every
# other, makes the tables of its quality scale.
LUMINANCE = np.array(
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]
)  # fmt: skip
SUBSAMPLING = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}


def of(image: Image.Image, data: bytes) -> tuple[int, str]:
    """Returns the JPEG quality (0 for other formats) and how the format was used, in words.

    Args:
        image: As Pillow opened it, before it was changed.
        data: The content of its file.
    """
    if image.format == "JPEG":
        return _jpeg(image)
    if image.format == "WEBP":
        exact, lossy = data.find(b"VP8L"), data.find(b"VP8 ")  # names of chunks; the first one is the first frame's
        return 0, "lossless" if exact >= 0 and not 0 <= lossy < exact else "lossy"
    return 0, ""


def _jpeg(image: Any) -> tuple[int, str]:
    from PIL import JpegImagePlugin

    tables = image.quantization
    table = sorted(tables[min(tables)]) if tables else []
    if len(table) != 64:
        return 0, "unknown tables"
    # sorted, so that the order in which a table is stored does not matter
    distance = np.abs(np.sort(_scaled(np.arange(1, 101)), axis=1) - np.array(table)).sum(axis=1)
    quality = int(distance.argmin()) + 1
    words = f"quality {quality}"
    if distance.min() > 0:
        content = repr(sorted(tables.items())).encode()
        words += f" or so by own tables {hashlib.sha256(content).hexdigest()[:6]}"
    chroma = SUBSAMPLING.get(JpegImagePlugin.get_sampling(image))
    return quality, f"{words}, {chroma}" if chroma else words


def _scaled(quality: np.ndarray) -> np.ndarray:
    """Returns the luminance table of each quality, int `(n, 64)`."""
    # Whole numbers, as in the library's jpeg_quality_scaling and jpeg_add_quant_table.
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    return np.clip((LUMINANCE * scale[:, None] + 50) // 100, 1, 255)
