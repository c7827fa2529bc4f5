"""Pictures as people have them: where they are found, how they are brought to size, and what is said of bad ones."""

from __future__ import annotations

import os
import re
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.store import png
from benchmark.use.pictures_to_score import Found, as_the_source, find, fit, read
from data.errors import UserError
from data.sources import celeba
from data.sources.folder import read_images

COLOUR, GREY = (16, 16, 3), (16, 16, 1)


def picture(size: tuple[int, int] = (16, 16), mode: str = "RGB", seed: int = 0) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], bands), np.uint8)
    return Image.fromarray(values[..., 0] if bands == 1 else values, mode)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "b.png",
        "a.jpg",
        "sub/c.webp",
        "sub/deep/d.bmp",
        ".hidden/e.png",
        "sub/.f.png",
        "é 雪.png",
        "x[1].png",
    ):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture().save(path)
    (tmp_path / "tree/notes.txt").write_text("not an image")
    picture().save(tmp_path / "tree/sub/g.gif")
    return tmp_path / "tree"


def names(found: list[Found], root: Path) -> list[str]:
    return [one.path.relative_to(root).as_posix() for one in found]


def test_folders_are_searched_below_sorted_without_hidden_files(tree):
    found, others = find([tree])
    assert names(found, tree) == ["a.jpg", "b.png", "x[1].png", "é 雪.png", "sub/c.webp", "sub/deep/d.bmp"]
    assert others.counts == {"other": 2, "hidden": 2}


def test_patterns_that_no_shell_has_expanded_and_names_that_look_like_one(tree):
    assert names(find([f"{tree}/*.png"])[0], tree) == ["b.png", "x[1].png", "é 雪.png"]
    assert names(find([f"{tree}/**/*.bmp"])[0], tree) == ["sub/deep/d.bmp"]
    assert names(find([f"{tree}/x[1].png"])[0], tree) == ["x[1].png"]
    assert names(find([f"{tree}/s*"])[0], tree) == ["sub/c.webp", "sub/deep/d.bmp"]


def test_each_file_comes_once_and_a_missing_one_is_kept_to_be_listed(tree):
    found, _ = find([tree / "b.png", tree, f"{tree}/*.png", tree / "none.png"])
    assert len(found) == 7
    assert names(found, tree)[0] == "b.png"
    (missing,) = read(found[-1], COLOUR, "resize")
    assert missing.error == "There is no such file."


def test_pooled_sources_are_the_folder_its_sub_folders_and_animations(tree):
    found, _ = find([tree, tree / "b.png"], pool=True)
    assert {one.path.name: one.source for one in found} == {
        "a.jpg": tree, "b.png": tree, "x[1].png": tree, "é 雪.png": tree,
        "c.webp": tree / "sub", "d.bmp": tree / "sub", "g.gif": tree / "sub",
    }  # fmt: skip


def test_no_image_at_all_is_the_users_mistake(tree, tmp_path):
    with pytest.raises(UserError, match="no such file, folder or match"):
        find([tree / "none.png", f"{tree}/*.tif"])
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.txt").write_text("a")
    with pytest.raises(UserError, match=r"no image in .*texts.* 1 file with another ending was left out: .*a\.txt"):
        find([tmp_path / "texts"])


@pytest.mark.parametrize(("how", "mixed"), [("resize", "resize"), ("crop", "center-crop")])
@pytest.mark.parametrize("size", [(16, 16), (37, 64), (50, 23), (16, 40)])
def test_pictures_get_the_pixels_that_a_folder_of_them_gives(tmp_path, how, mixed, size):
    picture(size).save(tmp_path / "one.png")
    wanted = read_images(tmp_path, mixed=mixed, size=16).images[0]
    (got,) = read(Found(tmp_path / "one.png", tmp_path), COLOUR, how)
    np.testing.assert_array_equal(got.pixels, wanted)
    assert got.resampled == (how == "resize" and min(size) > 16)


