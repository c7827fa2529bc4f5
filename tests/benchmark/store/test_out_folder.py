"""An output folder appears whole or not at all, one process writes it, and nothing of others is removed."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
from pathlib import Path

import pytest

from benchmark.store import folder_lock
from benchmark.store.folder_lock import lock_file, only_writer
from benchmark.store.out_folder import PART, new_file, new_folder
from data.errors import UserError


def fill(out: Path, text: str = "x") -> None:
    with new_folder(out) as folder:
        (folder / "file.txt").write_text(text)


def interrupted(out: Path, meanwhile: Path | None = None) -> None:
    """Is interrupted while it writes; another folder may be finished meanwhile."""

    def work() -> None:
        with new_folder(out) as folder:
            (folder / "half.txt").write_text("x")
            if meanwhile is not None:
                fill(meanwhile)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_what_another_has_finished_beside_it_stays(tmp_path):
    interrupted(tmp_path / "new/deep/a", meanwhile=tmp_path / "new/b")
    assert names(tmp_path) == {"new", "new/b", "new/b/file.txt"}
    interrupted(tmp_path / "other/deep/a")
    assert names(tmp_path) == {"new", "new/b", "new/b/file.txt"}


def test_an_empty_folder_that_was_there_stays(tmp_path):
    (tmp_path / "mine/empty").mkdir(parents=True)
    interrupted(tmp_path / "mine/empty/a")
    interrupted(tmp_path / "mine/empty")
    assert names(tmp_path) == {"mine", "mine/empty"}
    fill(tmp_path / "mine/empty")
    assert names(tmp_path) == {"mine", "mine/empty", "mine/empty/file.txt"}


def test_folders_of_the_users_own_are_not_cleared(tmp_path):
    """The names that the temporary folders of an earlier version had."""
    for name in (".a.part", ".a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "precious").write_text("x")
    fill(tmp_path / "a")
    assert (tmp_path / ".a.part/precious").exists()
    assert (tmp_path / ".a/precious").exists()


def test_the_same_folder_is_refused_and_another_one_is_not(tmp_path):
    with new_folder(tmp_path / "a") as folder:
        (folder / "file.txt").write_text("first")
        with pytest.raises(UserError, match=r"Another process is writing into the output folder .*a\."):
            fill(tmp_path / "a")
        fill(tmp_path / "b")
    assert (tmp_path / "a/file.txt").read_text() == "first"
    with pytest.raises(UserError, match="which is not empty"):
        fill(tmp_path / "a", "second")
    assert names(tmp_path) == {"a", "a/file.txt", "b", "b/file.txt"}


def _killed(out: str) -> None:
    with new_folder(Path(out)) as folder:
        (folder / "half.txt").write_text("x")
        os._exit(9)


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=_killed, args=(str(tmp_path / "a"),))
    process.start()
    process.join(120)
    assert process.exitcode == 9
    assert [path.name.startswith(PART) for path in tmp_path.iterdir()] == [True]
    fill(tmp_path / "a")
    assert names(tmp_path) == {"a", "a/file.txt"}


def test_a_link_in_its_place_is_not_followed(tmp_path):
    with new_folder(tmp_path / "a") as folder:
        part = folder.name
    (tmp_path / "a").rmdir()
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/precious").write_text("x")
    (tmp_path / part).symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match="is in the way"):
        fill(tmp_path / "a")
    assert names(tmp_path) == {part, "victim", "victim/precious"}


@pytest.mark.parametrize("name", ["a" * 255, "ä" * 127, "a\udcff"])
def test_any_name_that_a_folder_may_have(tmp_path, name):
    fill(tmp_path / name)
    assert names(tmp_path / name) == {"file.txt"}


@pytest.mark.parametrize("number", sorted(folder_lock.UNLOCKABLE))
def test_where_folders_cannot_be_locked_a_file_beside_them_is(tmp_path, monkeypatch, number):
    flock = fcntl.flock

    def of_files_only(handle: int, how: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(number, os.strerror(number))
        flock(handle, how)

    monkeypatch.setattr(folder_lock.fcntl, "flock", of_files_only)
    with only_writer(tmp_path / "run", "run folder run"):
        assert len(names(tmp_path)) == 2
        with (
            pytest.raises(UserError, match="Another process is writing into the run folder run"),
            only_writer(tmp_path / "run", "run folder run"),
        ):
            pass
    assert names(tmp_path) == {"run"}
    fill(tmp_path / "new")
    assert names(tmp_path) == {"run", "new", "new/file.txt"}


def test_an_error_of_the_lock_itself_is_none_of_the_users(tmp_path, monkeypatch):
    def fails(handle: int, how: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(folder_lock.fcntl, "flock", fails)
    with pytest.raises(OSError, match="Input/output"), only_writer(tmp_path / "run", "run folder run"):
        pass
    assert names(tmp_path) == set()


def test_a_lock_file_is_there_only_while_it_is_held(tmp_path):
    with lock_file(tmp_path / "lock"):
        assert folder_lock.is_held(tmp_path / "lock")
        with pytest.raises(folder_lock.Held), lock_file(tmp_path / "lock", wait=False):
            pass
    assert not (tmp_path / "lock").exists()
    (tmp_path / "lock").write_text("")  # of a process that was killed
    assert not folder_lock.is_held(tmp_path / "lock")
    with lock_file(tmp_path / "lock", wait=False):
        pass
    assert names(tmp_path) == set()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("earlier")
    path.chmod(0o600)

    def fails() -> None:
        with new_file(path) as half:
            half.write_text("hal")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match=r"scores\.csv cannot be written \(No space left on device\)"):
        fails()
    assert (names(tmp_path), path.read_text()) == ({"scores.csv"}, "earlier")
    with new_file(path) as half:
        half.write_text("whole")
    assert (names(tmp_path), path.read_text(), path.stat().st_mode & 0o777) == ({"scores.csv"}, "whole", 0o600)
    os.mkfifo(tmp_path / "pipe")
    with new_file(tmp_path / "pipe") as itself:
        assert itself == tmp_path / "pipe"
    (tmp_path / "link.csv").symlink_to(path)
    with new_file(tmp_path / "link.csv") as half:
        half.write_text("by the user's own link")
    assert path.read_text() == "by the user's own link"
