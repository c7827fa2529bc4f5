"""A run folder with every file of the format, made by simulation in a fraction of a second."""

from __future__ import annotations

import itertools
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import norm

from benchmark.findings.registry import KINDS
from data.run_folder import TABLES, seal
from reports.figures.losses import LossFigure
from reports.figures.quality import QualityFigure
from reports.figures.reliability import ReliabilityFigure
from reports.figures.roc import RocFigure
from reports.figures.scores import ScoreFigure
from reports.figures.seeds import SeedFigure

DETECTORS = {
    "cnn": 4.5,
    "spectrum": 1.6,
    "linear-pixel": 1.9,
    "linear-dct": 2.0,
    "linear-log-dct": 4.3,
    "linear-fft": 2.2,
    "linear-log-fft": 3.4,
    "sentinel-content": 0.9,
    "sentinel-format": 0.02,
}
GENERATORS: dict[str, dict[str, Any]] = {
    "baseline": {"kind": "dcgan", "control": None, "ease": 1.0, "options": {"architecture": "small"}},
    "tuned": {"kind": "dcgan", "control": None, "ease": 0.55, "options": {"learning_rate": 0.0003}},
    "real-copy": {"kind": "real-copy", "control": "real-copy", "ease": 0.0, "options": {}},
    "noise": {"kind": "noise", "control": "noise", "ease": 4.0, "options": {}},
}
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
CHECKPOINTS = ("epoch-0005", "epoch-0010", "epoch-0020", "epoch-0040")
SHOWN: dict[str, tuple[str, ...]] = {
    "cnn": ("heat", "means"),
    "linear-pixel": ("heat", "means", "weights"),
    "sentinel-content": (),
}
PICKED = {"real called fake": 3, "fake called real": 0, "doubtful": 8}


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
    rows = _cells(rng, rename, failed, n, seeds)
    _write_csv(folder / "cells.csv", rows["cells"])
    _write_csv(folder / "metrics.csv", rows["metrics"] + rows["configuration"])
    _write_csv(folder / "roc.csv", rows["roc"])
    _write_csv(folder / "reliability.csv", _reliability(rows["scores"]))
    _write_csv(folder / "comparisons.csv", rows["comparisons"])
    _write_csv(folder / "ranks.csv", _ranks(rows["comparisons"], rows["metrics"]))
    none = pd.DataFrame({name: pd.Series(dtype=object) for name in TABLES["scores.parquet"].split()})
    pd.concat(rows["scores"] or [none]).to_parquet(folder / "scores.parquet", index=False)
    _write_csv(folder / "training.csv", _training(rng, rename, seeds))
    _write_csv(folder / "generators.csv", _generators(rename, seeds, quality, distances))
    columns = "generator,generator_seed,checkpoint,class,d_accuracy_real,d_accuracy_fake,d_loss_real,d_loss_fake,n"
    (folder / "classes.csv").write_text(columns + "\n")
    (folder / "histories.csv").write_text("generator,generator_seed,detector,detector_seed,epoch\n")
    (folder / "reconstruction.csv").write_text("generator,generator_seed\n")
    (folder / "identity.csv").write_text("generator,generator_seed,checkpoint,direction,transfer,identity_note\n")
    (folder / "components.csv").write_text("generator,detector,component,levels,variance,sd,low,high,note\n")
    (folder / "over_runs.csv").write_text("generator,measure,runs,value,low,high,note\n")
    _write_csv(folder / "audit.csv", _audit(rename, alarm))
    _images(folder, rng, rename, side, channels, quality)
    _explanations(folder / "explanations", rng, rename, side, channels)
    manifest = _manifest(rename, smoke, failed, n, seeds, side, channels)
    seal(folder, manifest)
    return folder


