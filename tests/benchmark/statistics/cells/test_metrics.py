import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from benchmark.statistics.cells import metrics
from benchmark.statistics.cells.metrics import METRICS, measure
from benchmark.statistics.cells.roc import Bounds
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.ranking import Ranking


def cell(n_real=150, n_fake=130, shift=1.0, seed=0, decimals=None):
    rng = np.random.default_rng(seed)
    is_fake = rng.permutation(np.r_[np.zeros(n_real, bool), np.ones(n_fake, bool)])
    scores = rng.normal(size=len(is_fake)) + shift * is_fake
    scores = scores if decimals is None else scores.round(decimals)
    return scores, is_fake, 1 / (1 + np.exp(-(scores - shift / 2)))


def values(frame, column="value"):
    return frame.set_index("metric")[column]


@pytest.mark.parametrize("decimals", [None, 0])
@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0, 20.0])
def test_equals_scikit_learn(shift, decimals):
    scores, is_fake, p = cell(shift=shift, decimals=decimals)
    value = values(measure(scores, is_fake, probability=p, threshold=0.4))
    assert value["auc"] == pytest.approx(sk.roc_auc_score(is_fake, scores), abs=1e-12)
    assert value["average_precision"] == pytest.approx(sk.average_precision_score(is_fake, scores), abs=1e-12)
    assert value["brier"] == pytest.approx(sk.brier_score_loss(is_fake, p), abs=1e-12)
    assert value["nll"] == pytest.approx(sk.log_loss(is_fake, p), abs=1e-12)
    assert value["accuracy"] == sk.accuracy_score(is_fake, scores >= 0.4)
    assert value["tpr"] == sk.recall_score(is_fake, scores >= 0.4)
    assert value["fpr"] == pytest.approx(1 - sk.recall_score(~is_fake, scores < 0.4))
    assert value["accuracy_at_half"] == sk.accuracy_score(is_fake, p >= 0.5)
    assert value["accuracy_real"] == sk.recall_score(~is_fake, p < 0.5)
    assert value["accuracy_fake"] == sk.recall_score(is_fake, p >= 0.5)


def test_the_frame_has_every_metric_within_its_interval():
    scores, is_fake, p = cell(1000, 900)
    frame = measure(scores, is_fake, probability=p, threshold=0.5)
    assert tuple(frame.metric) == METRICS
    assert list(frame.columns) == ["metric", "value", "low", "high", "n_real", "n_fake", "note"]
    assert set(frame.n_real) == {1000}
    assert set(frame.n_fake) == {900}
    held = frame[frame.low.notna()]
    assert set(METRICS) - set(held.metric) == {"ece", "p_chance"}
    assert ((held.low < held.value) & (held.value < held.high)).all()


def test_the_same_seed_gives_the_same_frame_and_no_input_is_changed():
    scores, is_fake, p = cell()
    before = scores.copy(), is_fake.copy(), p.copy()
    first, second = (measure(scores, is_fake, probability=p, threshold=0.5, seed=3) for _ in range(2))
    assert first.equals(second)
    assert not first.equals(measure(scores, is_fake, probability=p, threshold=0.5, seed=4))
    assert all(np.array_equal(a, b) for a, b in zip(before, (scores, is_fake, p), strict=True))


def test_the_order_of_images_does_not_matter_to_the_values():
    scores, is_fake, p = cell(decimals=1)
    order = np.random.default_rng(1).permutation(len(scores))
    first = values(measure(scores, is_fake, probability=p, threshold=0.5))
    second = values(measure(scores[order], is_fake[order], probability=p[order], threshold=0.5))
    np.testing.assert_allclose(first, second, rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_monotone_maps_change_nothing_and_swapped_labels_mirror(seed, ties):
    scores, is_fake, _ = cell(40, 50, 1.0, seed, 1 if ties else None)
    auc = measure(scores, is_fake).iloc[0]
    mapped = measure(np.exp(scores / 2) * 5 - 3, is_fake).iloc[0]
    assert (auc.value, auc.low, auc.high) == (mapped.value, mapped.low, mapped.high)
    swapped = measure(scores, ~is_fake).iloc[0]
    assert swapped.value == pytest.approx(1 - auc.value, abs=1e-12)
    assert swapped.low == pytest.approx(1 - auc.high, abs=1e-9)
    assert swapped.high == pytest.approx(1 - auc.low, abs=1e-9)
    both = measure(-scores, ~is_fake).iloc[0]
    assert both.value == pytest.approx(auc.value, abs=1e-12)


def test_without_probability_and_threshold_what_needs_them_is_not_defined():
    scores, is_fake, _ = cell()
    frame = measure(scores, is_fake).set_index("metric")
    for name in (
        "accuracy",
        "fpr",
        "tpr",
        "accuracy_at_half",
        "accuracy_real",
        "accuracy_fake",
        "brier",
        "ece",
        "nll",
    ):
        assert np.isnan(frame.value[name])
        assert frame.note[name].startswith("not defined: ")
    assert frame.value[["auc", "average_precision", "eer", "p_chance"]].notna().all()


def test_what_the_reals_cannot_resolve_is_said():
    scores, is_fake, _ = cell(190, 500)
    frame = measure(scores, is_fake).set_index("metric")
    assert np.isnan(frame.value["tpr_at_fpr_01"])
    assert frame.note["tpr_at_fpr_01"].startswith("not resolvable: 190 reals")
    assert not np.isnan(frame.value["tpr_at_fpr_05"])
    scores, is_fake, _ = cell(1000, 100)
    assert not np.isnan(values(measure(scores, is_fake))["tpr_at_fpr_01"])


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([0.1, np.nan, 0.3, 0.4], "1 of 4 NaN or infinite"),
        ([0.1, np.inf, 0.3, 0.4], "1 of 4 NaN or infinite"),
        ([0.5, 0.5, 0.5, 0.5], "must differ"),
        ([0.5, 0.5, 0.5], r"shape \(n,\)"),
    ],
)
def test_broken_scores_fail_the_cell(scores, message):
    with pytest.raises(ValueError, match=message):
        measure(scores, [False, False, True, True])


