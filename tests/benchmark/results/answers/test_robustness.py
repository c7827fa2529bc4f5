"""What processing costs, from simulated scores of which it is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.plan.questions.robustness import Options
from benchmark.results import answers, over_runs
from benchmark.results.answers import robustness
from benchmark.statistics.cells import metrics as measuring
from benchmark.statistics.columns import compare
from data.errors import UserError

CELL = {
    "dataset": "digits", "question": "robustness", "table": "robustness", "ledger_seed": 0, "train_generator": "a",
    "train_checkpoint": "last", "train_n": np.nan, "train_draw": np.nan, "train_perturbation": "none", "detector": "d",
    "detector_seed": 0, "generator": "a",
    "asked_checkpoint": "last", "perturbation": "none", "checkpoint": "final", "purpose": "main", "status": "done",
    "error": "",
}  # fmt: skip
OWN = {"question": "own", "table": "own"}
SHIFTS = {("none", "none"): 2.5, ("none", "jpeg-50"): 0.6, ("jpeg-50", "jpeg-50"): 1.8, ("none", "jpeg-90"): 2.5}
N = 150


class Known(SimpleNamespace):
    """As `answers.Known` is, of made-up cells."""

    by_part, tested, sorted = answers.Known.by_part, answers.Known.tested, None

    def options(self, _: str) -> Options:
        """The options of the question."""
        return Options.model_validate(self.given)


def made(
    shifts: dict[tuple[str, str], float], runs: int = 3, *, seed: int = 0, failed: tuple[str, str] | None = None,
    n: int = N, needs: tuple[str, ...] = (), measured: bool = True, **given: Any,
) -> Known:  # fmt: skip
    """Returns cells whose reals score N(0, 1) and fakes N(shift, 1): nearly the same noise before and after."""
    rng = np.random.default_rng(seed)
    cells, scores, rows = [], [], []
    real, of_changes = rng.normal(size=n), rng.normal(size=(len(shifts), n))
    for run in range(runs):
        fake = rng.normal(size=n)
        for at, ((lesson, exam), shift) in enumerate(shifts.items()):
            about = {"cell": f"{run} {lesson} {exam}", "generator_seed": run, "train_sources": f"a/{run}"}
            about |= {"train_perturbation": lesson, "perturbation": exam}
            about |= OWN if (lesson, exam) == ("none", "none") else {}
            about |= {"status": "failed", "error": "ValueError: no"} if (lesson, exam) == failed and run == 0 else {}
            cells.append(CELL | about)
            if "status" in about:
                continue
            values = np.r_[real + 0.3 * of_changes[at], fake + 0.3 * rng.normal(size=n) + shift]
            units = np.r_[np.arange(n), np.arange(n) + (run + 1) * n]
            frame = pd.DataFrame({"part": "test", "is_fake": np.arange(2 * n) >= n, "score": values, "unit": units})
            scores.append(frame.assign(cell=about["cell"], image_id=[f"i{k}" for k in range(2 * n)]))
            if measured:
                found = measuring.measure(values, frame["is_fake"].to_numpy(), threshold=1.0)
                rows.append(found.assign(scope="cell", **CELL | about))
    cells, scores = pd.DataFrame(cells), pd.concat(scores)
    every = pd.DataFrame(columns=[*CELL, "cell", "scope", "metric"])
    if measured:
        of_cells = pd.concat(rows)
        every = pd.concat([of_cells, over_runs.configurations(cells, scores, {"a"}, of_cells)], ignore_index=True)
    names = list(dict.fromkeys(exam for _, exam in shifts if exam != "none"))
    detector = SimpleNamespace(id="d", plugin=SimpleNamespace(attribute=lambda _, default=None: default))
    if needs:
        detector.plugin.attribute = lambda name, default=None: needs if name == "needs" else default
    plan = SimpleNamespace(detectors=[detector], generators=[SimpleNamespace(id="a", trains=True)])
    return Known(given={"perturbations": names} | given, cells=cells, scores=scores, metrics=every, plan=plan)


def number(table: pd.DataFrame, metric: str, perturbation: str, train: str = "none") -> pd.Series:
    here = (table["metric"] == metric) & (table["perturbation"] == perturbation) & (table["train"] == train)
    (found,) = table[here].to_dict("records")
    return pd.Series(found)


def test_one_training_run_has_the_paired_interval_of_its_images() -> None:
    known = made(SHIFTS, runs=1)
    table = robustness.table(known)
    assert table.columns.tolist() == robustness.COLUMNS
    frames = dict(list(known.scores.groupby("cell")))
    clean, jpeg, same = (frames[f"0 {name}"] for name in ("none none", "none jpeg-50", "jpeg-50 jpeg-50"))
    drop = number(table, "drop", "jpeg-50")
    expected = compare.paired(clean["score"], jpeg["score"], clean["is_fake"], groups=clean["unit"])
    assert drop[["value", "low", "high"]].tolist() == pytest.approx(list(expected[:3]))
    assert drop["told"] == "above 0"
    assert drop["note"] == "one training run: the interval is of its test images"
    back = number(table, "regained", "jpeg-50", "same")
    expected = compare.paired(same["score"], jpeg["score"], clean["is_fake"], groups=clean["unit"])
    assert back[["value", "low", "high"]].tolist() == pytest.approx(list(expected[:3]))
    nothing = number(table, "drop", "jpeg-90")
    assert nothing["low"] < 0 < nothing["high"]
    assert nothing["told"] == "no"
    auc, cell = number(table, "auc", "jpeg-50"), known.metrics.query("cell == '0 none jpeg-50' and metric == 'auc'")
    assert auc[["value", "low", "high"]].tolist() == cell[["value", "low", "high"]].iloc[0].tolist()
    rate = number(table, "tpr", "jpeg-50")
    assert rate["value"] == pytest.approx((jpeg["score"][jpeg["is_fake"]] >= 1).mean())


def test_several_runs_have_their_mean_and_its_interval() -> None:
    table = robustness.table(known := made(SHIFTS, runs=3))
    aucs = known.metrics.query("scope == 'cell' and metric == 'auc'").set_index("cell")["value"]
    drop = number(table, "drop", "jpeg-50")
    each = [aucs[f"{run} none none"] - aucs[f"{run} none jpeg-50"] for run in range(3)]
    assert drop["value"] == pytest.approx(np.mean(each))
    assert drop["low"] < min(each)
    assert drop["high"] > max(each)
    assert (drop["runs"], drop["note"]) == (3, "mean of 3 training runs")
    whole = known.metrics.query("scope == 'configuration' and metric == 'auc' and perturbation == 'jpeg-50'")
    whole = whole[whole["train_perturbation"] == "none"].iloc[0]
    auc = number(table, "auc", "jpeg-50")
    assert auc[["value", "low", "high"]].tolist() == whole[["value", "low", "high"]].tolist()
    clean = number(table, "auc", "none")
    assert clean["value"] == pytest.approx(np.mean([aucs[f"{run} none none"] for run in range(3)]))
    assert not ((table["perturbation"] == "none") & (table["metric"] == "drop")).any()


@pytest.mark.parametrize("runs", [1, 3])
def test_the_true_drop_is_in_its_interval_as_often_as_is_said(runs: int) -> None:
    from scipy.stats import norm

    shifts = {("none", "none"): 2.0, ("none", "noise-4"): 0.8}
    clean, after = (norm.cdf(shift / np.sqrt(2 * 1.09)) for shift in shifts.values())
    held = []
    for seed in range(40):
        drop = number(robustness.table(made(shifts, runs, seed=seed, n=80, measured=False)), "drop", "noise-4")
        held.append(drop["low"] <= clean - after <= drop["high"])
    assert np.mean(held) >= 0.85, "of 40 draws 95 % would fall below that once in some hundred times"


@pytest.mark.parametrize(
    ("runs", "note"), [(1, "the interval of one set of images"), (3, "mean of 3 draws of the images")]
)
def test_seeds_of_finished_images_are_no_training_runs(runs: int, note: str) -> None:
    known = made(SHIFTS, runs)
    known.plan.generators[0].trains = False
    assert number(robustness.table(known), "drop", "jpeg-50")["note"] == note


def test_pairing_is_worth_its_while() -> None:
    table = robustness.table(made({("none", "none"): 1.2, ("none", "blur-1"): 0.9}, runs=1))
    drop, ends = number(table, "drop", "blur-1"), [number(table, "auc", name) for name in ("none", "blur-1")]
    alone = np.hypot(*[end["high"] - end["low"] for end in ends])
    assert drop["high"] - drop["low"] < 0.6 * alone


def test_a_failed_cell_is_a_row_that_says_so() -> None:
    table = robustness.table(made(SHIFTS, runs=1, failed=("none", "jpeg-50")))
    auc, drop, back = (
        number(table, metric, "jpeg-50", train)
        for metric, train in (("auc", "none"), ("drop", "none"), ("regained", "same"))
    )
    assert auc["note"] == "1 of 1 cells failed: ValueError: no"
    assert np.isnan(auc["value"])
    for row in (drop, back):
        assert np.isnan(row["value"])
        assert row["note"].startswith("cannot tell: 1 of 2 cells failed")
    table = robustness.table(made(SHIFTS, runs=3, failed=("none", "jpeg-50")))
    drop = number(table, "drop", "jpeg-50")
    assert drop["runs"] == 2
    assert "1 of 6 cells failed" in drop["note"]


def test_a_lesson_without_a_word_of_the_same_is_not_made_up() -> None:
    table = robustness.table(made(SHIFTS, train=["none"]))
    assert set(table["train"]) == {"none"}
    assert not (table["metric"] == "regained").any()


def test_preprocessed_images_are_compared_with_preprocessed_clean_ones() -> None:
    shifts = {("none", "none"): 2.5, ("cut-0.5", "cut-0.5"): 1.5, ("cut-0.5", "jpeg-50+cut-0.5"): 0.5}
    known = made(shifts, runs=1, perturbations=["jpeg-50"], preprocess=["none", "cut-0.5"])
    table = robustness.table(known)
    aucs = known.metrics.query("metric == 'auc' and scope == 'cell'").set_index("cell")["value"]
    here = table[(table["preprocess"] == "cut-0.5")]
    assert number(here, "auc", "none")["value"] == aucs["0 cut-0.5 cut-0.5"]
    drop = number(here, "drop", "jpeg-50")
    assert drop["value"] == pytest.approx(aucs["0 cut-0.5 cut-0.5"] - aucs["0 cut-0.5 jpeg-50+cut-0.5"])


def test_what_a_detector_cannot_be_asked_is_said() -> None:
    known = made(SHIFTS, runs=1, needs=("extractor",), perturbations=["jpeg-50"], preprocess=["none", "cut-0.5"])
    (row,) = robustness.table(known).query("preprocess == 'cut-0.5'").to_dict("records")
    assert row["note"] == "not asked: its feature extractor takes images of the set's own size only"


def test_kinds_stand_together_from_weak_to_strong() -> None:
    names = ["jpeg-50", "brightness-1.5", "resize-0.5+jpeg-75", "brightness-0.8", "jpeg-90"]
    assert robustness.ordered(names) == [
        "jpeg-90", "jpeg-50", "brightness-0.8", "brightness-1.5", "resize-0.5+jpeg-75"
    ]  # fmt: skip
    table = robustness.table(made({("none", "none"): 2.0} | {("none", name): 1.0 for name in names}, runs=1))
    found = table.drop_duplicates("perturbation").set_index("perturbation")[["kind", "strength"]]
    assert found["kind"].tolist() == ["", "jpeg", "jpeg", "brightness", "brightness", "resize-0.5+jpeg-75"]
    assert found.loc["brightness-1.5", "strength"] == 1.5


def test_other_images_are_no_pair() -> None:
    known = made(SHIFTS, runs=1)
    known.scores.loc[known.scores["cell"] == "0 none jpeg-50", "image_id"] = "another"
    with pytest.raises(ValueError, match="not tested on the same images"):
        robustness.table(known)


def test_options_hold_here_too() -> None:
    with pytest.raises((UserError, ValueError)):
        robustness.table(made(SHIFTS, runs=1, train=["other"]))
