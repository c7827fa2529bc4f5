"""What runs are compared by beside the AUC: rates at the threshold, paired, and the quality of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.statistics.columns.column import of_detectors
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.use.compare import measured
from benchmark.use.compare.comparison import compare
from benchmark.use.compare.opened import Scored
from benchmark.use.compare.row import Row
from data.errors import UserError

CELL = "gaussian/0/linear-pixel/0"
BLANK = ["second", "cell", CELL, CELL, "auc", "gaussian", 0.0, "final", "none", "gaussian", "linear-pixel", 0.0, "main"]


def moved(scores: pd.DataFrame) -> pd.DataFrame:
    """Other scores of the test images of a cell: its threshold, which validation has chosen, stays."""
    mine = (scores["cell"] == CELL) & (scores["part"] == "test")
    noise = np.random.default_rng(0).normal(size=mine.sum())
    scores.loc[mine, "score"] += noise * scores.loc[mine, "score"].std()
    return scores


def test_values_are_those_of_the_run(runs: Path, variant: Callable[..., Path]) -> None:
    found = compare(runs / "first", variant(scores=moved)).cells
    written = pd.read_csv(runs / "first" / "metrics.csv")
    known = written[written["scope"] == "cell"].set_index(["cell", "metric"])["value"]
    for row in found.itertuples():
        assert row.reference_value == pytest.approx(known[row.cell, row.metric]), (row.cell, row.metric)
    ours = found[found["cell"] == CELL].set_index("metric")
    assert (ours["status"] == "compared").all()
    gaps = ours["difference"]
    assert gaps["balanced_accuracy"] == pytest.approx((gaps["tpr"] - gaps["fpr"]) / 2)
    assert ours["difference"].tolist() == pytest.approx((ours["value"] - ours["reference_value"]).tolist())
    assert ours["differs"].tolist() == ((ours["low"] > 0) | (ours["high"] < 0)).tolist()


@pytest.mark.parametrize("metric", ["tpr", "fpr"])
def test_a_rate_is_paired_on_its_own_images(metric: str) -> None:
    """With mistakes enough it is the t interval of the differences, image by image, and those of the others are none
    of its business."""
    rng = np.random.default_rng(1)
    is_fake = np.repeat([False, True], 300)
    first, second = rng.normal(size=600) + is_fake, rng.normal(size=600) + is_fake
    second[:600] = (first + second) / 2
    sides = [measured.of_cell(metric, scored(values, is_fake), 0.6) for values in (second, first)]
    row = measured.filled(
        Row(*BLANK[:4], metric, *BLANK[5:]), of_detectors(dict(zip("ba", sides, strict=True)), is_fake), ""
    )
    mine = is_fake == (metric == "tpr")
    gaps = (second >= 0.6)[mine].astype(float) - (first >= 0.6)[mine]
    ends = stats.t.interval(0.95, len(gaps) - 1, gaps.mean(), stats.sem(gaps))
    assert row.difference == pytest.approx(gaps.mean())
    assert [row.low, row.high] == pytest.approx(list(ends), abs=2e-4)


def scored(values: np.ndarray, is_fake: np.ndarray) -> Scored:
    return Scored(np.arange(len(values)), np.arange(len(values)), is_fake, values)


@pytest.mark.parametrize("same_fakes", [True, False])
@pytest.mark.parametrize(("metric", "rate"), [("tpr", 0.5), ("fpr", 0.05), ("balanced_accuracy", 0.9)])
def test_intervals_of_decisions_hold(metric: str, rate: float, same_fakes: bool) -> None:
    """Of 400 comparisons of 200 decisions each, at least 92 % of the intervals have the difference in them.

    At 95 % so few are met with probability 0.004, and with 0.97 at 90 %.
    """
    rng = np.random.default_rng([int(100 * rate), same_fakes])
    is_fake = np.repeat([False, True], 200)
    cut, shift = stats.norm.isf(rate), 0.2
    centre = np.where(is_fake, 0.0, 2 * cut) if metric == "balanced_accuracy" else np.zeros(400)
    ends = []
    for _ in range(400):
        common, own = rng.normal(size=400), rng.normal(size=(2, 400))
        first = centre + np.sqrt(0.7) * common + np.sqrt(0.3) * own[0]
        again = common if same_fakes else np.where(is_fake, rng.normal(size=400), common)
        second = centre + shift + np.sqrt(0.7) * again + np.sqrt(0.3) * own[1]
        later, earlier = (measured.of_cell(metric, scored(one, is_fake), cut) for one in (second, first))
        if same_fakes:
            column = of_detectors({"later": later, "first": earlier}, is_fake)
        else:
            column = of_runs({"later": [(later, is_fake)], "first": [(earlier, is_fake)]})
        row = measured.filled(Row(*BLANK[:4], metric, *BLANK[5:]), column, "")
        ends.append((row.low, row.high))
    low, high = np.array(ends).T
    fakes, reals = (stats.norm.sf(cut - middle - np.array([shift, 0.0])) for middle in (0.0, centre[0]))
    gap = {"tpr": fakes, "fpr": reals, "balanced_accuracy": (fakes + 1 - reals) / 2}[metric]
    assert np.mean((low <= gap[0] - gap[1]) & (gap[0] - gap[1] <= high)) >= 0.92


def test_one_answer_for_all_images_is_compared_too(runs: Path, variant: Callable[..., Path]) -> None:
    def all_fake(scores: pd.DataFrame) -> pd.DataFrame:
        mine = (scores["cell"] == CELL) & (scores["part"] == "test")
        scores.loc[mine, "score"] += 1e6
        return scores

    found = compare(runs / "first", variant(scores=all_fake)).cells
    ours = found[found["cell"] == CELL].set_index("metric")
    assert ours.loc["auc", "difference"] == 0
    assert ours["value"][["balanced_accuracy", "tpr", "fpr"]].tolist() == [0.5, 1.0, 1.0]
    worse = ours.loc["balanced_accuracy"]
    assert worse["difference"] == pytest.approx(0.5 - worse["reference_value"])
    assert (worse["high"] < 0) == worse["differs"] == (worse["p"] < 0.05)


def test_without_validation_scores_there_is_no_threshold(runs: Path, variant: Callable[..., Path]) -> None:
    found = compare(runs / "first", variant(scores=lambda scores: scores[scores["part"] == "test"])).cells
    ours = found[found["cell"] == CELL].set_index("metric")
    assert ours.loc["auc", "status"] == "equal scores"
    assert ours.loc["tpr", "note"] == "no threshold is known in second: it has no validation scores"


def quality(**values: float | str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A table of generators of which one has been measured."""
    about = {"fd": 3.0, "fd_low": 2.0, "fd_high": 5.0, "n_quality": 100, "extractor": "cnn", "extractor_digest": "ab"}

    def edit(table: pd.DataFrame) -> pd.DataFrame:
        table = table.reindex(columns=[*dict.fromkeys([*table.columns, *about])]).astype(object)
        for name, value in (about | values).items():
            table.loc[table["generator"] == "gaussian", name] = value
        return table.fillna("")

    return edit


