"""The command `compare`. Nothing heavy is imported until it is called, and Keras never."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli import completion, screen
from benchmark.cli.command import print_json
from benchmark.cli.comparing import words
from benchmark.cli.images import JsonOption
from data.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


def compare(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RUN_FOLDER...",
            help="Two finished runs or more; the first is the reference.",
            autocompletion=completion.run_folders,
        ),
    ] = None,
    differing: Annotated[
        bool, typer.Option("--differing", help="Show only what differs by more than its interval.")
    ] = False,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Compare by this alone; may be given again. [default: auc, balanced_accuracy, tpr and fpr at the "
            "validation threshold, and fd and fid where they were measured]",
            autocompletion=completion.compared_metrics,
        ),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            metavar="RUNS_FOLDER",
            help="Instead: write index.html there, a page that lists its runs, with a leaderboard of their generators.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Write the table there: differences, or with --index the leaderboard."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare finished runs: what their specs differ in, and what their cells differ by, with paired tests on the same
    test images; or list a folder of runs with --index."""
    if out is not None and as_json:
        raise UserError("Give --json or --out, not both.")
    if out is not None and not out.parent.is_dir():
        raise UserError(f"There is no folder {out.parent} for {out.name}.")
    if index is not None:
        if runs or differing or metric:
            raise UserError(
                "--index is of all runs of a folder: give no run folders, no --differing and no --metric beside it."
            )
        _index(index, out, as_json)
        return
    from benchmark.use.compare import comparison

    found = comparison.compare(*(runs or ()), metric=metric or None)
    if as_json:
        print_json(comparison.as_json(found, differing=differing))
        return
    words.show(found, differing=differing)
    _write(found.frame(differing=differing), out)


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(compare)


def _index(folder: Path, out: Path | None, as_json: bool) -> None:
    """Writes the index of a folder of runs; what is damaged is in it, and said."""
    from benchmark.use.compare import board
    from reports import index

    made = index.make(folder, board.of_whole)
    table = board.table(made.boards)
    damaged = {run.name: run.problem for run in made.runs if run.problem}
    if as_json:
        names, rows = [run.name for run in made.runs], table.to_dict("records")
        about = {"index": str(made.page), "runs": names, "damaged": damaged, "others": made.others, "rows": rows}
        print_json(about)
        return
    for name, problem in damaged.items():
        screen.say(f"{name}: {problem}", err=True)
    words.show_boards(made.boards)
    _write(table, out)
    screen.say(f"Index: {made.page}")


def _write(table: pd.DataFrame, out: Path | None) -> None:
    if out is None:
        return
    from benchmark.store.out_folder import new_file

    with new_file(out) as half:
        table.to_csv(half, index=False)
    screen.say(f"Table: {out}", err=True)
