"""The command `report`: the page, the figures and the PDF of a run folder."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli import completion, screen
from benchmark.cli.running.options import FiguresOption
from benchmark.processes.second import Second
from data.run_folder import FIGURES, PAGE, PDF, figures_are_current, page_is_current


class Form(enum.StrEnum):
    """What a report is written as."""

    HTML = "html"
    PDF = "pdf"


def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN_FOLDER", autocompletion=completion.run_folders)] = Path(
        "runs/digits"
    ),
    figures: FiguresOption = False,
    form: Annotated[
        Form, typer.Option("--format", help="html, or pdf too, which Chromium prints and must be installed for.")
    ] = Form.HTML,
) -> None:
    """Write the report of a run folder again, from its files alone."""
    from benchmark.use import api

    if form is Form.PDF:
        from reports.pdf import browser

        browser()  # before anything is written
    api.load(folder)
    screen.say(f"Report: {page(folder, again=True)}")
    if figures:
        screen.say(figures_of(folder, again=True))
    if form is Form.PDF:
        screen.say(f"PDF: {_pdf(folder)}")


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(report)


def page(folder: Path, *, again: bool = False, second: Second | None = None) -> Path:
    """Writes the page unless the one there is of these very results; a second process, if there is one, does half."""
    if again or not page_is_current(folder):
        from benchmark.store.store import drawing

        with screen.doing("Writing the page"), drawing(folder, PAGE):
            if second is not None:
                second.ask("reports.page:half", str(folder.resolve()))
            from reports.page import write

            return Path(write(folder, second.answer if second is not None else None))
    return folder / PAGE


def figures_of(folder: Path, *, again: bool = False) -> str:
    """Draws the figures unless those that are there are of these very results, and says where they are."""
    from benchmark.store.store import drawing
    from reports import paper

    if again or not figures_are_current(folder):
        screen.say("Drawing the figures ...", err=True)
    with drawing(folder, FIGURES):
        place = paper.write(folder) if again else paper.figures(folder)
    return f"Figures: {place} ({paper.count(place)} as SVG, PNG and CSV)"


def _pdf(folder: Path) -> Path:
    from benchmark.store.store import drawing
    from reports import pdf

    screen.say("Printing the page ...", err=True)
    with drawing(folder, PDF):
        pdf.write(folder)
    return folder / PDF
