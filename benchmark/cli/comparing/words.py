"""How a comparison is shown to people: what the specs differ in, what the cells differ by, and what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmark.cli import screen
from benchmark.use.compare import matched

if TYPE_CHECKING:
    from benchmark.use.compare.comparison import Comparison

NAMED = 3  # cells that are named for a reason; the others are counted


def show(found: Comparison, *, differing: bool = False) -> None:
    """Prints a comparison.

    Args:
        found: The comparison.
        differing: Whether to show only the cells that differ by more than their interval. Defaults to `False`.
    """
    _specs(found)
    _cells(found, differing)
    if not differing:
        for (run, why), cells in found.reasons.items():
            more = f" and {len(cells) - NAMED:,} more" if len(cells) > NAMED else ""
            about = f"{run}: " if len(found.runs) > 2 else ""
            screen.say(f"not comparable: {about}{why} ({', '.join(cells[:NAMED])}{more})")
    for sentence in found.sentences():
        screen.say(sentence)


def _specs(found: Comparison) -> None:
    if found.specs.empty:
        screen.say("The specs, data, versions and machines are the same.")
        return
    columns = [screen.Column("differs in"), *(screen.Column(name) for name in found.runs)]
    screen.table(found.specs[["what", *found.runs]].to_numpy().tolist(), *columns)
    screen.say("")


def _cells(found: Comparison, differing: bool) -> None:
    rows = found.frame(differing=differing)
    rows = rows[rows["status"] == matched.COMPARED]
    if rows.empty:
        if differing:
            screen.say("Nothing differs by more than its interval.")
        return
    several = len(found.runs) > 2
    lines = [_line(row, several) for row in rows.to_dict("records")]
    heads = ["", *(["run"] if several else []), "reference", "AUC", "difference", "95 % interval", "p (Holm)"]
    screen.table(lines, *(screen.Column(head, right=at > several, whole=True) for at, head in enumerate(heads)))
    screen.say("")


def _line(row: dict[str, Any], several: bool) -> list[str]:
    from reports.numbers import number

    over = " (over trainings)" if row["scope"] == "configuration" else ""
    ends = f"[{row['low']:+.3f}, {row['high']:+.3f}]{'*' if row['differs'] else ' '}"
    return [
        f"{row['cell']}{over}",
        *([row["run"]] if several else []),
        number(row["reference_value"]),
        number(row["value"]),
        f"{row['difference']:+.3f}",
        ends,
        number(row["p_holm"]),
    ]
