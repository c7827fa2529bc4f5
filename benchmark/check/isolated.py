"""Checks in a process of their own: a plug-in that hangs or ends its process fails one check, and the others go on."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from benchmark import plugins
from benchmark.check.core import Result, id_of
from data.errors import UserError

HUNG = 2  # checks that did not end, after which the others are not tried: each would cost the whole limit
START = 120.0  # seconds that importing a plug-in and making an instance may take at least


def isolated(group: str, kind: str, options: dict[str, Any], limit: float) -> Iterator[Result]:
    """Yields the result of each check, in order, from a process that is started again when it is lost.

    Args:
        group: `"detectors"` or `"generators"`.
        kind: The plug-in's name, as in a spec.
        options: Its options.
        limit: Seconds that one check may take.

    Raises:
        UserError: If there is no such plug-in, it does not take these options, or it never gets as far as that.
    """
    done: list[Result] = []
    failed: set[str] = set()
    hung = 0
    while True:
        with _Worker(group, kind, options, [row.id for row in done], "fit" in failed) as worker:
            for row in worker.results(limit):
                done.append(row)
                failed |= {row.id} if row.verdict == "failed" else set()
                yield row
            if worker.ended:
                return
            hung += worker.hung
        if hung == HUNG:
            yield from _not_tried(group, [row.id for row in done])
            return


def _not_tried(group: str, done: list[str]) -> Iterator[Result]:
    from benchmark.check import functions_of

    for name in map(id_of, functions_of(group)):
        if name not in done:
            yield Result(name, "skipped", f"{HUNG} checks did not end, so it was not tried", 0.0)


class _Worker:
    """One process and the results that it sends: `ended` if it came to the end of the checks, `hung` if one did not."""

    def __init__(self, group: str, kind: str, options: dict[str, Any], done: list[str], fit_failed: bool) -> None:
        self.name = f"{plugins.NOUNS[group]} '{kind}'"
        context = multiprocessing.get_context("spawn")  # a fork would inherit the threads of a backend
        self.connection, theirs = context.Pipe(duplex=False)
        arguments = (theirs, group, kind, options, done, fit_failed)
        self.process = context.Process(target=_serve, args=arguments)
        self.process.start()
        theirs.close()
        self.ended = self.hung = False

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.is_alive() and not self.ended:
            self.process.kill()
        self.process.join()
        self.connection.close()

    def results(self, limit: float) -> Iterator[Result]:
        """Yields results until the checks end, one of them does not end, or the process does."""
        kind, content = self._next(max(limit, START))
        if kind != "ready":
            raise UserError(content if kind == "mistake" else f"{self.name} cannot be checked: importing it {content}")
        while True:
            kind, running = self._next(limit)
            if kind != "start":
                self.ended = True
                return
            started = time.perf_counter()
            kind, content = self._next(limit)
            if kind == "result":
                yield content
                continue
            yield Result(running, "failed", f"It {content}", round(time.perf_counter() - started, 2))
            return

    def _next(self, limit: float) -> tuple[str, Any]:
        """Returns the next message; or `"lost"` and what happened."""
        if not self.connection.poll(limit):
            self.hung = True
            return "lost", f"did not end within {limit:g} seconds. A check uses small images: look for an endless loop."
        try:
            return self.connection.recv()  # type: ignore[no-any-return]
        except (EOFError, ConnectionResetError):
            self.process.join()
            code = self.process.exitcode
            return "lost", f"ended its process (exit code {code}). A plug-in must raise an error instead."


def _serve(
    connection: Connection, group: str, kind: str, options: dict[str, Any], done: list[str], fit_failed: bool
) -> None:
    """The process: makes the checks and sends what comes of those that are not done."""
    sys.stdout.flush()
    os.dup2(2, 1)  # what a plug-in prints must not get between the lines of --json
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # many small networks: it would warn of retracing
    from benchmark.check import checks_of, results

    try:
        checks = checks_of(group, kind, options)
    except UserError as error:
        connection.send(("mistake", str(error)))
        return
    connection.send(("ready", None))
    for check in checks:
        check.subject.fit_failed = fit_failed
        if check.id not in done:
            connection.send(("start", check.id))
            (row,) = results([check])
            connection.send(("result", row))
    connection.send(("end", None))
