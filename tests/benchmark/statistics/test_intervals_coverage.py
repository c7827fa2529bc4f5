"""Intervals hold the truth as often as they say; the longer table comes from tests/statistics/auc_coverage.py."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from benchmark.statistics.cells.metrics import measure
from benchmark.statistics.columns.compare import separable_from_best

_path = Path(__file__).parents[2] / "statistics" / "auc_coverage.py"
_spec = importlib.util.spec_from_file_location("auc_coverage", _path)
auc_coverage = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(auc_coverage)


@pytest.mark.parametrize("family", sorted(auc_coverage.FAMILIES))
def test_the_simulated_estimates_are_the_measured_ones(family):
    draw = auc_coverage.FAMILIES[family](0.9)
    rng = np.random.default_rng(0)
    real, fake = draw(rng, (3, 60), False), draw(rng, (3, 50), True)
    value, variance, df, wrong = auc_coverage.estimates(real, fake)
    low, high = auc_coverage.auc_interval(value, variance, 50, wrong, df=df)
    is_fake = np.arange(110) >= 60
    for k in range(3):
        row = measure(np.r_[real[k], fake[k]], is_fake).iloc[0]
        assert (row.value, row.low, row.high) == pytest.approx((value[k], low[k], high[k]), abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1000, 150])
@pytest.mark.parametrize("family", sorted(auc_coverage.FAMILIES))
def test_the_auc_interval_covers(family, n):
    for auc in auc_coverage.AUCS:
        draw = auc_coverage.FAMILIES[family](auc)
        held = auc_coverage.coverage(draw, auc, n, n, times=2000, seed=1)[0]
        assert held >= 0.93, (family, auc, held)
        if auc <= 0.9 and family == "binormal":
            assert held <= 0.97, (family, auc, held)


@pytest.mark.slow
def test_the_auc_interval_covers_with_clusters():
    """30 identities of 8 reals that share half of their variance, and as many swap sources of fakes."""
    rng = np.random.default_rng(2)
    is_fake, groups = np.arange(480) >= 240, np.repeat(np.arange(60), 8)
    held = np.zeros(2)
    for _ in range(300):
        common = np.repeat(rng.normal(size=60), 8)
        scores = common + rng.normal(size=480) + 1.5 * np.sqrt(2) * is_fake
        truth = special.ndtr(1.5 / np.sqrt(2))
        for k, given in enumerate((groups, None)):
            row = measure(scores, is_fake, groups=given, only=("auc",)).iloc[0]
            held[k] += row.low <= truth <= row.high
    assert held[0] / 300 >= 0.91
    assert held[1] / 300 <= 0.85  # what forgetting the clusters would cost


@pytest.mark.slow
def test_average_precision_and_equal_error_rate_cover():
    rng = np.random.default_rng(3)
    is_fake = np.arange(300) >= 150
    shift = 2.0
    x = np.linspace(-6, 9, 20_001)
    tpr, fpr = stats.norm.sf(x - shift), stats.norm.sf(x)
    precision = -np.trapezoid(tpr / (tpr + fpr), tpr)
    truth = {"average_precision": precision, "eer": stats.norm.sf(shift / 2), "tpr_at_fpr_05": np.nan}
    truth["tpr_at_fpr_05"] = stats.norm.sf(stats.norm.isf(0.05) - shift)
    held = dict.fromkeys(truth, 0)
    for seed in range(300):
        frame = measure(rng.normal(size=300) + shift * is_fake, is_fake, seed=seed).set_index("metric")
        for name, value in truth.items():
            # 150 reals do not resolve 5 %: nothing is claimed and nothing can miss
            held[name] += np.isnan(frame.low[name]) or frame.low[name] <= value <= frame.high[name]
    assert all(count / 300 >= 0.91 for count in held.values()), held


@pytest.mark.slow
def test_equal_detectors_are_rarely_told_from_the_best_of_them():
    rng = np.random.default_rng(4)
    is_fake = np.arange(300) >= 150
    alarms = 0
    for _ in range(400):
        image = rng.normal(size=300) + 1.5 * is_fake
        scores = {str(k): image + rng.normal(size=300) for k in range(6)}
        alarms += separable_from_best(scores, is_fake).separable.any()
    assert alarms / 400 <= 0.085
