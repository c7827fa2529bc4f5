"""Tables of a card, and the terms of real images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.plugins import resolve as plugins

MOST = 12  # labels that a card counts one by one; card.json has all
UNKNOWN_TERMS = "The terms of the real images are those of their publisher; fauxbench does not know them."


def table(head: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    """Returns a table as Markdown.

    Example:
        >>> print(table(["part", "real"], [["test", 1000]]))
        | part | real |
        | --- | --- |
        | test | 1,000 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell(value) for value in line)} |" for line in lines)


def cell(value: Any) -> str:
    """Returns a value as a table holds it: in one line, and no end of a cell."""
    return (
        " ".join(f"{value:,}".split()) if isinstance(value, int) else " ".join(str(value).replace("|", "\\|").split())
    )


def counted(values: Mapping[str, int]) -> str:
    """Returns counts in words.

    Example:
        >>> counted({"PNG": 1200, "JPEG": 3}), counted({})
        ('1,200 PNG, 3 JPEG', 'none')
    """
    return ", ".join(f"{n:,} {name}" for name, n in values.items()) or "none"


def of_labels(values: Mapping[str, int]) -> str:
    """Returns how many images have each label; of many labels the first.

    Example:
        >>> of_labels({"0": 13, "1": 12}), of_labels({str(at): 1 for at in range(1000)})[-20:]
        ('0: 13, 1: 12', '11: 1 and 988 others')
    """
    shown = [f"{label}: {n:,}" for label, n in list(values.items())[:MOST]]
    more = f" and {len(values) - MOST:,} others" if len(values) > MOST else ""
    return (", ".join(shown) or "none") + more


def terms(dataset: str) -> str:
    """Returns what is known of the terms of a data set's images."""
    source = plugins.builtins("datasets").get(dataset)
    return str(plugins.resolve("datasets", dataset).attribute("terms", UNKNOWN_TERMS)) if source else UNKNOWN_TERMS
