"""Processes for stages and plug-ins: each a copy of one that has imported the usual libraries and nothing foreign.

Starting Python and importing NumPy, SciPy and pandas takes more than a second; a copy of a process that has them takes
a few hundredths. So one process, the nursery, is started from scratch when it is first needed, imports them, and from
then on does nothing but copy itself (`benchmark.processes.hosted`). It starts no backend and imports no plug-in, so it
has no threads that a copy would lack, and no state that a copy could inherit. The copies end when it ends, and it ends
when this process does.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cached_property
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any

from benchmark.processes import leftovers
from data.errors import UserError

ORDER = struct.Struct("!cq")  # what the nursery is asked for, and a process number
ANSWER = struct.Struct("!q")
FORK, WAIT, LEARN, IMPORT = b"F", b"W", b"L", b"I"
OF_OTHERS = ("sklearn.linear_model", "skops.io")  # what most plug-ins of others import, and what stores their models
TRIES = 4  # to start a nursery
REST = 300.0  # seconds without a copy after which one that has Keras ends, since it holds half a gigabyte
CLEAN_UP = 5.0  # seconds that processes which are asked to end have to remove what they have written
AT_START = (  # settings that libraries read when they are imported
    "FAUXBENCH_CPU", "GLIBC_TUNABLES", "JOBLIB_", "LOKY_", "MKL_NUM_THREADS", "NPY_", "OMP_NUM_THREADS", "OPENBLAS_",
    "SKLEARN_",
)  # fmt: skip
BY_KERAS = ("CUDA_", "DNNL_", "JAX_", "KERAS_", "NPROC", "ONEDNN_", "TF_", "XLA_")  # and its backend, likewise


class Lost(Exception):
    """A process has ended without an answer; the message says how."""


class Host:
    """One process, for one caller: it does what it is asked, one request after the other.

    Args:
        nursery: Where it comes from.
        foreign: Whether it may run a stranger's code. Defaults to `True`.
    """

    def __init__(self, nursery: Nursery, *, foreign: bool = True) -> None:
        self._nursery = nursery
        self.connection, theirs = Pipe()
        with theirs:
            self._order = nursery.fork(theirs.fileno())
        self.ended = False
        self.least: float | None = None  # bytes that it held after its first training
        self.learned = nursery.learned
        self._send({"environ": dict(os.environ), "folder": os.getcwd(), "path": list(sys.path), "foreign": foreign})

    @cached_property
    def pid(self) -> int:
        """Its number, for which the nursery is waited for.

        Raises:
            UserError: If the system allows no other process.
        """
        pid = self._nursery.answer(self._order)
        if pid < 0:
            raise UserError(f"No other process can be started: {os.strerror(-pid)}. Try fewer --jobs.")
        return pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked: between two requests it says nothing, so that what can be read is its end."""
        return not self.ended and self._nursery.usable and not self.connection.poll()

    @property
    def outgrown(self) -> bool:
        """Whether a new copy would have Keras, and this one is from before."""
        return self._nursery.learned and not self.learned

    def ask(self, function: str, *arguments: Any, **keywords: Any) -> None:
        """Asks for a call of `module:function`; answers are read from `connection` by `heard`."""
        self._send((function, arguments, keywords))

    def heard(self, timeout: float | None = None) -> tuple[str, Any]:
        """Returns the next message: `("progress", (done, total, text))`, or one that ends a request, see `hosted`.

        Args:
            timeout: Seconds to wait for it. Defaults to `None`, for ever.

        Raises:
            TimeoutError: If there is none in time.
            Lost: If the process has ended.
        """
        try:
            if not self.connection.poll(timeout):
                raise TimeoutError
            kind, content = self.connection.recv()
        except TimeoutError:
            raise
        except Exception as error:  # the end of the stream, or what a plug-in has written into it
            raise Lost(self.end()) from error
        return kind, content

    def end(self) -> str:
        """Ends the process, and those that it has started; says how it ended, if it had before."""
        if self.ended:
            return "it was ended"
        self.ended = True
        self.connection.close()
        for kill in (os.killpg, os.kill):  # its group, or itself if it has none yet
            try:
                kill(self.pid, signal.SIGKILL)
                break
            except ProcessLookupError:
                continue
        status = self._nursery.wait(self.pid)
        if os.WIFSIGNALED(status):
            return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
        return f"exit code {os.waitstatus_to_exitcode(status)}"

    def interrupt(self) -> None:
        """Asks the process to clean up and end; `end` does not wait for that."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def _send(self, message: Any) -> None:
        try:
            self.connection.send(message)
        except OSError:
            return  # it has ended, which is heard next


class Nursery:
    """The process that copies itself; `host` gives a new copy."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.owner, self.learned = os.getpid(), False
        self._imported: set[str] = set()  # beside Keras and what all copies need
        self._lesson = 0  # the order by which it imports Keras, once there is one
        self.spare: Host | None = None  # a copy from before it imports Keras, for what needs none
        self._sent, self._heard, self._answers = 0, 0, dict[int, int]()
        self.settings, self.of_keras = at_start(), at_start(BY_KERAS)
        self._channel, theirs = socket.socketpair()
        start = "import gc, json, sys; gc.disable(); sys.path[:] = json.loads(sys.argv[1])\n"
        start += "from benchmark.processes.hosted import main; main()"
        with theirs:
            os.set_inheritable(theirs.fileno(), True)
            self._process = subprocess.Popen(  # noqa: S603  this Python, and nothing that a user gave
                [sys.executable, "-P", "-c", start, json.dumps(sys.path), str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True,
                env=os.environ | {"PYTHONHASHSEED": "0"},  # the order of sets is the same in all of them
            )  # fmt: skip
        atexit.register(self.close)

    @property
    def usable(self) -> bool:
        """Whether it lives, is this process's own, and read the settings that hold now when it started."""
        mine = self.owner == os.getpid() and self._channel.fileno() >= 0 and self._process.poll() is None
        return mine and self.settings == at_start() and (not self.learned or self.of_keras == at_start(BY_KERAS))

    def learn(self, *, spare: bool = False) -> None:
        """Lets it import Keras for all copies that it makes from now on; does not wait for that.

        One that started when Keras was to be imported otherwise does not: its copies then do so themselves.

        Args:
            spare: Whether it makes a copy before, which has something to do meanwhile. Defaults to `False`.
        """
        if not self.learned and self.of_keras == at_start(BY_KERAS):
            if spare:
                self.spare = Host(self, foreign=False)
            self._lesson = self._order(LEARN, 0)
            self.learned = True

    def imports(self, name: str) -> None:
        """Lets it import a module of `OF_OTHERS` for all copies that it makes from now on; does not wait for that."""
        if name not in self._imported:
            self._order(IMPORT, OF_OTHERS.index(name))
            self._imported.add(name)

    @property
    def learning(self) -> bool:
        """Whether it imports Keras at this moment, and makes no copy before it has."""
        try:
            with self._lock, self._or_closed():
                while self._heard < self._lesson and self._channel in wait([self._channel], 0):
                    self._hear()
        except (Lost, OSError):
            return False  # it has ended: another one is started by the first who needs a copy
        return self._heard < self._lesson

    def fileno(self) -> int:
        """Returns where its next answer comes from, to be waited for."""
        return self._channel.fileno()

    def fork(self, connection: int) -> int:
        """Orders a copy that talks through a file descriptor, and writes to this process's standard error.

        Returns:
            The order: its `answer` is the number of the copy, or what keeps it from being made, the system's error
            number below 0.
        """
        return self._order(FORK, 0, [connection, 2])

    def wait(self, pid: int) -> int:
        """Returns how a copy ended, as `os.waitpid` does; until it is asked for, no other process gets its number."""
        try:
            return self.answer(self._order(WAIT, pid))
        except (OSError, Lost):
            return int(signal.SIGKILL)  # the nursery itself was killed, and its copies with it

    def leave(self) -> None:
        """Lets it and its copies end, which `close` waits for."""
        self._channel.close()

    def close(self) -> None:
        """Ends it and its copies, and removes what it has left if it was killed."""
        atexit.unregister(self.close)
        self.leave()
        if self.owner == os.getpid() and self._process.wait() != 0:
            leftovers.sweep()

    def answer(self, order: int) -> int:
        """Waits for the answer to an order; orders are obeyed one after the other.

        Raises:
            Lost: If the nursery has ended.
        """
        with self._lock, self._or_closed():
            while self._heard < order:
                self._hear()
            return self._answers.pop(order)

    def _hear(self) -> None:
        """Waits for the next answer."""
        received = b""
        while len(received) < ANSWER.size:
            part = self._channel.recv(ANSWER.size - len(received))
            if not part:
                raise Lost("the process that starts others was killed")
            received += part
        self._heard += 1
        self._answers[self._heard] = int(ANSWER.unpack(received)[0])

    def _order(self, what: bytes, pid: int, descriptors: Iterable[int] = ()) -> int:
        with self._lock, self._or_closed():
            socket.send_fds(self._channel, [ORDER.pack(what, pid)], list(descriptors))
            self._sent += 1
            return self._sent

    @contextlib.contextmanager
    def _or_closed(self) -> Iterator[None]:
        """After an interrupt the next answer could be taken for that of another order."""
        try:
            yield
        except BaseException:
            self._channel.close()
            raise


_shared: list[Nursery] = []
_shared_lock = threading.Lock()


def nursery() -> Nursery:
    """Returns this process's nursery; starts one if there is none that is usable."""
    with _shared_lock:
        if _shared and not _shared[0].usable:
            _shared.pop().close()
        if not _shared:
            _shared.append(Nursery())
        return _shared[0]


def get_ready(*, learn: bool, spare: bool = False, first: Iterable[str] = ()) -> None:
    """Starts this process's nursery ahead of the first host; that it cannot be started is said when there is one.

    Args:
        learn: Whether it is to import Keras, see `Nursery.learn`.
        first: The modules of `OF_OTHERS` that it is to import before: each stage of a stranger's code has a process of
            its own, which would do so. Defaults to none.
        spare: Whether it makes a copy before, for the first who asks for one that needs no Keras; `unspared` ends it
            if nobody does. Defaults to `False`.
    """
    with contextlib.suppress(Lost, OSError):
        ready = nursery()
        for name in first:
            ready.imports(name)
        if learn:
            ready.learn(spare=spare)


def learning() -> Nursery | None:
    """Returns this process's nursery if it imports Keras at this moment: until it has, a new `host` is waited for."""
    with _shared_lock:
        return next((one for one in _shared if one.usable and one.learning), None)


def is_running() -> bool:
    """Says whether this process has a nursery that can be used."""
    with _shared_lock:
        return any(one.usable for one in _shared)


def has_spare() -> bool:
    """Says whether there is a copy that nobody has asked for."""
    with _shared_lock:
        return any(one.spare is not None and one.spare.alive for one in _shared)


def unspared() -> None:
    """Lets go of the copy that nobody has asked for, if there is one, which ends when it hears that."""
    with _shared_lock:
        for one in _shared:
            if one.spare is not None:
                one.spare.connection.close()
                one.spare = None


def leave() -> None:
    """Lets this process's nursery end, if it has one, while something else is done; `close` waits for it."""
    with _shared_lock:
        for one in _shared:
            one.leave()


def close() -> None:
    """Ends this process's nursery, if it has one, before the process itself ends; the next host has a new one."""
    with _shared_lock:
        while _shared:
            _shared.pop().close()


def host(*, foreign: bool = True, plain: bool = False) -> Host:
    """Returns a new process.

    Args:
        foreign: Whether it may run a stranger's code. Defaults to `True`.
        plain: Whether what it first does needs no Keras, so that the spare copy may do it. Defaults to `False`.

    Raises:
        UserError: If the system allows none, or there is no place for temporary files.
    """
    try:
        tempfile.gettempdir()
        for _ in range(TRIES):
            with contextlib.suppress(Lost, ConnectionError):  # the nursery was killed a moment ago, or as it started
                found = (plain and _taken(nursery())) or Host(nursery(), foreign=foreign)
                found.pid  # noqa: B018 - it is waited for
                return found
        raise Lost("the process that starts others is killed again and again")
    except (Lost, OSError) as error:
        raise UserError(f"No other process can be started: {str(error).rstrip('.')}.") from error


def _taken(ready: Nursery) -> Host | None:
    spare, ready.spare = ready.spare, None
    return spare if spare is not None and spare.alive else None


def wind_up(hosts: Iterable[Host]) -> None:
    """Asks processes to clean up, waits for all of them no longer than `CLEAN_UP`, and ends them."""
    hosts = list(hosts)
    until = time.monotonic() + CLEAN_UP
    try:
        for one in hosts:
            one.interrupt()
        for one in hosts:
            with contextlib.suppress(Lost, TimeoutError):
                while True:
                    one.heard(max(0.0, until - time.monotonic()))
    finally:
        for one in hosts:
            one.end()


def at_start(names: tuple[str, ...] = AT_START) -> dict[str, str]:
    """Returns the environment variables that the imported libraries have read for good, by how their names begin."""
    return {name: value for name, value in os.environ.items() if name.startswith(names)}
