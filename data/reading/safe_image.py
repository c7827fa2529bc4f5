"""Opening one image file: the format is what its bytes say, its size is known before it is decoded."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from data.errors import UserError
from data.reading import compression, png_chunks
from data.reading.plain_image import ORIENTATION, UPRIGHT, plain

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
ANIMATED = (*FORMATS, "GIF")
MAX_PIXELS = 2**26  # 67 million, more than any camera in common use; Pillow's own alarm sounds at 89 million
MAX_FRAMES = 5000
MAX_ANIMATION = 2**28  # pixels of all frames together: 0.8 GB, a thousand frames of 512 x 512
CHANGES = {  # what may be done to an image
    "converted": "converted from CMYK to RGB",
    "first": "the first of several pictures in one file",
    "flattened": "transparent pixels laid on white",
    "reduced to 8 bits": "16 bits reduced to 8",
    "turned": "turned upright by its orientation mark",
}


@dataclass(frozen=True)
class OpenedImage:
    """A decoded image (`pixels` in mode "L" or "RGB") and what its file was like.

    Attributes:
        pixels: The image, turned upright.
        width: Of the file, in pixels, before turning.
        height: Of the file, in pixels, before turning.
        format: `"PNG"`, `"JPEG"`, `"WEBP"`, `"BMP"`, `"TIFF"` or `"GIF"`, by content.
        mode: Pillow's mode of the file, such as `"RGBA"`.
        quality: Of a JPEG, 1 to 100, estimated from its quantisation tables; 0 for other formats.
        coding: How the format was used, such as `"quality 75, 4:2:0"` or `"lossless"`; may be empty.
        changes: What was done to it, of `CHANGES`.
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
    """Decodes a PNG, JPEG, WebP, BMP or TIFF file to 8 bits per channel, grey or RGB.

    Transparent pixels are laid on white, an orientation mark is obeyed, 16 bits become 8, palettes and CMYK become RGB.
    Of several pictures in a JPEG or TIFF the first is taken. Colour profiles and texts are ignored.

    Args:
        data: The content of the file.
        name: The file, for messages.
        max_pixels: The most pixels that are decoded. Defaults to 2**26.

    Raises:
        UserError: If it is no image, of another format, animated, cut short, damaged, or has more than `max_pixels`.
    """
    with _decoding(name, max_pixels), _opened(data, name, FORMATS, max_pixels) as image:
        frames = _frames(image)
        if frames > 1:
            raise UserError(f"{name} is animated ({frames} frames). Expected a single image.")
        about = _About.of(image, data, name)
        image.load()
        pixels, changes = plain(image, name)
        return about.opened(pixels, changes)


