"""Files of any kind under a name: pipes and devices are refused without being opened, marks of byte order are taken."""

from __future__ import annotations

import os

import pytest

from data.errors import UserError
from data.reading import paths
from data.reading.fetch import data_folders, digest
from data.reading.regular import read_file, read_text_any
from data.reading.safe_read import open_zip, read_gzip


@pytest.mark.parametrize("read", [read_file, read_text_any, digest, read_gzip, open_zip])
def test_pipes_and_devices_are_refused_at_once(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(UserError, match=f"{name} is a pipe, a socket or a device"):
            read(tmp_path / name)
    with pytest.raises(UserError, match="is a folder"):
        read(tmp_path)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_with_and_without_a_mark(tmp_path, coding):
    mark = "\ufeff" if coding in ("utf-16-le", "utf-16-be") else ""
    (tmp_path / "a.txt").write_bytes((mark + "é,雪\r\n").encode(coding))
    assert read_text_any(tmp_path / "a.txt") == "é,雪\r\n"


def test_what_is_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"caf\xe9.png")
    with pytest.raises(UserError, match=r"a.txt is not a CSV file in UTF-8"):
        read_text_any(tmp_path / "a.txt", what="a CSV file")
    assert os.fsencode(read_text_any(tmp_path / "a.txt", raw_names=True)) == b"caf\xe9.png"
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_text_any(tmp_path / "b.txt")
    with pytest.raises(UserError, match=r"has 9 bytes. Allowed: 8"):
        read_text_any(tmp_path / "c.txt" if (tmp_path / "c.txt").write_bytes(b"x" * 9) else tmp_path, limit=8)


def test_paths_that_are_none():
    for given, said in (("a\0b", "has a NUL"), ("~nobody-of-this-name/x", "home")):
        for use in (paths.place, data_folders):
            with pytest.raises(UserError, match=said):
                use(given)
