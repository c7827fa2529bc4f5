from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from reports.load import load
from reports.sections import summary, tables
from reports.sections.summary import sentences


def test_the_answer_names_best_ties_weakest_and_failed(run_folder: Path) -> None:
    run = load(run_folder)
    entries = tables.table(run)
    found = summary.verdict(run, run.generators[1], entries)
    assert found.best == max(found.done, key=lambda name: found.done[name].value)
    assert found.failed == ["spectrum"]
    text = summary.answer(found)
    assert text.startswith("tuned: All 6 detectors that finished tell its images from real ones.")
    assert f"Best is {found.best}, AUC {summary.value(found.done[found.best])}" in text
    assert f"Weakest is {found.weakest}" in text
    assert text.endswith("Failed: spectrum.")
    assert "sentinel" not in text


def test_sentences_in_order(run_folder: Path) -> None:
    lines = sentences(run_folder)
    starts = ["In part failed", "Alarm: sentinel-format", "On digits (1,797 grey images", "baseline:", "tuned:"]
    starts += [
        "Control real-copy held",
        "Control noise held",
        "Cheap image statistics",
        "With 300 test images",
        "One training",
    ]
    assert len(lines) == len(starts)
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))


def test_a_smoke_run_is_called_one_first(make_run: Callable[..., Path]) -> None:
    assert sentences(make_run(smoke=True, n=40))[0].startswith("Smoke run, not a result")


def test_a_clean_run_has_no_stamp(make_run: Callable[..., Path]) -> None:
    assert sentences(make_run(failed=(), alarm=False, n=40))[0].startswith("On digits")


def test_detectors_that_guess_are_named(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=60, failed=())
    metrics = pd.read_csv(folder / "metrics.csv")
    guessing = (metrics["metric"] == "auc") & (metrics["generator"] == "tuned") & (metrics["detector"] != "cnn")
    metrics.loc[guessing, ["value", "low", "high"]] = [0.52, 0.45, 0.59]
    metrics.to_csv(folder / "metrics.csv", index=False)
    sealed(folder)
    line = next(line for line in sentences(folder) if line.startswith("tuned:"))
    assert "1 of 7 detectors tell its images from real ones." in line
    assert "No better than guessing: spectrum" in line
    metrics.loc[metrics["generator"] == "tuned", ["value", "low", "high"]] = [0.52, 0.45, 0.59]
    metrics.to_csv(folder / "metrics.csv", index=False)
    sealed(folder)
    assert any("No detector tells its images from real ones" in line for line in sentences(folder))


def test_a_control_that_fails_is_shouted(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    audit = pd.read_csv(folder / "audit.csv")
    audit.loc[audit["name"] == "real-copy", "verdict"] = "alarm"
    audit.to_csv(folder / "audit.csv", index=False)
    lines = sentences(sealed(folder))
    assert any(line.startswith("Control real-copy FAILED") for line in lines)
    assert any(line.startswith("Alarm: real-copy") for line in lines)


def test_cheap_statistics_that_lead_are_the_best_and_said_to_be_cheap(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=60, failed=())
    metrics = pd.read_csv(folder / "metrics.csv")
    cheap = (metrics["metric"] == "auc") & (metrics["generator"] == "tuned")
    metrics.loc[cheap & (metrics["detector"] == "sentinel-content"), ["value", "low", "high"]] = [0.99, 0.98, 0.995]
    metrics.to_csv(folder / "metrics.csv", index=False)
    comparisons = pd.read_csv(folder / "comparisons.csv")
    comparisons.loc[comparisons["generator"] == "tuned", ["best", "separable"]] = ["sentinel-content", True]
    comparisons.to_csv(folder / "comparisons.csv", index=False)
    sealed(folder)
    line = next(line for line in sentences(folder) if line.startswith("tuned:"))
    assert "All 7 detectors tell" in line
    assert "Best is sentinel-content, AUC 0.990 [0.980, 0.995]." in line
    assert "Cheap image statistics alone (sentinel-content) see more than any detector: the best detector, " in line


def test_images_of_one_person_count_once_in_the_least_auc(
    make_run: Callable[..., Path],
    sealed: Callable[[Path], Path],
) -> None:
    folder = make_run(n=60, failed=())
    assert any(
        "With 60 test images of a class, even" in line and "at least 0.951" in line for line in sentences(folder)
    )
    scores = pd.read_parquet(folder / "scores.parquet")
    number = scores.groupby(["cell", "is_fake"], observed=True).cumcount()
    scores["unit"] = np.where(scores["is_fake"], 1000 + number, number % 12)  # each fake is alone
    scores.to_parquet(folder / "scores.parquet")
    sealed(folder)
    line = next(line for line in sentences(folder) if line.startswith("With 60 test images"))
    assert "of 12 units (persons, sources, copies), even" in line
    assert "at least 0.779" in line  # 0.05 ** (1 / 12)
