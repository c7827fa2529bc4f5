"""Image files as cameras and programs write them: each is read as what it shows, and what was changed is said."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from data.errors import UserError
from data.reading.png_chunks import picture_only
from data.reading.safe_image import open_frames, open_image
from data.sources.folder import Folder

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)


def encoded(form: str, pixels: np.ndarray = PIXELS, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def deep_png(kind: int, channels: int, values: np.ndarray) -> bytes:
    """A PNG of 16 bits per channel, of values uint16 `(h, w, channels)`."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values.reshape(height, width * channels))
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def phone(second: np.ndarray) -> bytes:
    """A JPEG with another picture behind the first."""
    return encoded("MPO", save_all=True, append_images=[Image.fromarray(second)])


def pages() -> bytes:
    return encoded("TIFF", save_all=True, append_images=[Image.fromarray(255 - PIXELS)])


@pytest.mark.parametrize(("make", "form"), [(lambda: phone(255 - PIXELS), "JPEG"), (pages, "TIFF")])
def test_of_several_pictures_the_first_is_taken_and_said(tmp_path, make, form):
    data = make()
    opened = open_image(data, "a")
    assert (opened.format, opened.changes) == (form, ("first",))
    (frame,) = open_frames(data, "a")
    np.testing.assert_array_equal(np.asarray(frame.pixels), np.asarray(opened.pixels))
    alone = encoded("JPEG") if form == "JPEG" else encoded("TIFF")
    np.testing.assert_array_equal(np.asarray(opened.pixels), np.asarray(open_image(alone, "a").pixels))
    (tmp_path / "a.jpg").write_bytes(data)
    found = Folder(path=str(tmp_path)).load()
    assert found.n == 1
    assert "1 images are the first of several pictures in one file; the others were left out." in found.notes


def test_quality_is_known_of_the_first_of_several():
    assert open_image(phone(PIXELS), "a").quality == open_image(encoded("JPEG"), "a").quality == 75


@pytest.mark.parametrize(("kind", "channels", "mode"), [(0, 1, "I;16"), (2, 3, "RGB"), (4, 2, "LA"), (6, 4, "RGBA")])
def test_sixteen_bits_of_any_kind_are_said(kind, channels, mode):
    values = RNG.integers(0, 2**16, (4, 5, channels), dtype=np.uint16)
    if channels in (2, 4):
        values[..., -1] = 65535
    opened = open_image(deep_png(kind, channels, values), "a.png")
    assert opened.mode in (mode, "RGBA")
    assert opened.changes == ("reduced to 8 bits",)
    shown = np.asarray(opened.pixels).reshape(4, 5, -1).astype(int)
    colours = values[..., : 3 if channels > 2 else 1].astype(int)
    assert np.abs(shown[..., : colours.shape[2]] * 257 - colours).max() <= 257


def test_a_grey_level_that_stands_for_nothing_is_white_at_16_bits_too():
    data = deep_png(0, 1, np.array([[[1000], [257 * 9]]], np.uint16))
    opened = open_image(data[:33] + chunk(b"tRNS", struct.pack(">H", 1000)) + data[33:], "a.png")
    assert np.asarray(opened.pixels).tolist() == [[255, 9]]
    assert opened.changes == ("flattened", "reduced to 8 bits")


def test_tiff_of_16_bits_and_of_values_that_are_no_grey_levels():
    deep = np.arange(48, dtype=np.uint16).reshape(6, 8) * 257
    opened = open_image(encoded("TIFF", deep), "a.tif")
    np.testing.assert_array_equal(np.asarray(opened.pixels), deep // 257)
    assert opened.changes == ("reduced to 8 bits",)
    for odd in (deep.astype(np.float32), deep.astype(np.int32), deep.astype(np.int16)):
        with pytest.raises(UserError, match=r"a.tif has values of (16|32) bits of kind [123]. Expected unsigned"):
            open_image(encoded("TIFF", odd), "a.tif")


def test_tiff_is_turned_once_and_said():
    opened = open_image(encoded("TIFF", tiffinfo={274: 6}), "a.tif")
    np.testing.assert_array_equal(np.asarray(opened.pixels), np.rot90(PIXELS, -1))
    assert opened.changes == ("turned",)
    assert (opened.width, opened.height) == (8, 6)


def test_tiff_whose_tiles_would_fill_the_memory():
    tags = {256: 8, 257: 8, 258: 8, 259: 8, 262: 1, 277: 1, 322: 2**16, 323: 2**16, 324: 8, 325: 8}
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    content = b"II*\0" + struct.pack("<I", 16) + bytes(8) + struct.pack("<H", len(tags)) + fields + bytes(4)
    with pytest.raises(UserError, match="tiles of too many pixels"):
        open_image(content, "a.tif")


def test_cmyk_is_said():
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert("CMYK").save(file, "JPEG")
    assert open_image(file.getvalue(), "a.jpg").changes == ("converted",)


def many_texts() -> bytes:
    info = PngImagePlugin.PngInfo()
    for number in range(70):
        info.add_text(f"k{number}", "x" * 2**20, zip=True)
    return encoded("PNG", pnginfo=info)


def with_chunk(kind: bytes, content: bytes) -> bytes:
    data = encoded("PNG")
    return data[:33] + chunk(kind, content) + data[33:]


@pytest.mark.parametrize(
    "make",
    [
        many_texts,
        lambda: with_chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(2**22))),
        lambda: with_chunk(b"iTXt", b"key\0\1\0\0\0" + zlib.compress(bytes(2**22))),
        lambda: with_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(bytes(2**22))),
        lambda: with_chunk(b"iCCP", b"key\0\0" + zlib.compress(bytes(2**22))),
        lambda: with_chunk(b"iCCP", b"key\0\0nonsense"),
        lambda: with_chunk(b"pHYs", b""),
        lambda: encoded("PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
    ],
    ids=["many texts", "zTXt", "iTXt", "exif text", "large profile", "damaged profile", "damaged size", "profile"],
)
def test_texts_and_profiles_refuse_no_picture(make):
    data = make()
    opened = open_image(data, "a.png")
    np.testing.assert_array_equal(np.asarray(opened.pixels), PIXELS)
    assert opened.changes == ()
    assert len(picture_only(data)) < len(data)


def test_a_mark_of_orientation_stays_wherever_it_is():
    exif = Image.Exif()
    exif[274] = 6
    packet = PngImagePlugin.PngInfo()
    packet.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>', zip=True)
    for data in (encoded("PNG", exif=exif), encoded("PNG", pnginfo=packet), encoded("JPEG", exif=exif)):
        opened = open_image(data, "a")
        assert opened.pixels.size == (6, 8)
        assert opened.changes == ("turned",)


def test_a_mark_of_orientation_that_cannot_be_read_refuses_no_picture():
    exif = b"Exif\0\0" + b"II*\0" + struct.pack("<I", 2**31)
    assert open_image(encoded("JPEG", exif=exif), "a.jpg").changes == ()


def test_a_plain_file_is_decoded_as_it_is():
    data = encoded("PNG")
    assert picture_only(data) is data
    short = data[:-20]
    assert picture_only(short) is short
