"""What all commands have in common: how their arguments are checked before one is called, and how JSON is printed."""

from __future__ import annotations

import inspect
import json
import math
import re
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from benchmark.cli import screen
from data.errors import UserError, shown
from data.reading import paths

HELP = {"help_option_names": ["-h", "--help"]}
WRITTEN = {"out", "store", "explain", "tensorboard", "csv", "file"}  # parameters that name what is made

VERBS = {  # what each does before it says anything itself
    "plan": "Planning: looking at the data files, the plug-ins and the store",
    "report": "Reading the run folder",
    "compare": "Reading the run folders",
    "describe": "Importing Keras and building the networks",
    "data": "Looking at the data files",
    "doctor": "Looking at this machine: importing Keras and asking every plug-in",
    "generate": "Importing Keras and drawing the images",
    "export": "Reading the banks and writing the images",
    "networks": "Importing Keras and writing the networks",
    "detect": "Reading the detectors and the pictures",
    "list": "Asking every plug-in",
    "check": "Starting the checks",
    "store list": "Reading the store",
    "store verify": "Reading every file of the store",
    "store prune": "Reading the store",
}


class Command(TyperCommand):
    """A command that takes no empty text, and no path that no system call takes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuses empty texts and NULs, and reads the arguments."""
        for i, text in enumerate(args):
            empty = text if re.fullmatch(r"--[a-z-]+=\s*", text) else "" if text.strip() else repr(text)
            if empty:
                after = f" after {shown(args[i - 1])}" if i and not text.startswith("--") else ""
                raise UserError(f"An argument is empty. Expected a value, or nothing at all. Received: {empty}{after}.")
            if "\0" in text:
                raise UserError(f"An argument has a NUL, which none may have. Received: {shown(text)}.")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Checks the paths, and calls the command."""
        for name, value in ctx.params.items():
            check = paths.new_place if name in WRITTEN else paths.place
            label = next(p.opts[0] if p.opts[0].startswith("-") else p.metavar for p in self.params if p.name == name)
            if isinstance(value, Path):
                ctx.params[name] = check(value, f"path {label}")
            elif isinstance(value, list) and value and all(isinstance(one, Path) for one in value):
                ctx.params[name] = [check(one, f"path {label}") for one in value]
        verb = " ".join(ctx.command_path.split()[1:])
        with screen.doing(VERBS.get(verb, "Starting")):
            return super().invoke(ctx)


class App(typer.Typer):
    """A Typer application of such commands."""

    def command(self, name: str | None = None, **about: Any) -> Any:  # type: ignore[override]
        """Returns the decorator that adds a command."""
        add = super().command

        def decorated(function: Any) -> Any:
            # else a list of commands cuts what each does after a few words
            summary = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
            return add(name, cls=Command, short_help=summary, context_settings=HELP, **about)(function)

        return decorated


def print_json(value: Any) -> None:
    """Prints a value as JSON that every reader takes: what is no finite number is null."""
    typer.echo(json.dumps(_finite(value), indent=1, default=str, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
