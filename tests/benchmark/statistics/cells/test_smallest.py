"""Where an interval is not printed, and that the table, the metrics and the words agree."""

import numpy as np
import pytest

from benchmark.statistics.cells.metrics import METRICS, measure
from benchmark.statistics.cells.smallest import SMALLEST, cannot_tell
from benchmark.statistics.clusters import Clusters


def measured(n_real, n_fake, groups=None):
    rng = np.random.default_rng(0)
    is_fake = np.arange(n_real + n_fake) >= n_real
    scores = rng.normal(size=len(is_fake)) + is_fake
    p = 1 / (1 + np.exp(0.5 - scores))
    return measure(scores, is_fake, probability=p, threshold=0.5, groups=groups).set_index("metric")


def test_every_metric_with_an_interval_is_in_the_table():
    assert set(SMALLEST) == set(METRICS) - {"ece", "p_chance"}


@pytest.mark.parametrize("metric", [name for name in SMALLEST if not name.startswith("tpr_at")])
def test_below_the_smallest_number_the_value_stands_alone(metric):
    needed = SMALLEST[metric]
    enough = measured(needed.images, needed.images).loc[metric]
    assert enough.low <= enough.value <= enough.high
    assert not enough.note.startswith("cannot tell")
    for side in needed.sides:
        n_real, n_fake = (needed.images - (side is False), needed.images - (side is True))
        row = measured(n_real, n_fake).loc[metric]
        assert np.isfinite(row.value)
        assert np.isnan([row.low, row.high]).all()
        name = "fake" if side else "real"
        assert row.note == f"cannot tell: {needed.images - 1} {name} images; an interval needs {needed.images}"


@pytest.mark.parametrize("metric", SMALLEST)
def test_units_count_as_the_equal_ones_that_they_amount_to(metric):
    needed = SMALLEST[metric]
    for units, told in ((int(needed.units), True), (int(needed.units) - 1, False)):
        groups = np.r_[np.arange(240) % units, 100 + np.arange(240) % units]
        row = measured(240, 240, groups).loc[metric]
        if metric == "tpr_at_fpr_01":  # not resolvable by 240 reals either way
            continue
        assert np.isfinite(row.value)
        assert np.isfinite(row.low) == told
        assert row.note.startswith("cannot tell: the ") != told


def test_one_class_does_not_silence_the_other():
    frame = measured(2, 30)
    assert np.isnan(frame.low["fpr"])
    assert np.isfinite(frame.low["tpr"])
    is_fake = np.arange(32) >= 2
    assert cannot_tell("ece", Clusters.of(None, is_fake), is_fake) == ""
