"""What JPEG on one class alone does to a detector's answers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import scipy

from benchmark.stages import mixed
from benchmark.stages.job import Job, prepared, trained_detector
from benchmark.stages.measurements.format_bias import COLUMNS
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.columns.column import of_detectors
from benchmark.statistics.intervals import clopper_pearson
from data import perturb

QUALITIES = (95, 75)  # what cameras and the web use
SIDES = {"real": False, "fake": True}


def format_bias(job: Job) -> None:
    """Scores the test images again, those of one class as JPEG, and writes how much the detector's answers move.

    Source: Ricker, Fischer, Quiring (2026), BIAS-ID, for a transformation of one class alone; Grommelt et al. (2024),
    "Fake or JPEG?", for JPEG.
    """
    images, ledger = prepared(job)
    test = mixed.exam(job.inputs["bank"], images, ledger, job.params.get("perturbation"))
    scores = pd.read_parquet(job.inputs["scored"] / "scores.parquet")
    before = scores[scores["part"] == "test"]["score"].to_numpy()
    cut = float(json.loads((job.inputs["scored"] / "facts.json").read_text())["threshold"])
    detector = trained_detector(job)
    units = test.index["unit"].to_numpy()
    rows = []
    for side, fake in SIDES.items():
        chosen = test.is_fake == fake
        for quality in QUALITIES:
            after = before.copy()
            after[chosen] = detector.scores(perturb.jpeg(test.images[chosen], quality))
            rows.append({"side": side, "quality": quality} | moved(before, after, test.is_fake, chosen, cut, units))
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(job.folder / "format_bias.csv", index=False)


def moved(
    before: np.ndarray, after: np.ndarray, is_fake: np.ndarray, chosen: np.ndarray, cut: float, units: np.ndarray
) -> dict[str, Any]:
    """Returns how much accuracy and AUC move when the images of one class get other scores.

    Args:
        before: Scores `(n,)`.
        after: Scores of the same images.
        is_fake: bool `(n,)`.
        chosen: bool `(n,)`, the class that was changed; accuracy is of it.
        cut: The threshold, at or above which an image is called fake.
        units: `(n,)`, equal for images that are not independent.

    Returns:
        The columns of `format_bias.csv` but for side and quality. The change of accuracy has a conservative interval,
        Bonferroni's of the two exact ones of images that turn wrong and that turn right (McNemar's two cells), and an
        exact p-value; with units, of as many images as the units amount to (Kish).
    """
    right, right_after = ((scores >= cut)[chosen] == is_fake[chosen] for scores in (before, after))
    better, worse = int((right_after & ~right).sum()), int((right & ~right_after).sum())
    n = len(right)
    effective = Clusters.of(units, is_fake).effective(chosen)
    won, lost = better * effective / n, worse * effective / n
    # 97.5 % each, so that both hold at 95 %
    (gain_low, gain_high), (loss_low, loss_high) = (clopper_pearson(count, effective, 0.975) for count in (won, lost))
    column = of_detectors({"after": after, "before": before}, is_fake, groups=units)
    apart = column.difference(0, 1)
    turned = int(np.floor(won + lost))
    few = int(np.ceil(min(won, lost)))
    p = min(1.0, 2 * float(scipy.stats.binom.cdf(few, turned, 0.5))) if turned else 1.0
    return {
        "n": n, "accuracy": right.mean(), "accuracy_after": right_after.mean(), "change": (better - worse) / n,
        "change_low": float(gain_low - loss_high), "change_high": float(gain_high - loss_low), "change_p": p,
        "auc": column.values[1], "auc_after": column.values[0], "auc_change": apart.difference,
        "auc_change_low": apart.low, "auc_change_high": apart.high, "auc_change_p": apart.p,
    }  # fmt: skip
