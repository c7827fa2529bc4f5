"""Kills runs at random moments until there were enough kills, and compares what comes out with an undisturbed run.

    python tests/robustness/kill_loop.py                        # 60 inline, 60 with two jobs, 20 on a cluster
    python tests/robustness/kill_loop.py --inline 4 --jobs 0 --cluster 0 --folder /tmp/kills
    python tests/robustness/kill_loop.py --signals --clock --inline 0 --jobs 0 --cluster 0

Inline, one of these is killed (SIGKILL): the command itself, a process that does a stage, or the one that starts those.
With two jobs the same. On a cluster: its scheduler, a worker, or the command. A command that was killed is called
again, one that goes on is killed again, until it has finished. Then store and run folder are compared byte by byte,
timings aside. After each ending no process may be left, and no temporary file and no lock: only where the command
was killed after another one of its processes does the next call remove these.

It needs Linux. With full disks deals `tests/benchmark/store/test_full_disk.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import kill_tools as tools

CODES = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
BACK = 3 * 24 * 3600  # seconds by which the clock is set back
CLOCK = """
import os, time
_time, _time_ns = time.time, time.time_ns
def _back():
    return {back} if os.path.exists({flag!r}) else 0
time.time = lambda: _time() - _back()
time.time_ns = lambda: _time_ns() - _back() * 10**9
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inline", type=int, default=60, metavar="N", help="kills of a run without --jobs [60]")
    parser.add_argument("--jobs", type=int, default=60, metavar="N", help="kills of a run with --jobs 2 [60]")
    parser.add_argument("--cluster", type=int, default=20, metavar="N", help="kills of a run with --scheduler [20]")
    parser.add_argument("--signals", action="store_true", help="hang up, interrupt and terminate runs of each kind")
    parser.add_argument("--clock", action="store_true", help="set the clock back in the middle of a run")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and the victims [0]")
    parser.add_argument("--folder", type=Path, help="where it works [a temporary folder, removed if all is well]")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="kill-loop-"))
    rng = random.Random(asked.seed)
    began = time.monotonic()
    reference = folder / "undisturbed"
    tools.finish(reference)
    seconds = time.monotonic() - began
    print(f"undisturbed: {seconds:.0f} s", flush=True)
    if asked.inline:
        told("inline", kill_loop(folder / "inline", reference, asked.inline, rng, seconds))
    if asked.jobs:
        told("--jobs 2", kill_loop(folder / "jobs", reference, asked.jobs, rng, seconds, "--jobs", "2"))
    if asked.cluster:
        told("--scheduler", kill_cluster_loop(folder / "cluster", reference, asked.cluster, rng, seconds))
    if asked.signals:
        told("signals", Counter(signals(folder / "signals", reference)))
    if asked.clock:
        clock(folder / "clock", reference)
        print("clock set back: equal", flush=True)
    if asked.folder is None:
        shutil.rmtree(folder)
    print(f"all equal, after {time.monotonic() - began:.0f} s")


def told(name: str, kills: Counter[str]) -> None:
    """Prints how often what was killed."""
    print(f"{name}: {sum(kills.values())} ({', '.join(f'{n} {what}' for what, n in kills.items())}): equal", flush=True)


