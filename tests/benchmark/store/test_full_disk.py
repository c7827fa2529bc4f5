"""A full disk: one line, exit code 2, nothing half-written, and the rerun goes on from what was finished."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import mounts
import pytest

from benchmark.processes import nursery
from benchmark.results import collect
from benchmark.use import api

pytestmark = pytest.mark.slow
HOUSE = Path(__file__).parents[3]
FULL = """
import os, numpy, benchmark.store.store as store
def fail(real):
    def call(*arguments, **keywords):
        if os.path.exists({flag!r}):
            raise OSError(28, "No space left on device")
        return real(*arguments, **keywords)
    return call
{patch}
"""
PLUGIN = """
class Sum:
    def fit(self, images, is_fake):
        return self

    def decision_function(self, images):
        return images.reshape(len(images), -1).sum(axis=1).astype(float)
"""


class Answer(Protocol):
    """What a call of the command line did."""

    code: int
    out: str
    err: str


def spec_file(*, folder: Path | None = None) -> Path:
    path = (folder or Path.cwd()) / "spec.toml"
    rows = '[[generator]]\nkind = "noise"\n[[detector]]\nkind = "linear-pixel"\n'
    head = 'name = "tiny"\n[dataset]\nname = "digits"\nlimit = 120\n[quality]\nenabled = false\n'
    path.write_text(head + rows, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has all that `spec_file` asks for, where the full disk is another."""
    folder = tmp_path_factory.mktemp("done")
    api.run(spec_file(folder=folder), out=folder / "result", store=folder / "store")
    return folder / "store"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts file systems of so many kilobytes; skips visibly where that is not allowed."""
    with contextlib.ExitStack() as stack:
        yield lambda kilobytes: stack.enter_context(mounts.small_disk(tmp_path / f"disk{kilobytes}", kilobytes))


def enlarge(place: Path, kilobytes: int) -> None:
    mounts.remount(place, f"size={kilobytes}k")


def refused_for_space(answer: Answer) -> None:
    lines = [line for line in answer.err.splitlines() if not line.startswith(("[", "    "))]
    assert answer.code == 2, answer
    assert len(lines) == 1, answer.err
    assert "No space left on device" in lines[0]


def test_full_store(call: Callable[..., Answer], small_disk: Callable[[int], Path]) -> None:
    """From the first file on, and in the middle of later stages, where each run goes on from the one before."""
    disk = small_disk(12)
    arguments = ("run", spec_file(), "--store", disk / "store", "--out", "result")
    kept: dict[Path, int] = {}
    for kilobytes in (12, 48, 140, 260):
        enlarge(disk, kilobytes)
        refused_for_space(call(*arguments))
        assert not Path("result").exists()
        assert not list((disk / "store").glob("work/*")), "what a stopped stage had written takes no space"
        more = {path: path.stat().st_mtime_ns for path in disk.rglob("key.json")}
        assert more.items() >= kept.items(), "finished stages were kept"
        assert kilobytes == 12 or len(more) > len(kept), "it came further than before"
        kept = more
    enlarge(disk, 20_000)
    assert call(*arguments).code == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "finished stages were kept"
    assert Path("result/report.html").is_file()


def test_full_output_folder(call: Callable[..., Answer], small_disk: Callable[[int], Path], done: Path) -> None:
    disk = small_disk(8)
    arguments = ("run", spec_file(), "--store", done, "--out", disk / "result")
    for kilobytes in (8, 60):
        enlarge(disk, kilobytes)
        refused_for_space(call(*arguments))
        assert not list(disk.rglob("*")), "nothing half-written"
    enlarge(disk, 20_000)
    assert call(*arguments).code == 0
    assert (disk / "result/report.html").is_file()


def test_no_space_for_the_report(call: Callable[..., Answer], small_disk: Callable[[int], Path], done: Path) -> None:
    """The tables fit and the page does not."""
    arguments = ("run", spec_file(), "--store", done, "--out")
    assert call(*arguments, "first").code == 0
    tables = sum(-(-path.stat().st_size // 4096) * 4 for path in Path("first").rglob("*") if path.suffix != ".html")
    disk = small_disk(tables + 40)
    answer = call(*arguments, disk / "result")
    assert answer.code == 2
    assert "report.html cannot be written: No space left on device" in answer.err
    assert len(answer.err.strip().splitlines()) == 1 + sum(
        line.startswith(("[", "    ")) for line in answer.err.splitlines()
    )
    assert sorted(path.name for path in (disk / "result").iterdir()) == sorted(
        path.name for path in Path("first").iterdir() if path.name != "report.html"
    )
    enlarge(disk, 20_000)
    assert call(*arguments, disk / "result").code == 0
    assert (disk / "result/report.html").is_file()


@pytest.fixture
def processes_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Processes that see what TMPDIR a test sets: those of earlier tests have a folder elsewhere."""
    monkeypatch.setattr(nursery, "_shared", [])
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield
    for one in nursery._shared:
        one.close()


