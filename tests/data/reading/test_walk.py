"""Folders as people have them: what is found, what is left out and said, and what is fauxbench's own."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import UserError, printable, visible
from data.reading.own_folders import own_folder
from data.reading.walk import walk
from data.sources.folder import Folder, read_images
from data.sources.folder_files import digest_of

KEY = "0123456789abcdef" * 4


def image(path: Path, value: int = 0, size: tuple[int, int] = (8, 8)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 0, 0)).save(path, "PNG")
    return path


def test_files_of_a_folder_come_sorted_before_those_below(tmp_path):
    for name in ("b.png", "a/c.jpeg", "a.JPG", "a/b/d.jfif", "a/a.TIF", "z.jpe"):
        image(tmp_path / name)
    found = walk(tmp_path)
    assert found.files == ["a.JPG", "b.png", "z.jpe", "a/a.TIF", "a/c.jpeg", "a/b/d.jfif"]
    assert found.folders == ["a", "a/b"]
    assert found.skipped.counts == {}


def test_everything_left_out_is_counted_by_reason(tmp_path):
    for name in ("a.png", ".b.png", ".git/c.png", "__MACOSX/d.png", ".ipynb_checkpoints/e.png"):
        image(tmp_path / name)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "notes.txt", "clip.MP4", "film.webm", "x.heic"):
        (tmp_path / name).write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.png"))
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    found = walk(tmp_path)
    assert found.files == ["a.png"]
    assert found.skipped.counts == {"other": 2, "video": 2, "hidden": 7, "special": 3, "link": 1}
    notes = Folder(path=str(tmp_path)).load().notes
    assert notes[1:] == (
        "2 files with other endings were left out, such as notes.txt.",
        "2 videos were left out, such as clip.MP4.",
        "7 hidden or system files and folders were left out, such as .DS_Store.",
        "3 pipes, sockets or devices were left out, such as device.png.",
        "1 link to nothing was left out: gone.png.",
    )


def test_links_are_followed_and_loops_are_not(tmp_path):
    image(tmp_path / "elsewhere/1.png", 1)
    image(tmp_path / "set/cats/0.png")
    (tmp_path / "set/dogs").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set/cats/2.png").symlink_to(tmp_path / "elsewhere/1.png")
    (tmp_path / "set/cats/up").symlink_to(tmp_path / "set")
    (tmp_path / "set/dogs/self").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set/cats/higher").symlink_to(tmp_path)
    (tmp_path / "set/round").symlink_to(tmp_path / "set/round")
    found = Folder(path=str(tmp_path / "set")).load()
    assert found.classes == ("cats", "dogs")
    assert found.ids.tolist() == ["cats/0.png", "cats/2.png", "dogs/1.png"]
    assert found.notes[1:] == (
        "1 link to nothing was left out: round.",
        "3 links back to folders above them were left out, such as cats/higher.",
    )


def test_links_that_make_endless_folders_end(tmp_path, monkeypatch):
    monkeypatch.setattr("data.reading.walk.MAX_FOLDERS", 50)
    for level in range(8):  # 2 ** 8 ways to the last
        (tmp_path / f"{level}").mkdir()
        for way in ("a", "b"):
            (tmp_path / f"{level}" / way).symlink_to(tmp_path / f"{level + 1}")
    with pytest.raises(UserError, match="more than 50 folders, or links"):
        walk(tmp_path / "0")


@pytest.fixture
def locked(tmp_path, monkeypatch):
    """A folder that may not be read, whoever runs the tests."""
    image(tmp_path / "set/cats/0.png")
    image(tmp_path / "set/dogs/1.png")
    scandir = os.scandir

    def refuse(place):
        if Path(place).name == "dogs":
            raise PermissionError(13, "Permission denied")
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    return tmp_path / "set"


def test_a_sub_folder_that_cannot_be_read_is_an_error(locked):
    for read in (read_images, digest_of):
        with pytest.raises(UserError, match=r"set/dogs cannot be read \(Permission denied\)"):
            read(locked)


def test_names_that_are_no_utf8_or_no_line_become_ids_that_every_table_takes(tmp_path):
    raw = os.fsdecode(b"caf\xe9")
    for i, name in enumerate(("b.png", f"{raw}.png", "caf\\xe9.png", "two\nlines.png")):
        image(tmp_path / raw / name, i)
    found = Folder(path=str(tmp_path)).load()
    assert found.classes == ("caf\\xe9",)
    assert found.ids[0] == "caf\\xe9/b.png"
    assert "caf\\xe9/two\\nlines.png" in found.ids
    assert len(set(found.ids)) == 4
    found.save(tmp_path / "saved")
    assert type(found).load(tmp_path / "saved").digest == found.digest
    digest = digest_of(tmp_path / raw)
    assert read_images(tmp_path / raw).name == "caf\\xe9"
    os.rename(tmp_path / raw / f"{raw}.png", tmp_path / raw / os.fsdecode(b"caf\xe8.png"))
    assert digest_of(tmp_path / raw) != digest
    (tmp_path / raw / f"{raw}.png").write_bytes(b"no image")
    with pytest.raises(UserError) as caught:
        read_images(tmp_path / raw)
    assert str(caught.value).encode()
    assert "caf\\xe9.png is not an image" in str(caught.value)


def test_names_that_collide_once_written_out_stay_apart(tmp_path):
    for i, name in enumerate((os.fsdecode(b"\xe9.png"), "\\xe9.png")):
        image(tmp_path / name, i)
    ids = Folder(path=str(tmp_path)).load().ids
    assert "\\xe9.png" in ids
    assert any(name.startswith("\\xe9.png~") for name in ids)


def test_any_text_is_printed_as_one_line():
    assert printable("é 雪 \\") == "é 雪 \\"
    assert printable("a\n\x1b[0m\udce9\u2028\u202e") == "a\\n\\x1b[0m\\xe9\\u2028\\u202e"
    assert printable("a\u202fb\u200dc") == "a\u202fb\u200dc", "what steers nothing stays in a name"
    assert printable("a\n\x1b", keep="\n") == "a\n\\x1b"
    assert visible("a\u202fb\u200d\udce9") == "a\\u202fb\\u200d\\xe9"
    assert "\n" not in str(UserError("a\nb"))


def test_all_bad_files_are_named_at_once(tmp_path):
    for i in range(3):
        image(tmp_path / f"good{i}.png", i)
    image(tmp_path / "large.png", size=(9, 8))
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "short.png").write_bytes((tmp_path / "good0.png").read_bytes()[:45])
    with pytest.raises(UserError) as caught:
        read_images(tmp_path)
    said = str(caught.value)
    assert said.startswith(
        f"3 of 6 files in {tmp_path} cannot be used: large.png has 9 x 8 pixels; short.png is a damaged"
    )
    assert "text.png is not an image" in said
    assert "Expected 8 x 8 as good0.png" in said
    for i in range(30):
        (tmp_path / f"text{i:02d}.png").write_text("hello")
    with pytest.raises(UserError, match=r"33 of 36 files .*; and 13 more\."):
        read_images(tmp_path)


def test_files_that_cannot_be_read_are_named_by_the_fingerprint_too(tmp_path, monkeypatch):
    for i in range(3):
        image(tmp_path / f"{i}.png", i)

    def refuse(path):
        raise UserError(f"{path} cannot be read (Permission denied).")

    monkeypatch.setattr("data.sources.folder_files.read_file", refuse)
    with pytest.raises(UserError, match=r"3 of 3 files .*0.png cannot be read .*; 2.png cannot"):
        digest_of(tmp_path)


def run_folder(folder: Path) -> None:
    image(folder / "images/samples.png")
    about = {"format": 3, "spec": {}, "stages": [], "name": "x"}
    (folder / "manifest.json").write_text(json.dumps(about))


def test_own_folders_are_left_out_and_said(tmp_path):
    image(tmp_path / "0.png")
    run_folder(tmp_path / "runs/mine")
    image(tmp_path / "store/explain" / KEY / "0.png")
    (tmp_path / "store/explain" / KEY / "key.json").write_text("{}")
    image(tmp_path / "store/work" / KEY / "0.png")
    image(tmp_path / "maps/000000-a.png")
    (tmp_path / "maps/index.csv").write_text("picture,map,path,score\n")
    found = Folder(path=str(tmp_path)).load()
    assert found.ids.tolist() == ["0.png"]
    assert found.notes[1:] == (
        "1 run folder of fauxbench was left out: runs/mine.",
        "2 folders of a fauxbench store were left out, such as store/explain.",
        "1 folder of heat maps of fauxbench was left out: maps.",
    )
    before = digest_of(tmp_path)
    image(tmp_path / "runs/mine/images/more.png", 7)
    assert digest_of(tmp_path) == before


def test_a_damaged_run_folder_is_still_one_and_generated_images_are_none(tmp_path):
    for name in ("cells.csv", "metrics.csv", "audit.csv"):
        image(tmp_path / "run/0.png").with_name(name).write_text("")
    (tmp_path / "run/manifest.json").write_text("{}")
    with pytest.raises(UserError, match=r"There is no image in .*1 run folder of fauxbench was left out: .*run"):
        Folder(path=str(tmp_path / "run")).load()
    image(tmp_path / "generated/000000.png")
    (tmp_path / "generated/manifest.json").write_text('{"format": 1, "what": "synthetic images"}')
    assert Folder(path=str(tmp_path / "generated")).load().n == 1
    for odd in ("[]", "{", "[" * 100_000, "\xff"):
        (tmp_path / "generated/manifest.json").write_text(odd)
        assert own_folder(tmp_path / "generated", {"manifest.json"}) == ""


def test_linked_images_are_in_the_fingerprint(tmp_path):
    target = image(tmp_path / "elsewhere/0.png")
    image(tmp_path / "set/1.png")
    (tmp_path / "set/0.png").symlink_to(target)
    before = digest_of(tmp_path / "set")
    Image.fromarray(np.full((8, 8, 3), 9, np.uint8)).save(target)
    assert digest_of(tmp_path / "set") != before
