"""The command `run`."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.cli import completion, result_table, screen
from benchmark.cli.command import print_json
from benchmark.cli.images import JsonOption, TrustOption
from benchmark.cli.running import report
from benchmark.cli.running.options import (
    AskOption,
    DataOption,
    FiguresOption,
    LadderOption,
    SetOption,
    SmokeOption,
    StoreOption,
    asking,
)  # fmt: skip
from benchmark.processes import nursery
from benchmark.processes.second import Second
from benchmark.store import private
from data.errors import UserError, visible


def run(
    spec: Annotated[
        str | None,
        typer.Argument(
            metavar="[PRESET|FILE.toml]", help="What to run. [default: digits]", autocompletion=completion.specs
        ),
    ] = None,
    real: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of real images, instead of a spec.")
    ] = None,
    fake: Annotated[list[Path] | None, typer.Option(metavar="DIR", help="A folder of fakes; may be repeated.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN_FOLDER", help="Where the results go. [default: runs/<spec name>]")
    ] = None,
    store: StoreOption = None,
    data: DataOption = None,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processes that work side by side. [default: 1, with --smoke 2]"),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler whose workers share the store.")
    ] = None,
    changes: SetOption = None,
    ask: AskOption = None,
    smoke: SmokeOption = False,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the trainings there for TensorBoard, as they go on.")
    ] = None,
    inception_weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of FID's Inception network: measure FID and KID with them too."),
    ] = None,
    ladder: LadderOption = False,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="FBnnn", help="A finding that the page marks as ignored. May be repeated."),
    ] = None,
    figures: FiguresOption = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with exit code 3 if a check alarms.")] = False,
    trust_store: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run a benchmark and write its report. What has been computed before is not computed again."""
    from benchmark.use import api

    if jobs is not None and scheduler is not None:
        raise UserError("Give --jobs or --scheduler, not both: a scheduler's workers are as many as were started.")
    private.trust(trust_store)
    changes = [*(changes or ()), *asking(ask)]
    chosen = chosen_spec(spec, real, fake, changes)
    jobs = jobs or _jobs(smoke, scheduler)
    with contextlib.ExitStack() as stack:
        second = stack.enter_context(Second()) if jobs > 1 else None
        with _listener(second) as listener, _mended(real, fake):
            result = api.run(
                chosen, out=out, store=store, data=data, jobs=jobs, scheduler=scheduler,
                changes=changes, smoke=smoke, tensorboard=tensorboard, inception_weights=inception_weights,
                ladder=ladder, ignore=ignore or (), listener=listener, command=_command(),
            )  # fmt: skip
        page = report.page(result.folder, second=second)
    drawn = report.figures_of(result.folder) if figures else ""
    _show(result, page, as_json)
    if not as_json and (drawn or not result.manifest["smoke"]):
        screen.say(drawn or f"Charts as files: {shlex.join(['fauxbench', 'report', str(result.folder), '--figures'])}")
    if result.failures:
        _say_command(real, fake, [str(one["error"]) for one in result.failures])
        raise typer.Exit(1)
    if strict and len(result.alarms):
        raise typer.Exit(3)


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(run)


def chosen_spec(spec: str | None, real: Path | None, fake: list[Path] | None, changes: list[str] | None) -> Any:
    """Returns what to run: a preset or a file, or the spec that two folders come to."""
    from benchmark.plan import specs

    if (real is None) != (not fake):
        raise UserError("--real and --fake go together: fauxbench run --real DIR --fake DIR.")
    if real is None:
        return "digits" if spec is None else spec
    if spec is not None:
        raise UserError(f"Give a spec or --real and --fake, not both. Received: {spec}.")
    chosen = specs.from_folders(real, fake or [], changes or ())
    for folder in fake or []:  # found by its path: with a grid, a folder is several rows
        for row in chosen.generator:
            if row.options.get("path") == str(folder.resolve()) and row.id != folder.resolve().name:
                screen.say(f"--fake {folder} is called '{row.id}' in the results.", err=True)
    return chosen


def _jobs(smoke: bool, scheduler: str | None) -> int:
    """Returns how many processes work side by side where it is not said: what takes seconds may take all of two cores.

    Elsewhere memory decides, of which nothing is known here.
    """
    return min(2, os.cpu_count() or 1) if smoke and scheduler is None else 1


@contextlib.contextmanager
def _mended(real: Path | None, fake: list[Path] | None) -> Iterator[None]:
    """Answers a refusal of images of several sizes by the command that works for both sides at once."""
    try:
        yield
    except UserError as error:
        if (command := _command_for(real, fake, [str(error)])) is None:
            raise
        raise UserError(f"{error} {command}") from None


def _say_command(real: Path | None, fake: list[Path] | None, errors: list[str]) -> None:
    if (command := _command_for(real, fake, errors)) is not None:
        screen.say(command, err=True)


def _command_for(real: Path | None, fake: list[Path] | None, errors: list[str]) -> str | None:
    from data.sources import folder_sizes

    if real is None or not any(folder_sizes.SIZES.search(error) for error in errors):
        return None
    asked = [word for change in folder_sizes.changes(real, fake or []) for word in ("--set", change)]
    return f"For both sides at once: {shlex.join(['fauxbench', *sys.argv[1:], *asked])}"


@contextlib.contextmanager
def _listener(second: Second | None) -> Iterator[Any]:
    from benchmark.cli import progress

    console = screen.console(err=True)
    shown = progress.Live(console) if console.is_terminal else progress.Plain(console)
    shown.second = second
    try:
        yield shown
    finally:
        shown.close()


def _show(result: Any, page: Path, as_json: bool) -> None:
    """Sums a run up, while its processes end: so nothing is waited for after the last line."""
    with screen.doing("Summing up"):
        nursery.leave()
        summed_up = None if as_json else _summed_up(result.folder)
        nursery.close()
    if summed_up is None:
        _print(result, page)
        return
    run, said = summed_up
    for sentence in said:
        screen.say(sentence)
    result_table.show(run)
    screen.say(f"Report: {page}")


def _summed_up(folder: Path) -> tuple[Any, list[str]]:
    """Returns a run as the reports read it, and what is said of it."""
    from reports.load import load
    from reports.sections.summary import sentences

    loaded = load(folder)
    return loaded, sentences(loaded)


def _print(result: Any, page: Path) -> None:
    print_json(
        {
            "folder": str(result.folder), "report": str(page), "smoke": result.manifest["smoke"],
            "failures": result.failures, "audit": json.loads(result.audit.to_json(orient="records")),
            "metrics": json.loads(result.metrics.to_json(orient="records")),
        }
    )  # fmt: skip


def _command() -> str:
    return visible(" ".join(["fauxbench", *sys.argv[1:]]))
