"""How a check ends: it passes, or raises one of these with what is wrong; and the words for it."""

from __future__ import annotations

import unittest
from dataclasses import dataclass
from typing import NoReturn

from benchmark.machine import blame


class Broken(AssertionError):
    """A plug-in breaks its contract; the message says what was expected, what was received and what to do."""


class Skip(unittest.SkipTest):
    """A check that says nothing about this plug-in; pytest shows it as skipped."""


class Hint(Skip):
    """Something that may be wrong, or may be meant so: small images and few of them do not tell. It fails nothing."""


@dataclass(frozen=True)
class Result:
    """The outcome of one check.

    Attributes:
        id: Its name, such as `"save-load"`.
        verdict: `"passed"`, `"failed"`, `"skipped"`, or `"hint"`: worth a look, and no failure.
        message: What is wrong, or why it was skipped.
        seconds: How long it took.
    """

    id: str
    verdict: str
    message: str
    seconds: float


def fail(message: str) -> NoReturn:
    """Ends a check: the plug-in breaks its contract."""
    raise Broken(message)


def hint(message: str) -> NoReturn:
    """Ends a check: something may be wrong, and cannot be known from here."""
    raise Hint(message)


def said(error: BaseException) -> str:
    """Returns an exception's type and message on one line."""
    if isinstance(error, SystemExit):
        return f"SystemExit: it called sys.exit({blame.message_of(error)}), and a plug-in must raise an error instead"
    return blame.words(error).rstrip(".")


def in_words(error: BaseException | None) -> bool:
    """Says whether an exception is an ordinary one that says why it was raised."""
    return isinstance(error, Exception) and bool(blame.message_of(error))
