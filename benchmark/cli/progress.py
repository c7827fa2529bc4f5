"""How the command line shows long work: live bars on a terminal, plain lines elsewhere, both on standard error."""

from __future__ import annotations

import time
from typing import Any

from benchmark.execute.state import Listener, Outcome

EVERY = 10.0  # seconds between plain lines of one stage


class Plain(Listener):
    """Prints a line per finished stage, and now and then one of a stage under way."""

    def __init__(self, console: Any) -> None:
        self.console = console
        self.first: dict[str, tuple[float, int]] = {}  # when a stage was first heard of, and how far it was then
        self.told: dict[str, float] = {}

    def progress(self, name: str, done: int, total: int, text: str) -> None:
        now = time.monotonic()
        began, from_where = self.first.setdefault(name, (now, done))
        if now - self.told.setdefault(name, now) > EVERY:
            self.told[name] = now
            self._print(f"    {name}: {done}/{total} {text}{_left(now - began, done - from_where, total - done)}")

    def note(self, text: str) -> None:
        self._print(text)

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        self._print(f"[{done:>3}/{total}] {_line(outcome)}")

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class Live(Listener):
    """Shows one bar for the whole run and one for each stage under way."""

    def __init__(self, console: Any) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[text]}"))
        self.bars = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True)
        self.whole = self.bars.add_task("all stages", total=None, text="")
        self.tasks: dict[str, Any] = {}
        self.bars.start()

    def progress(self, name: str, done: int, total: int, text: str) -> None:
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(name, total=total, completed=done, text=text)
        self.bars.update(self.tasks[name], completed=done, total=total, text=text)

    def note(self, text: str) -> None:
        self.bars.console.print(text, markup=False, highlight=False)

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        if outcome.stage.name in self.tasks:
            self.bars.remove_task(self.tasks.pop(outcome.stage.name))
        self.bars.update(self.whole, completed=done, total=total, text=f"{done}/{total}")
        if outcome.status == "failed" or (outcome.status == "done" and outcome.stage.function == "train_generator"):
            self.bars.console.print(_line(outcome), markup=False, highlight=False)

    def close(self) -> None:
        """Takes the bars away."""
        self.bars.stop()


def _line(outcome: Outcome) -> str:
    if outcome.status == "done":
        return f"{outcome.stage.name} ({outcome.seconds:.1f} s)"
    return f"{outcome.stage.name}: {outcome.status.upper()}: {outcome.error}"


def _left(passed: float, done: int, remaining: int) -> str:
    if done <= 0:
        return ""
    seconds = passed * remaining / done
    return f", {seconds / 60:.0f} min left" if seconds > 90 else f", {seconds:.0f} s left"
