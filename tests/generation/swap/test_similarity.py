import numpy as np
import pytest


def _brute_force(x, y, size):
    """Wang et al. 2004, equation 13, place by place."""
    weights = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * 1.5**2))
    weights = np.outer(weights, weights) / np.outer(weights, weights).sum()
    values = []
    for row in range(x.shape[0] - size + 1):
        for column in range(x.shape[1] - size + 1):
            for channel in range(x.shape[2]):
                a, b = (z[row : row + size, column : column + size, channel].astype(float) for z in (x, y))
                mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
                var_a, var_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
                cov = (weights * (a - mean_a) * (b - mean_b)).sum()
                top = (2 * mean_a * mean_b + 0.01**2) * (2 * cov + 0.03**2)
                values.append(top / ((mean_a**2 + mean_b**2 + 0.01**2) * (var_a + var_b + 0.03**2)))
    return np.mean(values)


@pytest.mark.parametrize(("shape", "size"), [((16, 16, 3), 11), ((14, 20, 1), 11), ((8, 12, 1), 7), ((9, 9, 3), 9)])
def test_equals_the_definition(shape, size):
    from generation.swap.similarity import ssim, window

    rng = np.random.default_rng(0)
    x = rng.random((4, *shape), np.float32)
    y = np.clip(x + rng.normal(0, [[[[0.02]]], [[[0.2]]], [[[1]]], [[[0]]]], x.shape), 0, 1).astype(np.float32)
    assert window(min(shape[:2])) == size
    found = np.asarray(ssim(x, y))
    np.testing.assert_allclose(found, [_brute_force(a, b, size) for a, b in zip(x, y, strict=True)], atol=2e-5)
    assert found[3] == pytest.approx(1, abs=1e-6)
    assert found[0] > found[1] > found[2]


def test_opposite_images_are_below_zero():
    from generation.swap.similarity import ssim

    x = np.random.default_rng(0).random((1, 16, 16, 1), np.float32)
    assert float(ssim(x, 1 - x)[0]) < -0.5
