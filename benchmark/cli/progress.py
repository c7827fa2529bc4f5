"""How the command line shows long work: live bars on a terminal, plain lines elsewhere, both on standard error.

Whatever takes long has said what it is, see `benchmark.cli.screen.Silence`.
"""

from __future__ import annotations

import time
from typing import Any

from benchmark.cli.running import ahead
from benchmark.cli.screen import Silence, hush
from benchmark.execute.state import Listener, Outcome
from benchmark.plan.stage import Stage
from benchmark.processes.second import Second

EVERY = 10.0  # seconds between plain lines of one stage


class Early(Listener):
    """Uses waits: what tables and page import is there when the stages have ended, and who writes half of the page."""

    second: Second | None = None  # who writes half of the page, if anybody

    def __init__(self) -> None:
        self._imports = ahead.of_results()

    def idle(self) -> bool:
        return next(self._imports, None) is not None

    def ended(self) -> None:
        if self.second is not None:
            self.second.get_ready(ahead.PAGE)


class Plain(Early):
    """Prints a line per finished stage, and now and then one of a stage under way."""

    def __init__(self, console: Any) -> None:
        super().__init__()
        self.console = console
        self.first: dict[str, tuple[float, int]] = {}  # when a stage was first heard of, and how far it was then
        self.told: dict[str, float] = {}
        self.running: dict[str, bool] = {}  # stages under way, and whether that was said
        self.remaining = ""
        self.silence = Silence(self._print)

    def started(self, stage: Stage) -> None:
        self.running[stage.name] = False
        self._wait()

    def progress(self, name: str, done: int, total: int, text: str) -> None:
        now = time.monotonic()
        began, from_where = self.first.setdefault(name, (now, done))
        if now - self.told.setdefault(name, now) > EVERY:
            self.told[name] = now
            self._print(f"    {name}: {done}/{total} {text}{_left(now - began, done - from_where, total - done)}")
            self._wait()

    def note(self, text: str) -> None:
        self._print(text)

    def doing(self, text: str) -> None:
        self.silence.begins(f"    {text} ...")

    def left(self, seconds: float) -> None:
        self.remaining = f", about {duration(seconds)} of stages left" if seconds >= EVERY else ""

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        self.running.pop(outcome.stage.name, None)
        self._print(f"[{done:>3}/{total}] {_line(outcome)}")
        self._wait()

    def close(self) -> None:
        """Says nothing more."""
        self.silence.ends()

    def _wait(self) -> None:
        """Waits to say which stage is under way, if it was not said yet."""
        for name in (name for name, said in self.running.items() if not said):
            self.silence.begins(f"    {name}: under way{self.remaining}")
            return
        self.silence.ends()

    def _print(self, text: str) -> None:
        for name in self.running:
            self.running[name] |= text.startswith(f"    {name}: ")
        if not text.startswith("    "):
            self.silence.ends()
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class Live(Early):
    """Shows one bar for the whole run and one for each stage under way."""

    def __init__(self, console: Any) -> None:
        super().__init__()
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[text]}"))
        self.bars = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True)
        self.whole = self.bars.add_task("all stages", total=None, text="")
        self.tasks: dict[str, Any] = {}
        hush()
        self.bars.start()

    def started(self, stage: Stage) -> None:
        self._task(stage.name)

    def progress(self, name: str, done: int, total: int, text: str) -> None:
        self.bars.update(self._task(name), completed=done, total=total, text=text)

    def note(self, text: str) -> None:
        self.bars.console.print(text, markup=False, highlight=False)

    def doing(self, text: str) -> None:
        self.bars.update(self.whole, description=text)

    def left(self, seconds: float) -> None:
        self.bars.update(self.whole, description=f"all stages, about {duration(seconds)} left")

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        if outcome.stage.name in self.tasks:
            self.bars.remove_task(self.tasks.pop(outcome.stage.name))
        self.bars.update(self.whole, completed=done, total=total, text=f"{done}/{total}")
        if outcome.status == "failed" or (outcome.status == "done" and outcome.stage.function == "train_generator"):
            self.bars.console.print(_line(outcome), markup=False, highlight=False)

    def close(self) -> None:
        """Takes the bars away."""
        self.bars.stop()

    def _task(self, name: str) -> Any:
        from rich.markup import escape

        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(escape(name), total=None, text="")
        return self.tasks[name]


def _line(outcome: Outcome) -> str:
    if outcome.status == "done":
        return f"{outcome.stage.name} ({outcome.seconds:.1f} s)"
    return f"{outcome.stage.name}: {outcome.status.upper()}: {outcome.error}"


def _left(passed: float, done: int, remaining: int) -> str:
    if done <= 0:
        return ""
    return f", {duration(passed * remaining / done)} left"


def duration(seconds: float) -> str:
    """Returns seconds in words: `"40 s"`, `"3 min"`, `"2.5 h"`."""
    if seconds > 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"
