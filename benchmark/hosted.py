"""The other side of `benchmark.nursery`: the process that copies itself, and what its copies do.

A copy answers requests `(function, arguments, keywords)` with any number of `("progress", what it was told)` and then
one of `("result", value)`, `("mistake", words)` for the user's error, and `("failed", {"error", "traceback"})` for any
other. Nothing that a plug-in does gets further than this: what it prints goes to standard error, what it raises becomes
words, and what it leaves behind ends with the process.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import inspect
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from benchmark import apart, plugins, quiet
from benchmark.blame import traceback_of, words
from benchmark.nursery import ANSWER, FORK, ORDER
from data.errors import UserError

USUAL = ("numpy", "scipy.linalg", "threadpoolctl", "pandas", "pyarrow.parquet", "benchmark.stages")
OFTEN = 0.1  # seconds between two messages on progress at least
DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux


def main() -> None:
    """The nursery: imports what most stages need, and copies itself until its owner has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in USUAL:
        importlib.import_module(name)
    children: set[int] = set()
    plugins.shims.append(Path(tempfile.mkdtemp(prefix="fauxbench-modules-")))
    with socket.socket(fileno=int(sys.argv[2])) as channel:
        while True:
            order, descriptors, _, _ = socket.recv_fds(channel, ORDER.size, 2)
            if len(order) < ORDER.size:
                break
            what, pid = ORDER.unpack(order)
            if what == FORK:
                pid = os.fork()
                if pid == 0:
                    channel.close()
                    _live(*descriptors)
                children.add(pid)
                for descriptor in descriptors:
                    os.close(descriptor)
                answer = pid
            else:
                children.discard(pid)
                answer = os.waitpid(pid, 0)[1]
            channel.sendall(ANSWER.pack(answer))
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    shutil.rmtree(plugins.shims[0], ignore_errors=True)


def _live(connection: int, error: int) -> NoReturn:
    """A copy: a session of its own, which no key pressed in a terminal reaches, and which can be ended as a whole."""
    os.setsid()
    with contextlib.suppress(OSError, AttributeError):  # elsewhere an orphan ends when it next speaks
        ctypes.CDLL(None).prctl(DEATH_OF_PARENT, signal.SIGKILL)
    os.dup2(error, 1)  # what a plug-in prints must not get between the lines of --json
    os.dup2(error, 2)
    os.close(error)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_end_as_usual)
    code = 0
    try:
        _serve(Connection(connection))
    except SystemExit as error:
        code = int(error.code or 0)
    except (EOFError, OSError):  # nobody asks any more
        pass
    os._exit(code)  # not sys.exit: threads that a plug-in left behind would keep the process


def _hold() -> None:
    """Keeps SIGTERM waiting while a plug-in forks: Python drops one that comes before the child is set up, and whoever
    started the child, such as a pool of `multiprocessing`, would wait for its end for ever."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_go() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_as_usual() -> None:
    """In a plug-in's child: SIGTERM ends it at once, as in any program."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_go()


def _serve(connection: Connection) -> None:
    apart.inside = True
    setup = connection.recv()
    os.environ.clear()
    os.environ.update(setup["environ"])
    os.chdir(setup["folder"])
    quiet.install()
    sys.path[:] = [*setup["path"], *map(str, plugins.shims)]
    while True:
        function, arguments, keywords = connection.recv()
        answer = _answer(function, arguments, keywords, _Teller(connection))
        try:
            connection.send(answer)
        except (OSError, EOFError):
            raise
        except BaseException as error:  # of what cannot be pickled
            connection.send(("failed", {"error": words(error), "traceback": traceback_of(error)}))


def _answer(function: str, arguments: tuple, keywords: dict[str, Any], progress: _Teller) -> tuple[str, Any]:
    try:
        module, _, name = function.partition(":")
        found = getattr(importlib.import_module(module), name)
        told = {"progress": progress} if "progress" in inspect.signature(found).parameters else {}
        return "result", found(*arguments, **keywords, **told)
    except UserError as error:
        return "mistake", words(error).partition(": ")[2]
    except BaseException as error:  # whatever a plug-in raises, the end of the interpreter too
        return "failed", {"error": words(error), "traceback": traceback_of(error)}


class _Teller:
    """Sends progress to the owner, not too often."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.last = connection, 0.0

    def __call__(self, *told: Any) -> None:
        now = time.monotonic()
        if now - self.last > OFTEN or told[:1] >= told[1:2]:  # not the last of so many
            self.last = now
            self.say(*told)

    def say(self, *told: Any) -> None:
        """Sends what must not be left out, however often."""
        self.connection.send(("progress", told))
