"""What a run can see before it is done: the smallest differences that its test images and its seeds can show."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plan.planner import Plan
from benchmark.statistics import power
from benchmark.store.store import Store

LEVEL, POWER = 0.05, 0.8
AUCS = (0.9, 0.99)
SPREAD = 0.01  # between training runs, as an example
ASSUMED = 1000


def of(plan: Plan, store: Store) -> dict[str, Any]:
    """Returns the smallest AUC and differences of AUCs that the tests of a planned run see.

    Two-sided at 5 %, seen in 80 % of runs, for one comparison. How many test images there are, and of how many units,
    is read from the split where the store has it; before that, from the spec's sizes of the parts.

    Args:
        plan: The plan.
        store: Where its finished stages are.

    Returns:
        test_images, units, assumed (why these are not known, or ""), training_runs, spread, level, power, auc (the
        smallest that is told from 0.5), detectors and configurations (from the better one's AUC to the smallest
        difference); `None` where nothing is ever seen.
    """
    images, units, assumed = _sizes(plan, store)
    runs = len(plan.spec.protocol.generator_seeds)
    told = power.smallest_auc(units, units, level=LEVEL / 2, power=POWER)
    detectors = {f"{auc:g}": _known(power.smallest_difference(units, units, auc=auc)) for auc in AUCS}
    between = {f"{auc:g}": _known(power.smallest_between_runs(runs, SPREAD, units, units, auc=auc)) for auc in AUCS}
    return {
        "test_images": images, "units": units, "assumed": assumed, "training_runs": runs, "spread": SPREAD,
        "level": LEVEL, "power": POWER, "auc": _known(told), "detectors": detectors, "configurations": between,
    }  # fmt: skip


def sentences(found: dict[str, Any]) -> list[str]:
    """Returns the same in words.

    Args:
        found: What `of` returns.
    """
    of_units = f" of {found['units']:,} units" if found["units"] < found["test_images"] else ""
    why = f" ({found['assumed']})" if found["assumed"] else ""
    with_images = f"With {found['test_images']:,} test images of a class{of_units}{why}, in 4 of 5 runs and at 5 %, "
    if found["auc"] is None:
        return [with_images + "no test can tell a detector from chance, or one detector from another."]
    said = [
        with_images + f"a detector is told from chance from AUC {found['auc']:.3f} on, and from one of AUC "
        f"{_listed(found['detectors'], 'if it is lower by')}."
    ]
    runs = found["training_runs"]
    if runs == 1:
        return [*said, "One training run says nothing of how training runs differ: give more generator_seeds."]
    between = _listed(found["configurations"], "if its mean is lower by")
    said.append(
        f"If training runs scatter by {found['spread']:g}, {runs} of each tell a configuration from one of AUC "
        f"{between}."
    )
    return said


def _listed(smallest: dict[str, float | None], words: str) -> str:
    parts = [
        f"{auc} {words} {gap:.3f}" if gap is not None else f"{auc} never, however bad" for auc, gap in smallest.items()
    ]
    return ", of ".join(parts)


def _sizes(plan: Plan, store: Store) -> tuple[int, int, str]:
    prepared = plan.prepared
    if store.has("prepare", prepared.key):
        folder = store.path("prepare", prepared.key)
        images = int(json.loads((folder / "facts.json").read_text(encoding="utf-8"))["parts"]["test"])
        ledger = pd.read_csv(folder / "ledger.csv", dtype=str, keep_default_na=False)
        return images, int(ledger.loc[ledger["part"] == "test", "unit"].nunique()), ""
    asked = (plan.spec.protocol.parts or {}).get("test")
    if isinstance(asked, int):
        return asked, asked, "as the spec says; units are known once 'prepare' is done"
    return ASSUMED, ASSUMED, "an example: their number is known once 'prepare' is done"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
