"""Bringing a decoded picture of any common kind to 8 bits per channel, grey or RGB, upright and opaque."""

from __future__ import annotations

import numpy as np
from PIL import Image

from data.errors import UserError

ORIENTATION = 274  # of EXIF
# as in Pillow's own ImageOps.exif_transpose
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIXTEEN = ("I;16", "I;16B", "I;16L", "I;16N", "I")
MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", *SIXTEEN}


def plain(image: Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    """Returns a copy of a decoded picture in mode "L" or "RGB", and what was done, of
    `data.reading.safe_image.CHANGES`.

    Args:
        image: The picture.
        name: Its file, for messages.

    Raises:
        UserError: If its values are no grey levels of 8 or 16 bits.
    """
    changes = []
    if image.mode not in MODES:
        raise UserError(f"{name} has pixels of kind '{image.mode}'. Expected 8 or 16 bits per channel.")
    turn = UPRIGHT.get(_orientation(image))
    upright = image.copy() if turn is None else image.transpose(turn)  # the next frame is drawn over this one
    if turn is not None:
        changes.append("turned")
    if upright.mode in SIXTEEN:
        upright, cleared = _eight_bits(upright, name)
        changes += ["reduced to 8 bits", "flattened"] if cleared else ["reduced to 8 bits"]
    if upright.has_transparency_data:
        grey = upright.mode == "LA" or (upright.mode in ("1", "L"))
        layer = upright.convert("RGBA")
        if np.asarray(layer)[..., 3].min() < 255:
            layer = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
            changes.append("flattened")
        upright = layer.convert("RGB").convert("L" if grey else "RGB")
    if upright.mode == "CMYK":
        changes.append("converted")
    if upright.mode not in ("L", "RGB"):
        upright = upright.convert("L" if upright.mode == "1" else "RGB")
    return upright, changes


def _orientation(image: Image.Image) -> int:
    """Returns EXIF's mark of orientation, 1 for none or one that cannot be read."""
    if image.format == "TIFF":  # Pillow has turned it
        return 1
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # EXIF is no part of the picture
        return 1


def _eight_bits(image: Image.Image, name: str) -> tuple[Image.Image, bool]:
    """Returns 16 bits per pixel as 8, and whether a level that stands for transparency became white."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise UserError(f"{name} has values outside 16 bits. Expected 8 or 16 bits per channel.")
    # 257 is 65535 / 255: black stays 0 and white becomes 255
    clear = values == image.info.get("transparency", -1)
    return Image.fromarray(np.where(clear, 255, np.round(values / 257)).astype(np.uint8)), bool(clear.any())
