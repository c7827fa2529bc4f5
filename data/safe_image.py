"""Opening one image file: the format is what its bytes say, its size is known before it is decoded."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from data import compression
from data.errors import UserError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
ANIMATED = (*FORMATS, "GIF")
MAX_PIXELS = 2**26  # 67 million, more than any camera in common use; Pillow's own alarm sounds at 89 million
MAX_FRAMES = 5000
MAX_ANIMATION = 2**28  # pixels of all frames together: 0.8 GB, a thousand frames of 512 x 512


@dataclass(frozen=True)
class OpenedImage:
    """A decoded image (`pixels` in mode "L" or "RGB") and what its file was like.

    Attributes:
        pixels: The image, turned upright.
        width: Of the file, in pixels, before turning.
        height: Of the file, in pixels, before turning.
        format: `"PNG"`, `"JPEG"`, `"WEBP"`, `"BMP"` or `"GIF"`, by content.
        mode: Pillow's mode of the file, such as `"RGBA"`.
        quality: Of a JPEG, 1 to 100, estimated from its quantisation tables; 0 for other formats.
        coding: How the format was used, such as `"quality 75, 4:2:0"` or `"lossless"`; may be empty.
        changes: What was done to it: `"flattened"`, `"turned"`, `"reduced to 8 bits"`.
    """

    pixels: Image.Image
    width: int
    height: int
    format: str
    mode: str
    quality: int
    coding: str
    changes: tuple[str, ...]


def open_image(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> OpenedImage:
    """Decodes a PNG, JPEG, WebP or BMP file to 8 bits per channel, grey or RGB.

    Transparent pixels are laid on white, an orientation mark is obeyed, 16 bits become 8, palettes and CMYK become RGB.

    Args:
        data: The content of the file.
        name: The file, for messages.
        max_pixels: The most pixels that are decoded. Defaults to 2**26.

    Raises:
        UserError: If it is no image, of another format, animated, cut short, damaged, or has more than `max_pixels`.
    """
    with _decoding(name, max_pixels), _opened(data, name, FORMATS, max_pixels) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            raise UserError(f"{name} is animated ({frames} frames). Expected a single image.")
        image.load()
        pixels, changes = _plain(image, name)
        return OpenedImage(
            pixels, *image.size, str(image.format), image.mode, *compression.of(image, data), changes=changes
        )


def open_frames(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> Iterator[OpenedImage]:
    """Decodes one after the other the frames of a GIF, WebP or PNG animation; a single image is one frame.

    Each frame is what a viewer shows at that time, transparent pixels on white. Width, height, format and mode are the
    file's. The other arguments and errors are those of `open_image`.

    Raises:
        UserError: For more than 5,000 frames, or more than 2**28 pixels in all of them, too.
    """
    with _decoding(name, max_pixels):
        image = _opened(data, name, ANIMATED, max_pixels)
        frames, (width, height) = getattr(image, "n_frames", 1), image.size
        if frames > MAX_FRAMES or frames * width * height > max(MAX_ANIMATION, max_pixels):
            raise UserError(
                f"{name} has {frames:,} frames of {width} x {height} pixels. Allowed: {MAX_FRAMES:,} frames and "
                f"{MAX_ANIMATION:,} pixels in all; cut it into several files."
            )
        mode, coded = image.mode, compression.of(image, data)
    for position in range(frames):
        with _decoding(name, max_pixels):
            image.seek(position)
            image.load()
            pixels, changes = _plain(image, name)
        yield OpenedImage(pixels, width, height, str(image.format), mode, *coded, changes=changes)


def _opened(data: bytes, name: str, formats: tuple[str, ...], max_pixels: int) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=formats)
    width, height = image.size
    if width * height > max_pixels:
        raise UserError(
            f"{name} has {width} x {height} pixels. Allowed: {max_pixels:,}, so that no file fills the memory."
        )
    return image


@contextlib.contextmanager
def _decoding(name: str, max_pixels: int) -> Iterator[None]:
    """Turns whatever a decoder raises for a bad file into the user's error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limit here is stricter than the one that Pillow warns about
            yield
    except UnidentifiedImageError:
        raise UserError(f"{name} is not an image. Expected the content of a {', '.join(FORMATS)} file.") from None
    except Image.DecompressionBombError:
        raise UserError(f"{name} has far more than the {max_pixels:,} pixels that are allowed.") from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
        KeyError,
        struct.error,
        MemoryError,
    ) as error:
        raise UserError(
            f"{name} is a damaged image ({' '.join(str(error).split()) or type(error).__name__})."
        ) from None


def _plain(image: Image.Image, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    changes = []
    upright = ImageOps.exif_transpose(image)
    if upright.getexif() != image.getexif():
        changes.append("turned")
    if upright.mode in ("I;16", "I;16B", "I;16L", "I"):
        upright = _eight_bits(upright, name)
        changes.append("reduced to 8 bits")
    if upright.has_transparency_data:
        grey = upright.mode == "LA" or (upright.mode in ("1", "L"))
        layer = upright.convert("RGBA")
        if np.asarray(layer)[..., 3].min() < 255:
            layer = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
            changes.append("flattened")
        upright = layer.convert("RGB").convert("L" if grey else "RGB")
    if upright.mode not in ("L", "RGB"):
        upright = upright.convert("L" if upright.mode == "1" else "RGB")
    return upright, tuple(changes)


def _eight_bits(image: Image.Image, name: str) -> Image.Image:
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise UserError(f"{name} has values outside 16 bits. Expected 8 or 16 bits per channel.")
    return Image.fromarray(np.round(values / 257).astype(np.uint8))
