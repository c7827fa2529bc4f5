"""How a comparison is shown to people: what the specs differ in, what the cells differ by, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.cli import screen

if TYPE_CHECKING:
    from benchmark.use.compare.board import Board
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


def show_boards(boards: Sequence[Board]) -> None:
    """Prints leaderboards, the hardest to detect first."""
    from reports.numbers import interval, number

    for board in boards:
        screen.say(
            f"{board.dataset}, split {board.ledger_seed}, {board.n_real:,} real test images, hardest to detect first:"
        )
        if board.note:
            screen.say(f"{board.note}.")
        lines = [
            [
                _rank(row["rank_low"], row["rank_high"]),
                row["generator"], number(row["auc"]), interval(row["low"], row["high"]),
                row["group"] if row["group"] == row["group"] else "", row["detector"] or "", ", ".join(row["runs"]),
            ]
            for row in board.rows.to_dict("records")
        ]  # fmt: skip
        heads = ["rank", "configuration", "AUC", "95 % interval", "tied", "detector", "run"]
        screen.table(lines, *(screen.Column(head, whole=True) for head in heads))
        screen.say("")


def _rank(low: float, high: float) -> str:
    return "-" if low != low else f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"


def _specs(found: Comparison) -> None:
    if found.specs.empty:
        screen.say("The specs, data, versions and machines are the same.")
        return
    columns = [screen.Column("differs in"), *(screen.Column(name) for name in found.runs)]
    screen.table(found.specs[["what", *found.runs]].to_numpy().tolist(), *columns)
    screen.say("")


def _cells(found: Comparison, differing: bool) -> None:
    rows = found.frame(differing=differing)
    rows = rows[rows["status"] == "compared"]
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
