"""Killing any process of a run at any moment costs time and nothing else; a signal to end does so too, and says so.

`FAUXBENCH_KILLS` says how many kills of each kind there are (1 if it is not set); `tests/robustness/kill_loop.py` does
more of them.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import kill_loop
import kill_tools as tools
import pytest

KILLS = int(os.environ.get("FAUXBENCH_KILLS", "1"))
Whole = tuple[Path, float]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """An undisturbed run, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    began = time.monotonic()
    tools.finish(folder)
    return folder, time.monotonic() - began


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The same of a run without a network, for kills that are not about what a training resumes from."""
    folder = tmp_path_factory.mktemp("quick") / "run"
    began = time.monotonic()
    tools.finish(folder, spec=tools.QUICK)
    return folder, time.monotonic() - began


def test_kill_at_random_moments(whole: Whole, tmp_path: Path) -> None:
    """Rerun and killed again until it is whole, in folder after folder until there were enough kills."""
    kills = kill_loop.kill_loop(tmp_path, whole[0], KILLS, random.Random(20), whole[1])
    assert sum(kills.values()) >= KILLS


def test_kill_at_random_moments_of_two_jobs(quick: Whole, tmp_path: Path) -> None:
    rng = random.Random(20)
    kills = kill_loop.kill_loop(tmp_path, quick[0], KILLS, rng, quick[1], "--jobs", "2", spec=tools.QUICK)
    assert sum(kills.values()) >= KILLS


def test_kill_on_a_cluster(quick: Whole, tmp_path: Path) -> None:
    kills = kill_loop.kill_cluster_loop(tmp_path, quick[0], KILLS, random.Random(1), quick[1], spec=tools.QUICK)
    assert sum(kills.values()) >= KILLS


def test_kill_inside_a_training(whole: Whole, tmp_path: Path) -> None:
    """Whoever is killed, no process, temporary file or lock is left; only the command needs to be called again.

    It is one training, and each victim is killed after it has gone on: a stage is given a second try and no third.
    """
    folder = tmp_path / "run"
    with going_on(folder, {}) as one:
        before = tools.states(folder)
        assert one.kill(one.nursery())
        trains(one, folder, before)
        one.process.terminate()
        assert one.wait() == 128 + signal.SIGTERM, one.said
    with going_on(folder, tools.states(folder)) as one:
        assert one.kill(one.process.pid)
        assert one.wait() == -signal.SIGKILL, one.said
    assert tools.is_training(folder), "the training goes on from here"
    with going_on(folder, tools.states(folder)) as one:
        for pid in one.stages():
            assert one.kill(pid)
        assert one.wait() == 0, one.said
    tools.compare(folder, whole[0])


@contextlib.contextmanager
def going_on(folder: Path, before: dict[str, int]) -> Iterator[tools.Marked]:
    """A run that trains, and has come further than before; after it nothing may be left that is no result."""
    with tools.run(folder, "--jobs", "2") as one:
        trains(one, folder, before)
        yield one
    assert "Traceback" not in one.said
    assert not tools.litter(folder)


def trains(one: tools.Marked, folder: Path, before: dict[str, int]) -> None:
    """Waits until a training has come further than what it would have resumed from before."""
    tools.wait_for(lambda: kill_loop.running(one, folder) and tools.states(folder) != before, "it trains")


def test_kill_just_before_and_after_a_rename(quick: Whole, tmp_path: Path) -> None:
    """At the moments when the store and the run folder change, seen from outside."""
    folder = tmp_path / "run"
    moments = (
        lambda: (folder / "runs/.store/prepare").exists(),
        lambda: (folder / "runs/.store/sample").exists(),
        lambda: (folder / "runs/killed/cells.csv").exists(),
        lambda: (folder / "runs/killed/manifest.json").exists(),
    )
    for moment in moments:
        with tools.run(folder, spec=tools.QUICK) as one:
            tools.wait_for(
                lambda moment=moment, one=one: moment() or one.process.poll() is not None, "it comes that far"
            )  # type: ignore[misc]
            one.kill(one.process.pid)
            one.wait()
            assert "Traceback" not in one.said
    tools.finish(folder, spec=tools.QUICK)
    tools.compare(folder, quick[0])


def test_signals_end_a_run_in_one_line_and_it_goes_on_later(whole: Whole, tmp_path: Path) -> None:
    assert len(kill_loop.signals(tmp_path, whole[0], short=True)) == 4


def test_a_clock_that_is_set_back(whole: Whole, tmp_path: Path) -> None:
    kill_loop.clock(tmp_path, whole[0])


def test_a_page_half_written_by_a_killed_process_goes(quick: Whole, tmp_path: Path) -> None:
    import shutil

    from reports.page import write

    folder = tmp_path / "run"
    shutil.copytree(quick[0] / "runs/killed", folder)
    (folder / ".report-abcd_123.html").write_text("half")
    write(folder)
    assert not list(folder.glob(".*"))
