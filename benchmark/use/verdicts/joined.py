"""The verdicts of one or several detectors on the same pictures, and the one that follows from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmark.use.verdicts.band import NOT_LIKE, RISK, UNDECIDED, Band


def rule(several: int, fpr: float | None) -> str:
    """Returns how verdicts of several detectors are joined, in words; empty for one."""
    if several == 1:
        return ""
    rate = f"{RISK if fpr is None else fpr:g}"
    return (
        f"Rule for {several} detectors: like the fakes if any says so, each at {rate}/{several} (Bonferroni), so that "
        f"reals are called so at most at {rate} together; not like them if all say so; else undecided."
    )


def judged(table: pd.DataFrame, bands: Mapping[str, Band], strange: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Returns scored pictures, or sources, with the columns of verdicts.

    `verdict` and `why` are those of all detectors together, and `called_by` says which call one like the fakes. With
    several detectors, each has its own `verdict: ID` too. A probability stays only where a picture is like what that
    detector was trained on.

    Args:
        table: With `score: ID` and `probability: ID` for each detector; no score, no verdict.
        bands: Each detector's limits, by its id.
        strange: bool `(n,)` for each detector, whether a picture is unlike what it was trained on.
    """
    said, whys = {}, {}
    for name, band in bands.items():
        said[name], whys[name] = band.verdicts(table[f"score: {name}"].to_numpy(float), strange[name])
        table[f"verdict: {name}"] = said[name]
        table.loc[strange[name], f"probability: {name}"] = np.nan
    rows = [_joined(bands, one, why) for one, why in zip(_rows(said), _rows(whys), strict=True)]
    table["verdict"], table["why"], table["called_by"] = ([row[i] for row in rows] for i in range(3))
    return table


def _rows(columns: dict[str, np.ndarray]) -> list[dict[str, str]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _joined(bands: Mapping[str, Band], said: dict[str, str], why: dict[str, str]) -> tuple[str, str, str]:
    if not any(said.values()):
        return "", "", ""
    callers = [name for name, band in bands.items() if said[name] == band.like]
    if callers:
        whose = ", ".join(dict.fromkeys(bands[name].whose for name in callers))
        return f"like the fakes of {whose}", "", ", ".join(callers)
    if all(verdict == NOT_LIKE for verdict in said.values()):
        return NOT_LIKE, "", ""
    reasons = dict.fromkeys(reason for reason in why.values() if reason)
    return UNDECIDED, "; ".join(reasons), ""


def columns(bands: Mapping[str, Band], own: list[str]) -> tuple[list[str], dict[str, str]]:
    """Returns the columns of a table with `own` ones of each detector in order, and how they are renamed.

    A single detector's have plain names; those of several end in `: ID`.
    """
    if len(bands) == 1:
        name = next(iter(bands))
        return [f"{one}: {name}" for one in own], {f"{one}: {name}": one for one in own}
    return ["called_by", *(f"{one}: {name}" for name in bands for one in ["verdict", *own])], {}