def open_frames(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> Iterator[OpenedImage]:
    """Decodes one after the other the frames of a GIF, WebP or PNG animation; a single image is one frame.

    Each frame is what a viewer shows at that time, transparent pixels on white. Width, height, format and mode are the
    file's. The other arguments and errors are those of `open_image`.

    Raises:
        UserError: For more than 5,000 frames, or more than 2**28 pixels in all of them, too.
    """
    with _decoding(name, max_pixels):
        image = _opened(data, name, ANIMATED, max_pixels)
        frames, (width, height) = _frames(image), image.size
        if frames > MAX_FRAMES or frames * width * height > max(MAX_ANIMATION, max_pixels):
            raise UserError(
                f"{name} has {frames:,} frames of {width} x {height} pixels. Allowed: {MAX_FRAMES:,} frames and "
                f"{MAX_ANIMATION:,} pixels in all; cut it into several files."
            )
        about = _About.of(image, data, name)
    for position in range(frames):
        with _decoding(name, max_pixels):
            if frames > 1:
                image.seek(position)
            image.load()
            pixels, changes = plain(image, name)
        yield about.opened(pixels, changes)


@dataclass(frozen=True)
class _About:
    """What a file says of its picture before it is decoded."""

    size: tuple[int, int]
    format: str
    mode: str
    coded: tuple[int, str]
    changes: tuple[str, ...]

    @classmethod
    def of(cls, image: Any, data: bytes, name: str) -> _About:
        size, changes = image.size, []
        deep = png_chunks.bit_depth(data) == 16
        if image.format == "TIFF":
            deep = _check_tiff(image, name)
            if image.tag_v2.get(ORIENTATION) in UPRIGHT:  # which Pillow obeys by itself, in the size already
                changes.append("turned")
                size = size[::-1] if image.tag_v2[ORIENTATION] >= 5 else size
        if deep:
            changes.append("reduced to 8 bits")
        if _several(image):
            changes.append("first")
        return cls(size, str(image.format), image.mode, compression.of(image, data), tuple(changes))

    def opened(self, pixels: Image.Image, changes: list[str]) -> OpenedImage:
        done = tuple(sorted({*self.changes, *changes}))
        return OpenedImage(pixels, *self.size, self.format, self.mode, *self.coded, changes=done)


def _opened(data: bytes, name: str, formats: tuple[str, ...], max_pixels: int) -> Image.Image:
    image: Image.Image
    if data.startswith(b"\xff\xd8\xff"):  # without looking for a second picture behind the first, as phones write one
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    else:
        image = Image.open(io.BytesIO(png_chunks.picture_only(data)), formats=formats)
    width, height = image.size
    if width * height > max_pixels:
        raise UserError(
            f"{name} has {width} x {height} pixels. Allowed: {max_pixels:,}, so that no file fills the memory."
        )
    # tags 322 and 323: width and height of a tile
    if image.format == "TIFF" and int(image.tag_v2.get(322, 1)) * int(image.tag_v2.get(323, 1)) > max_pixels:  # type: ignore[attr-defined]
        raise UserError(f"{name} has tiles of too many pixels. Allowed: {max_pixels:,}.")
    return image


def _frames(image: Image.Image) -> int:
    return 1 if image.format == "TIFF" else getattr(image, "n_frames", 1)  # its pages are no animation


def _several(image: Any) -> bool:
    """Says whether a file that is no animation holds more pictures behind its first."""
    try:
        if image.format == "TIFF":
            return bool(image.is_animated)
        about = image._getmp() if image.format == "JPEG" and "mp" in image.info else None
        # 45057 (0xB001) of the Multi-Picture Format: how many there are
        return about is not None and int(about[45057]) > 1
    except Exception:  # what a damaged index says of other pictures is no fault of this one
        return False


def _check_tiff(image: Any, name: str) -> bool:
    """Says whether a TIFF has 16 bits per channel, and refuses values that are no plain grey levels."""
    # tags 258, bits of a sample, and 339, its kind (1: unsigned); 262 says which end is black (0: the largest value)
    bits, kinds = (image.tag_v2.get(tag, (1,)) for tag in (258, 339))
    bits, kinds = ({values} if isinstance(values, int) else set(values) for values in (bits, kinds))
    inverted = 16 in bits and image.tag_v2.get(262) == 0
    if not bits <= {1, 2, 4, 8, 16} or kinds != {1} or inverted:
        what = "white as zero" if inverted else f"{'/'.join(map(str, sorted(bits)))} bits of kind {min(kinds)}"
        raise UserError(f"{name} has values of {what}. Expected unsigned numbers of 8 or 16 bits per channel.")
    return 16 in bits


@contextlib.contextmanager
def _decoding(name: str, max_pixels: int) -> Iterator[None]:
    """Turns whatever a decoder raises for a bad file into the user's error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limit here is stricter than the one that Pillow warns about
            yield
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError(f"{name} is not an image. Expected the content of a {', '.join(FORMATS)} file.") from None
    except Image.DecompressionBombError:
        raise UserError(f"{name} has far more than the {max_pixels:,} pixels that are allowed.") from None
    except Exception as error:  # a damaged file raises nearly anything
        raise UserError(
            f"{name} is a damaged image ({' '.join(str(error).split()) or type(error).__name__})."
        ) from None
