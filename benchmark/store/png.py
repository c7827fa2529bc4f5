"""Images as files: plain ones, whose bytes say nothing but the pixels, and ones that say that they are synthetic."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image, PngImagePlugin

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = f"{SOURCE_TYPES}trainedAlgorithmicMedia"  # by a model that has learned from images
COMPOSITE = f"{SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia"  # made by one from a real image
ALGORITHMIC = f"{SOURCE_TYPES}algorithmicMedia"  # by a rule that has learned nothing
COLUMNS = 8  # of a sheet of images
LEVEL = 9  # of zlib: small files; the same for every image


def plain(image: np.ndarray) -> bytes:
    """Returns uint8 `(h, w, 1 or 3)` as a PNG without metadata."""
    return _encoded(_picture(image))


def synthetic(image: np.ndarray, software: str, description: str, source_type: str) -> bytes:
    """Returns uint8 `(h, w, 1 or 3)` as a PNG that says that it is synthetic.

    It says so in the text chunks `Software` and `Description`, and by IPTC's `DigitalSourceType` in its XMP packet,
    which is what platforms look for.

    Args:
        image: The pixels.
        software: The program's name and version.
        description: How it was made, in words.
        source_type: One of IPTC's NewsCodes, such as `TRAINED`.

    References:
        IPTC, Photo Metadata Standard 2023.2, "Digital Source Type".
    """
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", software)
    info.add_text("Description", description)
    info.add_itxt("XML:com.adobe.xmp", xmp(software, description, source_type))
    return _encoded(_picture(image), pnginfo=info)


def described(image: np.ndarray, software: str, description: str) -> bytes:
    """Returns uint8 `(h, w, 1 or 3)` as a PNG that says what it is, in the text chunks `Software` and `Description`."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", software)
    info.add_itxt("Description", description)
    return _encoded(_picture(image), pnginfo=info)


def animation(images: np.ndarray, packet: str = "", milliseconds: int = 80) -> bytes:
    """Returns uint8 `(n, h, w, 1 or 3)` as an endless WebP animation without loss.

    Args:
        images: The frames.
        packet: What `xmp` returns. Defaults to none: the bytes then say nothing but the pixels.
        milliseconds: Of one frame.
    """
    frames = [_picture(image).convert("RGB") for image in images]
    stream = io.BytesIO()
    settings = {"lossless": True, "duration": milliseconds, "loop": 0, "xmp": packet.encode()}
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:], **settings)
    return stream.getvalue()


def xmp(software: str, description: str, source_type: str) -> str:
    """Returns an XMP packet."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        f"<xmp:CreatorTool>{escape(software)}</xmp:CreatorTool>"
        '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
        f"{escape(description)}</rdf:li></rdf:Alt></dc:description>"
        f"<Iptc4xmpExt:DigitalSourceType>{escape(source_type)}</Iptc4xmpExt:DigitalSourceType>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def resized(images: np.ndarray, size: int | None) -> tuple[np.ndarray, str]:
    """Returns images whose shorter side is `size` pixels, and how they were resampled.

    A whole multiple repeats pixels, so that they can be looked at as they are; anything else is Lanczos.

    Args:
        images: uint8 `(n, h, w, c)`.
        size: In pixels; `None` changes nothing.
    """
    height, width = images.shape[1:3]
    short = min(height, width)
    if size is None or size == short:
        return images, "none"
    if size % short == 0:
        return images.repeat(size // short, axis=1).repeat(size // short, axis=2), "nearest"
    target = (max(1, round(width * size / short)), max(1, round(height * size / short)))
    pictures = [_picture(image).resize(target, Image.Resampling.LANCZOS) for image in images]
    return np.stack([np.asarray(one).reshape(target[1], target[0], images.shape[3]) for one in pictures]), "lanczos"


def _picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image))


def _encoded(picture: Image.Image, **extra: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=LEVEL, **extra)
    return stream.getvalue()


def write_png(path: Path, image: np.ndarray) -> None:
    """Writes one uint8 image `(height, width, channels)` of 1 or 3 channels."""
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(path, optimize=True)


def grid(images: np.ndarray, columns: int = COLUMNS) -> np.ndarray:
    """Lays uint8 images `(n, h, w, c)` row by row into one image `(rows * h, columns * w, c)`, the rest black."""
    n, height, width, channels = images.shape
    rows = -(-n // columns)
    cells = np.zeros((rows * columns, height, width, channels), np.uint8)
    cells[:n] = images
    laid = cells.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return laid.reshape(rows * height, columns * width, channels)
