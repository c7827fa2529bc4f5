"""What the controls and sentinels of a run say, each as one finding with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.findings.finding import found
from benchmark.findings.registry import KINDS
from benchmark.statistics.power import smallest_auc
from data.holm import holm

NOBODY = "No detector was measured on this control: it says nothing of this run."


def real_copy_verdict(
    p_values: Mapping[str, float],
    n_real: float,
    n_fake: float,
    *,
    level: float = 0.99,
    about: str = "",
    sentinels: int = 0,
) -> dict[str, Any]:
    """Judges the control whose fakes are reals: no detector may beat chance on it.

    Family-wise over the detectors (Holm), whatever their correlation: a sound run alarms with a probability
    of at most `1 - level`.

    Args:
        p_values: From detector or sentinel to its one-sided `p_chance` on the control; NaN for a failed cell. Of
            several trainings of one, each is named by itself.
        n_real: Test reals of a cell of the control.
        n_fake: Test fakes, that is, reals that are called so.
        level: Family-wise confidence, in (0, 1). Defaults to `0.99`.
        about: The control's name where that is not `real-copy`.
        sentinels: How many of them are trainings of sentinels. Defaults to `0`.

    Returns:
        The finding; its value is the smallest adjusted p-value, and its smallest effect an AUC.
    """
    names = [detector for detector, p in p_values.items() if not np.isnan(p)]
    if not names:
        return found("FB010", "cannot tell", about=about, advice=NOBODY)
    adjusted = holm([p_values[detector] for detector in names])
    value = float(adjusted.min())
    caught = [f"{detector} (p {p:.2g})" for detector, p in zip(names, adjusted, strict=True) if p <= 1 - level]
    failed = len(p_values) - len(names)
    missing = f" {failed} of {len(p_values)} trainings failed and are not judged." if failed else ""
    if caught:
        advice = (
            f"Reals called fake were told from reals by {', '.join(caught)}: the two classes differ in "
            "something other than the generator. Do not trust this run before it is found; look for duplicates or "
            "identities across parts, and for preprocessing that only one class went through."
        )
        return found("FB010", "alarm", about=about, value=value, advice=advice + missing)
    smallest = smallest_auc(n_real, n_fake, level=(1 - level) / len(names))
    if np.isnan(smallest):
        advice = f"{n_real:.0f} reals against {n_fake:.0f}: so few that no detector could have raised this alarm."
        return found("FB010", "cannot tell", about=about, value=value, advice=advice + missing)
    of = f"{len(p_values) - sentinels} trainings of detectors" + (f" and {sentinels} of sentinels" if sentinels else "")
    advice = f"None of {of} tells reals from reals, family-wise at {100 * level:g} % over {len(names)} (Holm).{missing}"
    return found("FB010", "pass", about=about, value=value, smallest=smallest, advice=advice)


def noise_verdict(aucs: Mapping[str, float], *, minimum: float = 0.99, about: str = "") -> dict[str, Any]:
    """Judges the control that anyone can see: at least one detector must catch it.

    Args:
        aucs: From detector to its AUC on the control; NaN for a failed cell.
        minimum: That the best detector must reach, in [0, 1]. Defaults to `0.99`.
        about: The control's name where that is not `noise`.

    Returns:
        The finding; its value is the best AUC.
    """
    measured = {detector: auc for detector, auc in aucs.items() if not np.isnan(auc)}
    if not measured:
        return found("FB011", "cannot tell", about=about, advice=NOBODY)
    best = max(measured, key=lambda detector: measured[detector])
    value = float(measured[best])
    if value >= minimum:
        return found("FB011", "pass", about=about, value=value, advice=f"{best} catches noise, as it must.")
    advice = (
        f"No detector tells images from pure noise (best: {best}, {value:.3f}; expected at least "
        f"{minimum:g}): the detectors do not learn. Train them longer or on more images "
        "before reading the other numbers."
    )
    return found("FB011", "alarm", about=about, value=value, advice=advice)


@dataclass(frozen=True)
class Measured:
    """A sentinel on one generator: its AUC with interval, its one-sided `p_chance`, and its test images."""

    auc: float
    low: float
    high: float
    p: float
    n_real: int
    n_fake: int


def sentinel_verdicts(
    sentinel: str, results: Mapping[str, Measured], *, level: float = 0.99, alarms: bool = True
) -> list[dict[str, Any]]:
    """Judges a sentinel on every generator: cues that an honest generator leaves equal must not beat chance.

    Family-wise over the generators (Holm).

    Args:
        sentinel: The detector's name.
        results: From generator to what the sentinel reached on it; p NaN for a failed cell.
        level: Family-wise confidence, in (0, 1). Defaults to `0.99`.
        alarms: Whether beating chance is an alarm (format) or only a note (content). Defaults to `True`.

    Returns:
        One finding for each generator; the value is the AUC.
    """
    number = "FB020" if alarms else "FB021"
    adjusted = holm([result.p for result in results.values()])
    rows = []
    for (generator, result), p in zip(results.items(), adjusted, strict=True):
        about = generator if sentinel == KINDS[number].name else f"{generator}, {sentinel}"
        row: dict[str, Any] = {"about": about, "value": result.auc, "low": result.low, "high": result.high}
        smallest = smallest_auc(result.n_real, result.n_fake, level=(1 - level) / max(1, np.isfinite(adjusted).sum()))
        if np.isnan(p):
            advice = "The sentinel failed on this generator and judges nothing."
            rows.append(found(number, "cannot tell", **row, advice=advice))
        elif p > 1 - level and np.isnan(smallest):
            advice = f"{result.n_real} reals and {result.n_fake} fakes are too few for this check to see anything."
            rows.append(found(number, "cannot tell", **row, advice=advice))
        elif p > 1 - level:
            advice = "These cues alone do not beat chance."
            rows.append(found(number, "pass", **row, smallest=smallest, advice=advice))
        elif alarms:
            advice = (
                "File or value-grid cues alone beat chance: detectors may be reading the format, not the "
                "picture. Give real and fake images the same last steps: size, channels, levels, file format."
            )
            rows.append(found(number, "alarm", **row, advice=advice))
        else:
            advice = "Simple statistics of colour and contrast already beat chance: compare detectors to this."
            rows.append(found(number, "note", **row, advice=advice))
    return rows
