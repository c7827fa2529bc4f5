"""Executors: the same plan, the same keys and the same bytes, in this process or on a Dask cluster.

Stages pass keys, never arrays: a worker finds its inputs in the store, which all of them share.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmark import plugins
from benchmark.plan import Plan
from benchmark.stage import Stage
from benchmark.store import Store, unwritable
from data.errors import UserError

MENDABLE = ("prepare", "train_generator", "sample")  # where images and options meet for the first time


@dataclass(frozen=True)
class Outcome:
    """How a stage ended: `status` is `done`, `cached`, `failed`, or `skipped` because what it reads has failed."""

    stage: Stage
    status: str
    seconds: float = 0.0
    error: str | None = None
    traceback: str | None = None


class Listener:
    """What an executor tells of its work; the command line's progress display is one."""

    def started(self, stage: Stage) -> None:
        """A stage begins."""

    def progress(self, name: str, done: int, total: int, text: str) -> None:
        """A stage under way has done so much of its work."""

    def note(self, text: str) -> None:
        """Something that the user should know before the work begins."""

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        """A stage has ended, and so many of all have."""


def execute(
    plan: Plan, store: Store, *, jobs: int = 1, scheduler: str | None = None, listener: Listener | None = None
) -> dict[str, Outcome]:
    """Does what a plan asks and the store does not have.

    A stage that fails does not stop the others; what depends on it is skipped, with the reason.

    Args:
        plan: The plan.
        store: Where finished stages are and go.
        jobs: How many processes of a local Dask cluster; 1 works in this process. Defaults to `1`.
        scheduler: The address of a Dask scheduler whose workers share the store. Defaults to none.
        listener: What is told of the progress. Defaults to nobody.

    Returns:
        The outcome of every stage, by key.

    Raises:
        UserError: If the data cannot be used, the disk is full, or the cluster cannot do the work.
    """
    listener = listener or Listener()
    state = State(plan, store, listener)
    if not state.open:
        return state.outcomes
    if jobs == 1 and scheduler is None:
        for stage in state.ready():
            listener.started(stage)
            state.end(attempt(stage.as_json(), str(store.root), _teller(listener, stage.name)), stage)
    else:
        from benchmark import cluster

        with cluster.connected(jobs, scheduler, store, plan.spec.protocol.threads) as client:
            cluster.distribute(client, state, store)
    return state.outcomes


def attempt(stage: dict[str, Any], store_root: str, progress: Callable[[int, int, str], None]) -> dict[str, Any]:
    """Does one stage and returns how it ended as plain values; an exception is one of the ways."""
    started = time.perf_counter()
    try:
        from benchmark import stages  # here, so that a plan whose stages are all in the store imports nothing heavy

        seconds = stages.run(stage, store_root, progress)
    except (Exception, SystemExit) as error:  # a plug-in must not end the run
        return {
            "status": "failed",
            "seconds": time.perf_counter() - started,
            "error": f"{type(error).__name__}: {' '.join(str(error).split())}",
            "traceback": traceback.format_exc(),
            "fatal": _fatal(error, stage["function"], store_root),
        }
    return {"status": "done", "seconds": seconds}


class State:
    """Which stages are open, and how the others ended."""

    def __init__(self, plan: Plan, store: Store, listener: Listener) -> None:
        self.listener = listener
        self.total = len(plan.stages)
        self.outcomes: dict[str, Outcome] = {}
        self.open: dict[str, Stage] = {}
        self.plan, self.store = plan, store
        for stage in plan.stages:
            if (record := store.record(stage.function, stage.key)) is not None:
                self.outcomes[stage.key] = Outcome(stage, "cached", record["seconds"])
            else:
                self.open[stage.key] = stage
        if self.open and plan.prepared.key in self.outcomes:
            _check_shapes(plan, store)

    def ready(self) -> Iterator[Stage]:
        """Yields open stages whose inputs are there, in the plan's order, until none is left that can be done."""
        while stage := self.take():
            yield stage

    def take(self) -> Stage | None:
        """Takes the next stage that can be done; skips those whose inputs have failed."""
        for stage in list(self.open.values()):
            inputs = [self.outcomes.get(read.key) for read in stage.inputs.values()]
            failed = next((i for i in inputs if i is not None and i.status in ("failed", "skipped")), None)
            if failed is not None:
                del self.open[stage.key]
                cause = failed.error if failed.status == "skipped" else f"{failed.stage.name} failed: {failed.error}"
                self._record(Outcome(stage, "skipped", error=cause))
            elif all(inputs):
                return self.open.pop(stage.key)
        return None

    def end(self, result: dict[str, Any], stage: Stage) -> None:
        """Records how a stage ended, and stops everything for a reason that would stop every other stage too."""
        fatal = result.pop("fatal", None)
        if fatal:
            raise UserError(fatal)
        self._record(Outcome(stage, **result))
        if stage is self.plan.prepared and result["status"] == "done":
            _check_shapes(self.plan, self.store)

    def _record(self, outcome: Outcome) -> None:
        self.outcomes[outcome.stage.key] = outcome
        self.listener.finished(outcome, len(self.outcomes), self.total)


def _check_shapes(plan: Plan, store: Store) -> None:
    """Lets generators refuse the size of the real images as soon as it is known, before any of them is trained."""
    facts = json.loads((store.path("prepare", plan.prepared.key) / "facts.json").read_text())
    for row in plan.generators:
        instance = plugins.make(row.plugin, row.options, 0)
        if callable(check := getattr(instance, "check_shape", None)):
            check((facts["height"], facts["width"], facts["channels"]))


def _fatal(error: BaseException, function: str, store: str) -> str | None:
    """Returns the user's line for what is theirs to mend, or what no other stage can do better, or `None`."""
    if isinstance(error, UserError) and function in MENDABLE:
        return str(error)
    reason = unwritable(error)
    if isinstance(error, PermissionError) and str(error.filename).startswith(store):
        reason = error.strerror
    if reason:
        return f"{store} cannot be written: {reason}. What has finished is kept; run the same command to go on."
    return None


def _teller(listener: Listener, name: str) -> Callable[[int, int, str], None]:
    def tell(done: int, total: int, text: str = "") -> None:
        listener.progress(name, done, total, text)

    return tell
