"""Cells of a made-up run with their scores, metrics, curves, differences and ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from made_names import CHECKPOINTS, DETECTORS, GENERATORS
from scipy.stats import norm

METRICS = (
    "auc",
    "average_precision",
    "accuracy",
    "fpr",
    "tpr",
    "tpr_at_fpr_05",
    "tpr_at_fpr_01",
    "eer",
    "nll",
    "p_chance",
)


def cells(rng, rename, failed, n, seeds) -> dict[str, list]:
    out: dict[str, list] = {k: [] for k in ("cells", "metrics", "configuration", "roc", "comparisons", "scores")}
    for generator, facts in GENERATORS.items():
        for seed in seeds:
            real_look = rng.normal(size=n)
            column: dict[str, float] = {}
            for detector, strength in DETECTORS.items():
                cell = f"c{len(out['cells']):04d}"
                ids = {
                    "generator": rename.get(generator, generator),
                    "generator_seed": seed,
                    "checkpoint": CHECKPOINTS[-1] if facts["kind"] == "dcgan" else "final",
                    "detector": rename.get(detector, detector),
                    "detector_seed": 0,
                    "perturbation": "none",
                }
                bad = (generator, detector) in failed
                error = "ValueError: scores are constant" if bad else ""
                out["cells"].append(
                    {"cell": cell, "dataset": "digits", "ledger_seed": 0, **ids}
                    | {"train_generator": ids["generator"], "train_perturbation": "none"}
                    | {"n_train_real": 400, "n_train_fake": 400, "n_test_real": n, "n_test_fake": n}
                    | {"purpose": "control" if facts["control"] else "main", "seconds": 1.25}
                    | {"status": "failed" if bad else "done", "error": error}
                )
                if bad:
                    continue
                shift = strength * facts["ease"] if detector != "sentinel-format" or generator == "noise" else 0.02
                real = 0.6 * real_look + 0.8 * rng.normal(size=n)
                fake = rng.normal(size=n) * 1.2 + shift
                score = np.concatenate([real, fake]) * 3 - 2
                is_fake = np.repeat([False, True], n)
                auc, low, high = _auc(real, fake)
                column[detector] = auc
                for metric in METRICS:
                    value = {"auc": auc, "fpr": 0.05, "eer": 1 - auc, "nll": 1.1, "p_chance": _chance(auc, n)}.get(
                        metric, auc * 0.97
                    )
                    spread = (
                        {"low": low, "high": high} if metric == "auc" else {"low": value - 0.02, "high": value + 0.02}
                    )
                    note = ""
                    if metric == "p_chance":
                        spread = {"low": np.nan, "high": np.nan}
                    if metric == "tpr_at_fpr_01" and n < 1000:
                        value, spread, note = (
                            np.nan,
                            {"low": np.nan, "high": np.nan},
                            "not resolvable with 300 reals",
                        )
                    out["metrics"].append(
                        {"scope": "cell", "cell": cell, **ids, "metric": metric, "value": value, **spread}
                        | {"n_real": n, "n_fake": n, "note": note}
                    )
                out["roc"] += _roc(cell, real, fake, n)
                out["scores"].append(
                    pd.DataFrame({"cell": cell, "part": "test", "image_id": [f"i{k}" for k in range(2 * n)]}).assign(
                        label=0,
                        group=np.nan,
                        unit=range(2 * n),
                        is_fake=is_fake,
                        score=score,
                        probability=1 / (1 + np.exp(-score)),
                    )
                )
            if not column:
                continue
            best = max(column, key=lambda name: column[name])
            for detector, auc in column.items():
                difference = column[best] - auc
                out["comparisons"].append(
                    {"generator": rename.get(generator, generator), "generator_seed": seed}
                    | {"checkpoint": CHECKPOINTS[-1], "detector": rename.get(detector, detector)}
                    | {"best": rename.get(best, best), "difference": difference, "low": difference - 0.01}
                    | {"high": difference + 0.01, "p": 0.01, "p_holm": 0.04, "separable": difference > 0.012}
                )
    for (generator, detector), values in _by_configuration(out["metrics"]).items():
        mean, half = float(np.mean(values)), 0.02 if len(values) > 1 else np.nan
        out["configuration"].append(
            {
                "scope": "configuration",
                "cell": "",
                "generator": generator,
                "detector": detector,
                "metric": "auc",
            }
            | {"perturbation": "none", "value": mean, "low": max(mean - half, 0), "high": min(mean + half, 1)}
            | {"n_real": n, "n_fake": n, "note": "" if len(values) > 1 else "one training run: no interval"}
        )
    return out


def ranks(comparisons: list[dict[str, Any]], metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ranks as simulated differences have them: detectors that do not separate from the best share its rank."""
    rows = []
    aucs = {
        (row["generator"], row["generator_seed"], row["detector"]): row["value"]
        for row in metrics
        if row["metric"] == "auc"
    }
    for row in comparisons:
        at = (row["generator"], row["generator_seed"])
        column = [other for other in comparisons if (other["generator"], other["generator_seed"]) == at]
        tied = sum(not other["separable"] for other in column)
        low, high = (tied + 1, len(column)) if row["separable"] else (1, tied)
        value = aucs[(*at, row["detector"])]
        rows.append(
            {"table": "own", "scope": "detectors", "generator": at[0], "generator_seed": at[1]}
            | {"checkpoint": row["checkpoint"], "detector": row["detector"], "name": row["detector"], "value": value}
            | {"compared": len(column), "rank_low": low, "rank_high": high, "group": "b" if row["separable"] else "a"}
            | {"may_be_best": not row["separable"], "best_low": value - 0.03, "best_high": min(value + 0.03, 1)}
            | {"p_chance": 1e-4 if value > 0.6 else 0.4, "p_chance_holm": 1e-3 if value > 0.6 else 1.0}
            | {"tells": value > 0.6, "note": ""}
        )
    return rows


