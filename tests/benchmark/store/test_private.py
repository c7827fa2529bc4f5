"""Which files can only be this user's."""

from __future__ import annotations

import os
import stat

import pytest

from benchmark.store import private
from data.errors import UserError


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "store" / "stage" / "key"
    folder.mkdir(parents=True)
    for one in (folder, *folder.parents[:2]):
        one.chmod(0o755)
    (folder / "file").write_text("content")
    (folder / "file").chmod(0o644)
    return folder / "file"


def test_a_file_of_ones_own_is_private(place):
    assert private.exposed(place) is None
    assert private.read(place, "a pickle") == b"content"


@pytest.mark.parametrize("which", ["file", "folder", "above", "root"])
def test_what_anyone_may_write_on_the_way_is_seen(place, which):
    changed = {"file": place, "folder": place.parent, "above": place.parents[1], "root": place.parents[2]}[which]
    changed.chmod(stat.S_IMODE(changed.stat().st_mode) | stat.S_IWOTH)
    assert f"can write {changed}" in str(private.exposed(place))
    with pytest.raises(UserError, match=r"is a pickle, and is not read: .* --trust-store"):
        private.read(place, "a pickle")


def test_a_sticky_folder_above_lets_nobody_replace(place):
    place.parents[2].chmod(0o1777)
    assert private.exposed(place) is None


def test_a_group_of_others_may_not_write(place, monkeypatch):
    place.parent.chmod(0o775)
    assert private.exposed(place) is None or os.stat(place.parent).st_gid != os.getgid()
    monkeypatch.setattr(private.grp, "getgrgid", lambda gid: private.grp.struct_group(("team", "x", gid, ["ann"])))
    assert "can write" in str(private.exposed(place))


def test_another_users_file_is_seen(place, monkeypatch):
    monkeypatch.setattr(private.os, "geteuid", lambda: place.stat().st_uid + 1)
    assert "belongs to user" in str(private.exposed(place))


@pytest.mark.parametrize("which", ["file", "folder"])
def test_a_link_is_not_followed(place, which, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(place if which == "file" else place.parent)
    assert "is a link" in str(private.exposed(link if which == "file" else link / "file"))


def test_a_pipe_is_no_file(place):
    os.mkfifo(place.parent / "pipe")
    assert "no regular file" in str(private.exposed(place.parent / "pipe"))


def test_a_plugin_that_came_with_the_run_is_refused(place, tmp_path, monkeypatch):
    private.check_plugin(place, (tmp_path / "run",), "Detector 'mine'")
    with pytest.raises(UserError, match=r"Detector 'mine' needs .* lies inside .*--trust-store"):
        private.check_plugin(place, (tmp_path / "run", tmp_path / "store"), "Detector 'mine'")
    monkeypatch.setenv(private.TRUST, "1")
    private.check_plugin(place, (tmp_path / "store",), "Detector 'mine'")
