"""Killing a run at any moment costs time and nothing else; Ctrl-C too, and it says so.

`FAUXBENCH_KILLS` says how many kills there are (4 if it is not set; 20 take about five minutes).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

HOUSE = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-c", "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli import main; main()"]
KILLS = int(os.environ.get("FAUXBENCH_KILLS", "4"))
TIMEOUT = 900  # seconds; a busy machine is slow, not wrong
SPEC = """
name = "killed"
[dataset]
name = "digits"
limit = 500
[[generator]]
id = "gan"
kind = "dcgan"
architecture = "small"
epochs = 200
[[detector]]
kind = "linear-pixel"
[[detector]]
kind = "cnn"
epochs = 3
[protocol]
display_interval = 20
"""


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Starts the run in a process group of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "spec.toml").write_text(SPEC)
    path = os.pathsep.join([str(HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [*COMMAND, "run", "spec.toml", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )


def heed_interrupts() -> None:
    """Undoes what a shell does to background commands, whose children would ignore Ctrl-C as well."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(folder: Path, *arguments: str) -> None:
    process = start(folder, *arguments)
    with stopped(process):
        _, said = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, said[-3000:]


@contextlib.contextmanager
def stopped(process: subprocess.Popen[str]) -> Iterator[None]:
    """Leaves no process behind, whatever a test finds."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def is_training(folder: Path) -> bool:
    """Says whether a generator's training is under way and has written what it resumes from."""
    return any(path.is_file() for path in (folder / "runs/.store/work").glob("*/state/*"))


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None, seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        assert process is None or process.poll() is None, process.stderr and process.stderr.read()[-3000:]
        time.sleep(0.02)


def written_states(folder: Path) -> dict[Path, int]:
    """When each resumable state was last written."""
    found = {}
    for path in (folder / "runs/.store/work").glob("*/state/*"):
        with contextlib.suppress(FileNotFoundError):
            found[path] = path.stat().st_mtime_ns
    return found


def wait_for_training_or_end(folder: Path, process: subprocess.Popen[str]) -> None:
    """Waits until this very process has written a state; one of an earlier process says nothing about it."""
    before = written_states(folder)
    wait_for(lambda: bool(written_states(folder).items() - before.items()) or process.poll() is not None)


def group_is_gone(process: subprocess.Popen[str]) -> bool:
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return True
    return False


def assert_same(folder: Path, reference: Path) -> None:
    mine, theirs = (path / "runs/killed" for path in (folder, reference))
    assert (mine / "scores.parquet").read_bytes() == (theirs / "scores.parquet").read_bytes()
    times = ["seconds", "milliseconds_per_image"]
    cells = [pd.read_csv(path / "cells.csv").drop(columns=times) for path in (mine, theirs)]
    pd.testing.assert_frame_equal(*cells)
    assert set(cells[0]["status"]) == {"done"}
    assert {path.name for path in mine.iterdir()} == {path.name for path in theirs.iterdir()}
    assert not list((folder / "runs/.store/work").glob("*"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """An uninterrupted run, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    began = time.monotonic()
    finish(folder)
    return folder, time.monotonic() - began


@pytest.mark.slow
def test_kill_at_random_moments(whole: tuple[Path, float], tmp_path: Path) -> None:
    """Rerun and killed again until it is whole, in folder after folder until there were enough kills."""
    reference, seconds = whole
    rng = random.Random(20)
    kills = inside = rounds = 0
    while kills < KILLS:
        folder = tmp_path / f"round{rounds}"
        rounds += 1
        whole_again = False
        while not whole_again and kills < KILLS:
            process = start(folder)
            with stopped(process):
                if kills % 2:  # every other one inside a training, however fast this machine is
                    wait_for_training_or_end(folder, process)
                try:  # the first state comes after a tenth of the training, so that much more is still to come
                    process.wait(rng.uniform(0.0, 0.2) if kills % 2 else rng.uniform(0.0, 0.7) * seconds)
                except subprocess.TimeoutExpired:
                    inside += is_training(folder)
                    kills += 1
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    assert process.returncode == 0
                    whole_again = True
        finish(folder)
        assert_same(folder, reference)
    print(f"{kills} kills in {rounds} rounds, {inside} of them inside a generator's training")
    assert inside > 0


@pytest.mark.slow
def test_kill_just_before_and_after_a_rename(whole: tuple[Path, float], tmp_path: Path) -> None:
    """At the moments when the store and the run folder change, seen from outside."""
    folder = tmp_path / "run"
    moments = (
        lambda: (folder / "runs/.store/prepare").exists(),
        lambda: is_training(folder),
        lambda: (folder / "runs/.store/sample").exists(),
        lambda: (folder / "runs/killed").exists(),
        lambda: (folder / "runs/killed/cells.csv").exists(),
        lambda: (folder / "runs/killed/manifest.json").exists(),
    )
    for moment in moments:
        process = start(folder)
        with stopped(process):
            wait_for(lambda moment=moment, process=process: moment() or process.poll() is not None)  # type: ignore[misc]
    finish(folder)
    assert_same(folder, whole[0])
    assert (folder / "runs/killed/report.html").is_file()


@pytest.mark.slow
def test_interrupt_says_so_and_can_be_resumed(whole: tuple[Path, float], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = start(folder)
    with stopped(process):
        wait_for(lambda: is_training(folder), process)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("fauxbench: interrupted.")
    assert "Traceback" not in said
    assert is_training(folder), "the training goes on from here"
    assert not (folder / "runs/killed").exists()
    finish(folder)
    assert_same(folder, whole[0])


@pytest.mark.slow
def test_interrupt_with_two_jobs_leaves_no_process(whole: tuple[Path, float], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = start(folder, "--jobs", "2")
    with stopped(process):
        wait_for(lambda: is_training(folder), process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in said, said
        assert said.splitlines()[-1].startswith("fauxbench: interrupted.")
        wait_for(lambda: group_is_gone(process), seconds=30)
    finish(folder, "--jobs", "2")
    assert_same(folder, whole[0])


@pytest.mark.slow
def test_kill_of_the_first_of_two_jobs_leaves_no_process(whole: tuple[Path, float], tmp_path: Path) -> None:
    """The workers end by themselves when the process that started them is gone."""
    folder = tmp_path / "run"
    process = start(folder, "--jobs", "2")
    with stopped(process):
        wait_for(lambda: is_training(folder), process)
        process.kill()
        process.wait()
        wait_for(lambda: group_is_gone(process), seconds=30)
    finish(folder)
    assert_same(folder, whole[0])