def test_full_temporary_folder(
    call: Callable[..., Answer], small_disk: Callable[[int], Path],
    monkeypatch: pytest.MonkeyPatch, processes_anew: None,
) -> None:  # fmt: skip
    """Not the store, nor the plug-in whose file was to be written there, is said to be at fault."""
    disk = small_disk(4)
    monkeypatch.setenv("TMPDIR", str(disk))
    spec = spec_file()
    for number in range(3):
        Path(f"row{number}.py").write_text(f"{PLUGIN}# {number}{'.' * 5000}\n")  # more than the disk holds
        with spec.open("a") as file:
            file.write(f'[[detector]]\nid = "row{number}"\nkind = "row{number}.py:Sum"\n')
    answer = call("run", spec, "--out", "result")
    lines = [line for line in answer.err.splitlines() if not line.startswith(("[", "    "))]
    assert answer.code == 2, answer
    assert len(lines) == 1, answer.err
    assert str(disk) in lines[0]
    assert "cannot be written: No space left on device" in lines[0]
    enlarge(disk, 20_000)
    assert call("run", spec, "--out", "result").code == 0
    for one in nursery._shared:
        one.close()
    assert not list(disk.iterdir())


def test_a_temporary_folder_that_is_full_from_the_start_is_not_used(
    call: Callable[..., Answer], small_disk: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch,
    processes_anew: None,
) -> None:  # fmt: skip
    """Python takes the system's instead, and so do the processes of a run."""
    disk = small_disk(16)
    (disk / "filling").write_bytes(b"\0" * 16 * 1024)
    monkeypatch.setenv("TMPDIR", str(disk))
    assert call("run", spec_file(), "--out", "result").code == 0
    assert [path.name for path in disk.iterdir()] == ["filling"]


@pytest.mark.parametrize("where", ["record", "stage", "tables"])
def test_full_disk_without_a_mount(
    call: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes_anew: None, done: Path,
    where: str,
) -> None:  # fmt: skip
    """The same through the error that the system would give, where no file system can be mounted."""
    patches = {"record": "store.open = fail(open)", "stage": "numpy.save = fail(numpy.save)", "tables": ""}
    is_full = tmp_path / "full"
    (tmp_path / "sitecustomize.py").write_text(FULL.format(flag=str(is_full), patch=patches[where]))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(HOUSE)]))  # of the processes of stages
    is_full.touch()
    arguments = ("run", spec_file(), "--store", done if where == "tables" else "store", "--out", "result")
    with monkeypatch.context() as patched:
        if where == "tables":
            patched.setattr(collect.pictures, "write", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
        answer = call(*arguments)
    assert answer.code == 2, answer
    assert "No space left on device" in answer.err
    assert "Traceback" not in answer.err
    assert not Path("result").exists()
    is_full.unlink()
    assert call(*arguments).code == 0


def test_a_failed_rewrite_leaves_the_earlier_run(
    call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, done: Path
) -> None:
    arguments = ("run", spec_file(), "--store", done, "--out", "result")
    assert call(*arguments).code == 0
    before = {path: path.read_bytes() for path in Path("result").rglob("*") if path.is_file()}
    other = ("--set", "detector.linear-pixel.id=other")
    with monkeypatch.context() as patched:
        patched.setattr(collect.pictures, "write", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
        assert call(*arguments, *other).code == 2
    assert {path: path.read_bytes() for path in Path("result").rglob("*") if path.is_file()} == before
    assert call(*arguments, *other).code == 0


def test_an_interrupted_first_write_is_taken_up(call: Callable[..., Answer], done: Path) -> None:
    """A kill between the first and the last file of a run folder must not make it a stranger's."""
    folder = Path("result", collect.WORK)
    folder.mkdir(parents=True)
    Path("result/cells.csv").write_text("")
    assert call("run", spec_file(), "--store", done, "--out", "result").code == 0
    assert not folder.exists()
    assert Path("result/cells.csv").stat().st_size > 0
