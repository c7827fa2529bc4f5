"""The commands about a store: `store list`, `store verify`, `store prune`. Nothing heavy is imported by them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.cli import screen
from benchmark.cli.command import HELP, App, print_json

StoreOption = Annotated[Path, typer.Option("--store", metavar="DIR", help="The folder of finished stages.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]
SIZE = screen.Column(least=9, whole=True, right=True)  # the longest are "999 bytes" and "999.9 MB"
DEFAULT = Path("runs", ".store")


def list_stages(store: StoreOption = DEFAULT, as_json: JsonOption = False) -> None:
    """List the finished stages with their sizes, by kind, and the runs that use them."""
    from benchmark.store import prune, run_register

    opened = prune.opened(store)
    rows: list[dict[str, Any]] = [
        {"stage": one.function, "key": one.key, "bytes": one.size} for one in prune.stages(opened)
    ]
    runs: list[dict[str, Any]] = [
        {"folder": one.folder, "state": one.state, "stages": len(one.stages)}
        for one in run_register.registrations(opened)
    ]
    total = sum(row["bytes"] for row in rows)
    if as_json:
        print_json({"store": str(opened.root), "bytes": total, "stages": rows, "runs": runs})
        return
    kinds: dict[str, list[int]] = {}
    for row in rows:
        kinds.setdefault(row["stage"], []).append(row["bytes"])
    keys = [(_size(row["bytes"]), row["key"][:12], row["stage"]) for row in rows]
    screen.table(keys, SIZE, screen.Column(whole=True), screen.Column())
    screen.say("")
    sums = [(_size(sum(sizes)), f"{len(sizes):,} {kind}") for kind, sizes in kinds.items()]
    whole = (_size(total), f"{_count(len(rows), 'stage')} in {opened.root}")
    screen.table([*sums, whole], SIZE, screen.Column())
    for run in runs:
        screen.say(f"Used by {run['folder']}: {run['state']}, {_count(run['stages'], 'stage')}")


def verify(store: StoreOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Read every file of the store and compare it with what was recorded; exit code 1 if something is damaged."""
    from benchmark.store import prune

    opened = prune.opened(store)
    started, read, n = time.perf_counter(), 0, 0
    bad: list[dict[str, str]] = []
    for stage, why in prune.damaged(opened):
        n, read = n + 1, read + stage.size
        if why:
            bad.append({"stage": stage.function, "key": stage.key, "damage": why})
            if not as_json:
                screen.say(f"damaged: {stage.function} {stage.key[:12]}: {why}")
    seconds = time.perf_counter() - started
    if as_json:
        print_json(
            {"store": str(opened.root), "stages": n, "bytes": read, "seconds": round(seconds, 3), "damaged": bad}
        )
    else:
        rate = f"{_size(read)} in {seconds:.1f} s, {_size(int(read / max(seconds, 1e-9)))}/s"
        screen.say(f"{n - len(bad)} of {_count(n, 'stage')} whole ({rate}): {opened.root}")
        if bad:
            screen.say("A run that needs a damaged stage does it again; store prune removes those that none needs.")
    if bad:
        raise typer.Exit(1)


def prune(
    store: StoreOption = DEFAULT,
    keep: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN_FOLDER", help="Keep what this run needs, though the store does not know of it."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it. [default: only say what would be removed]")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove the stages that no registered run needs, and what killed processes have left.

    A run registers in the store that it uses. It needs what its manifest names, for as long as that is there: a run
    folder that was moved, removed, or lies on another machine is not seen here. Nothing that a living process works on
    is removed.
    """
    from benchmark.store import prune as pruning

    opened = pruning.opened(store)
    found, runs = pruning.useless(opened, keep or ())
    if yes:
        found = pruning.prune(opened, keep or ())
    total = sum(one.size for one in found)
    if as_json:
        rows = [{"what": one.what, "path": str(one.path), "bytes": one.size} for one in found]
        about = [{"folder": one.folder, "state": one.state} for one in runs]
        print_json({"store": str(opened.root), "removed": yes, "bytes": total, "found": rows, "runs": about})
        return
    for run in runs:
        state = "is gone: nothing is kept for it" if run.state == "gone" else f"{run.state}: what it needs is kept"
        screen.say(f"run {run.folder} {state}")
    screen.table([(_size(one.size), f"{one.what} {one.path.name[:12]}") for one in found], SIZE, screen.Column())
    done = "removed" if yes else "would be removed; --yes removes it"
    screen.say(f"{_size(total)}, {_count(len(found), 'item')} {done}: {opened.root}")


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    sub = App(no_args_is_help=True, rich_markup_mode=None, context_settings=HELP, help="List, verify or prune a store.")
    sub.command(name="list")(list_stages)
    sub.command()(verify)
    sub.command()(prune)
    app.add_typer(sub, name="store")


def _size(size: float) -> str:
    from rich.filesize import decimal

    return decimal(int(size))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
