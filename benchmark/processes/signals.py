"""Signals that end a run: they raise in the main thread, so that the ordinary clean-up runs."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

WORDS = {signal.SIGHUP: "hung up", signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
GOES_ON = "What has finished is kept; run the same command to go on."


class Stopped(BaseException):
    """The process was asked to end. No `Exception`, so that nothing which goes on after an error goes on after it.

    Args:
        number: The signal.

    Attributes:
        code: The exit code, as a shell gives it: 128 and the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(said(number))
        self.code = 128 + number


def said(number: int) -> str:
    """Returns what the user is told of a signal, in one line."""
    return f"{WORDS[signal.Signals(number)]}. {GOES_ON}"


@contextlib.contextmanager
def stopping() -> Iterator[None]:
    """Makes SIGTERM and SIGHUP raise `Stopped`, as Ctrl-C raises `KeyboardInterrupt`; what is ignored stays ignored.

    A process that `nohup` started ignores SIGHUP. Python lets only the main thread handle signals: elsewhere, nothing
    changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # set by something else than Python, which cannot set it again
                signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    del frame
    raise Stopped(number)
