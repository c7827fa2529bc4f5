from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from data.errors import UserError
from detection.calibrate import fit_platt


def loss(slope: float, intercept: float, scores: np.ndarray, is_fake: np.ndarray) -> float:
    n_fake, n_real = is_fake.sum(), (~is_fake).sum()
    targets = np.where(is_fake, (n_fake + 1) / (n_fake + 2), 1 / (n_real + 2))
    logits = slope * scores + intercept
    return float(np.sum(np.logaddexp(0, logits) - targets * logits))


def overlapping(seed: int, n_real: int, n_fake: int, gap: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    is_fake = np.repeat([False, True], [n_real, n_fake])
    return np.random.default_rng(seed).normal(gap * is_fake), is_fake


@pytest.mark.parametrize(("n_real", "n_fake"), [(50, 50), (300, 20), (3, 4)])
def test_it_finds_the_minimum(n_real, n_fake):
    scores, is_fake = overlapping(0, n_real, n_fake)
    platt = fit_platt(scores, is_fake)
    best = minimize(
        lambda v: loss(v[0], v[1], scores, is_fake), [0.0, 0.0], bounds=[(0, None), (None, None)], tol=1e-14
    )
    assert loss(platt.slope, platt.intercept, scores, is_fake) <= best.fun + 1e-9
    assert platt.slope == pytest.approx(best.x[0], rel=1e-3, abs=1e-6)


def test_it_agrees_with_scikit_learns_sigmoid():
    calibration = pytest.importorskip("sklearn.calibration")
    scores, is_fake = overlapping(1, 200, 150)
    theirs = calibration._SigmoidCalibration().fit(scores, is_fake.astype(int))
    ours = fit_platt(scores, is_fake)
    np.testing.assert_allclose(ours.probability(scores), theirs.predict(scores), atol=1e-4)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e6])
def test_separable_scores_give_finite_sure_probabilities(scale):
    is_fake = np.repeat([False, True], 500)
    scores = scale * np.where(is_fake, 3.0, -3.0) + scale * np.linspace(0, 1, 1000)
    platt = fit_platt(scores, is_fake)
    p = platt.probability(scores)
    assert np.isfinite([platt.slope, platt.intercept]).all()
    assert ((p > 0.9) == is_fake).all()
    assert ((p < 0.1) == ~is_fake).all()
    # Platt's targets stop short of certainty
    assert p.max() < 1
    assert p.min() > 0


def test_reversed_scores_get_no_slope_and_the_share_of_fakes():
    scores, is_fake = overlapping(2, 60, 30)
    platt = fit_platt(-scores, is_fake)
    assert platt.slope == 0
    assert platt.probability(scores)[0] == pytest.approx(30 / 90, abs=0.02)


def test_constant_scores_get_no_slope():
    platt = fit_platt(np.full(10, 3.7), np.arange(10) < 5)
    assert platt.slope == 0
    assert platt.probability([3.7]) == pytest.approx(0.5)


@settings(max_examples=60, deadline=None)
@given(
    scores=st.lists(st.floats(-1e9, 1e9), min_size=4, max_size=40),
    fakes=st.integers(1, 3),
    shift=st.floats(-5, 5),
)
def test_any_finite_scores_give_monotone_finite_probabilities(scores, fakes, shift):
    is_fake = np.arange(len(scores)) < fakes
    platt = fit_platt(np.array(scores) + shift, is_fake)
    p = platt.probability(np.sort(scores))
    assert np.isfinite(p).all()
    assert platt.slope >= 0
    assert (np.diff(p) >= 0).all()
    assert p.dtype == np.float64


def test_it_refuses_one_class_and_nan():
    with pytest.raises(UserError, match="real and fake"):
        fit_platt(np.arange(3.0), np.ones(3, dtype=bool))
    with pytest.raises(UserError, match="finite"):
        fit_platt(np.array([1.0, np.nan]), np.array([True, False]))
