"""One finding: a row of `audit.csv`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from benchmark.findings.registry import KINDS

Verdict = Literal["pass", "note", "alarm", "cannot tell"]
VERDICTS: tuple[Verdict, ...] = ("alarm", "cannot tell", "note", "pass")  # the one that matters most first
COLUMNS = ["finding", "name", "about", "value", "low", "high", "smallest", "verdict", "advice"]


def found(
    number: str,
    verdict: Verdict,
    *,
    about: str = "",
    value: float = np.nan,
    low: float = np.nan,
    high: float = np.nan,
    smallest: float = np.nan,
    advice: str = "",
) -> dict[str, Any]:
    """Returns a finding as a row.

    Args:
        number: Of the registry, such as `"FB001"`.
        verdict: `"pass"`, `"note"`, `"alarm"`, or `"cannot tell"` where the data are too few to see what is looked for:
            that is no success.
        about: What was checked, such as a generator and its seed; empty for the run as a whole.
        value: What was measured, in the unit that the registry names.
        low: Lower end of its interval.
        high: Upper end.
        smallest: The smallest effect that the check could have seen, in the unit of the value; required of a pass, but
            where the registry says that the check looks at everything there is.
        advice: What it says in words, and what to do.

    Raises:
        ValueError: If the number is not in the registry, the verdict is none of the four, a verdict other than a pass
            says nothing, or a pass does not say what it could have seen.

    Example:
        >>> found("FB003", "pass", about="tuned seed 0", value=0)["name"]
        'copies-of-reals / tuned seed 0'
    """
    if number not in KINDS:
        raise ValueError(f"A finding needs a number of the registry. Received: {number!r}.")
    kind = KINDS[number]
    if verdict not in VERDICTS:
        raise ValueError(f"A verdict is one of {', '.join(VERDICTS)}. Received: {verdict!r}.")
    if verdict != "pass" and not advice:
        raise ValueError(f"{number} '{verdict}' must say what was seen and what to do. Received: no advice.")
    if verdict == "pass" and np.isnan(smallest):
        if not kind.exhaustive:
            raise ValueError(f"A pass of {number} must say the smallest effect that it could have seen.")
        smallest = 0.0
    return {
        "finding": number, "name": f"{kind.name} / {about}" if about else kind.name, "about": about, "value": value,
        "low": low, "high": high, "smallest": smallest, "verdict": verdict, "advice": advice,
    }  # fmt: skip


def of(row: dict[str, Any], about: str) -> dict[str, Any]:
    """Returns a finding that a stage has kept, said of `about`."""
    kept = {key: value for key, value in row.items() if key not in ("finding", "name", "about")}
    return found(row["finding"], about=about, **kept)


def frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Returns findings as a frame with the columns of `audit.csv`."""
    return pd.DataFrame(list(rows), columns=COLUMNS)


def read(path: Path) -> list[dict[str, Any]]:
    """Returns the findings of a file that `frame` was written to."""
    table = pd.read_csv(path, dtype=dict.fromkeys(("finding", "name", "about", "verdict", "advice"), str))
    return table.fillna(dict.fromkeys(("about", "advice"), "")).to_dict("records")
