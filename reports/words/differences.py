"""What two runs differ by, in words: one row of a comparison as the terminal and notebooks show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from reports import numbers


class Words(NamedTuple):
    """A row of a comparison (`fauxbench.compare(...).cells`), ready to be read.

    Attributes:
        what: The cell, the configuration or the generator.
        run: The later run.
        reference: The reference's value.
        value: The later run's.
        difference: With its sign.
        interval: Of the difference; a star says that it leaves 0 out.
        p: Adjusted for all of the metric that are compared.
    """

    what: str
    run: str
    reference: str
    value: str
    difference: str
    interval: str
    p: str


def in_words(row: Mapping[str, Any]) -> Words:
    """Returns what is shown of a row that was compared."""
    over = " (over trainings)" if row["scope"] == "configuration" else ""
    bounded = numbers.is_bounded(row["metric"])
    reference, value = (numbers.number(row[name], bounded=bounded) for name in ("reference_value", "value"))
    ends = f"[{signed(row['low'])}, {signed(row['high'])}]{'*' if row['differs'] else ''}"
    return Words(
        f"{row['cell']}{over}",
        row["run"],
        reference,
        value,
        signed(row["difference"]),
        ends,
        numbers.number(row["p_holm"]),
    )


def signed(value: float) -> str:
    """Writes a difference with its sign: three decimals, or three digits of what is large."""
    return f"{value:+.3f}" if abs(value) < 1000 else f"{value:+.3g}"
