"""How numbers are written: enough digits to be useful, never more certainty than there is."""

from __future__ import annotations

import math
from datetime import datetime

BOUNDED = ("auc", "average_precision", "accuracy", "fpr", "tpr", "eer", "brier", "ece", "p_", "oracle")


def number(value: float | None, *, bounded: bool = True) -> str:
    """Writes a value with three decimals, or four where three would round it to a bound it has not reached.

    Args:
        value: The value, or None or NaN for one that is not defined.
        bounded: The value lies in [0, 1] by definition; a value that would round to a bound without being it
            is then written as `0.9997`, `>0.9999` or `<0.0001`. Defaults to `True`.

    Returns:
        The text; `"not defined"` without a value.
    """
    if value is None or math.isnan(value):
        return "not defined"
    if not bounded:
        return f"{value:.3g}" if abs(value) >= 1000 or 0 < abs(value) < 0.001 else f"{value:.3f}"
    for digits in (3, 4):
        written = f"{value:.{digits}f}"
        if float(written) not in (0.0, 1.0) or float(written) == value:
            return written
    return ">0.9999" if value > 0.5 else "<0.0001"


def interval(low: float | None, high: float | None, *, bounded: bool = True) -> str:
    """Writes `[low, high]`, or nothing when either end is unknown."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"[{number(low, bounded=bounded)}, {number(high, bounded=bounded)}]"


def with_interval(value: float | None, low: float | None, high: float | None, *, bounded: bool = True) -> str:
    """Writes `value [low, high]`."""
    return f"{number(value, bounded=bounded)} {interval(low, high, bounded=bounded)}".strip()


def is_bounded(metric: str) -> bool:
    """Whether a metric lies in [0, 1] by definition."""
    return any(metric.startswith(name) or name in metric for name in BOUNDED)


def count(value: object) -> str:
    """Writes an integer with thousands separators; anything else as it is."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def plural(n: int, one: str, many: str = "") -> str:
    """`1 detector`, `2 detectors`."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """Writes a duration: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds is None or math.isnan(seconds):
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def moment(text: str) -> str:
    """Writes an ISO 8601 time as `2026-11-20 12:00 UTC`; text that is none is returned unchanged."""
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return str(text or "")
    return f"{time:%Y-%m-%d %H:%M} {time.tzname() or ''}".strip()


def listed(names: list[str], *, most: int = 4) -> str:
    """Joins names: `a, b and c`, or `a, b and 5 more`."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
