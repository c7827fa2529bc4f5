from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.load import load
from reports.sections import provenance, summary, tables
from reports.words import verdicts


def sentences(folder: Path) -> list[str]:
    return summary.sentences(load(folder))


def test_the_answer_names_best_ties_lowest_and_failed(run_folder: Path) -> None:
    run = load(run_folder)
    entries = tables.table(run)
    found = verdicts.verdict(run, run.generators[1], entries)
    assert found.best == max(found.done, key=lambda name: found.done[name].value)
    assert found.claims.named("failed") == ["spectrum"]
    text = verdicts.answer(found)
    assert text.startswith(
        "tuned: 6 of 7 detectors tell its images from real ones, family-wise at 99 % over 6 detectors (Holm). "
    )
    assert f"is {found.best}, AUC {verdicts.value(found.done[found.best])}, DOUBTFUL" in text
    assert "Doubtful: it stands under the alarm sentinel-format / tuned (FB020)." in text
    assert f"Lowest is {found.weakest}" in text
    assert "Failed (1): spectrum." in text


def test_sentences_in_order(run_folder: Path) -> None:
    lines = sentences(run_folder)
    starts = ["In part failed", "Alarm: sentinel-format", "On digits (1,797 grey images", "baseline:", "tuned:"]
    starts += ["Control real-copy held", "Control noise held", "With 300 test images", "One training"]
    assert len(lines) == len(starts)
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))


def asked_of(folder: Path, question: str, *, failed: int) -> None:
    """Adds a failed cell or several of a question to a run, and a finished one."""
    cells = pd.read_csv(folder / "cells.csv", keep_default_na=False)
    more = cells[cells["status"] == "done"].head(failed + 1)
    status = ["failed"] * failed + ["done"]
    more = more.assign(
        cell=[f"{question}{at}" for at in range(failed + 1)], question=question, status=status, error="no"
    )
    pd.concat([cells.assign(question=cells.get("question", "own")), more]).to_csv(folder / "cells.csv", index=False)


