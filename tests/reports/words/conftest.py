"""Runs of one or more generators in memory, as small as the sentences need them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reports.load import NUMBERS, TEXT, Run

# What a detector reached: AUC, its interval, and p against chance.
REACHED = {
    "clear": (0.9, 0.85, 0.95, 1e-9),
    "weak": (0.56, 0.501, 0.62, 0.02),  # tells at 95 %, and not at 99 %
    "chance": (0.509, 0.45, 0.57, 0.4),
    "below": (0.2, 0.12, 0.3, 1 - 1e-9),
    "no interval": (0.9, np.nan, np.nan, 1e-9),
    "no test": (0.9, 0.85, 0.95, np.nan),
    "no value": (np.nan, np.nan, np.nan, np.nan),
}


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """`run(...)`, over one folder of scores that are all validation images."""
    folder = tmp_path_factory.mktemp("synthetic")

    def make(
        detectors: list[str],
        *,
        sentinel: str = "",
        generators: dict[str, dict[str, Any]] | None = None,
        seeds: int = 1,
        detector_seeds: int = 1,
        audit: list[dict[str, Any]] | None = None,
        compared: str = "",
        cheap: bool = False,
        counts: dict[str, tuple[int, int]] | None = None,
        ignored: tuple[str, ...] = (),
    ) -> Run:
        """Makes a run.

        Args:
            detectors: What each detector reached on all generators: a key of `REACHED`, `"failed"` or `"absent"`.
            sentinel: The same of the sentinel for content; none if it is empty.
            generators: Id -> what the manifest says of it. Defaults to one DCGAN.
            seeds: Of each generator; its scores differ between them.
            detector_seeds: Of each detector.
            audit: Findings.
            compared: `"separable"` or `"tied"`: how the best detector compares with all others; no comparison if empty.
            cheap: The finding FB021 says that the sentinel beats chance on every generator.
            counts: Part -> reals and fakes; 100 each where it is silent.
            ignored: Numbers of findings.
        """
        generators = generators or {"tuned": {"kind": "dcgan", "trains": True}}
        named = {f"d{at}": reached for at, reached in enumerate(detectors)}
        rows = [*named.items(), *([("cheap", sentinel)] if sentinel else [])]
        cells, metrics, scores, validation = [], [], [], []
        sizes = {"train": (100, 100), "test": (100, 100), "validation": (100, 100)} | (counts or {})
        for generator in generators:
            for name, reached in rows:
                for seed, again in np.ndindex(seeds, detector_seeds):
                    if reached == "absent":
                        continue
                    about = {"generator": generator, "generator_seed": float(seed), "checkpoint": "final"}
                    about |= {"detector": name, "cell": f"c{len(cells)}", "perturbation": "none"}
                    failed = reached == "failed"
                    control = bool(generators[generator].get("control"))
                    cells.append(
                        about
                        | {"detector_seed": float(again), "status": "failed" if failed else "done", "error": "E: no"}
                        | {"purpose": "control" if control else "main", "table": "own", "train_generator": generator}
                        | {f"n_{part}_real": float(n[0]) for part, n in sizes.items() if part != "validation"}
                        | {f"n_{part}_fake": float(n[1]) for part, n in sizes.items() if part != "validation"}
                    )
                    if failed:
                        continue
                    auc, low, high, p = REACHED[reached]
                    row = about | {"scope": "cell", "detector_seed": float(again), "table": "own", "note": ""}
                    metrics.append(row | {"metric": "auc", "value": auc, "low": low, "high": high})
                    metrics.append(row | {"metric": "p_chance", "value": p, "low": np.nan, "high": np.nan})
                    same = bool(generators[generator].get("same"))
                    values = np.arange(4.0) + (0 if same else seed) + 10 * again
                    part = {"cell": about["cell"], "is_fake": [False, False, True, True], "score": values}
                    scores.append(pd.DataFrame(part | {"unit": range(4), "part": "test"}))
                    real, fake = sizes["validation"]
                    sides = np.repeat([False, True], [real, fake])
                    validation.append(pd.DataFrame({"cell": about["cell"], "is_fake": sides, "score": 0.0}))
        joined = [frame.assign(part="detector-validation") for frame in validation]
        none = pd.DataFrame({"cell": pd.Series(dtype=str), "part": "", "is_fake": False, "score": 0.0, "unit": 0})
        pd.concat(joined or [none]).to_parquet(folder / "scores.parquet")
        audit = list(audit or [])
        audit += [_finding("FB021", f"sentinel-content / {g}", g, "note") for g in generators if cheap]
        frames: dict[str, Any] = {name: _frame(name, []) for name in TEXT}
        frames |= {"cells": _frame("cells", cells), "metrics": _frame("metrics", metrics)}
        frames |= {"audit": _frame("audit", audit)}
        frames["comparisons"] = _compared(named, sentinel, list(generators), compared)
        manifest = {
            "generators": [{"id": name, **about} for name, about in generators.items()],
            "detectors": [{"id": name, "kind": "linear"} for name in named]
            + ([{"id": "cheap", "kind": "sentinel-content", "sentinel": "content"}] if sentinel else []),
            "ignored": list(ignored),
        }
        renamed = {"generators": "generators_frame", "ranks": "rankings"}
        frames = {renamed.get(name, name): frame for name, frame in frames.items()}
        frames["every_checkpoint"] = frames["generators_frame"]
        return Run(folder=folder, manifest=manifest, scores=pd.concat(scores or [none]), **frames)

    return make


def _finding(number: str, name: str, about: str, verdict: str) -> dict[str, Any]:
    return {"finding": number, "name": name, "about": about, "verdict": verdict, "smallest": np.nan}


def _frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows).reindex(columns=[*TEXT[name].split(), *NUMBERS[name].split()])
    text = {column: frame[column].astype(object).fillna("").astype(str) for column in TEXT[name].split()}
    return frame.assign(**text, **{column: frame[column].astype(float) for column in NUMBERS[name].split()})


def _compared(named: dict[str, str], sentinel: str, generators: list[str], how: str) -> pd.DataFrame:
    """Compares the highest detector with all others, and with the sentinel."""
    rows = []
    done = {name: REACHED[reached][0] for name, reached in named.items() if reached in REACHED}
    done = {name: value for name, value in done.items() if value == value}
    if how and done:
        best = max(done, key=lambda name: done[name])
        if sentinel in REACHED:
            done["cheap"] = REACHED[sentinel][0]
        for generator in generators:
            for name, value in done.items():
                row = {"generator": generator, "detector": name, "best": best, "difference": done[best] - value}
                rows.append(row | {"separable": how == "separable", "checkpoint": "final", "table": "own"})
    frame = _frame("comparisons", rows)
    return frame.assign(separable=[row["separable"] for row in rows] if rows else pd.Series(dtype=bool))
