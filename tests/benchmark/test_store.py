"""The store: whole or not there, resumable, and never fooled by damage."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from benchmark.store import Store, writable
from data.errors import UserError


def write(text: str):
    return lambda folder: (folder / "file.txt").write_text(text)


def test_a_finished_stage_is_not_done_again(tmp_path):
    store = Store(tmp_path)
    assert not store.has("stage", "k")
    store.complete("stage", "k", {}, write("first"), resumes=False)
    assert store.has("stage", "k")
    assert store.complete("stage", "k", {}, write("second"), resumes=False) == 0
    assert (store.path("stage", "k") / "file.txt").read_text() == "first"


def test_a_failure_leaves_nothing_that_counts(tmp_path):
    store = Store(tmp_path)

    def fails(folder: Path) -> None:
        (folder / "file.txt").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.complete("stage", "k", {}, fails, resumes=False)
    assert not store.has("stage", "k")

    def sees_nothing(folder: Path) -> None:
        assert not list(folder.iterdir())

    store.complete("stage", "k", {}, sees_nothing, resumes=False)


def test_a_stage_that_resumes_finds_what_it_left(tmp_path):
    store = Store(tmp_path)

    def goes_on(folder: Path) -> None:
        state = folder / "state.txt"
        if not state.exists():
            state.write_text("halfway")
            raise KeyboardInterrupt
        assert state.read_text() == "halfway"

    with pytest.raises(KeyboardInterrupt):
        store.complete("stage", "k", {}, goes_on, resumes=True)
    store.complete("stage", "k", {}, goes_on, resumes=True)
    assert store.has("stage", "k")


@pytest.mark.parametrize("damage", ["truncate", "remove", "record"])
def test_damaged_files_are_made_again(tmp_path, damage):
    store = Store(tmp_path)
    store.complete("stage", "k", {}, write("whole"), resumes=False)
    file, record = store.path("stage", "k") / "file.txt", store.path("stage", "k") / "key.json"
    if damage == "truncate":
        file.write_text("who")
    elif damage == "remove":
        file.unlink()
    else:
        record.write_text("{")
    assert not store.has("stage", "k")
    store.complete("stage", "k", {}, write("again"), resumes=False)
    assert file.read_text() == "again"


def _work(root: str, log: str) -> None:
    def once(folder: Path) -> None:
        with open(log, "a") as lines:
            lines.write("done\n")
        (folder / "file.txt").write_text("x")

    Store(Path(root)).complete("stage", "k", {}, once, resumes=False)


def test_two_runs_that_share_a_store_do_a_stage_once(tmp_path):
    log = tmp_path / "log"
    context = multiprocessing.get_context("spawn")
    pair = [context.Process(target=_work, args=(str(tmp_path / "store"), str(log))) for _ in range(2)]
    for process in pair:
        process.start()
    for process in pair:
        process.join(60)
    assert log.read_text() == "done\n"


def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        writable(tmp_path / "file" / "runs", "output folder")
    writable(tmp_path / "new" / "folder", "output folder")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