def test_a_failed_cell_of_a_question_is_of_that_question(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(failed=(), n=40)
    asked_of(folder, "learning_curve", failed=1)
    run = load(sealed(folder))
    said = "In part failed: 1 of 2 cells of the question learning curve failed, and none of the main table."
    assert summary.stamps(run)[0] == said
    assert [row["what"].partition(" (")[2] for row in provenance.failures(run)] == ["question learning curve)"]

    both = make_run("both", n=40)
    asked_of(both, "learning_curve", failed=1)
    asked_of(both, "robustness", failed=2)
    said = (
        "In part failed: 1 of 36 cells, 1 of 2 cells of the question learning curve and 2 of 3 cells of the question "
    )
    assert summary.stamps(load(sealed(both)))[0] == f"{said}robustness failed."


def test_a_smoke_run_is_called_one_first(make_run: Callable[..., Path]) -> None:
    assert sentences(make_run(smoke=True, n=40))[0].startswith("Smoke run, not a result")


def test_a_clean_run_has_no_stamp(make_run: Callable[..., Path]) -> None:
    assert sentences(make_run(failed=(), alarm=False, n=40))[0].startswith("On digits")


def test_detectors_that_guess_are_named(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=60, failed=())
    metrics = pd.read_csv(folder / "metrics.csv")
    guessing = (metrics["metric"] == "auc") & (metrics["generator"] == "tuned") & (metrics["detector"] != "cnn")
    metrics.loc[guessing, ["value", "low", "high"]] = [0.52, 0.45, 0.59]
    chance = (metrics["metric"] == "p_chance") & (metrics["generator"] == "tuned")
    metrics.loc[chance & (metrics["detector"] != "cnn"), "value"] = 0.2
    metrics.to_csv(folder / "metrics.csv", index=False)
    sealed(folder)
    line = next(line for line in sentences(folder) if line.startswith("tuned:"))
    assert "1 of 7 detectors tells its images from real ones, family-wise at 99 % over 7 detectors (Holm)." in line
    assert "Not separable from guessing (6): spectrum" in line
    metrics.loc[chance, "value"] = 0.2
    metrics.loc[(metrics["generator"] == "tuned") & ~chance, ["value", "low", "high"]] = [0.52, 0.45, 0.59]
    metrics.to_csv(folder / "metrics.csv", index=False)
    sealed(folder)
    assert any("None of 7 detectors is shown to tell its images from real ones" in line for line in sentences(folder))


def test_a_control_that_fails_is_shouted(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    audit = pd.read_csv(folder / "audit.csv")
    audit.loc[audit["name"] == "real-copy", "verdict"] = "alarm"
    audit.to_csv(folder / "audit.csv", index=False)
    lines = sentences(sealed(folder))
    assert any(line.startswith("Control real-copy FAILED") for line in lines)
    assert any(line.startswith("Alarm: real-copy") for line in lines)


CHEAP = "Cheap image statistics alone (sentinel-content) beat chance (family-wise at 99 %): "


@pytest.mark.parametrize(
    ("separable", "value", "said"),
    [
        (True, 0.99, "0.990 [0.980, 0.995], more than any detector (paired test at 95 %)."),
        (False, 0.99, "0.990 [0.980, 0.995], not separable from cnn (paired test at 95 %)."),
        (True, 0.60, "0.600 [0.590, 0.605]."),
    ],
)
def test_cheap_statistics_are_no_detector_and_see_more_only_where_a_test_says_so(
    make_run: Callable[..., Path],
    sealed: Callable[[Path], Path],
    separable: bool,
    value: float,
    said: str,
) -> None:
    folder = make_run(n=60, failed=())
    metrics = pd.read_csv(folder / "metrics.csv")
    auc = (metrics["metric"] == "auc") & (metrics["generator"] == "tuned")
    cheap = auc & (metrics["detector"] == "sentinel-content")
    metrics.loc[cheap, ["value", "low", "high"]] = [value, value - 0.01, value + 0.005]
    metrics.loc[auc & (metrics["detector"] == "cnn"), ["value", "low", "high"]] = [0.98, 0.97, 0.985]
    metrics.to_csv(folder / "metrics.csv", index=False)
    comparisons = pd.read_csv(folder / "comparisons.csv")
    tuned = comparisons["generator"] == "tuned"
    comparisons.loc[tuned, ["best", "separable"]] = ["cnn", separable]
    comparisons.loc[tuned & (comparisons["detector"] == "sentinel-content"), "difference"] = 0.98 - value
    comparisons.to_csv(folder / "comparisons.csv", index=False)
    line = next(line for line in sentences(sealed(folder)) if line.startswith("tuned:"))
    assert CHEAP + said in line
    assert "is cnn, AUC 0.980" in line
    assert "7 detectors" in line
    assert not re.search("(Best|Highest|Lowest|It) is sentinel", line)


def test_cheap_statistics_that_do_not_beat_chance_are_not_said(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=60)
    audit = pd.read_csv(folder / "audit.csv")
    audit.loc[audit["name"] == "sentinel-content / tuned", "verdict"] = "pass"
    audit.to_csv(folder / "audit.csv", index=False)
    baseline, tuned = (
        next(line for line in sentences(sealed(folder)) if line.startswith(name)) for name in ("baseline:", "tuned:")
    )
    assert CHEAP in baseline
    assert "Cheap" not in tuned


def test_a_second_control_is_judged_by_its_own_finding(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=40, rename={"real-copy": "halves"})
    audit = pd.read_csv(folder / "audit.csv")
    own = audit[audit["name"] == "real-copy"].assign(
        name="real-copy / halves", about="halves", verdict="cannot tell", smallest=np.nan
    )
    pd.concat([audit, own]).to_csv(folder / "audit.csv", index=False)
    lines = sentences(sealed(folder))
    assert any(line.startswith("Control halves cannot tell: on real images called fake") for line in lines)


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


def test_what_a_smoke_run_leaves_out_has_not_failed(make_run: Callable[..., Path]) -> None:
    said = {}
    for smoke in (False, True):
        run = load(make_run(f"smoke-{smoke}", smoke=smoke, failed=(), n=40))
        entries = tables.table(run)
        generator, left = run.generators[1], [one.id for one in run.detectors if not one.role][1:]
        entries |= {(name, generator.id): tables.Entry() for name in left}
        said[smoke] = verdicts.answer(verdicts.verdict(run, generator, entries))
    for smoke, words in (
        (False, (" of 7 detectors ", "Not run (6)")),
        (True, ("one detector tried ", "by --smoke (6)")),
    ):
        assert all(word in said[smoke] for word in words), said[smoke]