def write_robustness(folder: Path, rename: dict[str, str] | None = None) -> None:
    """Writes the made-up answer of `robustness` into a simulated run, which is to be sealed then.

    JPEG costs two detectors much, and training with it gives that back; noise costs nothing; and a chain hides `tuned`
    from both, whatever they learned from.
    """
    rename, rows = rename or {}, []
    aucs = {
        ("none", "none"): (0.99, 0.95), ("jpeg-90", "none"): (0.9, 0.8), ("jpeg-50", "none"): (0.7, 0.52),
        ("jpeg-90", "same"): (0.95, 0.93), ("jpeg-50", "same"): (0.9, 0.91), ("noise-2", "none"): (0.985, 0.945),
        ("noise-2", "same"): (0.985, 0.945), ("resize-0.5+jpeg-75", "none"): (0.6, 0.51),
        ("resize-0.5+jpeg-75", "same"): (0.62, 0.51),
    }  # fmt: skip
    names = [(generator, detector) for generator in ("baseline", "tuned") for detector in ("cnn", "linear-pixel")]
    for (generator, detector), (place, both) in itertools.product(names, aucs.items()):
        at = detector == "linear-pixel"
        pair = (0.51, 0.5) if generator == "tuned" and "+" in place[0] else both
        kind, _, strength = place[0].partition("-") if "+" not in place[0] else (place[0], "", "")
        about = {
            "generator": rename.get(generator, generator), "detector": rename.get(detector, detector),
            "preprocess": "none", "perturbation": place[0], "kind": "" if kind == "none" else kind,
            "strength": strength, "train": place[1], "runs": 3, "note": "mean of 3 training runs",
        }  # fmt: skip
        numbers = {"auc": pair[at], "tpr": 0.8, "fpr": 0.1}
        numbers |= {"drop": aucs["none", "none"][at] - pair[at]} if place[0] != "none" else {}
        numbers |= {"regained": pair[at] - aucs[place[0], "none"][at]} if place[1] == "same" else {}
        for metric, value in numbers.items():
            told = "" if metric in ("auc", "tpr", "fpr") else "above 0" if value > 0.03 else "no"
            rows.append(about | {"metric": metric, "value": value, "low": value - 0.03, "high": value + 0.03}
                        | {"told": told})  # fmt: skip
    (folder / "answers").mkdir(exist_ok=True)
    _write_csv(folder / "answers" / "robustness.csv", rows)


