"""The made-up answer to `transfer`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def write(
    folder: Path,
    generators: tuple[str, ...] = ("baseline", "tuned", "older"),
    detectors: tuple[str, ...] = ("linear-pixel", "linear-dct", "sentinel-content"),
    runs: int = 1,
) -> None:
    """Writes the answer to the question `transfer` into a run folder, to be sealed.

    The last generator is the hardest, the first detector carries best, and between any two 0.1 of AUC is lost.
    """
    rows: list[dict[str, Any]] = []
    for place, detector in enumerate(detectors):
        unseen = {name: 0.8 - 0.1 * at - 0.05 * place for at, name in enumerate(generators)}
        for part, lesson, generator in _lessons(generators, runs):
            about = {"part": part, "lesson": lesson, "generator": generator, "detector": detector}
            values = {"auc": unseen[generator], "own_auc": unseen[generator] + 0.1, "difference": -0.1, "tpr": 0.4}
            values |= {"shift_real": 0.02, "shift_fake": -1.5, "fpr": 0.1}
            if part == "runs":
                values |= {"auc": unseen[generator] + 0.09, "difference": -0.01}
            for scope in ["cell"] * runs + ["configuration"] * (runs > 1):
                same = about | {"scope": scope, "cells": runs if scope == "configuration" else 1}
                for name, value in values.items():
                    rows.append(same | {"measure": name, "value": value, "low": value - 0.03, "high": value + 0.03})
        of = {"scope": "detector", "part": "leave-one-out", "ledger_seed": 0, "detector": detector, "cells": runs}
        for name, value in unseen.items():
            ends = {"low": value - 0.03, "high": value + 0.03, "p": 0.001 if name == generators[0] else 0.4}
            gap = value - min(unseen.values())
            rows.append(of | ends | {"measure": "above_hardest", "generator": name, "value": gap})
        mean = float(np.mean(list(unseen.values())))
        rows.append(of | {"measure": "mean", "value": mean, "low": mean - 0.02, "high": mean + 0.02})
        if not detector.startswith("sentinel"):
            behind = {"measure": "behind_best", "value": 0.05 * place, "low": 0.02, "high": 0.08}
            rows.append(of | (behind if place else behind | {"low": None, "high": None}))
    (folder / "answers").mkdir(exist_ok=True)
    frame = pd.DataFrame(rows).assign(
        cell="", own_cell="", train_sources="", generator_seed=0, detector_seed=0, note=""
    )
    frame.to_csv(folder / "answers" / "transfer.csv", index=False)


def _lessons(generators: tuple[str, ...], runs: int) -> list[tuple[str, str, str]]:
    """(part, lesson, exam) of all parts that so many training runs allow."""
    rows = [("pairs", one, other) for one in generators for other in generators if one != other]
    rows += [("leave-one-out", f"all-but-{name}", name) for name in generators]
    rows += [("next", f"before-{name}", name) for name in generators[1:]]
    return rows + [("runs", name, name) for name in generators if runs > 1]
