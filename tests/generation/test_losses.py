import math

import numpy as np
import pytest


def test_losses_by_hand():
    from generation.losses import discriminator_loss, generator_loss

    real, fake = np.array([[2.0], [-1.0]], np.float32), np.array([[0.5], [-3.0]], np.float32)

    def p(x):
        return 1 / (1 + math.exp(-x))

    on_real = -(math.log(p(2)) + math.log(p(-1))) / 2
    on_fake = -(math.log(1 - p(0.5)) + math.log(1 - p(-3))) / 2
    assert float(discriminator_loss(real, fake)) == pytest.approx((on_real + on_fake) / 2, rel=1e-6)
    assert float(generator_loss(fake)) == pytest.approx(-(math.log(p(0.5)) + math.log(p(-3))) / 2, rel=1e-6)


def test_a_blind_discriminator_has_loss_ln_2():
    from generation.losses import discriminator_loss, generator_loss

    nothing = np.zeros((4, 1), np.float32)
    assert float(discriminator_loss(nothing, nothing)) == pytest.approx(math.log(2))
    assert float(generator_loss(nothing)) == pytest.approx(math.log(2))


def test_saturated_logits_stay_finite():
    from generation.losses import discriminator_loss, generator_loss

    far = np.full((2, 1), 1e4, np.float32)
    assert float(discriminator_loss(-far, far)) == pytest.approx(1e4)
    assert float(generator_loss(-far)) == pytest.approx(1e4)
