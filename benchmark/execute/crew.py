"""The processes that do a plan's stages: built-in ones share a few, and a stage with a stranger's code has its own.

A process of built-in stages is kept for the next one; it goes when trainings have left too much memory behind. One that
has run a plug-in's code ends with the stage, and with it all that the plug-in has changed, started or left running; but
one that has read a trained detector scores all the exams that wait for it, so that it is read once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any

from benchmark.plan.stage import Stage, Work
from benchmark.processes import leftovers, nursery

# Bytes by which a kept process may grow after its first training before it is replaced. A larger network takes up to
# 200 million, which the next ones take again.
GROWTH = 250e6
DIED = "Every process that tried it died: the plug-in ended it, or the memory was not enough."
TRIES = 2  # of a stage whose process dies: the memory may have been another program's


@dataclass
class _Working:
    stage: Stage | Work
    host: nursery.Host
    started: float
    until: float = math.inf  # of `time.monotonic`


@dataclass
class Crew:
    """Does stages in other processes, at most `size` at a time; used in a `with`, which ends what is still at work.

    Args:
        size: How many stages are done side by side.
        store: The store's folder.
        limit: Seconds that a stage with a stranger's code may take; 0 for as long as it likes.
    """

    size: int
    store: str
    limit: int = 0
    _working: dict[str, _Working] = field(default_factory=dict)
    _kept: list[nursery.Host] = field(default_factory=list)
    _readers: dict[str, _Working] = field(default_factory=dict)  # what ended last, by the key of the detector it read
    _tries: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends its processes; those at work may clean up before."""
        try:
            nursery.wind_up(one.host for one in self._working.values())
        finally:
            self._dismiss_readers()
            for host in self._kept:
                host.end()
            self._working.clear()
            self._kept.clear()
            self._tries.clear()
            leftovers.unlock(self.store)

    @property
    def busy(self) -> bool:
        """Whether any stage is under way."""
        return bool(self._working)

    @property
    def full(self) -> bool:
        """Whether no other stage can begin."""
        return len(self._working) >= self.size

    @property
    def read(self) -> set[str]:
        """The keys of the detectors that idle processes have read: exams of these are best taken next."""
        return set(self._readers)

    def has_process_for(self, stage: Stage, *, plain: bool) -> bool:
        """Says whether a process is there already that can do a stage: one that has read its detector, or, if the stage
        is `plain`, any of built-in stages."""
        if stage.detector in self._readers or not plain:
            return stage.detector in self._readers
        readers = [one.host for one in self._readers.values() if not one.stage.foreign]
        return any(host.alive for host in (*self._kept, *readers)) or nursery.has_spare()

    def start(self, stage: Stage | Work, *, plain: bool = False) -> None:
        """Begins a stage; `plain` if it needs no Keras, so that a process from before that was imported does for it."""
        began = time.perf_counter()
        host = self._host(stage, plain)
        self._tries[stage.key] = self._tries.get(stage.key, 0) + 1
        until = time.monotonic() + self.limit if self.limit and stage.foreign else math.inf
        self._working[stage.key] = _Working(stage, host, time.perf_counter() - began, until)
        host.ask("benchmark.execute.attempt:fresh", stage.as_json(), self.store)

    def events(self, within: float = math.inf, also: nursery.Nursery | None = None) -> Iterator[tuple[str, Any, Any]]:
        """Waits until a stage under way tells something, and yields it.

        Args:
            within: Seconds that it waits at most. Defaults to infinity.
            also: Whose next answer ends the waiting too. Defaults to `None`, nobody's.

        Yields:
            `("progress", stage, (done, total, text))`, or `("ended", stage, result)` with what
            `benchmark.execute.attempt.attempt` returns.
        """
        if also is not None and also.fileno() < 0:  # it has been closed
            return
        first = min(within, min((one.until for one in self._working.values()), default=math.inf) - time.monotonic())
        heard = [*(one.host.connection for one in self._working.values()), *([also] if also is not None else ())]
        wait(heard, None if first == math.inf else max(0, first))
        for one in list(self._working.values()):
            if time.monotonic() > one.until and not one.host.connection.poll():
                del self._working[one.stage.key]
                one.host.end()
                leftovers.unlock(self.store)
                yield "ended", one.stage, _failure(f"It did not end within {self.limit} seconds (protocol.limit).")
                continue
            try:
                kind, content = one.host.heard(0)
            except TimeoutError:
                continue
            except nursery.Lost as lost:
                del self._working[one.stage.key]
                if self._tries[one.stage.key] < TRIES:
                    self.start(one.stage)
                else:
                    del self._tries[one.stage.key]  # a cluster's worker may be given it again
                    leftovers.unlock(self.store)
                    yield "ended", one.stage, _failure(f"{DIED} ({lost})")
                continue
            if kind == "progress":
                yield "progress", one.stage, content
                continue
            del self._working[one.stage.key], self._tries[one.stage.key]
            self._keep(one, content)
            failed = {"status": "failed", "seconds": 0.0, **content} if kind != "result" else content
            yield "ended", one.stage, failed | {"started": round(one.started, 3)}

    def _host(self, stage: Stage | Work, plain: bool) -> nursery.Host:
        """Returns the process that has read the stage's detector; else a new one, or for built-in stages a kept one.

        Readers whose detector has no exam waiting are no longer needed: exams are taken before anything else.
        """
        reader = self._readers.pop(stage.detector, None) if stage.detector else None
        self._dismiss_readers()
        if reader is not None and reader.host.alive:
            return reader.host
        return nursery.host() if stage.foreign else self._idle(plain)

    def _dismiss_readers(self) -> None:
        """Keeps the processes of readers for any built-in stage; those that have run a stranger's code end."""
        for reader in self._readers.values():
            if reader.stage.foreign:
                reader.host.end()
            else:
                self._kept.append(reader.host)
        self._readers.clear()

    def _idle(self, plain: bool) -> nursery.Host:
        """Returns a kept process that still lives, or a new one; `plain` if what it first does needs no Keras."""
        while self._kept:
            host = self._kept.pop()
            if host.alive and not (host.outgrown and not plain):
                return host
            host.end()
        return nursery.host(foreign=False, plain=plain)

    def _keep(self, one: _Working, result: Any) -> None:
        """Keeps the process of a built-in stage for the next, unless it has grown, and one that has read a detector."""
        now = float(result.get("memory", float("inf"))) if isinstance(result, dict) else float("inf")
        if one.host.least is None and isinstance(result, dict) and result.get("heavy"):
            one.host.least = now
        least = now if one.host.least is None else one.host.least
        reader = one.stage.detector if isinstance(result, dict) and result.get("status") == "done" else None
        if now > least + GROWTH or (one.stage.foreign and not reader):
            one.host.end()
        elif reader:
            self._readers[reader] = one
        else:
            self._kept.append(one.host)


def _failure(words: str) -> dict[str, Any]:
    return {"status": "failed", "seconds": 0.0, "error": words, "traceback": words}
