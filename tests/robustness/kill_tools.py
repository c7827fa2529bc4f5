"""What the kill loop and the tests of it share: runs that can be watched from outside, and what they leave behind.

Every process of a run is known by a word in the environment that it was started with, which its children inherit
however they are started, so that none is missed. It reads `/proc`, so it needs Linux.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli.main import main; main()"]
MARK = "FAUXBENCH_KILL_LOOP"
TIMINGS = {"key.json", "facts.json", "training.csv"}  # they hold seconds or rates
TABLES = ("scores.parquet", "metrics.csv", "roc.csv", "comparisons.csv", "audit.csv", "images/index.csv")
PLUGIN = """
import numpy as np


class Sum:
    def fit(self, images, is_fake):
        return self

    def decision_function(self, images):
        return images.reshape(len(images), -1).sum(axis=1).astype(float)
"""
SPEC = """
name = "killed"
[dataset]
name = "digits"
limit = 200
[[generator]]
id = "gan"
kind = "dcgan"
architecture = "small"
width = 8
discriminator_width = 8
epochs = 80
[[detector]]
kind = "linear-pixel"
[[detector]]
id = "sum"
kind = "sum.py:Sum"
[quality]
enabled = false
[protocol]
display_interval = 5
"""
QUICK = """
name = "killed"
[dataset]
name = "digits"
limit = 200
[[generator]]
kind = "gaussian"
[[detector]]
kind = "linear-pixel"
[[detector]]
id = "sum"
kind = "sum.py:Sum"
[quality]
enabled = false
"""  # no network, so no process has to import Keras


def wait_for(condition: Callable[[], object], what: str, seconds: float = 300) -> None:
    """Waits until something holds, and fails if it never does."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"it did not happen within {seconds:g} s: {what}")
        time.sleep(0.02)


@dataclass
class Marked:
    """A process of which all descendants are known.

    Args:
        arguments: Its command line.
        folder: Where it works; its temporary files go to `tmp` below.
        environ: More environment variables.
    """

    arguments: list[str]
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join([str(HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])])
        given = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "TMPDIR": str(self.temporary), MARK: self.mark}
        self.log = open(self.folder / f"{self.mark}.log", "w+b")  # noqa: SIM115  closed by `end`
        self.process = subprocess.Popen(
            self.arguments, cwd=self.folder, env=os.environ | given | self.environ,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True,
            preexec_fn=_heed_interrupts,
        )  # fmt: skip

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return Path(self.log.name).read_text(errors="replace")

    def family(self) -> dict[int, int]:
        """Returns the living processes that belong to it, itself too: process -> parent."""
        word = f"{MARK}={self.mark}".encode()
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if word in (place / "environ").read_bytes().split(b"\0"):
                    found[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        return found

    def nursery(self) -> int | None:
        """Returns the process that starts those of the stages."""
        for pid, parent in self.family().items():
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                if parent == self.process.pid and b"benchmark.processes.hosted" in command:
                    return pid
        return None

    def stages(self) -> list[int]:
        """Returns the processes that do stages or wait for one."""
        nursery = self.nursery()
        return [pid for pid, parent in self.family().items() if nursery is not None and parent == nursery]

    def kill(self, pid: int | None) -> bool:
        """Kills one of them; says whether there was one."""
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def wait(self, seconds: float = 900) -> int:
        """Waits until it and all that belongs to it has ended; returns its exit code."""
        code = self.process.wait(seconds)
        wait_for(lambda: not self.family(), f"all processes end: {self.said[-2000:]}", 30)
        return code

    def end(self) -> None:
        """Leaves no process behind, whatever was found."""
        for _ in range(100):
            family = self.family()
            for pid in family:
                self.kill(pid)
            if not family:
                break
            time.sleep(0.05)
        self.process.wait()
        self.log.close()


def _heed_interrupts() -> None:
    """Undoes what a shell does to background commands, whose children would ignore Ctrl-C as well."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def marked(arguments: list[str], folder: Path, environ: dict[str, str] | None = None) -> Iterator[Marked]:
    """Starts a process, and ends it with all that belongs to it."""
    one = Marked(arguments, folder, environ or {})
    try:
        yield one
    finally:
        one.end()


@contextlib.contextmanager
def run(folder: Path, *options: str, spec: str = SPEC, environ: dict[str, str] | None = None) -> Iterator[Marked]:
    """Starts `fauxbench run` in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.toml").write_text(spec)
    (folder / "sum.py").write_text(PLUGIN)
    with marked([*COMMAND, "run", "spec.toml", *options], folder, environ) as one:
        yield one


def finish(folder: Path, *options: str, spec: str = SPEC) -> str:
    """Runs to the end, which must be a good one; returns what was said."""
    with run(folder, *options, spec=spec) as one:
        code = one.wait()
        assert code == 0, one.said[-3000:]
        assert "Traceback" not in one.said, one.said[-3000:]
        return one.said


def is_training(folder: Path) -> bool:
    """Says whether a generator's training is under way and has written what it resumes from."""
    return bool(states(folder))


def states(folder: Path) -> dict[str, int]:
    """Returns what trainings under way would resume from, and when each file of it was written."""
    found = {}
    for path in (folder / "runs/.store/work").glob("*/state/*.npz"):  # a half has another ending
        with contextlib.suppress(FileNotFoundError):
            found[str(path)] = path.stat().st_mtime_ns
    return found


def litter(folder: Path) -> list[str]:
    """Returns what no ending of a run may leave: temporary files, locks, and halves in the run folder."""
    places = [*(folder / "tmp").iterdir(), *(folder / "runs/.store/locks").glob("*")]
    places += [path for path in (folder / "runs/killed").glob(".*") if not path.name.startswith(".fauxbench-part")]
    return sorted(str(path.relative_to(folder)) for path in places if path.name != "dask-scratch-space")


def digests(folder: Path) -> dict[str, str]:
    """Returns the digests of everything in the store and run folder of a run that is no timing."""
    found = {}
    for path in sorted((folder / "runs/.store").rglob("*")):
        if path.is_file() and path.name not in TIMINGS and path.parts[-3] != "runs" and path.suffix != ".json":
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    for name in TABLES:
        found[name] = hashlib.sha256((folder / "runs/killed" / name).read_bytes()).hexdigest()
    names = sorted(path.name for path in (folder / "runs/killed").iterdir())
    return found | {"names": ", ".join(names)}


def compare(folder: Path, reference: Path) -> None:
    """Checks that two runs hold the same bytes, and the first nothing that is half done."""
    mine, theirs = digests(folder), digests(reference)
    differing = {name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)}
    assert not differing, f"{folder}: {sorted(differing)}"
    cells = (folder / "runs/killed/cells.csv").read_text()
    assert "failed" not in cells, cells
    assert not litter(folder), litter(folder)
    assert not list((folder / "runs/.store/work").glob("*"))


