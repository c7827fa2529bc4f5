"""Options that several of the commands here take, and what they come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from data.errors import unknown

DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Where data files are looked for first.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change the spec, such as generator.tuned.epochs=5. May be repeated."
    ),
]
LadderOption = Annotated[bool, typer.Option("--ladder", help="Try every built-in detector beside those of the spec.")]
AskOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,...", help="Questions to ask, such as transfer,robustness; all for every one. [default: own]"
    ),
]
SmokeOption = Annotated[
    bool, typer.Option("--smoke", help="Shrink everything to seconds; the result is stamped as none.")
]
FiguresOption = Annotated[
    bool, typer.Option("--figures", help="Write every chart as SVG, PNG and CSV too, into figures/ of the run folder.")
]
StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="Folder of finished stages. [default: .store beside the run folder]"),
]


def asking(ask: str | None) -> list[str]:
    """Returns the change of a spec that asks what `--ask` names."""
    if ask is None:
        return []
    from benchmark.plan import questions

    names, known = [name.strip() for name in ask.split(",")], [*questions.names(), questions.EVERY]
    for name in names:
        if name not in known:
            raise unknown("question", name, known, "after --ask")
    return [f"protocol.ask={json.dumps(names)}"]