def kill_loop(
    folder: Path, reference: Path, wanted: int, rng: random.Random, seconds: float, *options: str,
    spec: str = tools.SPEC,
) -> Counter[str]:  # fmt: skip
    """Kills processes of runs on this machine; returns how many of each kind.

    Args:
        folder: Where to work.
        reference: An undisturbed run.
        wanted: How many kills.
        rng: Chooses moments and victims.
        seconds: How long the undisturbed run took.
        *options: Of the command, such as `"--jobs", "2"`.
        spec: What is run. Defaults to `tools.SPEC`, which trains a network.
    """
    kills: Counter[str] = Counter()
    rounds = 0
    while sum(kills.values()) < wanted:
        place = folder / f"round{rounds}"
        rounds += 1
        code = None
        while code != 0 and sum(kills.values()) < wanted:
            killed: list[str] = []
            before = tools.litter(place) if place.exists() else []
            with tools.run(place, *options, spec=spec) as one:
                while one.process.poll() is None and sum(kills.values()) + len(killed) < wanted:
                    try:
                        one.process.wait(rng.uniform(0.0, 0.4) * seconds)
                    except subprocess.TimeoutExpired:
                        killed += kill(one, rng)
                code = one.wait()
                kills.update(killed)
                assert code in (0, 1, -signal.SIGKILL), (code, one.said[-3000:])
                assert "Traceback" not in one.said, one.said[-3000:]
                if code != -signal.SIGKILL or len(killed) == 1:  # else nobody was left to clean up after the others
                    left = set(tools.litter(place))
                    left -= set(before) if code == -signal.SIGKILL else set()  # killed before it had come to that
                    assert not left, (killed, one.said[-2000:], left)
        if code != 0:
            tools.finish(place, *options, spec=spec)
        tools.compare(place, reference)
        shutil.rmtree(place)
    return kills


def kill(one: tools.Marked, rng: random.Random) -> list[str]:
    """Kills one of a run's processes; returns which it was, if there was one."""
    victims: dict[str, Callable[[], int | None]] = {
        "the command": lambda: one.process.pid,
        "a stage": lambda: rng.choice(one.stages() or [None]),  # type: ignore[list-item]
        "what starts them": one.nursery,
    }
    name = rng.choice(list(victims))
    return [name] if one.kill(victims[name]()) else []


def kill_cluster_loop(
    folder: Path, reference: Path, wanted: int, rng: random.Random, seconds: float, *, spec: str = tools.SPEC
) -> Counter[str]:
    """Kills the scheduler, workers and the command of runs on a cluster; returns how many of each."""
    kills: Counter[str] = Counter()
    cluster = tools.Cluster(folder / "dask")
    rounds = 0
    try:
        while sum(kills.values()) < wanted:
            place = folder / f"round{rounds}"
            rounds += 1
            code = None
            while code != 0 and sum(kills.values()) < wanted:
                cluster.start()
                with tools.run(place, "--scheduler", cluster.address, spec=spec) as one:
                    while one.process.poll() is None and sum(kills.values()) < wanted:
                        try:
                            one.process.wait(rng.uniform(0.1, 0.7) * seconds)
                        except subprocess.TimeoutExpired:
                            name = rng.choice(["scheduler", "worker", "command"])
                            assert cluster.scheduler is not None
                            victim = {
                                "scheduler": cluster.scheduler, "worker": rng.choice(cluster.workers), "command": one
                            }[name]  # fmt: skip
                            pids = victim.family() if name == "worker" else [victim.process.pid]
                            kills[name] += one.kill(rng.choice(sorted(pids)) if pids else None)
                            if name == "scheduler":
                                check_gone(one)
                    code = one.wait()
                    assert code in (0, 1, 2, -signal.SIGKILL), (code, one.said[-3000:])
                    assert "Traceback" not in one.said, one.said[-3000:]
                    assert not list((place / "tmp").iterdir())
            if code != 0:
                cluster.start()
                tools.finish(place, "--scheduler", cluster.address, spec=spec)
            tools.compare(place, reference)
            shutil.rmtree(place)
    finally:
        cluster.stop()
    return kills


def check_gone(one: tools.Marked) -> None:
    """Checks that a run whose scheduler has gone ends in one line."""
    if one.process.wait(120) == 0:  # it had just finished
        return
    assert one.process.returncode == 2, one.said[-3000:]
    lines = [line for line in one.said.splitlines() if not line.startswith(("[", "    "))]
    assert len(lines) == 1, one.said[-3000:]
    assert lines[0].startswith("fauxbench: "), lines
    assert "cheduler" in lines[0], lines