def _by_configuration(metrics: list[dict[str, Any]]) -> dict[tuple[str, str], list[float]]:
    values: dict[tuple[str, str], list[float]] = {}
    for row in metrics:
        if row["metric"] == "auc":
            values.setdefault((row["generator"], row["detector"]), []).append(row["value"])
    return values


def _auc(real: np.ndarray, fake: np.ndarray) -> tuple[float, float, float]:
    order = np.searchsorted(np.sort(real), fake)
    auc = float(order.mean() / len(real))
    if auc == 1:
        return 1.0, 0.05 ** (1 / len(real)), 1.0
    p, q = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    n = len(real)
    se = np.sqrt((auc * (1 - auc) + (n - 1) * (p - auc**2 + q - auc**2)) / n**2)
    logit, half = np.log(auc / (1 - auc)), norm.ppf(0.975) * se / (auc * (1 - auc))
    return auc, float(1 / (1 + np.exp(half - logit))), float(1 / (1 + np.exp(-half - logit)))


def reliability(scores: list[pd.DataFrame]) -> list[dict[str, Any]]:
    """Half of each bin's width is its interval."""
    rows: list[dict[str, Any]] = []
    for frame in scores:
        index = np.minimum((frame["probability"] * 15).astype(int), 14)
        for number, own in frame.groupby(index):
            share = float(own["is_fake"].mean())
            about = {"cell": own["cell"].iloc[0], "bin": number, "n": len(own), "share": share}
            mean = float(own["probability"].mean())
            rows.append(about | {"probability": mean, "low": max(share - 0.1, 0), "high": min(share + 0.1, 1)})
    return rows


def _chance(auc: float, n: int) -> float:
    return float(norm.sf((auc - 0.5) / np.sqrt((2 * n + 1) / 12) * n))


def _roc(cell: str, real: np.ndarray, fake: np.ndarray, n: int) -> list[dict[str, Any]]:
    cuts = np.concatenate([[np.inf], np.sort(np.concatenate([real, fake]))[::-1][:: max(n // 60, 1)], [-np.inf]])
    rows = []
    for cut in cuts:
        tpr, fpr = float((fake >= cut).mean()), float((real >= cut).mean())
        centre, half = (tpr + 1.92 / n) / (1 + 3.84 / n), 1.96 * np.sqrt((tpr * (1 - tpr) + 0.96 / n) / n)
        rows.append(
            {"cell": cell, "fpr": fpr, "tpr": tpr, "threshold": cut}
            | {"tpr_low": max(centre - half, 0.0), "tpr_high": min(centre + half, 1.0)}
        )
    return rows
