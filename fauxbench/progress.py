"""How `fauxbench.run` tells of its work: one line that changes in a notebook, else what the command line shows."""

from __future__ import annotations

import contextlib
import html
import sys
import time
from collections.abc import Iterator

from benchmark.execute.state import Listener, Outcome
from data.errors import visible

EVERY = 0.2  # seconds between two changes of the line


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """Yields what is told of a run: for a notebook, a terminal, or a stream of plain lines (standard error)."""
    if in_notebook():
        yield Line()
        return
    from benchmark.cli import progress, screen

    console = screen.console(err=True)
    if not console.is_terminal:
        yield progress.Plain(console)
        return
    live = progress.Live(console)
    try:
        yield live
    finally:
        live.close()


def in_notebook() -> bool:
    """Says whether a Jupyter kernel runs this process; imports no IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class Line(Listener):
    """One line below the cell, changed in place by the notebook's own display; what failed stays as lines above."""

    def __init__(self) -> None:
        from IPython.display import display

        self.began, self.told = time.monotonic(), 0.0
        self.done, self.total = 0, 0
        self.shown = display(_Text("starting"), display_id=True)

    def progress(self, name: str, done: int, total: int, text: str) -> None:
        """Says how far the stage under way is."""
        if time.monotonic() - self.told > EVERY:
            self._say(f"{self._stages()}: {name}, {done}/{total} {text}".rstrip())

    def note(self, text: str) -> None:
        """Prints what is to be known before the work begins."""
        print(visible(text))

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        """Counts a stage, and prints what failed."""
        self.done, self.total = done, total
        if outcome.status == "failed":
            print(visible(f"{outcome.stage.name} FAILED: {outcome.error}"))
        if done == total or time.monotonic() - self.told > EVERY:
            self._say(f"{self._stages()}: {outcome.stage.name}")

    def last(self, words: str) -> None:
        """Leaves the line at how it ended."""
        self._say(f"{words} after {time.monotonic() - self.began:.0f} s" if self.total else words)

    def _stages(self) -> str:
        return f"{self.done} of {self.total} stages" if self.total else "begins"

    def _say(self, text: str) -> None:
        self.told = time.monotonic()
        self.shown.update(_Text(text))


class _Text:
    """A line as a notebook shows it, and as a stored notebook keeps it."""

    def __init__(self, text: str) -> None:
        self.text = visible(text)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(self.text)}</code>"
