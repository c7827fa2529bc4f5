"""Which stages of a plan may begin, and how each ended; who does them, one executor or another, asks here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from benchmark.execute.time_left import TimeLeft
from benchmark.plan.planner import Plan, Split
from benchmark.plan.stage import Row, Stage
from benchmark.plugins import describe
from benchmark.processes import apart
from benchmark.store.store import Store
from data.errors import UserError


@dataclass(frozen=True)
class Outcome:
    """How a stage ended.

    Attributes:
        stage: The stage.
        status: `done`, `cached`, `failed`, or `skipped` because what it reads has failed.
        seconds: That it took.
        error: Why it failed, on one line.
        traceback: What Python said.
        started: Seconds until its process was there.
        peak_mb: The most megabytes that its process held meanwhile; `None` where it was not measured.
        mistake: Whether it failed by what the user asked for, such as an option that does not fit the images.
    """

    stage: Stage
    status: str
    seconds: float = 0.0
    error: str | None = None
    traceback: str | None = None
    started: float = 0.0
    peak_mb: float | None = None
    mistake: bool = False


class Listener:
    """What an executor tells of its work; the command line's progress display is one."""

    def started(self, stage: Stage) -> None:
        """A stage begins."""

    def progress(self, name: str, done: int, total: int, text: str) -> None:
        """A stage under way has done so much of its work."""

    def note(self, text: str) -> None:
        """Something that the user should know before the work begins."""

    def doing(self, text: str) -> None:
        """What is done from now on, beside stages, until the next word; it may take a while."""

    def idle(self) -> bool:
        """This process has nothing to do for some seconds: something short may be done. Says whether there is more."""
        return False

    def ended(self) -> None:
        """The last stage has ended: the tables come next."""

    def left(self, seconds: float) -> None:
        """How long the stages that are left took when others did them before, one after the other."""

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        """A stage has ended, and so many of all have."""


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
        self._exams: dict[str | None, list[str]] = {}  # of each trained detector, the keys of the stages that apply it
        for key, stage in self.open.items():
            self._exams.setdefault(stage.detector, []).append(key)
        self.times = TimeLeft(store, self.open.values())
        if self.open:
            for split in plan.splits:
                if split.prepared.key in self.outcomes:
                    self._check_shapes(split)

    def ready(self) -> Iterator[Stage]:
        """Yields open stages whose inputs are there, in the plan's order, until none is left that can be done."""
        while stage := self.take():
            yield stage

    def take(self, read: Collection[str] = (), fits: Callable[[Stage], bool] | None = None) -> Stage | None:
        """Takes the next stage that can be done; skips those whose inputs have failed.

        Args:
            read: Keys of trained detectors whose exams come first, since processes have them at hand.
            fits: Which stages can be done now. Defaults to `None`, all.
        """
        for stage in self._next(read):
            inputs = [self.outcomes.get(read.key) for read in stage.inputs.values()]
            failed = next((i for i in inputs if i is not None and i.status in ("failed", "skipped")), None)
            if failed is not None:
                del self.open[stage.key]
                cause = failed.error if failed.status == "skipped" else f"{failed.stage.name} failed: {failed.error}"
                self._record(Outcome(stage, "skipped", error=cause))
            elif all(inputs) and (fits is None or fits(stage)):
                return self.open.pop(stage.key)
        return None

    def _next(self, read: Collection[str]) -> Iterator[Stage]:
        """Yields the open stages, exams of detectors that were read first."""
        for detector in read:
            yield from [self.open[key] for key in self._exams.get(detector, ()) if key in self.open]
        yield from list(self.open.values())

    def end(self, result: dict[str, Any], stage: Stage) -> None:
        """Records how a stage ended, and stops everything for a reason that would stop every other stage too."""
        if result.get("fatal"):
            raise UserError(result["fatal"])
        known = {field.name for field in dataclasses.fields(Outcome)}
        self._record(Outcome(stage, **{name: value for name, value in result.items() if name in known}))
        if result["status"] == "done":
            for split in self.plan.splits:
                if stage.key == split.prepared.key:
                    self._check_shapes(split)
        if result["status"] == "failed":
            self._check_hope()

    def _record(self, outcome: Outcome) -> None:
        self.outcomes[outcome.stage.key] = outcome
        self.listener.finished(outcome, len(self.outcomes), self.total)
        self.times.heard(outcome.stage, outcome.seconds if outcome.status == "done" else None)
        if (seconds := self.times.left()) is not None:
            self.listener.left(seconds)

    def _check_shapes(self, split: Split) -> None:
        """Lets generators refuse the size of the real images as soon as it is known, before any of them is trained."""
        facts = json.loads((self.store.path("prepare", split.prepared.key) / "facts.json").read_text())
        shape = (facts["height"], facts["width"], facts["channels"])
        for row in self.plan.generators:
            refused = _refused(row, shape)
            for stage in _of(row, split.trainings) if refused else ():
                if self.open.pop(stage.key, None) is not None:
                    self._record(Outcome(stage, "failed", error=refused, traceback=refused, mistake=True))
        self._check_hope()

    def _check_hope(self) -> None:
        """Ends the run with the user's mistake where it leaves no generator but the controls."""
        mains = [row for row in self.plan.generators if row.plugin.attribute("control") is None]
        ended = [self._mistaken(row) for row in mains]
        if ended and all(ended):
            raise UserError(str(ended[0]))

    def _mistaken(self, row: Row) -> str | None:
        """Returns by what mistake of the user's all trainings or banks of a generator failed, or `None`."""
        errors = []
        every = [zip(_of(row, split.trainings), _of(row, split.banks), strict=True) for split in self.plan.splits]
        for stages in chain(*every):
            failed = [out for stage in stages if (out := self.outcomes.get(stage.key)) is not None and out.mistake]
            errors.append(failed[0].error if failed else None)
        return errors[0].removeprefix("UserError: ") if all(errors) and errors[0] else None


def _of(row: Row, stages: dict[tuple[str, int], Stage]) -> list[Stage]:
    """Returns those of a generator, of stages by generator and seed."""
    return [stage for (name, _), stage in stages.items() if name == row.id]


def _refused(row: Row, shape: tuple[int, int, int]) -> str | None:
    """Returns why a generator cannot make images of a shape, if it says so."""
    if row.about.broken is not None or not row.plugin.has("check_shape"):
        return None
    # a smoke run's smaller network may take sizes that the whole one refuses
    asked = (row.plugin.group, row.plugin.kind, row.options if row.about.whole is None else row.about.whole, shape)
    try:
        if row.about.foreign:
            apart.call("benchmark.plugins.describe:check_shape", *asked, limit=apart.TO_ANSWER)
        else:
            describe.check_shape(*asked)
    except (UserError, apart.Failed) as error:
        return str(error)
    return None
