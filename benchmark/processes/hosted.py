"""The other side of `benchmark.processes.nursery`: the process that copies itself, and what its copies do.

A copy answers requests `(function, arguments, keywords)` with any number of `("progress", what it was told)` and then
one of `("result", value)`, `("mistake", words)` for the user's error, and `("failed", {"error", "traceback"})` for any
other. Nothing that a plug-in does gets further than this: what it prints goes to standard error, what it raises becomes
words, and what it leaves behind ends with the process, its temporary files too.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import inspect
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from benchmark.machine import importing
from benchmark.machine.blame import traceback_of, words
from benchmark.processes import apart, leftovers, lent, shims, warned
from benchmark.processes.nursery import ANSWER, CLEAN_UP, FORK, IMPORT, LEARN, OF_OTHERS, ORDER, REST
from data.errors import UserError

STAGES = ("line", "explain", "identity", "inception", "quality")
USUAL = (
    "numpy", "scipy.linalg", "scipy.stats", "threadpoolctl", "pandas", "pyarrow.parquet",
    *(f"benchmark.stages.{name}" for name in STAGES),
)  # fmt: skip
OFTEN = 0.1  # seconds between two messages on progress at least
LOOK = 0.02  # seconds between two looks at which copies have ended
DEATH_OF_PARENT, TAKE_ORPHANS = 1, 36  # PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER of Linux
_nursery = [0]  # its process number
_to_end: list[int] = []  # the signal that has asked this copy to end


def main() -> None:
    """The nursery: imports what most stages need, and copies itself until its owner has ended."""
    _nursery[0] = os.getpid()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # its owner says when it is to end
    signal.signal(signal.SIGTERM, _end)
    _control(TAKE_ORPHANS, 1)  # what a plug-in has started and left becomes the nursery's, which ends it
    channel = socket.socket(fileno=int(sys.argv[2]))
    for name in USUAL:
        if _is_over(channel):  # a mistake in a spec has ended the run: nobody is to wait for imports
            return
        importlib.import_module(name)
    gc.enable()  # its owner has switched it off: an import makes many objects, and drops few
    gc.freeze()  # copies look for cycles among what is theirs only
    children: set[int] = set()
    with leftovers.own_folder() as folder, channel:
        try:
            with contextlib.suppress(OSError):  # its owner was killed between an order and the answer
                while _has_work(channel, children) and _obey(channel, children, folder):
                    pass
        finally:
            _end_all(children)


def _is_over(channel: socket.socket) -> bool:
    """Says whether the other side has been closed, whatever it had asked before."""
    return _has_come(channel, getattr(select, "POLLRDHUP", select.POLLHUP), 0)


def _has_work(channel: socket.socket, children: set[int]) -> bool:
    """Waits for the next order; not for ever where no copy lives, if what this process holds is worth the seconds."""
    while not _has_come(channel, select.POLLIN, REST if "keras" in sys.modules else None):
        if all(os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) for pid in children):
            return False
    return True


def _has_come(channel: socket.socket, event: int, seconds: float | None) -> bool:
    """Waits for an event, or the end of the other side; says whether it came in time."""
    events = select.poll()  # not `select.select`, which knows no descriptor above 1,023
    events.register(channel, event)
    return bool(events.poll(None if seconds is None else 1000 * seconds))


def _learn(channel: socket.socket) -> None:
    """Imports Keras, as long as somebody wants it."""

    def look(*_: Any) -> None:
        if _is_over(channel):
            sys.exit(0)  # what imports ask for and can do without, they miss by another kind of exception

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, OFTEN, OFTEN)
    try:
        importing.install(ours=True)
        with contextlib.suppress(Exception):  # whatever it is, the stage that needs it says so
            importlib.import_module("keras")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    gc.freeze()


def _obey(channel: socket.socket, children: set[int], folder: Path) -> bool:
    """Does the next thing that is asked; says whether anything was."""
    order, descriptors, _, _ = socket.recv_fds(channel, ORDER.size, 2)
    if len(order) < ORDER.size:
        return False
    what, pid = ORDER.unpack(order)
    answer = 0
    if what == LEARN:
        _learn(channel)
    elif what == IMPORT:
        lent.lend(OF_OTHERS[pid])
        gc.freeze()
    elif what == FORK:
        answer = _fork(channel, descriptors, folder)
        children |= {answer} if answer > 0 else set()
    else:
        children.discard(pid)
        answer = os.waitpid(pid, 0)[1]
        with contextlib.suppress(ChildProcessError):
            while True:  # its group, which its owner has killed
                os.waitpid(-pid, 0)
        shutil.rmtree(folder / str(pid), ignore_errors=True)
    channel.sendall(ANSWER.pack(answer))
    return True


def _fork(channel: socket.socket, descriptors: list[int], folder: Path) -> int:
    """Returns the number of a new copy, or what keeps it from being made: the system's error number below 0."""
    _hold()  # until the copy can end in order: Python's own work after a fork would only report that it was asked to
    try:
        pid = os.fork()
    except OSError as error:
        pid = -(error.errno or 1)
    if pid == 0:
        channel.close()
        _live(descriptors[0], descriptors[1], folder / str(os.getpid()))
    _let_go()
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _end_all(children: set[int]) -> None:
    """Ends the copies and what they have started; lets them clean up before."""
    for pid in children:
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + CLEAN_UP
    while children:
        late = time.monotonic() > until
        for pid in list(children):
            if late or os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                children.discard(pid)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        time.sleep(LOOK)
    while orphans := _orphans():
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _orphans() -> list[int]:
    """Returns what copies have started in groups of its own and left, which Linux has made this process's children."""
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def _control(what: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # of another system than Linux
        ctypes.CDLL(None).prctl(what, value)


def _end(number: int, _: Any) -> None:
    """What a copy does when it is asked to end: cleans up on its way out. The nursery does nothing."""
    if os.getpid() != _nursery[0] and not _to_end:
        _to_end.append(number)
        sys.exit(128 + number)


def _again(dropped: sys.UnraisableHookArgs) -> None:
    """Asks again for an end that was asked for inside a destructor or the like, where Python only reports it.

    What else a destructor raises on the way out, such as that of an archive half written, is of no use to anybody.
    """
    if not _to_end:
        sys.__unraisablehook__(dropped)
    if not (_to_end and isinstance(dropped.exc_value, SystemExit)):
        return
    later = threading.Timer(LOOK, os.kill, (os.getpid(), _to_end.pop()))
    later.daemon = True
    later.start()


def _live(connection: int, error: int, own: Path) -> NoReturn:
    """A copy: a session of its own, which no key pressed in a terminal reaches, and which can be ended as a whole."""
    code = 0
    try:
        os.setsid()
        _control(DEATH_OF_PARENT, signal.SIGKILL)  # elsewhere an orphan ends when it next speaks
        if os.getppid() != _nursery[0]:  # it had ended before
            os._exit(1)
        os.dup2(error, 1)  # what a plug-in prints must not get between the lines of --json
        os.dup2(error, 2)
        os.close(error)
        os.set_inheritable(connection, False)  # a process that it starts must not make this one seem alive
        sys.unraisablehook = _again
        _let_go()
        link = Connection(connection)
        os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=lambda: _be_nobody(link))
        _serve(link, own)
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


def _be_nobody(link: Connection) -> None:
    """What a process does that a copy has forked, such as one of a pool: it is no copy, and ends at once when told."""
    link.close()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_go()


def _serve(connection: Connection, own: Path) -> None:
    apart.inside = True
    setup = connection.recv()
    os.environ.clear()
    os.environ.update(setup["environ"])
    os.chdir(setup["folder"])
    sys.path[:] = setup["path"]
    with contextlib.suppress(OSError):  # of a full disk; whoever needs the folder is told
        (own / "modules").mkdir(parents=True)
        shims.folders[:] = [own / "modules"]  # its own: another may have had other code under the same name
        os.environ["TMPDIR"], tempfile.tempdir = str(own), None
    importing.install(ours=True, alone=not setup["foreign"])
    warned.once(own.parent)
    sys.path[:] = [*sys.path, *map(str, shims.folders)]
    while True:
        function, arguments, keywords = connection.recv()
        answer = _answer(function, arguments, keywords, _Teller(connection))
        if _to_end:
            sys.exit(128 + _to_end[0])
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
