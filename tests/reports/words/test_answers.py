"""What the first screen says is what the tests of the tables allow, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reports.load import NUMBERS, TEXT, Run
from reports.sections import tables
from reports.words import answers, verdicts

BOTH = {"old": {"kind": "dcgan", "trains": True}, "new": {"kind": "dcgan", "trains": True}}
CANNOT = "cannot rank: all 2 are near the end of the scale"


def ranks(run: Run, rows: list[dict[str, Any]]) -> Run:
    """The run with these rows of ranks.csv."""
    common = {"table": "own", "perturbation": "none", "asked_checkpoint": "last", "train_perturbation": "none"}
    frame = pd.DataFrame([common | row for row in rows])
    frame = frame.reindex(columns=[*TEXT["ranks"].split(), *NUMBERS["ranks"].split()])
    text = {column: frame[column].astype(object).fillna("").astype(str) for column in TEXT["ranks"].split()}
    return replace(run, rankings=frame.assign(**text))


def together(detectors: list[str], low: float, high: float, *, generator: str = "tuned", seeds: int = 1) -> list[dict]:
    """Intervals that hold for all detectors together: the first has the highest."""
    return [
        {"scope": "detectors", "generator": generator, "generator_seed": float(seed), "checkpoint": "final"}
        | {"detector": name, "best_low": low - 0.1 * at, "best_high": high - 0.1 * at, "p_chance_holm": 1e-6}
        for seed in range(seeds)
        for at, name in enumerate(detectors)
    ]


def judged(detector: str, ends: dict[str, tuple[float, float]], note: str = "") -> list[dict[str, Any]]:
    """The ranks of the generators for one detector; 1 is the easiest."""
    return [
        {"scope": "configurations", "generator": name, "detector": detector, "rank_low": low, "rank_high": high}
        | {"note": note}
        for name, (low, high) in ends.items()
    ]


def said(run: Run) -> str:
    entries = tables.table(run)
    found = [verdicts.verdict(run, generator, entries) for generator in run.generators if not generator.role]
    return answers.text(answers.headline(run, found))


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.93, 0.97, "easy to detect"),
        (0.89, 0.99, "detectable, neither easy nor hard"),
        (0.55, 0.69, "hard to detect"),
        (0.55, 0.72, "detectable, neither easy nor hard"),
        (np.nan, np.nan, "detectable, neither easy nor hard"),
    ],
)
def test_easy_and_hard_need_an_interval_that_holds_for_all_detectors(
    synthetic: Callable[..., Run], low: float, high: float, word: str
) -> None:
    run = synthetic(["clear", "clear"])
    assert said(ranks(run, together(["d0", "d1"], low, high))) == f"Fakes of tuned are {word}."


def test_without_intervals_over_all_detectors_the_highest_makes_nothing_easy(synthetic: Callable[..., Run]) -> None:
    assert said(synthetic(["clear", "clear"])) == "Fakes of tuned are detectable, neither easy nor hard."


def test_over_several_trainings_a_word_must_hold_in_each(synthetic: Callable[..., Run]) -> None:
    rows = together(["d0", "d1"], 0.95, 0.99, seeds=3)
    run = synthetic(["clear", "clear"], seeds=3)
    mean = run.metrics[(run.metrics["metric"] == "auc") & (run.metrics["generator_seed"] == 0)]
    run = replace(run, metrics=pd.concat([run.metrics, mean.assign(scope="configuration", cell="")]))
    configurations = [
        {"scope": "configurations", "generator": "tuned", "detector": name, "p_chance_holm": 1e-6, "compared": 1.0}
        for name in ("d0", "d1")
    ]
    assert "are easy" in said(ranks(run, rows + configurations))
    rows[-1] |= {"best_low": 0.7}
    rows[-2] |= {"best_low": 0.8}
    assert "are easy" not in said(ranks(run, rows + configurations))
    assert "are easy" not in said(ranks(run, rows[:-2] + configurations))  # nothing is known of the third


def test_what_is_not_shown_is_not_called_hard(synthetic: Callable[..., Run]) -> None:
    assert said(synthetic(["chance"])) == "Fakes of tuned are hard to detect."  # one detector, [0.45, 0.57]
    assert said(synthetic(["chance", "failed"])) == "Fakes of tuned are not shown to be detectable."
    assert said(synthetic(["chance", "no test"])) == "Fakes of tuned are not shown to be detectable."
    assert said(synthetic(["no test"])) == "Fakes of tuned are without an answer."
    assert said(synthetic(["failed"])) == "Fakes of tuned are without an answer."


def test_what_stands_under_an_alarm_is_said_to(synthetic: Callable[..., Run]) -> None:
    alarm = {"finding": "FB020", "name": "sentinel-format / tuned", "about": "tuned", "verdict": "alarm"}
    assert said(synthetic(["clear"], audit=[alarm])).endswith("Doubtful: tuned stands under an alarm.")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], "Which of them is harder to detect was not compared."),
        (
            judged("d0", {"old": (np.nan, np.nan), "new": (np.nan, np.nan)}, CANNOT),
            "Which of them is harder cannot be told: no detector can rank them.",
        ),
        (
            judged("d0", {"old": (1, 2), "new": (1, 2)}) + judged("d1", {"old": (1, 2), "new": (1, 2)}),
            "Which of them is harder cannot be told: no detector separates one from the other (paired tests at 95 %).",
        ),
        (
            judged("d0", {"old": (1, 1), "new": (2, 2)}) + judged("d1", {"old": (1, 1), "new": (2, 2)}),
            "new is harder, for all 2 detectors (paired tests at 95 %).",
        ),
        (
            judged("d0", {"old": (1, 1), "new": (2, 2)}, "one training run: these are cells, not configurations")
            + judged("d1", {"old": (np.nan, np.nan), "new": (np.nan, np.nan)}, CANNOT),
            "new is harder, as trained here, for the one detector that can rank them, of 2 (paired tests at 95 %).",
        ),
        (
            judged("d0", {"old": (1, 1), "new": (2, 2)}) + judged("d1", {"old": (1, 2), "new": (1, 2)}),
            "Which of them is harder depends on the detector: new for 1 of 2; 1 does not separate them "
            "(paired tests, each at 95 %).",
        ),
        (
            judged("d0", {"old": (1, 1), "new": (2, 2)}) + judged("d1", {"old": (2, 2), "new": (1, 1)}),
            "Which of them is harder depends on the detector: new for 1 of 2, old for 1 (paired tests, each at 95 %).",
        ),
    ],
)
def test_which_is_harder_is_what_paired_tests_say(
    synthetic: Callable[..., Run], rows: list[dict[str, Any]], expected: str
) -> None:
    assert said(ranks(synthetic(["clear", "clear"], generators=BOTH), rows)).endswith(expected)


def test_sentinels_judge_nothing(synthetic: Callable[..., Run]) -> None:
    run = synthetic(["clear"], sentinel="clear", generators=BOTH)
    found = said(ranks(run, judged("cheap", {"old": (1, 1), "new": (2, 2)})))
    assert found.endswith("Which of them is harder to detect was not compared.")


def test_of_three_the_hardest_is_behind_both_others(synthetic: Callable[..., Run]) -> None:
    run = synthetic(["clear"], generators=BOTH | {"third": {"kind": "dcgan", "trains": True}})
    found = said(ranks(run, judged("d0", {"old": (1, 2), "new": (1, 2), "third": (3, 3)})))
    assert found.endswith("third is the hardest, for the one detector (paired tests at 95 %).")
    found = said(ranks(run, judged("d0", {"old": (1, 1), "new": (2, 3), "third": (2, 3)})))
    assert "cannot be told: no detector separates one from all others" in found


def test_names_are_parts_of_their_own(synthetic: Callable[..., Run]) -> None:
    many = {f"g{at}": {"kind": "dcgan", "trains": True} for at in range(8)}
    run = synthetic(["clear"], generators=many)
    entries = tables.table(run)
    found = [verdicts.verdict(run, generator, entries) for generator in run.generators]
    first = answers.headline(run, found)[0]
    assert [part for named, part in first if named] == ["g0", "g1", "g2", "g3"]
    assert answers.text([first]).startswith("Fakes of g0, g1, g2, g3 and 4 more are ")
