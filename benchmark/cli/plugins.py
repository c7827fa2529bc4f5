"""The commands for plug-ins: `list`, `check`, `new`. Nothing heavy is imported until one is called."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.cli import completion, screen
from benchmark.cli.command import print_json
from data.errors import UserError, unknown

GROUPS = {"detector": "detectors", "generator": "generators"}
COLUMNS = (  # a check is told when it has ended, so all rows need widths that hold the longest id
    screen.Column(least=7, whole=True, verdict=True),
    screen.Column(least=22, whole=True),
    screen.Column(least=8, whole=True, right=True),
    screen.Column(),
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]
GroupArgument = Annotated[str, typer.Argument(metavar="detector|generator")]


def list_plugins(
    group: Annotated[
        str | None,
        typer.Argument(metavar="[GROUP]", help="presets, datasets, generators or detectors. [default: all]"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List presets, data sets, generators and detectors, with their origin, version and options."""
    from benchmark.cli import catalogue

    found = catalogue.everything(group)
    if as_json:
        print_json(found)
        return
    catalogue.show(found)


def check(
    group: GroupArgument,
    name: Annotated[
        str,
        typer.Argument(
            help="A built-in name, file.py:Name, module:Name or an entry point.", autocompletion=completion.plugins
        ),
    ],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="An option of the plug-in. May be repeated."),
    ] = None,
    limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, max=86400, help="Longest time for one check, unless `fit` is slow."),
    ] = 60,
    as_json: JsonOption = False,
) -> None:
    """Check a plug-in against its contract, on small made-up images: 0 none failed, 1 some failed."""
    from benchmark.plugins.check.isolated import isolated

    rows = []
    try:
        for row in isolated(_group(group), name, _options(group, name, changes or []), limit):
            rows.append(row)
            if not as_json:
                shown = "FAILED" if row.verdict == "failed" else row.verdict
                screen.table([(shown, row.id, f"{row.seconds:.2f} s", row.message)], *COLUMNS)
    except UserError as error:
        if str(error).startswith("Missing option"):
            raise UserError(f"{error} Give it by --set OPTION=VALUE.") from error
        raise
    failed = sum(row.verdict == "failed" for row in rows)
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
    else:
        passed, skipped, hints = (sum(row.verdict == one for row in rows) for one in ("passed", "skipped", "hint"))
        screen.say(f"{name}: {passed} passed, {failed} failed, {skipped} skipped, {hints} hint{'s' * (hints != 1)}")
    if failed:
        raise typer.Exit(1)


def new(
    group: GroupArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="The file to write; it names the class.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if there is one.")] = False,
    iterative: Annotated[
        bool, typer.Option("--iterative", help="A generator that makes its images in steps, as diffusion models do.")
    ] = False,
) -> None:
    """Write a working, commented file to start a plug-in from."""
    from benchmark.cli import starting_file

    kind = starting_file.write(_group(group), file, force, iterative)
    screen.say(f"Written: {file}. Check it: fauxbench check {group} {kind}")


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command(name="list")(list_plugins)
    app.command()(check)
    app.command()(new)


def _group(noun: str) -> str:
    if noun not in GROUPS:
        raise unknown("kind of plug-in", noun, GROUPS)
    return GROUPS[noun]


def _options(noun: str, kind: str, changes: list[str]) -> dict[str, Any]:
    """Reads `option=value` as a spec does."""
    from benchmark.plan import specs

    odd = next((change for change in changes if "=" not in change), None)
    if odd is not None:
        raise UserError(f"--set takes option=value, such as epochs=5. Received: {odd}.")
    values = {"dataset": {"name": "digits"}, noun: [{"kind": kind, "id": "checked"}]}
    spec = specs.parse(values, [f"{noun}.checked.{change}" for change in changes])
    return next(row.options for row in getattr(spec, noun) if row.id == "checked")