def write_transfer(
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


FIGURES = (LossFigure, QualityFigure, ReliabilityFigure, RocFigure, ScoreFigure, SeedFigure)
AFRESH = ("test_figures", "test_equal_")  # tests of the drawings themselves, and that the same are drawn again
_drawn: dict[tuple, str] = {}


@pytest.fixture(autouse=True)
def drawn_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws each figure once for all tests that only need a page: drawing takes most of a page's seconds."""
    if any(name in request.node.nodeid for name in AFRESH):
        return
    for kind in FIGURES:
        monkeypatch.setattr(kind, "svg", _once(kind.svg))


def _once(draw: Callable[..., str]) -> Callable[..., str]:
    def svg(self: Any, *arguments: Any, **keywords: Any) -> str:
        state = pickle.dumps({name: value for name, value in vars(self).items() if name != "_frame"})
        key = (draw.__qualname__, repr((arguments, keywords)), state)
        if key not in _drawn:
            _drawn[key] = draw(self, *arguments, **keywords)
        return _drawn[key]

    return svg


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """`write_run` into a fresh folder; a name allows several in one test."""

    def make(name: str = "run", **options: Any) -> Path:
        return write_run(tmp_path / name, **options)

    return make


@pytest.fixture
def with_transfer(run_folder: Path, sealed: Callable[[Path], Path], tmp_path: Path) -> Callable[..., Path]:
    """Writes a simulated run that has asked the question `transfer`, see `write_transfer` for the arguments."""

    def write(**keywords: Any) -> Path:
        folder = shutil.copytree(run_folder, tmp_path / "asked")
        write_transfer(folder, **keywords)
        cells = folder / "cells.csv"
        cells.write_text(cells.read_text().replace("real-copy", "older"))  # a third one, which only this question knows
        return sealed(folder)

    return write


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One simulated run for tests that only read."""
    return write_run(tmp_path_factory.mktemp("runs") / "digits")


@pytest.fixture(scope="session")
def hostile() -> dict[str, str]:
    """Names that a user may give: markup, quotes, paths, formulas, right to left, emoji, 300 letters, control signs."""
    return {
        "tuned": '"><script>/../$x_1$\x07',
        "baseline": "שלום 🐶 " + "long" * 75,
        "cnn": "<b>&amp;'\"",
        "linear-pixel": "A",
        "linear-dct": "a",
    }


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory, hostile: dict[str, str]) -> Path:
    """A simulated run with such names and two trainings of each generator."""
    return write_run(tmp_path_factory.mktemp("hostile") / "run", n=40, seeds=(0, 1), rename=hostile)


def _cells(rng, rename, failed, n, seeds) -> dict[str, list]:
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


def _ranks(comparisons: list[dict[str, Any]], metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
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


def _reliability(scores: list[pd.DataFrame]) -> list[dict[str, Any]]:
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


def _training(rng, rename, seeds) -> list[dict[str, Any]]:
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


def _generators(rename, seeds, quality, distances) -> list[dict[str, Any]]:
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


def _audit(rename, alarm) -> list[dict[str, Any]]:
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


def _images(folder: Path, rng, rename, side: int, channels: int, quality: bool) -> None:
    def grid(name: str, blur: float, columns: int = 8, rows: int = 6) -> None:
        y, x = np.mgrid[:side, :side] / side - 0.5
        tiles = np.empty((rows, columns, side, side, channels))
        for k in np.ndindex(rows, columns):
            radius = np.hypot(x - rng.normal() * 0.05, y - rng.normal() * 0.05)
            ring = np.exp(-(((radius - 0.28) / 0.1) ** 2)) * (1 - blur) + rng.random((side, side)) * blur
            tiles[k] = (ring * 255)[..., None] * (0.6 + 0.4 * rng.random(channels) if channels == 3 else 1)
        array = tiles.transpose(0, 2, 1, 3, 4).reshape(rows * side, columns * side, channels).astype(np.uint8)
        Image.fromarray(array[..., 0] if channels == 1 else array).save(folder / "images" / name)

    shape = {"rows": 6, "columns": 8, "height": side, "width": side}
    grid("real.png", 0.02)
    index = [{"file": "real.png", "kind": "real", "generator": "", "generator_seed": "", "checkpoint": ""} | shape]
    for number, (generator, facts) in enumerate(GENERATORS.items()):
        for k, checkpoint in enumerate(CHECKPOINTS if facts["kind"] == "dcgan" else ("final",)):
            name = f"grid-{number}-{checkpoint}.png"
            grid(name, {"noise": 1.0, "real-copy": 0.02}.get(facts["kind"], 0.6 / (k + 1)))
            index.append(
                {"file": name, "kind": "grid", "generator": rename.get(generator, generator)}
                | {"generator_seed": 0, "checkpoint": checkpoint, **shape}
            )
    for name in ("baseline", "tuned") if quality else ():
        grid(f"{name}-nearest.png", 0.1, rows=3)
        about = {"file": f"{name}-nearest.png", "kind": "nearest", "generator": rename.get(name, name)}
        index.append(about | {"generator_seed": 0, "checkpoint": CHECKPOINTS[-1], **shape, "rows": 3})
    _write_csv(folder / "images" / "index.csv", index)


def _explanations(folder: Path, rng, rename, side: int, channels: int) -> None:
    """Writes figures of noise, and the tables that say what they are."""
    folder.mkdir()
    index: list[dict[str, Any]] = []
    picks: list[dict[str, Any]] = []
    spectra = []

    def figure(name: str, kind: str, rows: int, columns: int, depth: int, **about: Any) -> None:
        pixels = rng.integers(0, 256, (rows * side, columns * side, depth), dtype=np.uint8)
        Image.fromarray(pixels[..., 0] if depth == 1 else pixels).save(folder / f"{name}.png")
        size = {"rows": rows, "columns": columns, "height": side, "width": side}
        index.append({"file": f"{name}.png", "data": "", "kind": kind, "detector": "", **about, **size, "limit": 1.5})

    for generator in ("baseline", "tuned"):
        of = {"generator": rename.get(generator, generator), "generator_seed": 0}
        figure(f"{generator}-spectrum", "spectrum", 1, 3, 3, **of, low=10, high=60)
        radius = np.arange(side // 2 + 1)
        table = pd.DataFrame({"radius": radius, "frequency": radius / side, "real": 60.0 - radius})
        table = table.assign(fake=table["real"] + radius**2 / 9, difference=radius**2 / 9, real_se=0.1, fake_se=0.2)
        spectra.append(table.assign(**of, n_real=300, n_fake=200))
        for detector, kinds in SHOWN.items():
            by = of | {"detector": rename.get(detector, detector), "detector_seed": 0}
            for kind in ("picks", *kinds):
                planes = {"means": 2, "weights": channels}.get(kind)
                rows, columns, depth = (1, planes, 3) if planes else (3, 8, channels if kind == "picks" else 3)
                figure(f"{generator}-{detector}-{kind}", kind, rows, columns, depth, **by)
            for row, (kind, n) in enumerate(PICKED.items()):
                for column in range(n):
                    place = {"kind": kind, "row": row, "column": column, "image_id": f"test/{column}"}
                    fake = kind == "doubtful" and column % 2 == 0
                    picks.append(by | place | {"is_fake": fake, "score": 0.5 - column / 10, "threshold": 0.25})
    pd.DataFrame(index).to_csv(folder / "index.csv", index=False)
    pd.DataFrame(picks).to_csv(folder / "picks.csv", index=False)
    pd.concat(spectra).to_csv(folder / "spectra.csv", index=False)


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


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    pd.DataFrame(rows, columns=None if rows else TABLES[path.name].split()).to_csv(path, index=False)


def write_learning_curve(folder: Path, rename: dict[str, str] | None = None) -> None:
    """Writes the made-up answer of `learning_curve` into a simulated run, which is to be sealed then.

    `baseline` is easy from the first size on for one detector; nothing finds `tuned` well, and one detector failed.
    """
    rename, rows = rename or {}, []
    aucs = {("baseline", "cnn"): (0.95, 0.97, 0.999), ("baseline", "linear-pixel"): (0.6, 0.8, 0.93),
            ("tuned", "cnn"): (0.55, 0.6, 0.7), ("tuned", "linear-pixel"): (None, 0.55, 0.6),
            ("tuned", "sentinel-content"): (0.9, 0.95, 0.97)}  # fmt: skip
    needed = {("baseline", "cnn"): (8, None, 8), ("baseline", "linear-pixel"): (300, 64, None),
              ("tuned", "sentinel-content"): (8, None, 64)}  # fmt: skip
    for (generator, detector), values in aucs.items():
        about = {"generator": rename.get(generator, generator), "detector": rename.get(detector, detector)}
        for n, auc in zip((8, 64, 300), values, strict=True):
            train, fakes = n * 2 // 3, min(n, 200)
            row = {"kind": "auc", "n": n, "n_train_real": train, "n_train_fake": min(train, fakes), "n_real": n}
            row |= {"n_validation_real": n - train, "n_fake": fakes, "all_images": n == 300, "runs": 1, "value": auc}
            row |= {"draws": 5 if n < 300 else 1, "note": "mean of 5 draws" if auc else "5 of 5 trainings failed"}
            ends = {"low": auc - 0.04, "high": min(auc + 0.04, 1)} if auc else {}
            rows.append(about | row | ends)
        value, low, high = needed.get((generator, detector), (None, 300, None))
        note = "not reached" if value is None else "at or below the smallest number" if value == 8 else ""
        for threshold in (0.75, 0.9, 0.99):
            numbers = {"threshold": threshold, "value": value, "low": low, "high": high}
            rows.append(about | {"kind": "needed", "note": note} | numbers)
    (folder / "answers").mkdir(exist_ok=True)
    _write_csv(folder / "answers" / "learning_curve.csv", rows)


@pytest.fixture
def with_learning_curve(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> Path:
    """A simulated run that asked `learning_curve`."""
    folder = make_run()
    write_learning_curve(folder)
    return sealed(folder)


def write_along_training(folder: Path, rename: dict[str, str] | None = None) -> None:
    """Writes the made-up answer of `along_training` into a simulated run, which is to be sealed then.

    `baseline` gets better and harder to the end, `tuned` is hardest at epoch 20 and has a last checkpoint that failed
    for one detector.
    """
    rename, rows = rename or {}, []
    aucs = {("baseline", "cnn"): (1.0, 0.97, 0.9, 0.8), ("baseline", "linear-pixel"): (0.9, 0.7, 0.6, 0.55),
            ("tuned", "cnn"): (0.99, 0.9, 0.7, 0.85),
            ("tuned", "sentinel-content"): (0.99, 0.9, 0.8, None)}  # fmt: skip
    distances = {"baseline": (40, 20, 9, 4), "tuned": (30, 12, 6, 7)}
    for (generator, detector), values in aucs.items():
        about = {"generator": rename.get(generator, generator), "detector": rename.get(detector, detector)}
        about |= {"runs": 1, "family": "", "sampling": ""}
        about |= {"family": generator, "sampling": "truncation = None"} if generator == "baseline" else {}
        lowest = min(value for value in values if value)
        for name, auc, fd in zip(CHECKPOINTS, values, distances[generator], strict=True):
            place = {"checkpoint": name, "epoch": int(name[-4:]), "is_last": name == CHECKPOINTS[-1], "fd": fd}
            place |= {"fd_low": fd - 2, "fd_high": fd + 2, "note": "one training run" if auc else "1 of 1 cells failed"}
            frontier = (generator, name) in (("baseline", "epoch-0040"), ("tuned", "epoch-0020"))
            ends = {"value": auc, "low": auc - 0.05, "high": min(auc + 0.05, 1), "frontier": frontier} if auc else {}
            rows.append(about | {"kind": "auc", "lesson": "own"} | place | ends)
            if name != CHECKPOINTS[-1]:
                rows.append(about | {"kind": "auc", "lesson": "last"} | place | ends | {"frontier": ""})
        at = CHECKPOINTS[values.index(lowest)]
        hardest = {"kind": "hardest", "lesson": "own", "checkpoint": at, "value": int(at[-4:])}
        hardest |= {"low": 20, "high": 40, "epoch": 20} if generator == "baseline" else {"low": 20, "high": 20}
        together = {"kind": "together", "lesson": "own", "value": 0.9}
        told = {"low": 0.5, "high": 0.98, "note": "mean of 3 training runs"}
        short = {"note": "cannot tell: 4 points, of at least 6"}
        rows += [about | hardest | {"note": ""}, about | together | (told if generator == "baseline" else short)]
    (folder / "answers").mkdir(exist_ok=True)
    _write_csv(folder / "answers" / "along_training.csv", rows)


@pytest.fixture
def with_along_training(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> Path:
    """A simulated run that asked `along_training`."""
    folder = make_run()
    write_along_training(folder)
    return sealed(folder)


@pytest.fixture
def hostile_answers(make_run: Callable[..., Path], sealed: Callable[[Path], Path], hostile: dict[str, str]) -> Path:
    """A simulated run with hostile names that asked questions."""
    folder = make_run("hostile", rename=hostile)
    write_learning_curve(folder, hostile)
    write_along_training(folder, hostile)
    return sealed(folder)
