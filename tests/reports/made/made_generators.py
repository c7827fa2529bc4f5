"""What a made-up run says of its generators: their training, the quality of their images, and what checks found."""

from __future__ import annotations

from typing import Any

import numpy as np
from made_names import CHECKPOINTS, GENERATORS

from benchmark.findings.registry import KINDS


def training(rng, rename, seeds) -> list[dict[str, Any]]:
    steps = np.arange(1, 1201)
    rows = []
    for generator in ("baseline", "tuned"):
        for seed in seeds:
            drift = np.cumsum(rng.normal(size=len(steps))) * 0.004
            for k, step in enumerate(steps):
                d, g = 0.55 + drift[k] + rng.normal() * 0.08, 1.4 - drift[k] + rng.normal() * 0.25
                rows.append(
                    {"generator": rename.get(generator, generator), "generator_seed": seed, "step": step}
                    | {"epoch": step // 30 + 1, "d_loss": d, "g_loss": g, "d_real": 0.7 + rng.normal() * 0.05}
                    | {"d_fake": 0.3 + rng.normal() * 0.05, "images_per_second": 4000.0}
                )
    return rows


def generators(rename, seeds, quality, distances) -> list[dict[str, Any]]:
    return [
        {"generator": rename.get(name, name), "generator_seed": seed, "checkpoint": checkpoint}
        | {"kind": facts["kind"], "control": facts["control"] or "", "seconds": 14.2}
        | {"parameters": 61_000 if facts["kind"] == "dcgan" else 0, "images_per_second": 4011.0}
        | (_quality(facts, k, checkpoint) if quality and name != "real-copy" else {})
        | (_distances() if distances and name != "real-copy" and checkpoint in (CHECKPOINTS[-1], "final") else {})
        for name, facts in GENERATORS.items()
        for seed in seeds
        for k, checkpoint in enumerate(CHECKPOINTS if facts["kind"] == "dcgan" else ("final",))
    ]


def _quality(facts, k, checkpoint) -> dict[str, Any]:
    """FD is lowest one checkpoint before the last."""
    fd = (40 if facts["control"] else 8) * (1 + facts["ease"]) / (1 + min(k, 4 - k))
    values = {"fd": fd, "kd": fd / 40, "precision": 0.74, "recall": 0.93, "density": 0.4}
    values |= {"coverage": 1 / (1 + fd / 10), "memorisation": 0.55}
    floors = {"fd": 0.7, "kd": -0.03, "precision": 0.96, "recall": 0.96, "density": 0.95, "coverage": 0.97}
    floors |= {"memorisation": 0.5}
    row: dict[str, Any] = {}
    for name, value in values.items():
        row |= {name: value, f"{name}_low": 0.9 * value, f"{name}_high": 1.1 * value, f"{name}_floor": floors[name]}
    row |= {"fd_train": fd, "fd_gap": 0.0, "fd_gap_low": -1.0, "fd_gap_high": 1.0, "n_quality": 449}
    row |= {"extractor": "classes-cnn64-v1", "extractor_digest": "bcba0defbb1d", "extractor_accuracy": 0.967}
    return row | {"quality_note": ""}


def _distances() -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value, floor in (("fid", 61.53, 21.5), ("kid", 0.0123, -0.0001)):
        row |= {name: value, f"{name}_low": 0.9 * value, f"{name}_high": 1.1 * value, f"{name}_floor": floor}
    row |= {"n_fid": 1449, "inception": "6726825d" + 7 * "01234567"}
    return row | {"inception_note": "the FID of 1,449 images is biased upward"}


def audit(rename, alarm) -> list[dict[str, Any]]:
    known = {kind.name: kind.number for kind in KINDS.values()}

    def row(name, value, low, high, verdict, advice=""):
        kind, _, about = name.partition(" / ")
        row = {"finding": known[kind], "name": name, "about": about, "value": value, "low": low, "high": high}
        return row | {"smallest": 0.55, "verdict": verdict, "advice": advice}

    tuned = rename.get("tuned", "tuned")
    return [
        row("real-copy", 0.231, np.nan, np.nan, "pass", "None of 9 detectors tells reals from reals."),
        row("noise", 1.0, np.nan, np.nan, "pass", "cnn catches noise, as it must."),
        row(f"sentinel-format / {rename.get('baseline', 'baseline')}", 0.504, 0.458, 0.551, "pass"),
        row(f"sentinel-format / {tuned}", 0.61, 0.56, 0.65, "alarm", "Border rows differ. Check the padding.")
        if alarm
        else row(f"sentinel-format / {tuned}", 0.51, 0.46, 0.55, "pass"),
        row(f"sentinel-content / {rename.get('baseline', 'baseline')}", 0.7, 0.66, 0.75, "note", "Cheap."),
        row(f"sentinel-content / {tuned}", 0.6, 0.55, 0.65, "note", "Cheap."),
        row("ledger-disjoint", 0, np.nan, np.nan, "pass"),
        row("repeated-fakes", 3, np.nan, np.nan, "note", "3 test fakes are training fakes too."),
        row(f"value-grid / {tuned}", 0, np.nan, np.nan, "pass"),
    ]
