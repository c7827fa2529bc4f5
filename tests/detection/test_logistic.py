from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from data.errors import UserError
from detection.logistic import Linear, fit_linear, logistic_path, standardisation
from detection.selection import log_loss


def problem(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    is_fake = rng.random(n) < 0.4
    x = rng.normal(size=(n, d)) @ np.diag(rng.uniform(0.1, 2, d))
    x[:, 0] += 0.8 * is_fake
    return (x - x.mean(axis=0)) / x.std(axis=0), is_fake


@pytest.mark.parametrize(("n", "d"), [(200, 12), (60, 200), (50, 50)])
@pytest.mark.parametrize("penalty", [100.0, 1.0, 0.01])
def test_it_equals_scikit_learns_logistic_regression(n, d, penalty):
    x, is_fake = problem(n, d)
    theirs = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=100_000).fit(x, is_fake)
    path = list(logistic_path(x, is_fake, [10 * penalty, penalty], tolerance=1e-7))
    assert path[1][0] == penalty
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(path[1][1], theirs.coef_[0], atol=2e-4 * scale)
    assert path[1][2] == pytest.approx(theirs.intercept_[0], abs=2e-3 * max(1, abs(theirs.intercept_[0])))


def test_repeated_and_constant_features_do_no_harm():
    x, is_fake = problem(80, 5)
    features = np.column_stack([x, x, np.full(80, 7.0)])
    model = fit_linear(features.copy(), is_fake, (features.copy(), is_fake), penalties=[1.0])
    assert np.isfinite(model.weights).all()
    np.testing.assert_allclose(model.weights[:5], model.weights[5:10])
    assert np.isfinite(model.score(features)).all()


def test_it_chooses_the_penalty_by_log_loss_on_validation():
    x, is_fake = problem(120, 60)
    held, held_fake = problem(400, 60, seed=1)
    penalties = [1000.0, 100.0, 10.0, 1.0, 0.1]
    chosen = fit_linear(x.copy(), is_fake, (held.copy(), held_fake), penalties=penalties)
    mean, scale = standardisation(x)
    losses = {
        penalty: log_loss(((held - mean) / scale) @ weights + intercept, held_fake)
        for penalty, weights, intercept in logistic_path((x - mean) / scale, is_fake, penalties)
    }
    assert chosen.penalty == min(losses, key=losses.__getitem__)


def test_a_row_scores_the_same_alone_and_among_others():
    x, is_fake = problem(64, 30)
    model = fit_linear(x.copy(), is_fake, (x.copy(), is_fake))
    whole = model.score(x)
    for row in (0, 5, 63):
        assert model.score(x[row : row + 1])[0] == whole[row]


def test_state_round_trip():
    x, is_fake = problem(64, 3)
    model = fit_linear(x.copy(), is_fake, (x.copy(), is_fake))
    again = Linear.from_state(model.state())
    assert again.penalty == model.penalty
    np.testing.assert_array_equal(again.score(x), model.score(x))


def test_it_refuses_features_that_are_not_finite():
    x, is_fake = problem(20, 3)
    x[4, 1] = np.nan
    with pytest.raises(UserError, match="finite"):
        fit_linear(x, is_fake, (x.copy(), is_fake))
