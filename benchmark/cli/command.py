"""What all commands have in common: how their arguments are checked before one is called, and how JSON is printed."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from data.errors import UserError, shown
from data.reading import paths

WRITTEN = {"out", "store", "explain", "tensorboard", "csv", "file"}  # parameters that name what is made


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
        return super().invoke(ctx)


class App(typer.Typer):
    """A Typer application of such commands."""

    def command(self, name: str | None = None, **about: Any) -> Any:  # type: ignore[override]
        """Returns the decorator that adds a command."""
        return super().command(name, cls=Command, **about)


def print_json(value: Any) -> None:
    """Prints a value as JSON that every reader takes: what is no finite number is null."""
    typer.echo(json.dumps(_finite(value), indent=1, default=str, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
