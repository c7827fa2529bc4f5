import math

import numpy as np
import pytest

REAL, FAKE = np.array([[2.0], [-1.0]], np.float32), np.array([[0.5], [-3.0]], np.float32)


def _d(name, *targets):
    from generation.training.losses import discriminator_loss

    return float(discriminator_loss(name, REAL, FAKE, *targets))


def _log(x):
    return math.log(1 / (1 + math.exp(-x)))


def test_cross_entropy_by_hand():
    on_real = -(_log(2) + _log(-1)) / 2
    on_fake = -(_log(-0.5) + _log(3)) / 2
    assert _d("bce") == pytest.approx((on_real + on_fake) / 2, rel=1e-6)
    assert _d("non-saturating") == pytest.approx(on_real + on_fake, rel=1e-6)


def test_hinge_least_squares_and_wasserstein_by_hand():
    assert _d("hinge") == pytest.approx((0 + 2) / 2 + (1.5 + 0) / 2)
    assert _d("least-squares") == pytest.approx((1 + 4) / 4 + (0.25 + 9) / 4)
    assert _d("wasserstein-gp") == pytest.approx(-1.25 - 0.5)


def test_generator_losses_by_hand():
    from generation.training.losses import generator_loss

    expected = {
        "bce": -(_log(0.5) + _log(-3)) / 2, "non-saturating": -(_log(0.5) + _log(-3)) / 2, "hinge": 1.25,
        "wasserstein-gp": 1.25, "least-squares": (0.25 + 16) / 4,
    }  # fmt: skip
    for name, value in expected.items():
        assert float(generator_loss(name, FAKE)) == pytest.approx(value, rel=1e-6), name


def test_the_relativistic_losses_by_hand():
    """Pairs are of the same place: 2 against 0.5, and -1 against -3."""
    from generation.training.losses import generator_loss

    assert _d("relativistic") == pytest.approx(-(_log(1.5) + _log(2)) / 2, rel=1e-6)
    assert float(generator_loss("relativistic", FAKE, REAL)) == pytest.approx(-(_log(-1.5) + _log(-2)) / 2, rel=1e-6)


def test_guessing_gives_the_loss_that_the_collapse_alarm_knows():
    from generation.training.health import CHANCE
    from generation.training.losses import discriminator_loss

    for name, value in CHANCE.items():
        guess = np.full((4, 1), 0.5 if name == "least-squares" else 0.0, np.float32)
        assert float(discriminator_loss(name, guess, guess)) == pytest.approx(value, abs=1e-4)


def test_targets_change_the_loss_as_the_definition_says():
    def soft(x, target):
        return -(target * _log(x) + (1 - target) * _log(-x))

    high, low = np.array([[0.9], [0.0]], np.float32), np.array([[0.0], [0.9]], np.float32)
    by_hand = (soft(2, 0.9) + soft(-1, 0.0)) / 2, (soft(0.5, 0.0) + soft(-3, 0.9)) / 2
    assert _d("bce", high, low) == pytest.approx(sum(by_hand) / 2, rel=1e-6)
    assert _d("non-saturating", high, low) == pytest.approx(sum(by_hand), rel=1e-6)
    squares = ((2 - 0.9) ** 2 + 1) / 4 + (0.25 + 3.9**2) / 4
    assert _d("least-squares", high, low) == pytest.approx(squares, rel=1e-6)


def test_smoothing_is_one_sided_and_noise_exchanges():
    from generation.training.losses import targets

    draws = np.array([[0.05], [0.5]], np.float32), np.array([[0.5], [0.05]], np.float32)
    real, fake = (np.asarray(part) for part in targets(*draws, 0.1, 0.2))
    np.testing.assert_allclose(real[:, 0], [0.0, 0.9])
    np.testing.assert_allclose(fake[:, 0], [0.0, 0.9])
    real, fake = (np.asarray(part) for part in targets(*draws, 0.1, 0.0))
    np.testing.assert_allclose(real, 0.9)
    np.testing.assert_allclose(fake, 0.0)


def test_large_logits_do_not_overflow():
    from generation.training.losses import discriminator_loss, generator_loss

    wrong = np.array([[500.0]], np.float32)
    for name in ("bce", "non-saturating"):
        assert float(discriminator_loss(name, -wrong, wrong)) == pytest.approx(500 if name == "bce" else 1000)
        assert float(discriminator_loss(name, wrong, -wrong)) == pytest.approx(0)
        assert float(generator_loss(name, -wrong)) == pytest.approx(500)
    assert float(discriminator_loss("relativistic", -wrong, wrong)) == pytest.approx(1000)
    assert float(generator_loss("relativistic", wrong, -wrong)) == pytest.approx(0)


def test_the_penalty_is_the_squared_distance_of_a_norm_from_one():
    from generation.training.losses import gradient_penalty

    gradients = np.zeros((2, 2, 2, 1), np.float32)
    gradients[0, 0, :, 0] = 3, 4  # norm 5
    assert float(gradient_penalty(gradients)) == pytest.approx((16 + 1) / 2, rel=1e-5)


def test_the_zero_centred_penalty_is_half_a_squared_norm():
    from generation.training.losses import zero_centred_penalty

    gradients = np.zeros((2, 2, 2, 1), np.float32)
    gradients[0, 0, :, 0] = 3, 4
    assert float(zero_centred_penalty(gradients)) == pytest.approx(25 / 2 / 2)
