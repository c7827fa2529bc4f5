"""Checks in a process of their own: a plug-in that hangs or ends its process fails one check, and the others go on."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from benchmark.plugins import resolve as plugins
from benchmark.plugins.check.core import id_of
from benchmark.plugins.check.verdicts import Result
from benchmark.processes import apart, nursery, settings
from data.errors import UserError

HUNG = 2  # checks that did not end, after which the others are not tried: each would cost the whole limit
TRAININGS = 10  # times what `fit` took that another check may take, where that is more than the limit


def isolated(group: str, kind: str, options: dict[str, Any], limit: float) -> Iterator[Result]:
    """Yields the result of each check, in order, from a process that is started again when it is lost.

    Args:
        group: `"detectors"` or `"generators"`.
        kind: The plug-in's name, as in a spec.
        options: Its options.
        limit: Seconds that one check may take; ten times what the check `fit` took, if that is more.

    Raises:
        UserError: If there is no such plug-in, it does not take these options, or it never gets as far as that.
    """
    done: list[Result] = []
    hung = 0
    with tempfile.TemporaryDirectory(prefix="fauxbench-check-", ignore_cleanup_errors=True) as scratch:
        while True:
            worker = _Worker(group, kind, options, done, limit, scratch)
            try:
                for row in worker.results():
                    done.append(row)
                    yield row
            finally:
                worker.host.end()
            if worker.ended:
                return
            hung += worker.hung
            if hung == HUNG:
                yield from _not_tried(group, [row.id for row in done])
                return


def _not_tried(group: str, done: list[str]) -> Iterator[Result]:
    from benchmark.plugins.check import functions_of

    for name in map(id_of, functions_of(group)):
        if name not in done:
            yield Result(name, "skipped", f"{HUNG} checks did not end, so it was not tried", 0.0)


class _Worker:
    """One process and the results that it sends: `ended` if it came to the end of the checks, `hung` if one did not."""

    def __init__(
        self, group: str, kind: str, options: dict[str, Any], done: list[Result], limit: float, scratch: str
    ) -> None:
        from benchmark.plugins.check import functions_of

        self.name = f"{plugins.NOUNS[group].capitalize()} '{kind}'"
        ids = [row.id for row in done]
        self.todo = [name for name in map(id_of, functions_of(group)) if name not in ids]
        self.limit = max([limit, *(TRAININGS * row.seconds for row in done if row.id == "fit")])
        self.to_start = max(limit, apart.TO_ANSWER)
        self.ended = self.hung = False
        failed = any(row.id == "fit" and row.verdict == "failed" for row in done)
        self.host = nursery.host()
        self.host.ask("benchmark.plugins.check.isolated:serve", group, kind, options, self.todo, failed, limit, scratch)

    def results(self) -> Iterator[Result]:
        """Yields results until the checks end, one of them does not end, or the process does."""
        kind, content = self._next(self.to_start)
        if kind != "ready":
            raise UserError(content if kind == "mistake" else f"{self.name} cannot be checked: importing it {content}")
        for running in self.todo:
            unsure, started = "", time.perf_counter()
            kind, content = self._next(self.limit)
            while kind == "unsure":
                unsure = content
                kind, content = self._next(started + self.limit - time.perf_counter())
            if kind == "row":
                if content.id == "fit":
                    self.limit = max(self.limit, TRAININGS * content.seconds)
                yield content
                continue
            seconds = round(time.perf_counter() - started, 2)
            if unsure and self.hung:  # in a training that only a check asks for
                self.hung = False
                yield Result(running, "hint", unsure, seconds)
            else:
                yield Result(running, "failed", f"It {content}", seconds)
            return
        self.ended = True

    def _next(self, limit: float) -> tuple[str, Any]:
        """Returns the next message; `"mistake"` and the user's error; or `"lost"` and what happened."""
        try:
            kind, content = self.host.heard(max(0.0, limit))
        except TimeoutError:
            self.hung = True
            return "lost", (
                f"did not end within {limit:g} seconds. A check uses small images: look for an endless loop, or give a "
                "slow one more time by --limit."
            )
        except nursery.Lost as lost:
            return "lost", f"ended its process ({lost}). A plug-in must raise an error instead."
        if kind == "progress":
            return content
        if kind == "failed":
            return "lost", f"raised {content['error'].rstrip('.')}."
        return kind, content


def serve(
    group: str, kind: str, options: dict[str, Any], todo: list[str], fit_failed: bool, limit: float, scratch: str,
    progress: Any,
) -> None:  # fmt: skip
    """What the process does: makes the checks and sends what comes of those that are still to be done."""
    tempfile.tempdir = scratch  # of a process that is killed, somebody else must remove the files
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # many small networks: it would warn of retracing
    from benchmark.plugins.check import checks_of, results

    settings.apply()
    checks = checks_of(group, kind, options)
    surroundings = settings.Surroundings()
    progress.say("ready", None)
    for check in checks:
        check.subject.fit_failed = fit_failed
        check.subject.limit = limit
        check.subject.unsure = lambda text: progress.say("unsure", text)
        if check.id in todo:
            surroundings.restore()
            (row,) = results([check])
            progress.say("row", row)