def test_broken_labels_and_probabilities_fail_the_cell():
    scores = np.arange(4.0)
    with pytest.raises(ValueError, match="at least one real and one fake"):
        measure(scores, [True] * 4)
    with pytest.raises(ValueError, match="0/1"):
        measure(scores, [0, 1, 2, 1])
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        measure(scores, [0, 0, 1, 1], probability=[0.1, 0.2, 1.3, 0.4])
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        measure(scores, [0, 0, 1, 1], probability=[0.1, 0.2, np.nan, 0.4])


def test_calibration_bins_hold_probability_one():
    p, is_fake = np.array([1.0, 1.0, 0.0, 0.0]), np.array([True, True, False, False])
    assert metrics.calibration_error(p, is_fake) == 0.0
    assert metrics.calibration_error(p, ~is_fake) == 1.0
    assert metrics.calibration_error(np.array([1.0, 0.95]), np.array([True, False]), bins=10) == pytest.approx(0.475)


def test_certain_and_wrong_probabilities_are_counted():
    row = measure([0.0, 1.0, 2.0, 3.0], [0, 0, 1, 1], probability=[0.0, 1.0, 0.5, 1.0]).set_index("metric")
    assert row.note["nll"] == "1 certain and wrong"
    assert np.isfinite(row.value["nll"])


def test_a_perfect_separation_has_intervals_of_some_width():
    scores, is_fake, p = cell(1000, 1000, 40.0)
    frame = measure(scores, is_fake, probability=(p > 0.5).astype(float), threshold=20.0).set_index("metric")
    assert frame.value["auc"] == 1.0
    assert frame.low["auc"] == pytest.approx(0.05 ** (1 / 1000))
    for name in ("average_precision", "accuracy", "tpr", "tpr_at_fpr_01", "tpr_at_fpr_05", "accuracy_fake"):
        assert frame.value[name] == 1.0
        assert 0.95 < frame.low[name] < 0.9995
    for name in ("fpr", "eer", "brier"):
        assert frame.value[name] == 0.0
        assert 0.0005 < frame.high[name] < 0.01


def test_groups_widen_intervals_when_their_images_agree():
    rng = np.random.default_rng(5)
    groups = np.r_[np.repeat(np.arange(20), 15), -np.ones(300, int)]
    is_fake = np.arange(600) >= 300
    scores = rng.normal(size=600) * 0.3 + np.r_[np.repeat(rng.normal(size=20), 15), rng.normal(size=300) + 1]
    p = 1 / (1 + np.exp(-scores))
    alone = measure(scores, is_fake, probability=p, threshold=0.5).set_index("metric")
    together = measure(scores, is_fake, probability=p, threshold=0.5, groups=groups).set_index("metric")
    assert np.array_equal(alone.value.drop("p_chance"), together.value.drop("p_chance"), equal_nan=True)
    wider = (together.high - together.low) / (alone.high - alone.low)
    for name in ("auc", "average_precision", "fpr", "eer", "brier"):
        assert wider[name] > 1.3, name
    assert wider["tpr"] == pytest.approx(1.0, abs=0.01)
    assert together.value["p_chance"] > alone.value["p_chance"]


def test_groups_of_one_image_each_change_nothing():
    scores, is_fake, p = cell()
    kwargs = {"probability": p, "threshold": 0.5}
    alone = measure(scores, is_fake, **kwargs)
    for groups in (np.arange(len(scores)), np.full(len(scores), -1), np.full(len(scores), np.nan)):
        assert alone.equals(measure(scores, is_fake, groups=groups, **kwargs))


def test_clusters_and_bounds_that_are_known_change_nothing():
    rng = np.random.default_rng(0)
    is_fake = np.arange(80) >= 40
    scores, units = rng.normal(size=80) + is_fake, np.arange(80) // 4
    clusters = Clusters.of(units, is_fake)
    assert Clusters.of(clusters, is_fake) is clusters
    bounds = Bounds.of(Ranking.of(scores, is_fake), clusters, 0.95)
    given = {"threshold": 0.5, "probability": 1 / (1 + np.exp(-scores))}
    table = measure(scores, is_fake, **given, groups=units)
    again = metrics.rows(scores, is_fake, **given, groups=clusters, bounds=bounds)
    np.testing.assert_array_equal([row[:3] for row in again.values()], table[["value", "low", "high"]])
