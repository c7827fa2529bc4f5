"""A run folder with every file of the format, made by simulation in a fraction of a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from made_cells import cells, ranks, reliability
from made_generators import audit, generators, training
from made_names import DETECTORS, GENERATORS, write_csv
from made_pictures import explanations, images

from data.run_folder import TABLES, seal


def write_run(
    folder: Path,
    *,
    smoke: bool = False,
    failed: tuple[tuple[str, str], ...] = (("tuned", "spectrum"),),
    rename: dict[str, str] | None = None,
    n: int = 300,
    seeds: tuple[int, ...] = (0,),
    alarm: bool = True,
    side: int = 8,
    channels: int = 1,
    quality: bool = True,
    distances: bool = False,
) -> Path:
    """Writes a simulated run folder: two DCGAN configurations, two controls, nine detectors.

    Args:
        folder: Where to write.
        smoke: Mark the run as a smoke run.
        failed: (generator, detector) pairs whose cells fail.
        rename: New ids for generators and detectors.
        n: Real and fake test images per cell.
        seeds: Generator seeds.
        alarm: One audit row alarms.
        side: Image height and width.
        channels: 1 or 3.
        quality: `generators.csv` has the columns of quality, and there are pictures of nearest images.
        distances: `generators.csv` has FID and KID of the last checkpoints.
    """
    rename = rename or {}
    rng = np.random.default_rng(7)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = cells(rng, rename, failed, n, seeds)
    write_csv(folder / "cells.csv", rows["cells"])
    write_csv(folder / "metrics.csv", rows["metrics"] + rows["configuration"])
    write_csv(folder / "roc.csv", rows["roc"])
    write_csv(folder / "reliability.csv", reliability(rows["scores"]))
    write_csv(folder / "comparisons.csv", rows["comparisons"])
    write_csv(folder / "ranks.csv", ranks(rows["comparisons"], rows["metrics"]))
    none = pd.DataFrame({name: pd.Series(dtype=object) for name in TABLES["scores.parquet"].split()})
    pd.concat(rows["scores"] or [none]).to_parquet(folder / "scores.parquet", index=False)
    write_csv(folder / "training.csv", training(rng, rename, seeds))
    write_csv(folder / "generators.csv", generators(rename, seeds, quality, distances))
    columns = "generator,generator_seed,checkpoint,class,d_accuracy_real,d_accuracy_fake,d_loss_real,d_loss_fake,n"
    (folder / "classes.csv").write_text(columns + "\n")
    (folder / "histories.csv").write_text("generator,generator_seed,detector,detector_seed,epoch\n")
    (folder / "reconstruction.csv").write_text("generator,generator_seed\n")
    (folder / "identity.csv").write_text("generator,generator_seed,checkpoint,direction,transfer,identity_note\n")
    (folder / "components.csv").write_text("generator,detector,component,levels,variance,sd,low,high,note\n")
    (folder / "over_runs.csv").write_text("generator,measure,runs,value,low,high,note\n")
    write_csv(folder / "audit.csv", audit(rename, alarm))
    images(folder, rng, rename, side, channels, quality)
    explanations(folder / "explanations", rng, rename, side, channels)
    manifest = _manifest(rename, smoke, failed, n, seeds, side, channels)
    seal(folder, manifest)
    return folder


def _manifest(rename, smoke, failed, n, seeds, side, channels) -> dict[str, Any]:
    def named(name: str) -> str:
        return rename.get(name, name)

    stages = [
        {
            "id": f"train_generator {named(g)} seed {s}",
            "stage": "train_generator",
            "key": f"{k:02d}ab34cd56ef",
        }
        | {"status": "done", "seconds": 14.2, "error": None}
        for k, g in enumerate(GENERATORS)
        for s in seeds
    ]
    return {
        "name": "digits",
        "result": "7a" * 32,
        "command": "fauxbench run" + (" --smoke" if smoke else ""),
        "smoke": smoke,
        "ignored": [],
        "spec": {
            "dataset": {"name": "digits"},
            "protocol": {"generator_seeds": list(seeds), "detector_seeds": [0]},
        },
        "started": "2026-11-20T12:00:00+00:00",
        "finished": "2026-11-20T12:01:20+00:00",
        "seconds": 80.2,
        "jobs": 1,
        "dataset": {"name": "digits", "n": 1797, "digest": "9f" * 32, "height": side, "width": side}
        | {"channels": channels, "classes": [str(k) for k in range(10)], "levels": 17, "ledger_seed": 0}
        | {"parts": {"generator-train": 900, "detector-train": 360, "detector-validation": 180, "test": n}}
        | {"dropped": {"exact duplicate": 3}, "notes": ["All ten digits of the UCI test set."]},
        "generators": [
            {"id": named(name), "kind": facts["kind"], "origin": f"generation/{facts['kind']}.py:40"}
            | {"control": facts["control"], "options": facts["options"]}
            for name, facts in GENERATORS.items()
        ],
        "detectors": [
            {"id": named(name), "kind": name, "origin": f"detection/{name}.py:12", "options": {}}
            | {"sentinel": name.removeprefix("sentinel-") if name.startswith("sentinel") else None}
            for name in DETECTORS
        ],
        "stages": stages,
        "failures": [
            {
                "stage": f"score {named(g)} {named(d)}",
                "cell": "c0010",
                "error": "ValueError: scores are constant",
            }
            | {"traceback": "Traceback (most recent call last):\n  ...\nValueError: scores are constant"}
            for g, d in failed
        ],
        "seeds": {"ledger": 0, "generator": list(seeds), "detector": [0]},
        "versions": {"fauxbench": "0.1.0", "python": "3.11.7", "keras": "3.15.1", "numpy": "2.4.0"},
        "backend": "tensorflow",
        "precision": "float32",
        "threads": 1,
        "devices": ["CPU"],
        "cpu": "a processor",
        "platform": "Linux",
    }