def signals(folder: Path, reference: Path, short: bool = False) -> list[str]:
    """Ends runs of each kind by each signal; returns which.

    Args:
        folder: Where to work.
        reference: An undisturbed run.
        short: Whether the cluster is left out, and two jobs go on with the run that the others have left, and get only
            the signal that ends their processes as well.
    """
    kinds: dict[str, tuple[str, ...]] = {"inline": (), "--jobs 2": ("--jobs", "2")}
    dask = tools.Cluster(folder / "dask")
    done = []
    try:
        if not short:
            dask.start()
            kinds["--scheduler"] = ("--scheduler", dask.address)
        for kind, options in kinds.items():
            place = folder / ("run" if short else kind.strip("- ").replace(" ", "-"))
            chosen = [signal.SIGTERM] if short and kind != "inline" else list(CODES)
            for number in chosen:
                with training(place, *options) as one:
                    one.process.send_signal(number)
                    assert one.wait(60) == CODES[number], (number, one.process.returncode, one.said[-3000:])
                    assert "Traceback" not in one.said, one.said[-3000:]
                    assert one.said.splitlines()[-1].startswith("fauxbench: "), one.said
                    assert "run the same command to go on" in one.said.splitlines()[-1], one.said
                    if kind == "--scheduler":  # its workers see a moment later that nobody waits any more
                        tools.wait_for(lambda place=place: not tools.litter(place), "the locks go")  # type: ignore[misc]
                    assert not tools.litter(place), tools.litter(place)
                done.append(f"{number.name} {kind}")
            if not short or kind == list(kinds)[-1]:
                tools.finish(place, *options)
                tools.compare(place, reference)
    finally:
        dask.stop()
    return done


@contextlib.contextmanager
def training(place: Path, *options: str) -> Iterator[tools.Marked]:
    """A run that trains, in a folder emptied once if the training there had ended before a signal reached its run."""
    for attempt in range(2):
        with tools.run(place, *options) as one:
            tools.wait_for(lambda one=one: is_running(place) or one.process.poll() is not None, "it trains or ends")
            if one.process.poll() is None:
                yield one
                return
        assert attempt == 0, "the training ends before a signal can be sent"
        assert one.process.returncode == 0, one.said[-3000:]
        shutil.rmtree(place)


def running(one: tools.Marked, place: Path) -> bool:
    """Says whether a run trains, or goes on with the training of one before; fails if it has ended."""
    assert one.process.poll() is None, one.said[-3000:]
    return is_running(place)


def is_running(place: Path) -> bool:
    """Says whether a training is under way here that a process of now holds."""
    return tools.is_training(place) and any((place / "runs/.store/locks").glob("*"))


def clock(folder: Path, reference: Path) -> None:
    """Sets the clock back between a run and the one that goes on with it, and under that one; the page is of the newest
    results after all.

    No program here can set the system's clock for one process. So `time.time` goes back inside every process of the
    run while it trains, and the times of all files that are there are moved into the future.
    """
    flag = folder / "set back"
    patch = folder / "patch"
    patch.mkdir(parents=True)
    (patch / "sitecustomize.py").write_text(CLOCK.format(back=BACK, flag=str(flag)))
    paths = os.pathsep.join([str(patch), str(tools.HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])])
    place = folder / "run"
    with tools.run(place) as one:
        tools.wait_for(lambda: running(one, place), "it trains")
        one.kill(one.process.pid)
        one.wait()
    into_the_future(place)
    before = tools.states(place)
    assert before, "it goes on from files of the future"
    with tools.run(place, environ={"PYTHONPATH": paths}) as one:
        tools.wait_for(lambda: tools.states(place) != before, "it goes on")
        flag.touch()
        assert one.wait() == 0, one.said[-3000:]
    tools.compare(place, reference)
    flag.unlink()
    into_the_future(place)
    page = (place / "runs/killed/report.html").read_bytes()
    with tools.run(place, "--set", "detector.sum.id=added") as one:
        assert one.wait() == 0, one.said[-3000:]
    assert (place / "runs/killed/report.html").read_bytes() != page, "the page is of the run before"


def into_the_future(folder: Path) -> None:
    """Moves the times of all files of a run."""
    later = time.time() + BACK
    for path in (folder / "runs").rglob("*"):
        os.utime(path, (later, later))


if __name__ == "__main__":
    main()
