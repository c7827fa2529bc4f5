"""A second process, beside this one, for a part of what would else be done here; without one it is done here."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Sequence
from typing import Any

from benchmark.processes import nursery
from data.errors import UserError


class Second:
    """A copy of this process's nursery, if that is there: to start one takes longer than what is gained.

    Used in a `with`, which ends it.
    """

    def __init__(self) -> None:
        self._host: nursery.Host | None = None
        self._open = 0  # requests without an answer

    def __enter__(self) -> Second:
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def get_ready(self, modules: Sequence[str]) -> None:
        """Starts the process, which imports modules, and does not wait for it."""
        has_time = nursery.has_spare() or nursery.learning() is None  # else it would be waited for
        if self._host is None and nursery.is_running() and has_time:
            with contextlib.suppress(UserError):
                self._host = nursery.host(foreign=False, plain=True)
                self.ask("benchmark.processes.second:imported", modules)

    def ask(self, function: str, *arguments: Any) -> None:
        """Asks for a call of `module:function`, whose value `answer` returns; does not wait for it."""
        if self._host is not None:
            self._host.ask(function, *arguments)
            self._open += 1

    def answer(self) -> Any:
        """Waits for the value of the last call, and ends the process; `None` if there is no process, or it failed."""
        if self._host is None:
            return None
        value = None
        try:
            while self._open:
                kind, content = self._host.heard()
                self._open -= kind != "progress"
                value = content if kind == "result" else None
        except nursery.Lost:
            return None
        finally:
            self._end()
        return value

    def _end(self) -> None:
        if self._host is not None:
            self._host.end()
            self._host = None
            self._open = 0


def imported(modules: Sequence[str]) -> None:
    """Imports modules; those that cannot be imported, for whatever reason, are missed by those who need them."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
