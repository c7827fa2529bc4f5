"""The store: whole or not there, resumable, and never fooled by damage."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from benchmark.store import stage_files
from benchmark.store.digest import of_file
from benchmark.store.store import Store, writable
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


def test_a_planted_link_is_not_written_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / f".fauxbench-{os.getpid()}").symlink_to(victim)
    writable(tmp_path / "store", "store")
    (tmp_path / "store/locks").mkdir()
    (tmp_path / "store/locks/k").symlink_to(victim)
    with pytest.raises(UserError, match="is a link"):
        Store(tmp_path / "store").complete("stage", "k", {}, write("x"), resumes=False)
    (tmp_path / "store/locks/k").unlink()
    for name in ("work", "stage"):
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
        (tmp_path / "store" / name).mkdir(exist_ok=True)
        (tmp_path / "store" / name / "k").symlink_to(tmp_path / "elsewhere" / name)
    Store(tmp_path / "store").complete("stage", "k", {}, write("x"), resumes=True)
    assert victim.read_text() == "precious"
    assert not list(tmp_path.glob("elsewhere/*/*"))
    assert Store(tmp_path / "store").verified("stage", "k")


@pytest.fixture
def stage(tmp_path):
    """A store with one finished stage, and its folder."""

    def files(folder: Path) -> None:
        (folder / "part").mkdir()
        (folder / "part/metrics.csv").write_text("auc,0.542")
        (folder / "bank.npy").write_bytes(bytes(5000))

    store = Store(tmp_path / "store")
    store.complete("stage", "k", {"params": {"a": 1}, "inputs": {"b": "c"}}, files, resumes=False)
    stage_files._read.clear()  # as another process that has not read anything
    return store, store.path("stage", "k")


def _edit(folder: Path) -> None:
    (folder / "part/metrics.csv").write_text("auc,0.142")


def _flip(folder: Path) -> None:
    about = (folder / "bank.npy").stat()
    with open(folder / "bank.npy", "r+b") as file:
        file.seek(2500)
        file.write(b"\1")
    os.utime(folder / "bank.npy", ns=(about.st_atime_ns, about.st_mtime_ns))


def _link(folder: Path) -> None:
    (folder / "bank.npy").rename(folder.parent / "bank.npy")
    (folder / "bank.npy").symlink_to(folder.parent / "bank.npy")


def _linked_folder(folder: Path) -> None:
    (folder / "part").rename(folder.parent / "part")
    (folder / "part").symlink_to(folder.parent / "part")


def _pipe(folder: Path) -> None:
    (folder / "bank.npy").unlink()
    os.mkfifo(folder / "bank.npy")


def _recorded(**facts):
    def edit(folder: Path) -> None:
        path = folder / "key.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | facts))

    return edit


BYTES = {"edited": _edit, "flipped": _flip}
FORMS = {
    "added": lambda folder: (folder / "bank.labels.npy").write_bytes(b""),
    "link": _link,
    "linked folder": _linked_folder,
    "pipe": _pipe,
    "other stage": _recorded(stage="other"),
    "other key": _recorded(key="l"),
    "no files": _recorded(files={}),
    "outside": _recorded(files={"../../../secret": [1, "a"]}),
    "no sizes": _recorded(files={"bank.npy": None, "part/metrics.csv": ["1", 2]}),
    "no seconds": _recorded(seconds="1"),
    "odd inputs": _recorded(inputs={"b": ["../.."]}),
    "a list": lambda folder: (folder / "key.json").write_text("[]"),
    "deep": lambda folder: (folder / "key.json").write_text("[" * 100_000),
    "not utf-8": lambda folder: (folder / "key.json").write_bytes(b"\xff"),
}


@pytest.mark.parametrize("damage", [*BYTES.values(), *FORMS.values()], ids=[*BYTES, *FORMS])
def test_damage_is_found_and_done_again(stage, damage):
    store, folder = stage
    damage(folder)
    assert store.damage("stage", "k")
    assert store.verified("stage", "k") is None
    assert store.record("stage", "k") is None, "once it is known, nothing in this process counts it as there"
    with pytest.raises(RuntimeError, match="cannot be read from"):
        store.opened("stage", "k")
    assert store.complete("stage", "k", {}, write("again"), resumes=False) > 0
    assert store.opened("stage", "k") == folder
    assert {path.name for path in folder.iterdir()} == {"file.txt", "key.json"}


@pytest.mark.parametrize("damage", FORMS.values(), ids=FORMS)
def test_what_needs_no_reading_is_seen_at_once(stage, damage):
    store, folder = stage
    damage(folder)
    assert not store.has("stage", "k")


def test_files_are_read_once_and_again_when_they_changed(stage, monkeypatch):
    store, folder = stage
    read = []
    monkeypatch.setattr(stage_files.digest, "of_file", lambda path: read.append(path.name) or of_file(path))
    assert store.has("stage", "k")
    assert read == [], "sizes alone are looked at"
    for _ in range(3):
        assert store.verified("stage", "k")
        assert Store(store.root).damage("stage", "k") is None
    assert sorted(read) == ["bank.npy", "metrics.csv"]
    _flip(folder)
    assert store.damage("stage", "k") == "bank.npy has other bytes than were written"
    assert read[2:] == ["bank.npy"]


def test_what_a_process_has_written_it_does_not_read(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.complete("stage", "k", {}, write("x"), resumes=False)
    monkeypatch.setattr(stage_files.digest, "of_file", lambda path: pytest.fail(f"{path} was read again"))
    assert store.verified("stage", "k")


def test_what_a_system_leaves_in_a_folder_is_no_damage(stage):
    store, folder = stage
    (folder / "part/.DS_Store").write_bytes(b"x")
    (folder / ".nfs0001").write_bytes(b"x")
    assert store.verified("stage", "k")


@pytest.mark.parametrize("name", ["..", "../../etc", "a/b", "", "/", "."])
def test_no_name_leads_out_of_the_store(tmp_path, name):
    for pair in ((name, "k"), ("stage", name)):
        with pytest.raises(UserError, match="letters, digits and _"):
            Store(tmp_path).has(*pair)


def test_a_link_that_a_stage_leaves_becomes_the_file(tmp_path):
    store = Store(tmp_path / "store")
    (tmp_path / "cache").write_text("weights")
    store.complete("stage", "k", {}, lambda folder: (folder / "w").symlink_to(tmp_path / "cache"), resumes=False)
    (tmp_path / "cache").write_text("changed")
    assert store.verified("stage", "k")
    assert (store.path("stage", "k") / "w").read_text() == "weights"
    with pytest.raises(ValueError, match="pipe, which is something else"):
        store.complete("stage", "l", {}, lambda folder: os.mkfifo(folder / "pipe"), resumes=False)


def test_a_run_without_any_result_removes_only_empty_folders_that_it_made(tmp_path):
    (tmp_path / "mine").mkdir()
    store = Store(tmp_path / "mine/new/store")

    def interrupted() -> None:
        with store.tidied():
            (tmp_path / "mine/new/others.txt").write_text("another process's")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in (tmp_path / "mine").rglob("*")] == ["new", "others.txt"]
