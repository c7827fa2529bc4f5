from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.load import load
from reports.sections import tables


def test_table_is_complete_and_equals_the_files(run_folder: Path) -> None:
    run = load(run_folder)
    entries = tables.table(run)
    assert len(entries) == 36
    metrics = run.metrics[(run.metrics["scope"] == "cell") & (run.metrics["metric"] == "auc")]
    for row in metrics.itertuples():
        entry = entries[row.detector, row.generator]
        assert (entry.value, entry.low, entry.high, entry.status) == (row.value, row.low, row.high, "done")


def test_a_failed_cell_carries_its_error(run_folder: Path) -> None:
    entry = tables.table(load(run_folder))["spectrum", "tuned"]
    assert (entry.status, entry.note) == ("failed", "ValueError: scores are constant")
    assert tables.text(entry) == "failed"


def test_marks_follow_the_comparisons_and_leave_controls_out(run_folder: Path) -> None:
    run = load(run_folder)
    frame = tables.frame(run)
    marked = frame[frame["best"] | frame["tied"]]
    assert set(marked["generator"]) == {"baseline", "tuned"}
    assert (frame.groupby("generator")["best"].sum()[["baseline", "tuned"]] == 1).all()
    expected = run.comparisons[
        run.comparisons["generator"].isin(["baseline", "tuned"])
        & ~run.comparisons["separable"]
        & (run.comparisons["detector"] != run.comparisons["best"])
    ]
    tied = frame[frame["tied"]]
    assert set(zip(tied["detector"], tied["generator"], strict=True)) == set(
        zip(expected["detector"], expected["generator"], strict=True)
    )


def test_marks_belong_to_the_auc_only(run_folder: Path) -> None:
    frame = tables.frame(load(run_folder), "accuracy")
    assert not (frame["best"] | frame["tied"]).any()


def test_what_cannot_be_resolved_says_so(run_folder: Path) -> None:
    entry = tables.table(load(run_folder), "tpr_at_fpr_01")["cnn", "baseline"]
    assert entry.status == "undefined"
    assert tables.text(entry, "tpr_at_fpr_01") == "not resolvable"


def test_several_training_runs_show_the_configuration(make_run: Callable[..., Path]) -> None:
    run = load(make_run(n=60, seeds=(0, 1, 2)))
    row = run.metrics[
        (run.metrics["scope"] == "configuration")
        & (run.metrics["detector"] == "cnn")
        & (run.metrics["generator"] == "tuned")
    ].iloc[0]
    entry = tables.table(run)["cnn", "tuned"]
    assert (entry.value, entry.low, entry.runs) == (row["value"], row["low"], 3)


def test_several_training_runs_without_a_configuration_row_have_no_interval(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=60, seeds=(0, 1))
    metrics = pd.read_csv(folder / "metrics.csv")
    metrics[metrics["scope"] == "cell"].to_csv(folder / "metrics.csv", index=False)
    entry = tables.table(load(sealed(folder)))["cnn", "tuned"]
    of_cells = metrics.query("scope == 'cell' and metric == 'auc' and detector == 'cnn' and generator == 'tuned'")
    assert entry.value == pytest.approx(of_cells["value"].mean())
    assert np.isnan(entry.low)
    assert "without an interval" in entry.note


def test_metrics_come_in_the_order_of_the_switch(run_folder: Path) -> None:
    names = tables.metric_names(load(run_folder))
    assert names[:3] == ["auc", "average_precision", "accuracy"]
    assert len(names) == len(set(names)) == 10


def test_summary_rows(run_folder: Path) -> None:
    rows = tables.summary_rows(run_folder)
    assert len(rows) == 36
    assert set(rows[0]) == {"generator", "detector", "auc", "low", "high", "note"}
    assert [row["generator"] for row in rows][::9] == ["baseline", "tuned", "real-copy", "noise"]
    values = [row["auc"] for row in rows[:9]]
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]
    failed = next(row for row in rows if row["detector"] == "spectrum" and row["generator"] == "tuned")
    assert failed["auc"] is None
    assert "failed: ValueError" in str(failed["note"])


def test_an_accuracy_has_the_balanced_one_beside_it(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=40)
    run = load(folder)
    pair = ("cnn", "tuned")
    tpr, fpr = (tables.table(run, name)[pair].value for name in ("tpr", "fpr"))
    beside = tables.balanced(run, "accuracy")[pair]  # of a run that has no such metric
    assert beside.value == pytest.approx((tpr + 1 - fpr) / 2)
    assert np.isnan(beside.low)
    assert tables.balanced(run, "auc") == {}
    metrics = pd.read_csv(folder / "metrics.csv")
    own = metrics[metrics["metric"] == "accuracy"].assign(metric="balanced_accuracy", value=0.5, low=0.4, high=0.6)
    pd.concat([metrics, own]).to_csv(folder / "metrics.csv", index=False)
    beside = tables.balanced(load(sealed(folder)), "accuracy")[pair]
    assert (beside.value, beside.low, beside.high) == (0.5, 0.4, 0.6)


def test_of_several_p_values_the_largest_is_shown(make_run: Callable[..., Path]) -> None:
    run = load(make_run(n=40, seeds=(0, 1)))
    rows = run.metrics.query("metric == 'p_chance' and detector == 'linear-pixel' and generator == 'real-copy'")
    entry = tables.table(run, "p_chance")["linear-pixel", "real-copy"]
    assert entry.value == rows["value"].max() > rows["value"].min()
    assert "largest of 2" in entry.note


@pytest.mark.parametrize("name", ["accuracy_real", "accuracy_fake", "accuracy_at_half"])
def test_what_is_measured_at_one_half_says_so(name: str) -> None:
    title, about = tables.METRICS[name]
    assert "0.5" in title
    assert "probability of one half" in about
    assert "threshold" not in about


def test_numbers_under_an_alarm_are_doubtful_in_the_rows_of_the_terminal(run_folder: Path) -> None:
    rows = tables.summary_rows(run_folder)
    assert {row["generator"] for row in rows if "doubtful: sentinel-format" in str(row["note"])} == {"tuned"}
