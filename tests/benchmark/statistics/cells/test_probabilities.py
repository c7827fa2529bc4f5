import numpy as np
import pytest
from scipy import stats

from benchmark.statistics.bootstrap import bounded_mean
from benchmark.statistics.cells.metrics import measure
from benchmark.statistics.cells.probabilities import BINS, LEAST, calibration_error, reliability
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.intervals import clopper_pearson


def calibrated(n, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return p, rng.random(n) < p


def test_reliability_bins_are_those_of_the_calibration_error():
    p, is_fake = calibrated(500)
    p[:2] = 1.0, 0.0
    table = reliability(p, is_fake)
    assert table["n"].sum() == 500
    assert ((table.bin / BINS <= table.probability) & (table.probability <= (table.bin + 1) / BINS)).all()
    gap = (table.n * (table.share - table.probability).abs()).sum() / 500
    assert gap == pytest.approx(calibration_error(p, is_fake), abs=1e-12)
    for row in table.itertuples():
        exact = stats.binomtest(round(row.share * row.n), row.n).proportion_ci(method="exact")
        assert (row.low, row.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_a_bin_without_images_has_no_row_and_one_class_is_enough():
    table = reliability([0.01, 0.02, 1.0], [True, True, True], bins=10)
    assert table[["bin", "n", "share"]].to_numpy().tolist() == [[0, 2, 1.0], [9, 1, 1.0]]
    assert reliability([], []).empty
    assert list(reliability([], []).columns) == ["bin", "n", "probability", "share", "low", "high"]


def test_no_image_has_no_bin():
    table = reliability([], [])
    assert (len(table), list(table.columns)) == (0, ["bin", "n", "probability", "share", "low", "high"])


def test_images_of_a_unit_widen_a_bin():
    p, is_fake = np.full(120, 0.5), np.tile(np.repeat([True, False], 10), 6)
    alone, together = reliability(p, is_fake), reliability(p, is_fake, groups=np.arange(120) // 10)
    assert together.low[0] < alone.low[0] - 0.1
    assert together.high[0] > alone.high[0] + 0.1


def test_reliability_of_broken_probabilities_is_refused():
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        reliability([0.5, 1.2], [True, False])
    with pytest.raises(ValueError, match="shape"):
        reliability([0.5], [True, False])


def test_reliability_intervals_cover():
    """Each bin's interval holds the bin's true share of fakes, which is its mean probability here."""
    held = total = 0
    for seed in range(60):
        table = reliability(*calibrated(300, seed))
        held += int(((table.low <= table.probability) & (table.probability <= table.high)).sum())
        total += len(table)
    assert held / total > 0.95


def test_a_certain_and_wrong_image_costs_a_stated_amount():
    p = np.array([0.0, 1.0, LEAST / 2, 0.5])
    row = measure([0.0, 1.0, 2.0, 3.0], [0, 0, 1, 1], probability=p).set_index("metric").loc["nll"]
    assert row.value == pytest.approx((0 - 2 * np.log(LEAST) - np.log(0.5)) / 4)
    assert row.note == "2 certain and wrong"
    assert row.high <= -np.log(LEAST)


def test_the_bounded_mean_of_zeros_and_ones_is_exact():
    for wrong, n in ((0, 8), (3, 20), (20, 20)):
        values = (np.arange(n) < wrong).astype(float)[:, None]
        low, high = bounded_mean(values, np.array([1.0]), Clusters.of(None, np.arange(n) >= 4), resamples=20_000)
        exact = [float(end) for end in clopper_pearson(wrong, n)]
        assert [low[0], high[0]] == pytest.approx(exact, abs=0.01)


def test_the_bounded_mean_keeps_its_bounds_and_its_value():
    rng = np.random.default_rng(1)
    values = np.c_[rng.random(30), np.zeros(30), np.full(30, 5.0)]
    low, high = bounded_mean(values, np.array([1.0, 5.0, 5.0]), Clusters.of(np.arange(30) // 3, np.arange(30) >= 15))
    mean = values.mean(axis=0)
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert low.min() >= 0
    assert (high <= [1, 5, 5]).all()


def test_chunks_give_what_is_kept(monkeypatch):
    """Large tests draw in chunks and keep nothing: the same interval, but for other random weights."""
    from benchmark.statistics import bootstrap

    values, alone = np.random.default_rng(2).random((200, 1)), Clusters.of(None, np.arange(200) >= 100)
    kept = bounded_mean(values, np.ones(1), alone)
    monkeypatch.setattr(bootstrap, "KEPT", 0)
    monkeypatch.setattr(bootstrap, "CELLS_AT_ONCE", 10_000)
    chunked = bounded_mean(values, np.ones(1), alone)
    np.testing.assert_allclose(kept, chunked, atol=0.01)
    assert bounded_mean(values, np.ones(1), alone) == chunked
