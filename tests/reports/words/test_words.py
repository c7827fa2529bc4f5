"""What is said of a run never contradicts its tables, whatever was measured and whatever is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.holm import holm
from reports.load import Run
from reports.sections import summary, tables
from reports.words import claims, doubts, sets, verdicts

REACHED = ["clear", "weak", "chance", "below", "no interval", "no test", "no value", "failed", "absent"]
TITLES = {
    "Ranks backwards, reals above fakes": "backwards",
    "Not separable from guessing": "guessing",
    "Cannot tell, for want of an interval or a test": "cannot tell",
    "Failed": "failed",
    "Not run": "absent",
}
FOLDER = {"photos": {"kind": "folder", "trains": False}}


def said(run: Run, generator: int = 0) -> str:
    return verdicts.answer(verdicts.verdict(run, run.generators[generator], tables.table(run)))


def everything(run: Run) -> list[str]:
    entries = tables.table(run)
    lines = [summary.scope(run), *(said(run, at) for at, g in enumerate(run.generators) if not g.role)]
    return [*summary.stamps(run), *lines, *summary.controls(run, entries), *summary.limits(run, entries)]


@st.composite
def drawn(draw: st.DrawFn) -> dict[str, Any]:
    generators: dict[str, dict[str, Any]] = {}
    for kind in draw(st.lists(st.sampled_from(["dcgan", "folder", "nearest"]), max_size=2, unique=True)):
        same = kind == "nearest" and draw(st.booleans())
        generators[f"a {kind}"] = {"kind": kind, "trains": kind == "dcgan", "same": same}
    for control in draw(st.lists(st.sampled_from(["real-copy", "noise"]), max_size=2, unique=True)):
        generators[control] = {"kind": control, "control": control, "trains": False}
    audit = [
        {"finding": f"FB01{at}", "name": name, "about": "", "smallest": 0.6}
        | {"verdict": draw(st.sampled_from(["pass", "alarm", "cannot tell"]))}
        for at, name in enumerate(["real-copy", "noise"])
        if draw(st.booleans())
    ]
    for name in generators:
        if draw(st.booleans()):
            audit.append({"finding": "FB020", "name": f"sentinel-format / {name}", "about": name, "verdict": "alarm"})
    return {
        "detectors": draw(st.lists(st.sampled_from(REACHED), max_size=4)),
        "sentinel": draw(st.sampled_from(["", "clear", "chance", "failed", "no interval"])),
        "generators": generators or None,
        "seeds": draw(st.integers(1, 2)),
        "detector_seeds": draw(st.integers(1, 2)),
        "audit": audit,
        "compared": draw(st.sampled_from(["", "tied", "separable"])),
        "cheap": draw(st.booleans()),
        "ignored": draw(st.sampled_from([(), ("FB020",), ("FB010",)])),
    }


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(drawn())
def test_no_sentence_contradicts_the_table(synthetic: Callable[..., Run], options: dict[str, Any]) -> None:
    run = synthetic(**options)
    entries, doubtful = tables.table(run), doubts.doubts(run)
    detectors = [detector.id for detector in run.detectors if not detector.role]
    for at, generator in enumerate(run.generators):
        if generator.role:
            continue
        text, column = said(run, at), {name: entries[name, generator.id] for name in detectors}
        done = {name: entry for name, entry in column.items() if entry.status == "done"}
        # every detector is counted once, under one word
        counted = {word: int(n) for title, word in TITLES.items() for n in re.findall(rf"{title} \((\d+)\):", text)}
        telling = {name for name in done if _tells(run, generator.id, name, detectors, column)}
        assert sum(counted.values()) + len(telling) == len(detectors)
        assert counted.get("failed", 0) == sum(entry.status == "failed" for entry in column.values())
        # a claim names its test, and is made of none that has no interval
        if telling:
            assert re.search(r"family-wise at 99 % over \d+ detectors \(Holm\)|one test at 99 %", text)
            who = f"{len(telling)} of {len(detectors)} detectors tell"
            who = f"All {len(detectors)} detectors tell" if len(telling) == len(detectors) else who
            assert text.removeprefix(f"{generator.id}: ").startswith(
                who if len(detectors) > 1 else "The one detector t"
            )
        else:
            assert not re.search(r"\d detectors? tells?|The one detector tells", text)
        # nothing is best that has no result, and no sentinel is a detector
        leaders = re.findall(r"(Best|Highest|It|result) is (\w+), AUC", text)
        assert len(leaders) == bool(done)
        assert all(done[name].value == max(entry.value for entry in done.values()) for _, name in leaders)
        assert not done or "No detector has a result" not in text
        if leaders and leaders[0][0] == "Best":
            assert options["compared"] == "separable"
        if "more than any detector" in text:
            assert entries["cheap", generator.id].value > max(entry.value for entry in done.values())
        assert ("Doubtful" in text) == bool(doubtful[generator.id])
        assert ("DOUBTFUL" in text) == bool(doubtful[generator.id] and done)
    _holds_words(run, everything(run))


def _tells(run: Run, generator: str, name: str, detectors: list[str], column: dict[str, tables.Entry]) -> bool:
    rows = run.metrics[(run.metrics["metric"] == "p_chance") & (run.metrics["generator"] == generator)]
    largest = [rows.loc[rows["detector"] == one, "value"].max(skipna=False) for one in detectors]
    entry = column[name]
    return bool(holm(largest)[detectors.index(name)] <= 0.01 and entry.low > 0.5)


def _holds_words(run: Run, lines: list[str]) -> None:
    nouns = "detector|sentinel|control|folder|cell|real|fake|image|configuration"
    for line in lines:
        assert not re.search(rf"(?<![\d.,])1 (?:test )?(?:{nouns})s\b", line), line
        assert not re.search(rf"(?<![\d.])(?:0|[2-9]|\d\d+) (?:test )?(?:{nouns})\b(?! of|-)", line), line
        assert "nan" not in re.sub(r"\w+nan\w*", "", line), line
    trained = [g for g in run.generators if g.trains and not g.role]
    if not trained:
        assert not any("configuration:" in line or re.search(r"\d+ training runs?\b(?!\.)", line) for line in lines)
    scope = next(line for line in lines if line.startswith("On "))
    for what, plugins in (
        ("detector", [d for d in run.detectors if not d.role]),
        ("sentinel", [d for d in run.detectors if d.role]),
        ("control", [g for g in run.generators if g.role]),
    ):
        found = re.findall(rf"(\d+) {what}s?\b", scope)
        assert [int(n) for n in found] == ([len(plugins)] if plugins or what == "detector" else [])


def test_two_detector_seeds_on_a_folder_have_no_interval_and_cannot_tell(synthetic: Callable[..., Run]) -> None:
    text = said(synthetic(["chance", "chance"], generators=FOLDER, detector_seeds=2))
    assert "Cannot tell: none of 2 detectors has both an interval and a test." in text
    assert "Cannot tell, for want of an interval or a test (2): d0 and d1." in text
    assert "All" not in text


def test_what_tells_at_95_percent_alone_is_not_said_to_tell(synthetic: Callable[..., Run]) -> None:
    text = said(synthetic(["weak", "chance"]))
    expected = "None of 2 detectors is shown to tell its images from real ones, "
    assert text.startswith(f"tuned: {expected}family-wise at 99 % over 2 detectors (Holm).")
    assert "Not separable from guessing (2): d0 and d1." in text


def test_no_detector_is_best_where_none_has_a_result(synthetic: Callable[..., Run]) -> None:
    text = said(synthetic(["failed", "failed"], sentinel="clear", compared="tied", cheap=True))
    assert text.startswith("tuned: No detector has a result. Failed (2): d0 and d1.")
    assert not re.search("(Best|Highest|It|result) is", text)


def test_one_of_two_with_a_result_is_not_said_to_be_the_best(synthetic: Callable[..., Run]) -> None:
    text = said(synthetic(["chance", "failed"]))
    assert text.startswith("tuned: None of 2 detectors is shown to tell its images from real ones, ")
    assert "The only one with a result is d0, AUC 0.509" in text
    assert "It is d0" in said(synthetic(["chance"]))


def test_below_chance_is_called_backwards_and_not_guessing(synthetic: Callable[..., Run]) -> None:
    text = said(synthetic(["clear", "below"]))
    assert text.startswith("tuned: 1 of 2 detectors tells its images from real ones")
    assert "Ranks backwards, reals above fakes (1): d1." in text


@pytest.mark.parametrize(
    ("auc", "high", "p", "expected"),
    [
        (0.0, 1 - 0.05 ** (1 / 10), 1.0, 0.5**10),  # a full reversal of 10 images a side
        (0.3, 0.4, 0.99, None),
        (0.3, 0.51, 0.99, 1.0),
        (0.7, 0.8, 0.01, 1.0),
    ],
)
def test_backwards_needs_a_test_of_its_own(auc: float, high: float, p: float, expected: float | None) -> None:
    found = claims._backwards(p, auc, 0.0, high)
    assert found >= 1 - p
    assert expected is None or found == pytest.approx(max(expected, 1 - p))
    assert np.isnan(claims._backwards(np.nan, auc, 0.0, high))


def test_few_images_ranked_backwards_are_no_proof(synthetic: Callable[..., Run]) -> None:
    """Of 4 reals and 4 fakes a full reversal has a chance of 1 in 70, and `1 - p_chance` says 0."""
    run = synthetic(["clear"])
    row = run.metrics["metric"] == "auc"
    run.metrics.loc[row, ["value", "low", "high"]] = [0.0, 0.0, 1 - 0.05 ** (1 / 4)]
    run.metrics.loc[~row, "value"] = 1.0
    assert "Not separable from guessing (1): d0." in said(run)


def test_claims_over_several_trainings_hold_in_each(synthetic: Callable[..., Run]) -> None:
    run = synthetic(["clear"], seeds=2)
    rows = run.metrics["metric"] == "p_chance"
    whole = run.metrics[~rows].head(1).assign(scope="configuration", cell="", low=0.8, high=0.95)
    run = synthetic(["clear"], seeds=2)
    run.metrics.loc[len(run.metrics)] = whole.iloc[0]
    assert said(run).startswith("tuned: The one detector tells its images from real ones, in each of 2 trainings, one")
    run.metrics.loc[run.metrics.index[rows.to_numpy().nonzero()[0][-1]], "value"] = 0.4
    assert "The one detector is not shown to tell" in said(run)


def test_alarms_make_those_doubtful_that_they_name_and_else_all(synthetic: Callable[..., Run]) -> None:
    both = {name: {"kind": "dcgan"} for name in ("tuned", "tuned-2")}
    alarm = {"finding": "FB020", "name": "sentinel-format / tuned-2", "about": "tuned-2 seed 0", "verdict": "alarm"}
    run = synthetic(["clear"], generators=both, audit=[alarm])
    assert doubts.doubts(run) == {"tuned": [], "tuned-2": ["sentinel-format / tuned-2 (FB020)"]}
    assert doubts.doubts(run) is doubts.doubts(run)  # worked out once
    assert "AUC 0.900 [0.850, 0.950], DOUBTFUL" in said(run, 1)
    assert "DOUBTFUL" not in said(run, 0)
    whole = alarm | {"finding": "FB010", "name": "real-copy", "about": ""}
    assert all(doubts.doubts(synthetic(["clear"], generators=both, audit=[whole])).values())
    assert not any(doubts.doubts(synthetic(["clear"], generators=both, audit=[whole], ignored=("FB010",))).values())


def test_unequal_sets_are_counted_per_part_and_side(synthetic: Callable[..., Run]) -> None:
    counts = {"train": (200, 20), "validation": (100, 1), "test": (360, 30)}
    (line,) = sets.unequal(synthetic(["clear"], generators=FOLDER, counts=counts))
    assert line.startswith(
        "photos has unequal sets: 200 reals and 20 fakes for training; 100 reals and 1 fake for validation; 360 reals "
        "and 30 fakes for test."
    )
    assert "balanced accuracy" in line
    assert sets.unequal(synthetic(["clear"])) == []


def test_a_folder_is_no_configuration_and_has_no_training_runs(synthetic: Callable[..., Run]) -> None:
    lines = everything(synthetic(["clear"], generators=FOLDER))
    assert any("1 folder of fakes and 1 detector" in line for line in lines)
    assert not any("configuration" in line or "training run" in line.lower() for line in lines)
    assert any("One training run per configuration" in line for line in everything(synthetic(["clear"])))


def test_seeds_that_change_nothing_are_one_result(synthetic: Callable[..., Run]) -> None:
    again = {"gauss": {"kind": "gaussian", "trains": True, "same": True}}
    run = synthetic(["clear"], generators=again, seeds=3)
    assert run.repeated == {"gauss": 3}
    assert tables.table(run)["d0", "gauss"].runs == 1
    line = "gauss: its 3 seeds gave the same images and scores: one result, not 3 training runs."
    assert line in everything(run)
    other = synthetic(["clear"], seeds=3)
    assert other.repeated == {}
    assert tables.table(other)["d0", "tuned"].runs == 3


def test_adjusted_p_values_are_those_of_the_ranks_where_they_are_known(synthetic: Callable[..., Run]) -> None:
    run = synthetic(["clear", "weak"])
    row = {"scope": "detectors", "generator": "tuned", "generator_seed": 0.0, "checkpoint": "final"}
    frame = pd.DataFrame([{**row, "detector": f"d{at}", "p_chance_holm": p} for at, p in enumerate([0.5, 0.001])])
    frame = frame.assign(perturbation="none", best_low=0.8, best_high=0.96)
    object.__setattr__(run, "rankings", frame)
    assert claims.claims(run, "tuned", tables.table(run)).of == {"d0": "guessing", "d1": "tells"}
    assert "as the best of 2: [0.800, 0.960]" in said(run)
    object.__setattr__(run, "rankings", frame.head(1))  # not of all: then of the p-values against chance
    assert claims.claims(run, "tuned", tables.table(run)).of == {"d0": "tells", "d1": "guessing"}