def measured_runs(variant: Callable[..., Path], **values: Any) -> list[Path]:
    return [variant("one", generators=quality()), variant("two", generators=quality(**values))]


def test_quality_is_compared_by_its_intervals(variant: Callable[..., Path]) -> None:
    found = compare(*measured_runs(variant, fd=7.0, fd_low=6.0, fd_high=7.5))
    (row,) = found.frame(metric="fd").to_dict("records")
    assert (row["scope"], row["cell"], row["status"]) == ("generator", "gaussian/0", "compared")
    assert row["difference"] == 4.0
    assert row["low"] == pytest.approx(4 - np.hypot(1, 2))
    assert row["high"] == pytest.approx(4 + np.hypot(0.5, 1))
    assert row["differs"]
    assert 0 < row["p"] < 0.05
    assert "not paired" in row["note"]
    assert "FD: 1 compared, 0 equal, 0 not comparable. 1 of 1 differ" in " ".join(found.sentences())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"extractor_digest": "cd"}, "fd was measured otherwise: extractor_digest ab and cd"),
        ({"n_quality": 50}, "fd was measured otherwise: n_quality 100 and 50"),
        ({"fd": "", "fd_low": "", "fd_high": ""}, "fd was not measured in two"),
        ({"fd_low": "", "fd_high": ""}, "fd has no interval in two"),
    ],
)
def test_quality_that_was_measured_otherwise_is_not_comparable(
    variant: Callable[..., Path], values: dict[str, Any], said: str
) -> None:
    (row,) = compare(*measured_runs(variant, **values)).frame(metric="fd").to_dict("records")
    assert (row["status"], row["note"]) == ("not comparable", said)


def test_what_nobody_has_measured_is_no_row(runs: Path, variant: Callable[..., Path]) -> None:
    found = compare(runs / "first", variant())
    assert found.metrics == list(measured.OF_CELLS)
    with pytest.raises(UserError, match="metric"):
        found.frame(metric="fd")