def test_other_proportions_are_cut_before_they_are_reduced():
    fitted, said = fit(picture((40, 40)), (8, 16), "resize")
    assert fitted.size == (16, 8)
    assert said == "reduced from 40 x 40"
    expected = picture((40, 40)).crop((0, 10, 40, 30)).resize((16, 8), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(np.asarray(fitted), np.asarray(expected))


def test_an_aligned_celeba_file_gets_the_pixels_of_the_data_set():
    original = picture((celeba.WIDTH, celeba.HEIGHT))
    square = original.crop((0, celeba.TOP, celeba.WIDTH, celeba.TOP + celeba.WIDTH))
    expected = square.resize((32, 32), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(np.asarray(fit(original, (32, 32), "resize")[0]), np.asarray(expected))


def test_nothing_is_enlarged_and_exact_takes_one_size():
    for how in ("resize", "crop"):
        with pytest.raises(UserError, match=r"15 x 99 pixels. Expected at least 16 x 16: nothing is enlarged"):
            fit(picture((15, 99)), (16, 16), how)
    with pytest.raises(UserError, match="Expected exactly 16 x 16"):
        fit(picture((17, 16)), (16, 16), "exact")
    assert fit(picture(), (16, 16), "exact")[1] == ""


def test_the_source_decides_between_cutting_and_reducing():
    assert as_the_source("source", {"name": "celeba"}) == "resize"
    assert as_the_source("source", {"name": "folder", "mixed": "center-crop"}) == "crop"
    assert as_the_source("exact", {"name": "folder", "mixed": "center-crop"}) == "exact"
    with pytest.raises(UserError, match="fit must be one of source, resize, crop, exact"):
        as_the_source("crops", {})


def one(path: Path, shape: tuple[int, int, int] = COLOUR, **keywords: bool):
    (got,) = read(Found(path, path.parent), shape, "resize", **keywords)
    return got


def test_odd_kinds_of_files_are_read_and_what_was_done_is_said(tmp_path):
    picture(mode="RGBA").save(tmp_path / "a.png")
    assert one(tmp_path / "a.png").notes == ("transparent pixels laid on white",)
    picture().quantize(7).save(tmp_path / "p.png")
    assert one(tmp_path / "p.png").pixels.shape == COLOUR
    picture(mode="CMYK").save(tmp_path / "c.jpg")
    assert one(tmp_path / "c.jpg").error == ""
    Image.fromarray((np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)).save(tmp_path / "16.png")
    deep = one(tmp_path / "16.png", GREY)
    assert deep.notes == ("16 bits reduced to 8",)
    np.testing.assert_array_equal(deep.pixels.ravel(), np.arange(256))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    picture((16, 20)).save(tmp_path / "turned.png", exif=exif)
    assert one(tmp_path / "turned.png").notes[0] == "turned upright by its orientation mark"
    assert one(tmp_path / "a.png", GREY).notes[-1] == "colour turned to grey"
    picture(mode="L").save(tmp_path / "g.png")
    assert one(tmp_path / "g.png").notes == ("grey taken as colour",)
    assert one(tmp_path / "g.png", GREY).notes == ()
    picture(mode="L").convert("RGB").save(tmp_path / "same.png")
    assert one(tmp_path / "same.png", GREY).notes == ()  # it has no colour


def bomb(small: bytes) -> bytes:
    """A PNG that says that it has 60,000 x 60,000 pixels."""
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + small[24:29]
    return small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]


def test_bad_files_give_their_reason_and_no_error(tmp_path):
    picture((64, 64)).save(tmp_path / "whole.png")
    files = {
        "text.png": (b"not an image", "not an image"),
        "short.png": ((tmp_path / "whole.png").read_bytes()[:-3000], "damaged"),
        "empty.jpg": (b"", "not an image"),
        "bomb.png": (bomb((tmp_path / "whole.png").read_bytes()), "60000 x 60000 pixels|far more"),
    }
    for name, (content, reason) in files.items():
        (tmp_path / name).write_bytes(content)
        got = one(tmp_path / name)
        assert got.pixels is None
        assert re.search(reason, got.error), got.error
    (tmp_path / "broken.png").symlink_to(tmp_path / "gone.png")
    assert one(tmp_path / "broken.png").error == "It is a link to a file that is not there."
    os.mkfifo(tmp_path / "pipe.png")
    assert "device" in one(tmp_path / "pipe.png").error
    picture().save(tmp_path / "really.jpg", format="PNG")  # the content decides
    assert one(tmp_path / "really.jpg").error == ""


def test_an_animation_is_refused_alone_and_a_source_of_its_own_when_pooled(tmp_path):
    frames = [picture(seed=i) for i in range(3)]
    path = tmp_path / "film.png"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert "animated (3 frames)" in one(path).error
    got = list(read(Found(path, tmp_path), COLOUR, "exact", frames=True))
    assert [row.path for row in got] == [f"{path}#0000{i}" for i in range(3)]
    assert {row.source for row in got} == {str(path)}
    for row, frame in zip(got, frames, strict=True):
        np.testing.assert_array_equal(row.pixels, np.asarray(frame))
    picture().save(tmp_path / "still.png")
    assert one(tmp_path / "still.png", frames=True).source == str(tmp_path)


def test_what_is_left_out_is_counted_and_links_are_followed(tree):
    (tree / "clip.mov").write_bytes(b"x")
    os.mkfifo(tree / "pipe.png")
    picture().save(tree.parent / "linked.png")
    (tree / "linked.png").symlink_to(tree.parent / "linked.png")
    (tree / "sub/up").symlink_to(tree)
    found, left_out = find([tree, tree / "sub"])
    assert "linked.png" in names(found, tree)
    assert left_out.counts == {"other": 2, "video": 1, "hidden": 2, "special": 1, "loop": 1}, "each once"
    found, left_out = find([f"{tree}/**/*.png"])
    assert names(found, tree) == ["b.png", "linked.png", "x[1].png", "é 雪.png"]
    assert left_out.counts["loop"] == 1
    assert names(find([f"{tree}/**/d*"])[0], tree) == ["sub/deep/d.bmp"]
    assert names(find([f"{tree}/su?/**/?.bmp"])[0], tree) == ["sub/deep/d.bmp"]


def test_a_run_and_its_store_below_are_left_out_of_folders_and_patterns(finished, tmp_path):
    picture().save(tmp_path / "mine.png")
    shutil.copytree(finished / "runs/images", tmp_path / "runs/images")
    shutil.copytree(finished / "runs/.store", tmp_path / "store")
    assert list((tmp_path / "runs").rglob("*.png"))
    for stage in filter(Path.is_dir, (tmp_path / "store").glob("*/*")):
        picture().save(stage / "odd.png")
    for given in (tmp_path, f"{tmp_path}/**/*.png"):
        found, left_out = find([given])
        assert names(found, tmp_path) == ["mine.png"]
        assert left_out.counts["run"] == 1
        assert left_out.counts["store"] == len(
            [path for path in (tmp_path / "store").iterdir() if any(map(Path.is_dir, path.iterdir()))]
        )
    assert "run folder of fauxbench was left out" in left_out.sentences[0]
    whole = read_images(tmp_path)
    assert whole.ids.tolist() == ["mine.png"]
    assert any("fauxbench store were left out" in note for note in whole.notes)


def test_names_that_are_no_utf8_can_be_written(tmp_path):
    picture().save(tmp_path / os.fsdecode(b"caf\xe9.png"))
    (found,), _ = find([tmp_path])
    (got,) = read(found, COLOUR, "exact")
    assert got.error == ""
    assert got.path == f"{tmp_path}/caf\\xe9.png"


def test_folders_that_cannot_be_read_are_rows_with_an_error(tree, monkeypatch):
    scandir = os.scandir

    def refuse(place):
        if Path(place).name == "deep":
            raise PermissionError(13, "Permission denied")
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    for given in (tree, f"{tree}/**/*.webp"):
        (bad,) = (row for row in find([given])[0] if row.path.name == "deep")
        assert next(read(bad, COLOUR, "exact")).error == "It cannot be read (Permission denied)."


def test_phone_pictures_and_pages_are_one_picture(tmp_path):
    for name, form in (("a.jpg", "MPO"), ("b.tif", "TIFF")):
        picture().save(tmp_path / name, form, save_all=True, append_images=[picture(seed=1)])
    for path in (tmp_path / "a.jpg", tmp_path / "b.tif"):
        (got,) = read(Found(path, tmp_path), COLOUR, "exact", frames=True)
        assert got.notes == ("the first of several pictures in one file",)
        assert got.path == str(path)


def test_marks_of_a_file_are_said_of_every_frame_of_it_and_of_one_that_cannot_be_decoded(tmp_path):
    written = png.synthetic(np.zeros((16, 16, 3), np.uint8), "fauxbench", "nothing", png.TRAINED)
    (tmp_path / "a.png").write_bytes(written)
    (tmp_path / "small.png").write_bytes(png.synthetic(np.zeros((8, 8, 3), np.uint8), "x", "y", png.TRAINED))
    words = "marked as made by AI: IPTC DigitalSourceType trainedAlgorithmicMedia in XMP, unsigned"
    assert one(tmp_path / "a.png").marks == words
    assert one(tmp_path / "small.png").pixels is None
    assert one(tmp_path / "small.png").marks == words
    packet = png.xmp("x", "y", png.TRAINED)
    (tmp_path / "film.webp").write_bytes(png.animation(np.arange(1536, dtype=np.uint8).reshape(2, 16, 16, 3), packet))
    assert {row.marks for row in read(Found(tmp_path / "film.webp", tmp_path), COLOUR, "exact", frames=True)} == {words}
    picture().save(tmp_path / "plain.png")
    assert one(tmp_path / "plain.png").marks == ""
