"""What the controls and sentinels of a run say, each as one row with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.statistics.compare import holm


@dataclass(frozen=True)
class Verdict:
    """One row of the audit: a frame of them is `pandas.DataFrame(verdicts)`."""

    name: str
    value: float
    low: float
    high: float
    verdict: Literal["pass", "alarm", "note"]
    advice: str


def real_copy_verdict(p_values: Mapping[str, float], *, level: float = 0.99, name: str = "real-copy") -> Verdict:
    """Judges the control whose fakes are reals: no detector may beat chance on it.

    Family-wise over the detectors (Holm), whatever their correlation: a sound run alarms with a probability
    of at most `1 - level`.

    Args:
        p_values: From detector to its one-sided `p_chance` on the control; NaN for a failed cell.
        level: Family-wise confidence, in (0, 1). Defaults to `0.99`.
        name: Of the row. Defaults to `"real-copy"`.

    Returns:
        The verdict; its value is the smallest adjusted p-value.
    """
    names = [detector for detector, p in p_values.items() if not np.isnan(p)]
    if not names:
        return Verdict(name, np.nan, np.nan, np.nan, "note", "No detector was measured on this control.")
    adjusted = holm([p_values[detector] for detector in names])
    value = float(adjusted.min())
    caught = [f"{detector} (p {p:.2g})" for detector, p in zip(names, adjusted, strict=True) if p <= 1 - level]
    failed = len(p_values) - len(names)
    missing = f" {failed} of {len(p_values)} detectors failed and are not judged." if failed else ""
    if caught:
        advice = (
            f"Reals called fake were told from reals by {', '.join(caught)}: the two classes differ in "
            "something other than the generator. Do not trust this run before it is found; look for duplicates or "
            "identities across parts, and for preprocessing that only one class went through."
        )
        return Verdict(name, value, np.nan, np.nan, "alarm", advice + missing)
    advice = f"None of {len(names)} detectors tells reals from reals, family-wise at {100 * level:g} %.{missing}"
    return Verdict(name, value, np.nan, np.nan, "pass", advice)


def noise_verdict(aucs: Mapping[str, float], *, minimum: float = 0.99, name: str = "noise") -> Verdict:
    """Judges the control that anyone can see: at least one detector must catch it.

    Args:
        aucs: From detector to its AUC on the control; NaN for a failed cell.
        minimum: That the best detector must reach, in [0, 1]. Defaults to `0.99`.
        name: Of the row. Defaults to `"noise"`.

    Returns:
        The verdict; its value is the best AUC.
    """
    measured = {detector: auc for detector, auc in aucs.items() if not np.isnan(auc)}
    if not measured:
        return Verdict(name, np.nan, np.nan, np.nan, "note", "No detector was measured on this control.")
    best = max(measured, key=lambda detector: measured[detector])
    value = float(measured[best])
    if value >= minimum:
        return Verdict(name, value, np.nan, np.nan, "pass", f"{best} catches noise, as it must.")
    advice = (
        f"No detector tells images from pure noise (best: {best}, {value:.3f}; expected at least "
        f"{minimum:g}): the detectors do not learn. Train them longer or on more images "
        "before reading the other numbers."
    )
    return Verdict(name, value, np.nan, np.nan, "alarm", advice)


@dataclass(frozen=True)
class Measured:
    """A sentinel on one generator: its AUC with interval and its one-sided `p_chance`."""

    auc: float
    low: float
    high: float
    p: float


def sentinel_verdicts(
    sentinel: str, results: Mapping[str, Measured], *, level: float = 0.99, alarms: bool = True
) -> list[Verdict]:
    """Judges a sentinel on every generator: cues that an honest generator leaves equal must not beat chance.

    Family-wise over the generators (Holm).

    Args:
        sentinel: The detector's name.
        results: From generator to what the sentinel reached on it; p NaN for a failed cell.
        level: Family-wise confidence, in (0, 1). Defaults to `0.99`.
        alarms: Whether beating chance is an alarm (format) or only a note (content). Defaults to `True`.

    Returns:
        One verdict for each generator, named `"sentinel / generator"`; the value is the AUC.
    """
    adjusted = holm([result.p for result in results.values()])
    verdicts = []
    for (generator, result), p in zip(results.items(), adjusted, strict=True):
        name = f"{sentinel} / {generator}"
        row = (name, result.auc, result.low, result.high)
        if np.isnan(p):
            verdicts.append(Verdict(*row, "note", "The sentinel failed on this generator and judges nothing."))
        elif p > 1 - level:
            verdicts.append(Verdict(*row, "pass", "These cues alone do not beat chance."))
        elif alarms:
            advice = (
                "File or value-grid cues alone beat chance: detectors may be reading the format, not the "
                "picture. Give real and fake images the same last steps: size, channels, levels, file format."
            )
            verdicts.append(Verdict(*row, "alarm", advice))
        else:
            advice = "Simple statistics of colour and contrast already beat chance: compare detectors to this."
            verdicts.append(Verdict(*row, "note", advice))
    return verdicts
