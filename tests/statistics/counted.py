"""How often intervals hold what they are for, from draws of everything."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Coverage:
    """Over draws: the mean, its spread, the mean standard error that the intervals stand for, and how many hold it."""

    measure: str
    mean: float
    spread: float
    error: float
    held: float


def counted(measure: str, draws: list[tuple[float, float, float]], target: float | None = None) -> Coverage:
    """Counts the intervals of draws, each a value with its ends, that hold the target.

    Args:
        measure: Its name.
        draws: Values and the ends of their intervals.
        target: What they are for. Defaults to `None`, the mean of the draws.
    """
    values, lows, highs = np.array(draws).T
    aim = float(values.mean()) if target is None else target
    held = float(((lows <= aim) & (aim <= highs)).mean())
    return Coverage(measure, aim, float(values.std()), float((highs - lows).mean() / 3.92), held)


def read(path: Path) -> pd.DataFrame:
    """Returns a table of counts as text, so that what is kept of it is written as it was; empty where there is none."""
    return pd.read_csv(path, dtype=str, keep_default_na=False) if path.exists() else pd.DataFrame()


def enough(path: Path, keys: dict[str, str], draws: int) -> bool:
    """Returns whether a table has rows with these keys, each of at least so many draws."""
    table = read(path)
    if table.empty:
        return False
    rows = table.loc[np.logical_and.reduce([table[name] == value for name, value in keys.items()]), "draws"]
    return len(rows) > 0 and bool((rows.astype(int) >= draws).all())


def store(path: Path, found: pd.DataFrame, keys: list[str]) -> None:
    """Puts rows in the place of those with the same keys, or behind all others, and writes the table."""
    new = pd.read_csv(io.StringIO(found.to_csv(index=False)), dtype=str, keep_default_na=False)
    old = read(path)
    if not old.empty:
        place = {key: at for at, key in enumerate(old[keys].itertuples(index=False, name=None))}
        at = [place.get(key, len(old)) for key in new[keys].itertuples(index=False, name=None)]
        kept = old.drop(index=[one for one in at if one < len(old)])
        order = np.argsort(np.r_[kept.index.to_numpy(), at], kind="stable")
        new = pd.concat([kept, new], ignore_index=True).iloc[order]
    part = path.with_suffix(".part")
    new.to_csv(part, index=False)
    part.replace(path)
