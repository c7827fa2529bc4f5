"""How a comparison is shown to people: what the specs differ in, what the cells differ by, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.cli import screen

if TYPE_CHECKING:
    from benchmark.use.compare.board import Board
    from benchmark.use.compare.comparison import Comparison
    from reports.words.differences import Words

NAMED = 3  # cells that are named for a reason; the others are counted


def show(found: Comparison, *, differing: bool = False) -> None:
    """Prints a comparison.

    Args:
        found: The comparison.
        differing: Whether to show only the cells that differ by more than their interval. Defaults to `False`.
    """
    _specs(found)
    _cells(found, differing)
    _grouped("not the same", found.changes, found)
    if not differing:
        _grouped("not comparable", found.reasons, found)
    for sentence in found.sentences():
        screen.say(sentence)


def _grouped(what: str, said: Mapping[tuple[str, str], list[str]], found: Comparison) -> None:
    """Prints what is said of cells, those of one reason in one line."""
    for (run, why), cells in said.items():
        more = f" and {len(cells) - NAMED:,} more" if len(cells) > NAMED else ""
        about = f"{run}: " if len(found.runs) > 2 else ""
        screen.say(f"{what}: {about}{why} ({', '.join(cells[:NAMED])}{more})")


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
    from benchmark.use.compare.comparison import title
    from reports.words.differences import in_words

    several, nothing = len(found.runs) > 2, True
    for metric in found.metrics:
        rows = found.frame(differing=differing, metric=metric)
        rows = rows[rows["status"] == "compared"]
        if rows.empty:
            continue
        nothing = False
        lines = [_line(in_words(row), several) for row in rows.to_dict("records")]
        run = ["run"] if several else []
        heads = ["", *run, "reference", title(metric), "difference", "95 % interval", "p (Holm)"]
        screen.table(lines, *(screen.Column(head, right=at > several, whole=True) for at, head in enumerate(heads)))
        screen.say("")
    if differing and nothing:
        screen.say("Nothing differs by more than its interval.")


def _line(row: Words, several: bool) -> list[str]:
    star = "" if row.interval.endswith("*") else " "  # so that brackets stand below each other
    run = [row.run] if several else []
    return [row.what, *run, row.reference, row.value, row.difference, row.interval + star, row.p]
