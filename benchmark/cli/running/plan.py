"""The command `plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli import completion, screen
from benchmark.cli.command import print_json
from benchmark.cli.images import JsonOption
from benchmark.cli.running.options import (
    AskOption,
    DataOption,
    LadderOption,
    SetOption,
    SmokeOption,
    StoreOption,
    asking,
)  # fmt: skip


def plan(
    spec: Annotated[str, typer.Argument(metavar="[PRESET|FILE.toml]", autocompletion=completion.specs)] = "digits",
    out: Annotated[
        Path | None, typer.Option(metavar="RUN_FOLDER", help="As for run: it says which store is asked.")
    ] = None,
    store: StoreOption = None,
    data: DataOption = None,
    changes: SetOption = None,
    ask: AskOption = None,
    smoke: SmokeOption = False,
    ladder: LadderOption = False,
    long: Annotated[bool, typer.Option("--long", help="List every stage, with its key.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a spec and show what a run of it would do, what the store holds already, and what it could show."""
    from benchmark.plan import specs
    from benchmark.store.store import Store
    from benchmark.use import api

    checked = specs.load(spec, [*(changes or ()), *asking(ask)])
    base = Path(spec).parent if Path(spec).is_file() else None
    if ladder:
        from benchmark.plan.ladder import climbed

        checked, left_out = climbed(checked, base)
        for sentence in left_out:
            screen.say(sentence, err=True)
    planned = api.make_plan(checked, data=data, base=base, smoke=smoke)
    from benchmark.cli import plan_words  # SciPy, of which a mistake in the spec need not wait
    from benchmark.plan import resolution

    folder = (out if out is not None else api.default_folder(checked, smoke=smoke)).resolve()
    kept = Store(store if store is not None else folder.parent / ".store")
    rows = [(s.name, s.function, s.key, kept.has(s.function, s.key)) for s in planned.stages]
    seen = resolution.of(planned, kept)
    if as_json:
        stages = [{"id": i, "stage": f, "key": k, "stored": held} for i, f, k, held in rows]
        print_json({"stages": stages, "cells": len(planned.cells), "can_see": seen})
        return
    if long:
        shown = [("stored" if held else "to do", key[:12], name) for name, _, key, held in rows]
        screen.table(shown, screen.Column(least=6, whole=True), screen.Column(whole=True), screen.Column())
    for sentence in plan_words.summary(planned, kept, seen):
        screen.say(sentence)
    if not long:
        screen.say("Every stage with its key: --long.")


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(plan)
