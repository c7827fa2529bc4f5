"""Every mean over seeds has an interval, or its note says why there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.results import over_runs
from benchmark.statistics.cells.metrics import measure

SAME = {
    "question": "own", "table": "own", "dataset": "digits", "ledger_seed": 0, "train_generator": "g",
    "train_checkpoint": "last", "train_n": None, "train_draw": None,
    "train_perturbation": "none", "perturbation": "none", "asked_checkpoint": "last", "checkpoint": "final",
    "status": "done", "purpose": "main", "generator": "g", "detector": "d",
}  # fmt: skip
N = 120
IS_FAKE = np.arange(2 * N) >= N


def tables(seeds, *, units=None, **changes):
    """Cells at some (ledger, generator, detector) seeds, their scores and their metrics."""
    rng = np.random.default_rng(0)
    cells, scores, measured = [], [], []
    for ledger, generator, detector in seeds:
        name = f"{ledger} {generator} {detector}"
        about = {"ledger_seed": ledger, "generator_seed": generator, "detector_seed": detector}
        cells.append(SAME | {"cell": name, "train_sources": f"g/{generator}"} | about | changes)
        score = np.random.default_rng(ledger).normal(size=2 * N) + 0.3 * rng.normal(size=2 * N) + 1.2 * IS_FAKE
        unit = np.arange(2 * N) if units is None else units
        scores.append(pd.DataFrame({"cell": name, "part": "test", "unit": unit, "is_fake": IS_FAKE, "score": score}))
        measured.append(measure(score, IS_FAKE, groups=units).assign(cell=name, scope="cell"))
    return pd.DataFrame(cells), pd.concat(scores, ignore_index=True), pd.concat(measured, ignore_index=True)


def auc_row(seeds, trained=frozenset({"g"}), banks=None, **changes):
    cells, scores, measured = tables(seeds, **changes)
    rows = over_runs.configurations(cells, scores, set(trained), measured, banks)
    (row,) = rows[rows["metric"] == "auc"].to_dict("records")
    value = measured.loc[measured["metric"] == "auc", "value"]
    assert row["value"] == pytest.approx(value.mean())
    return row


def test_finished_images_with_several_detector_seeds_have_an_interval():
    row = auc_row([(0, 0, 0), (0, 0, 1)], trained=())
    assert row["low"] < row["value"] < row["high"]
    assert row["note"] == "mean of 2 trainings of the detector on the same images"


def test_finished_images_dealt_by_several_seeds_are_no_training_runs():
    row = auc_row([(0, 0, 0), (0, 1, 0), (0, 2, 0)], trained=())
    assert row["low"] < row["value"] < row["high"]
    assert "training runs" not in row["note"]


def test_runs_over_identities_have_an_interval():
    units = np.tile(np.arange(N) // 12, 2)  # each fake is of the person of a real
    row = auc_row([(0, 0, 0), (0, 1, 0)], units=units)
    assert row["low"] < row["value"] < row["high"]
    assert row["note"] == "mean of 2 training runs"


def test_equal_images_of_several_seeds_count_once():
    seeds = [(0, 0, 0), (0, 1, 0), (0, 2, 0)]
    same = dict.fromkeys((" ".join(map(str, each)) for each in seeds), "a")
    cells, scores, measured = tables(seeds)
    rows = over_runs.configurations(cells, scores, {"g"}, measured, same)
    row = rows[rows["metric"] == "auc"].iloc[0]
    one = measured[(measured["cell"] == "0 0 0") & (measured["metric"] == "auc")].iloc[0]
    assert tuple(row[["value", "low", "high"]]) == pytest.approx(tuple(one[["value", "low", "high"]]))
    assert "3 generator seeds made 1 different set of images" in row["note"]
    assert "training runs" not in row["note"]
    told = over_runs.components(cells.head(2), scores, {"g"}, same)
    assert told.set_index("component").loc["generator run", "note"].startswith("cannot tell: 2 generator seeds made 1")


def test_several_splits_make_one_row_with_an_interval():
    row = auc_row([(0, 0, 0), (1, 0, 0), (2, 0, 0)])
    assert row["low"] < row["value"] < row["high"]
    assert row["note"] == "mean of 3 splits of the real images"
    assert np.isnan(row["ledger_seed"])


def test_one_training_run_says_that_it_cannot_tell():
    row = auc_row([(0, 0, 0), (0, 0, 1)])
    assert np.isnan([row["low"], row["high"]]).all()
    assert row["note"].startswith("cannot tell: one training run")


def test_controls_with_several_seeds_have_an_interval():
    row = auc_row([(0, 0, 0), (0, 1, 0)], purpose="control")
    assert row["low"] < row["value"] < row["high"]


def test_no_mean_is_without_both_an_interval_and_a_reason():
    for seeds in ([(0, 0, 0), (0, 1, 0)], [(0, 0, 0), (0, 0, 1)], [(0, 0, 0), (1, 0, 0)]):
        for trained in ({"g"}, set()):
            cells, scores, measured = tables(seeds)
            rows = over_runs.configurations(cells, scores, trained, measured)
            assert len(rows) > 10
            without = rows[rows["low"].isna() & rows["value"].notna()]
            assert without["note"].str.contains("cannot tell").all()


def test_components_say_of_which_configuration_they_are():
    cells, scores, _ = tables([(0, seed, 0) for seed in range(5)])
    found = over_runs.components(cells, scores, {"g"}).set_index("component")
    assert list(found.columns[:4]) == ["table", "generator", "asked_checkpoint", "train_generator"]
    assert found.loc["generator run", "levels"] == 5
    assert found.loc["generator run", "sd"] == pytest.approx(np.sqrt(found.loc["generator run", "variance"]))
    finished = over_runs.components(cells, scores, set()).set_index("component")
    assert finished.loc["generator run", "note"] == "cannot tell: finished images, no trainings"


def trainings(collapsed, digests=None):
    n = len(collapsed)
    about = {"generator": "g", "ledger_seed": 0, "generator_seed": range(n), "collapsed": collapsed}
    return pd.DataFrame(about | {"digest": digests or list(map(str, range(n)))})


def quality(values):
    rows = [{"generator": "g", "ledger_seed": 0, "generator_seed": seed, "checkpoint": "final", "fd": fd,
             "fd_low": fd - 1, "fd_high": fd + 1} for seed, fd in enumerate(values)]  # fmt: skip
    return pd.DataFrame(rows)


def test_collapsed_runs_have_an_exact_interval():
    rows = over_runs.of_trainings(trainings(["", "low-diversity", "", "", ""]), quality([5, 6, 7, 8, 9]), ["fd"])
    share, fd = rows.to_dict("records")
    assert (share["measure"], share["value"], share["runs"]) == ("collapsed", 0.2, 5)
    assert (share["low"], share["high"]) == pytest.approx((0.00505, 0.71642), abs=1e-4)  # scipy's binomtest, exact
    assert "seed 1: low-diversity" in share["note"]
    assert (fd["measure"], fd["value"]) == ("fd", 7.0)
    assert fd["high"] - 7 == pytest.approx(np.hypot(2.776445 * np.std([5, 6, 7, 8, 9], ddof=1) / np.sqrt(5), 1))


def test_the_interval_of_a_distance_does_not_reach_below_nothing():
    share, distance = over_runs.of_trainings(trainings(["", "", ""]), quality([1, 9, 30]), ["fd"]).to_dict("records")
    assert (share["measure"], distance["measure"]) == ("collapsed", "fd")
    assert distance["low"] == 0 < distance["value"] < distance["high"]
    kernel = over_runs._pooled("kd", np.array([[1, 9, 30], [1, 9, 30], [1, 9, 30]], float))
    assert kernel[1] < 0  # an unbiased estimate of a distance may lie there


def test_what_nothing_watches_and_what_is_equal_is_said():
    rows = over_runs.of_trainings(trainings([None, None]), quality([5, 6]), ["fd"])
    assert rows["note"].iloc[0].startswith("cannot tell: nothing in its training watches")
    (share,) = over_runs.of_trainings(trainings(["", ""], ["a", "a"]), quality([5, 5]), ["fd"]).to_dict("records")
    assert (share["runs"], share["high"]) == (1, pytest.approx(0.975))
    assert "2 seeds made 1 different sets of images" in share["note"]


@pytest.mark.slow  # the extractors of two splits are trained
def test_a_run_with_two_splits_has_all_of_both_and_one_mean(tmp_path):
    import benchmark
    from benchmark.plan import specs
    from benchmark.use.stored_run import StoredRun
    from reports import page

    asked = {
        "name": "splits", "dataset": {"name": "digits"}, "generator": [{"kind": "gaussian"}],
        "detector": [{"kind": "linear-pixel"}], "protocol": {"ledger_seeds": [3, 1], "generator_seeds": [0, 1]},
    }  # fmt: skip
    run = benchmark.run(specs.parse(asked), out=tmp_path / "run", smoke=True)
    assert not run.failures
    assert set(run.cells["ledger_seed"]) == {3, 1}
    assert run.cells["cell"].is_unique
    generators = pd.read_csv(run.folder / "generators.csv")
    measured = generators[generators["generator"] == "gaussian"]
    of = set(zip(measured["ledger_seed"], measured["generator_seed"], strict=True))
    assert of == {(3, 0), (3, 1), (1, 0), (1, 1)}
    assert measured["fd"].notna().all()
    over = pd.read_csv(run.folder / "over_runs.csv").set_index("measure")
    assert over.loc["fd", "note"] == "mean of 2 splits"
    assert over.loc["fd", "low"] < over.loc["fd", "value"] < over.loc["fd", "high"]
    means = run.metrics[(run.metrics["scope"] == "configuration") & (run.metrics["metric"] == "auc")]
    assert (means["note"] == "mean of 2 splits of the real images").all()
    assert len(means) == 3 * 3
    assert StoredRun(run.folder).ledger is not None  # of the first, by name
    text = page.write(run.folder).read_text()
    assert "Means are over 2 splits of the real images (ledger seeds 3, 1)" in text