def sockets(pids: list[int]) -> list[str]:
    """Returns the network sockets that processes have open, as the system lists them."""
    inodes = set()
    for pid in pids:
        for place in Path(f"/proc/{pid}/fd").glob("*"):
            with contextlib.suppress(OSError):
                kind, _, number = os.readlink(place).partition(":[")
                inodes |= {number.rstrip("]")} if kind == "socket" else set()
    lines = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        with contextlib.suppress(OSError):
            rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
            lines += [f"{table} {row.strip()}" for row in rows if row.split()[9] in inodes]
    return lines


class Cluster:
    """A Dask scheduler on this machine with two workers, each in a process of its own.

    Args:
        folder: Where they work.
        scheme: `"tcp"` or `"tls"`. Defaults to `"tcp"`.
        options: More options of `dask scheduler` and `dask worker`, such as those of certificates.
    """

    def __init__(self, folder: Path, scheme: str = "tcp", options: tuple[str, ...] = ()) -> None:
        self.folder, self.scheme, self.options = folder, scheme, options
        self.workers: list[Marked] = []
        self.scheduler: Marked | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    @property
    def address(self) -> str:
        """The scheduler's address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts what does not run."""
        if self.scheduler is None or self.scheduler.process.poll() is not None:
            self.stop()
            about = self.folder / "scheduler" / "scheduler.json"
            about.unlink(missing_ok=True)
            self.scheduler = self._dask(
                "scheduler", "--host", f"{self.scheme}://127.0.0.1", "--port", str(self.port),
                "--scheduler-file", str(about),
            )  # fmt: skip
            wait_for(lambda: self._lives(self.scheduler) and _read(about), "the scheduler starts")
        for number in range(2):
            if number >= len(self.workers):
                self.workers.append(self._worker(number))
            elif self.workers[number].process.poll() is not None:
                self.workers[number].end()
                self.workers[number] = self._worker(number)

    def stop(self) -> None:
        """Ends all of it."""
        for one in [*self.workers, *filter(None, [self.scheduler])]:
            one.end()
        self.workers, self.scheduler = [], None

    def _worker(self, number: int) -> Marked:
        return self._dask(
            "worker", self.address, "--nthreads", "1", "--nworkers", "1", "--memory-limit", "0", "--death-timeout",
            "60", place=f"worker{number}",
        )  # fmt: skip

    def _dask(self, verb: str, *options: str, place: str | None = None) -> Marked:
        folder = self.folder / (place or verb)
        folder.mkdir(parents=True, exist_ok=True)
        head = [sys.executable, "-m", f"distributed.cli.dask_{verb}", "--no-dashboard"]
        return Marked([*head, *options, *self.options], folder)

    def _lives(self, one: Marked | None) -> bool:
        assert one is not None
        assert one.process.poll() is None, one.said
        return True


def _read(place: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return bool(json.loads(place.read_text())["address"])
    return False
