"""The memorisation gap of a run's cells as findings (FB013): one for each training run, family-wise over all cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmark.findings.finding import found
from benchmark.statistics.power import smallest_auc
from data.holm import holm

FILE = "memorisation_gap.csv"
LEVEL = 0.99  # family-wise


def findings(gaps: pd.DataFrame | None, cells: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns a finding for each training run; its value is the AUC that stands out most among its detectors.

    Args:
        gaps: The table of the measurement: a row for each cell. `None` or empty where no generator learns.
        cells: The run's cells, which say whose each is.
    """
    if gaps is None or gaps.empty:
        return []
    numbers = ["auc", "low", "high", "p", "n_seen", "n_unseen", "units_seen", "units_unseen"]
    gaps = gaps.assign(**{name: pd.to_numeric(gaps[name]) for name in numbers})
    gaps["p"] = holm(gaps["p"])
    gaps = gaps.merge(cells[["cell", "ledger_seed", "generator", "generator_seed", "detector"]], on="cell", how="left")
    tested = max(1, int(gaps["p"].notna().sum()))
    runs = gaps.groupby(["ledger_seed", "generator", "generator_seed"], sort=False)
    first = cells["ledger_seed"].iloc[0]
    return [
        _finding(f"{name} seed {seed}" + (f" ledger {ledger}" if ledger != first else ""), mine, tested)
        for (ledger, name, seed), mine in runs
    ]


def _finding(about: str, mine: pd.DataFrame, tested: int) -> dict[str, Any]:
    measured = mine[mine["p"].notna()]
    if measured.empty:
        return found("FB013", "cannot tell", about=about, advice="No detector's scores of reals could be compared.")
    # at equal adjusted p, such as 1, the AUC that is farthest from chance
    order = np.lexsort([-(measured["auc"] - 0.5).abs(), measured["p"]])
    worst = measured.iloc[order[0]]
    row = {"about": about, "value": worst["auc"], "low": worst["low"], "high": worst["high"]}
    counts = f"{worst['n_seen']:.0f} reals that it was trained on and {worst['n_unseen']:.0f} test reals"
    if worst["p"] <= 1 - LEVEL:
        way = "more" if worst["auc"] > 0.5 else "less"
        advice = (
            f"{worst['detector']} finds reals that the generator was trained on {way} like its fakes than test reals "
            f"({counts}, adjusted p {worst['p']:.2g}). See FB012 and FB015; or the test part is of another source."
        )
        return found("FB013", "note", **row, advice=advice)
    # two-sided, at the level of the first step of Holm's procedure
    smallest = smallest_auc(worst["units_unseen"], worst["units_seen"], level=(1 - LEVEL) / tested / 2)
    if np.isnan(smallest):
        return found("FB013", "cannot tell", **row, advice=f"{counts} are too few to see any gap.")
    advice = f"No detector tells {counts} apart, family-wise at {100 * LEVEL:g} %."
    return found("FB013", "pass", **row, smallest=smallest, advice=advice)
