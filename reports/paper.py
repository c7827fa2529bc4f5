"""`figures/`: every chart of a run as SVG, PNG and CSV, complete outside the page."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pandas as pd

from data.run_folder import FIGURE_ENDINGS, WORK, figure_files, figures_are_current, figures_place
from reports.figures import sheet
from reports.figures.charts import charts
from reports.load import Run, load
from reports.sections import questions

COLUMNS = ("name", "title", "generator", "width_inches", "height_inches")


def figures(run_folder: Path) -> Path:
    """Returns the folder of a run's figures, and draws them unless all of them are there, of these very results.

    Args:
        run_folder: A run folder.

    Raises:
        UserError: As `write`.
    """
    folder = Path(run_folder)
    place = figures_place(folder)
    return place if figures_are_current(folder) else write(folder)


def write(run_folder: Path) -> Path:
    """Draws every chart of a run folder into its folder `figures`, and removes those that were drawn before.

    Each file is whole before it gets its place, and `index.csv`, which names them, is the last: after a kill another
    `write` makes it good. What else a user keeps in the folder stays.

    Args:
        run_folder: A run folder.

    Returns:
        The folder of the figures.

    Raises:
        UserError: `run_folder` is no run folder, or damaged, or has something else in the place of the figures.
    """
    folder = Path(run_folder)
    place = figures_place(folder)
    run = load(folder)
    work = Path(tempfile.mkdtemp(dir=folder, prefix=WORK))  # swept with the other halves, if this is killed
    try:
        names = _draw(run, work)
        place.mkdir(exist_ok=True)
        earlier = figure_files(place)
        for name in names:
            (work / name).replace(place / name)
        for name in earlier - {*names}:
            (place / name).unlink(missing_ok=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return place


def _draw(run: Run, work: Path) -> list[str]:
    """Draws all charts into a folder, and returns the names of the files, that of the index last."""
    documents: dict[str, tuple[str, str]] = {}
    rows = []
    with sheet.themed():
        for chart in (*charts(run), *questions.charts(run)):
            figure = sheet.drawn(chart)
            whole = f"{chart.title} ({chart.about})" if chart.about and chart.about not in chart.title else chart.title
            documents[chart.name] = (sheet.as_svg(figure, whole), whole)
            (work / f"{chart.name}.png").write_bytes(sheet.as_png(figure, whole))
            chart.frame().to_csv(work / f"{chart.name}.csv", index=False)
            size = [round(float(inches), 3) for inches in figure.get_size_inches()]
            rows.append(dict(zip(COLUMNS, (chart.name, whole, chart.about, *size), strict=True)))
        style = sheet.font(sheet.letters([text for text, _ in documents.values()]))
    for name, (text, title) in documents.items():
        (work / f"{name}.svg").write_text(sheet.with_font(text, title, style), encoding="utf-8", newline="\n")
    pd.DataFrame(rows, columns=[*COLUMNS]).to_csv(work / "index.csv", index=False)
    return [f"{name}{ending}" for name in documents for ending in FIGURE_ENDINGS] + ["index.csv"]


def count(place: Path) -> int:
    """Returns how many charts a folder of figures has."""
    return sum(name.endswith(".svg") for name in figure_files(place))
