"""The memorisation gap: what detectors score the reals that a generator was trained on, against reals it never saw.

Scored only: nothing is trained on these images, no summary, no rank and no choice rests on the number.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from benchmark.plan.cell import Cell
from benchmark.plan.measurement import Draft, Measurement, Table
from benchmark.plan.stage import Stage

MOST = 1000  # reals of the generator's part that are scored
COLUMNS = ("purpose", "auc", "low", "high", "p", "n_seen", "n_unseen", "units_seen", "units_unseen", "note")


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage for every cell of the main table whose generator learns from images, by the cell's name.

    A smoke run does the first such generator's only.
    """
    learned = {run.generator.id for run in draft.rows.runs if run.is_main and run.generator.trains}
    return {cell.name: _gap(cell) for cell in draft.rescored(learned)}


def _gap(cell: Cell) -> Stage:
    scored = cell.scored
    inputs = {name: scored.inputs[name] for name in ("prepared", "trained")} | {"scored": scored}
    return Stage(scored.name.replace("score ", "gap ", 1), "gap", scored.params, inputs, scored.where)


def gap(job: Any) -> None:
    """Scores reals of the generator's part with a trained detector, beside the test reals that have scores already."""
    import numpy as np
    import pandas as pd

    from benchmark.stages.job import prepared, trained_detector

    images, ledger = prepared(job)
    detector = trained_detector(job)
    at = np.sort(np.random.default_rng(0).permutation(ledger.parts["generator-train"])[:MOST])
    seen = detector.both(np.array(images.images[at]))[0]
    scores = pd.read_parquet(job.inputs["scored"] / "scores.parquet")
    unseen = scores[(scores["part"] == "test") & ~scores["is_fake"].astype(bool)]
    row = compared(seen, unseen["score"].to_numpy(), ledger.units[at], unseen["unit"].to_numpy())
    pd.DataFrame([{"purpose": "control"} | row], columns=list(COLUMNS)).to_csv(
        job.folder / "memorisation_gap.csv", index=False
    )


def compared(seen: Any, unseen: Any, seen_units: Any, unseen_units: Any) -> dict[str, Any]:
    """Returns the AUC of reals that were seen, called fake, against those that were not; `p` is two-sided.

    `units_seen` and `units_unseen` are effective numbers: how many equal units the images amount to.
    """
    import numpy as np

    from benchmark.statistics.cells import metrics
    from benchmark.statistics.chance import p_chance
    from benchmark.statistics.clusters import Clusters
    from benchmark.statistics.ranking import Ranking

    scores = np.concatenate([seen, unseen])
    was_seen, units = np.arange(len(scores)) < len(seen), np.concatenate([seen_units, unseen_units])
    clusters = Clusters.of(units, was_seen)
    counts: dict[str, float] = {"n_seen": len(seen), "n_unseen": len(unseen)}
    counts |= {"units_seen": clusters.effective(was_seen), "units_unseen": clusters.effective(~was_seen)}
    try:
        auc = metrics.measure(scores, was_seen, groups=units).set_index("metric").loc["auc"]
    except ValueError as error:  # all reals score alike
        return {"auc": np.nan, "low": np.nan, "high": np.nan, "p": np.nan, "note": f"not defined: {error}"} | counts
    p = 2 * min(p_chance(Ranking.of(way * scores, was_seen), clusters) for way in (1, -1))
    return {"auc": auc["value"], "low": auc["low"], "high": auc["high"], "p": min(p, 1.0), "note": ""} | counts


MEASUREMENT = Measurement(
    "gap",
    stages,
    {"gap": "benchmark.stages.measurements.gap:gap"},
    ("plugins/adapt.py", "statistics/cells/metrics.py", "statistics/chance.py"),
    Table("memorisation_gap.csv", COLUMNS, of=("cell",)),
)
