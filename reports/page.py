"""`report.html`: one file that holds everything, asks the network for nothing and is the same for the same run."""

from __future__ import annotations

import base64
import contextlib
import gc
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.embed import whole
from reports.embed.axis import axis
from reports.embed.templates import environment
from reports.figures import svg
from reports.load import Run, load
from reports.sections import tables, views
from reports.sections.views import Other

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATE = Path(__file__).parent / "template"
PAGE = "report.html.j2"


def write(run_folder: Path, other: Other | None = None) -> Path:
    """Writes `report.html` into a run folder; a kill leaves the old one or the new one, never half of one.

    Args:
        run_folder: A run folder.
        other: Returns what `half` does of the same folder, done by another process, or `None` if it could not. Defaults
            to `None`: all is done here.

    Returns:
        The path of the page.

    Raises:
        UserError: `run_folder` is no run folder, or damaged.
    """
    path = Path(run_folder) / "report.html"
    return whole.write(path, render(load(path.parent), other))


def half(run_folder: str) -> dict[str, Any]:
    """Returns about half of what a page shows, for a process that writes the page meanwhile."""
    with svg.themed(), _uncollected():
        run = load(Path(run_folder))
        return views.half(run, tables.table(run))


def render(run: Run, other: Other | None = None) -> str:
    """The page of a run as text; `other` as of `write`."""
    style, script = (_joined(kind) for kind in ("css", "js"))
    # The policy forbids every request, and every script but this one: text that slips through stays text.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    with svg.themed(), _uncollected():
        shown = views.everything(run, other)
    return _environment().get_template(PAGE).render(style=style, script=script, script_digest=digest, **shown)


def get_ready() -> None:
    """Translates the template ahead of the first page of this process."""
    _environment().get_template(PAGE)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Looks for no garbage meanwhile, which takes a sixth of a page's time: what its drawings leave is small."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@cache
def _environment() -> Environment:
    """The template's environment; it keeps the template, which takes a tenth of a second to translate."""
    made = environment(TEMPLATE, finalize=_isolated)
    made.filters["unbroken"] = _unbroken
    made.filters["axis"] = axis
    return made


def _joined(kind: str) -> str:
    """All styles or all scripts, in the order of their names."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(TEMPLATE.glob(f"*.{kind}")))


# Letters written from right to left, and characters that turn the direction of what follows.
_TURNS = "\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc"
_TURNED = re.compile(rf"[{_TURNS}](?:[^\w{_TURNS}]*[{_TURNS}])*")


def _isolated(value: Any) -> Any:
    """Keeps a name that runs from right to left from turning the numbers and the words beside it."""
    if type(value) is not str or value.isascii():
        return value
    return _TURNED.sub("\u2068\\g<0>\u2069", value)


def _unbroken(text: str) -> str:
    """Keeps intervals on one line."""
    return re.sub(r"\[[^\]]{0,30}\]", lambda match: match[0].replace(" ", "\u00a0"), text)
