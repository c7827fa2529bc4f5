"""What a file's header says of its compression."""

import io

import numpy as np
import pytest
from PIL import Image

from data.reading.safe_image import open_frames, open_image

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8))


def encoded(kind, image=NOISE, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("quality", [1, 10, 25, 49, 50, 51, 75, 90, 95, 100])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(quality, mode):
    opened = open_image(encoded("JPEG", NOISE.convert(mode), quality=quality, subsampling=0), "a.jpg")
    assert opened.quality == quality
    assert opened.coding == (f"quality {quality}, 4:4:4" if mode == "RGB" else f"quality {quality}")


def test_chroma_subsampling():
    for subsampling, name in enumerate(("4:4:4", "4:2:2", "4:2:0")):
        assert open_image(encoded("JPEG", subsampling=subsampling), "a.jpg").coding.endswith(name)


def test_tables_of_its_own_are_named_and_told_apart():
    low, high = (open_image(encoded("JPEG", quality=name), "a.jpg") for name in ("web_low", "web_high"))
    assert low.quality < high.quality
    assert "own tables" in low.coding
    assert low.coding.split("tables")[1] != high.coding.split("tables")[1]


def test_webp_is_lossy_or_not_and_others_say_nothing():
    assert open_image(encoded("WEBP", lossless=True), "a").coding == "lossless"
    assert open_image(encoded("WEBP", quality=80), "a").coding == "lossy"
    for kind in ("PNG", "BMP"):
        opened = open_image(encoded(kind), "a")
        assert (opened.quality, opened.coding) == (0, "")


@pytest.mark.parametrize("lossless", [True, False])
def test_an_animation_is_lossy_or_not(lossless):
    data = encoded("WEBP", save_all=True, append_images=[NOISE.rotate(90)], lossless=lossless)
    assert {frame.coding for frame in open_frames(data, "a")} == {"lossless" if lossless else "lossy"}


def test_frames_are_what_a_viewer_shows():
    """A GIF that stores only what changes: its frames are whole all the same."""
    first = np.zeros((16, 16), np.uint8)
    second = first.copy()
    second[4:6, 4:6] = 255
    data = encoded("GIF", Image.fromarray(first), save_all=True, append_images=[Image.fromarray(second)], optimize=True)
    shown = [np.asarray(frame.pixels.convert("L")) for frame in open_frames(data, "a.gif")]
    np.testing.assert_array_equal(shown, [first, second])


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_cut_short_is_one_line(kind):
    from data.errors import UserError

    data = encoded(kind, save_all=True, append_images=[NOISE.rotate(90), NOISE.rotate(180)])
    with pytest.raises(UserError, match=r"a\.x is (a damaged image|not an image)") as caught:
        list(open_frames(data[: len(data) // 2], "a.x"))
    assert "\n" not in str(caught.value)
