import numpy as np
import pytest
from scipy import stats

from benchmark.statistics.columns.compare import paired, separable_from_best, shared_reals
from benchmark.statistics.delong import Components, components, covariance, degrees_of_freedom
from benchmark.statistics.ranking import Ranking

IS_FAKE = np.arange(2000) >= 1000


def detectors(seed=0, n=2000):
    rng = np.random.default_rng(seed)
    is_fake = np.arange(n) >= n // 2
    image = rng.normal(size=n)
    return {shift: image + rng.normal(size=n) + shift * is_fake for shift in (1.0, 1.1, 2.0, 30.0, 40.0)}, is_fake


def test_paired_is_delongs_test():
    scores, is_fake = detectors()
    result = paired(scores[2.0], scores[1.0], is_fake)
    parts = [components(Ranking.of(scores[key], is_fake)) for key in (2.0, 1.0)]
    matrix = sum(covariance(parts))
    error = np.sqrt(matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1])
    differing = (parts[0].fakes - parts[1].fakes, parts[0].reals - parts[1].reals)
    t = stats.t.ppf(0.975, degrees_of_freedom(Components(0.0, *differing)))
    assert 1.959964 < t < 1.965  # a thousand images of each
    assert result.difference == parts[0].auc - parts[1].auc
    assert result.low == pytest.approx(result.difference - t * error)
    assert result.high == pytest.approx(result.difference + t * error)
    assert result.p < 1e-10
    swapped = paired(scores[1.0], scores[2.0], is_fake)
    assert (swapped.difference, swapped.p) == (-result.difference, pytest.approx(result.p))
    assert (swapped.low, swapped.high) == (pytest.approx(-result.high), pytest.approx(-result.low))


def test_pairing_matters():
    rng = np.random.default_rng(1)
    image = rng.normal(size=2000) + 1.5 * IS_FAKE
    first, second = image + 0.2 * rng.normal(size=2000), image + 0.2 * rng.normal(size=2000)
    alike = paired(first, second, IS_FAKE)
    other = rng.normal(size=2000) + 1.5 * IS_FAKE
    assert alike.high - alike.low < (lambda d: d.high - d.low)(paired(first, other, IS_FAKE)) / 3


def test_a_detector_is_not_separable_from_a_monotone_map_of_itself():
    scores, is_fake = detectors()
    result = paired(scores[1.0], np.exp(scores[1.0]), is_fake)
    assert (result.difference, result.p) == (0.0, 1.0)


def test_two_perfect_detectors_are_not_separable():
    scores, is_fake = detectors()
    result = paired(scores[30.0], scores[40.0], is_fake)
    assert (result.difference, result.p) == (0.0, 1.0)
    assert result.low == pytest.approx(0.05 ** (1 / 1000) - 1)
    assert result.high == pytest.approx(1 - 0.05 ** (1 / 1000))


def test_near_a_perfect_separation_the_number_of_mistakes_decides():
    """A perfect detector against one with k reals above every fake: McNemar's p is 2 ** (1 - k)."""
    perfect = np.where(IS_FAKE, 1.0, 0.0) + np.linspace(0, 0.5, 2000)
    for mistakes, separable in ((1, False), (5, False), (6, True), (12, True)):
        flawed = perfect.copy()
        flawed[:mistakes] = 9.0
        result = paired(perfect, flawed, IS_FAKE)
        assert result.p == pytest.approx(max(0.5 ** (mistakes - 1), result.p if mistakes > 9 else 0))
        assert (result.p < 0.05) is separable
        assert (result.low > 0) is separable
        assert result.low <= result.difference <= result.high
        assert result.high - result.low > 0.002


def test_separable_from_best():
    scores, is_fake = detectors()
    frame = separable_from_best({str(key): value for key, value in scores.items()}, is_fake).set_index("detector")
    assert set(frame.best) == {"30.0"}
    assert frame.separable.to_dict() == {"1.0": True, "1.1": True, "2.0": True, "30.0": False, "40.0": False}
    assert np.isnan(frame.p["30.0"])
    assert frame.difference["30.0"] == 0.0
    assert (frame.p_holm.dropna() >= frame.p.dropna()).all()
    pair = separable_from_best({"a": scores[1.0], "b": scores[1.1]}, is_fake).set_index("detector")
    assert pair.p_holm.max() == pair.p.max()  # one pair: nothing to correct
    alone = separable_from_best({"a": scores[1.0]}, is_fake)
    assert not alone.separable.any()


def test_groups_make_detectors_harder_to_separate():
    rng = np.random.default_rng(2)
    groups = np.r_[np.repeat(np.arange(25), 40), np.full(1000, -1)]
    liking = np.r_[np.repeat(rng.normal(size=25), 40), np.zeros(1000)]
    first = rng.normal(size=2000) + 1.2 * IS_FAKE
    second = rng.normal(size=2000) + liking + 1.2 * IS_FAKE
    alone, together = paired(first, second, IS_FAKE), paired(first, second, IS_FAKE, groups=groups)
    assert together.difference == alone.difference
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_shared_reals_are_paired_and_fakes_are_not():
    rng = np.random.default_rng(3)
    reals = rng.normal(size=1000)
    first = np.r_[reals, rng.normal(size=1000) + 1.5]
    second = np.r_[reals, rng.normal(size=1000) + 1.2]
    result = shared_reals((first, IS_FAKE), (second, IS_FAKE))
    parts = [components(Ranking.of(values, IS_FAKE)) for values in (first, second)]
    expected = sum(part.fakes.var(ddof=1) for part in parts) / 1000
    expected += np.var(parts[0].reals - parts[1].reals, ddof=1) / 1000
    assert (result.high - result.low) / 2 == pytest.approx(1.962 * np.sqrt(expected), rel=1e-3)
    independent = sum(sum(covariance([part]))[0, 0] for part in parts)
    assert expected < 0.8 * independent
    with pytest.raises(ValueError, match="share their real test images"):
        shared_reals((first, IS_FAKE), (second[500:], IS_FAKE[500:]))


def test_shared_reals_at_a_perfect_separation():
    perfect = np.where(IS_FAKE, 1.0, 0.0) + np.linspace(0, 0.5, 2000)
    result = shared_reals((perfect, IS_FAKE), (perfect, IS_FAKE))
    assert result.p == 1.0
    assert result.low < -0.002
    assert result.high > 0.002
