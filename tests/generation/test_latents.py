import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UserError
from generation import latents
from generation.dcgan.generator import DCGAN


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["normal", "uniform"]), st.sampled_from([None, 0.5, 2.0]))
def test_the_first_do_not_depend_on_how_many(seed, kind, truncation):
    if kind == "uniform" and truncation == 2.0:
        truncation = 1.0
    few, many = (latents.draw(n, 5, seed, kind, truncation) for n in (3, 40))
    assert few.dtype == np.float32
    assert np.array_equal(few, many[:3])


def test_distributions():
    normal, uniform = (latents.draw(20_000, 3, 0, kind) for kind in ("normal", "uniform"))
    assert normal.std() == pytest.approx(1, abs=0.02)
    assert uniform.std() == pytest.approx(3**-0.5, abs=0.01)
    assert abs(uniform).max() <= 1


def test_truncation_never_widens():
    """Beyond 1, uniform latent vectors would be none that the generator has learned from."""
    assert np.array_equal(latents.draw(9, 2, 0, "uniform", 1.0), latents.draw(9, 2, 0, "uniform"))
    message = r"above 0 and at most 1, .* latent='uniform'\. Received: truncation=2\.$"
    with pytest.raises(UserError, match=message):
        latents.draw(9, 2, 0, "uniform", 2.0)
    with pytest.raises(UserError, match=message):
        DCGAN(latent="uniform", truncation=2.0)
    DCGAN(truncation=2.0)
    for kind in ("normal", "uniform"):
        with pytest.raises(UserError, match=r"Received: truncation=0\."):
            DCGAN(latent=kind, truncation=0.0)


def test_truncation_cuts_the_normal_distribution():
    from scipy.stats import kstest, truncnorm

    cut = latents.draw(5_000, 1, 0, "normal", 0.7)
    assert abs(cut).max() <= 0.7
    assert kstest(cut[:, 0], truncnorm(-0.7, 0.7).cdf).pvalue > 0.01


def test_a_path_goes_through_its_corners_and_keeps_the_length():
    corners = latents.draw(3, 50, 1)
    way = latents.path(corners, 8)
    assert way.shape == (24, 50)
    np.testing.assert_allclose(way[::8], corners, rtol=1e-5, atol=1e-6)
    lengths = np.linalg.norm(way, axis=1)
    ends = np.linalg.norm(corners, axis=1)
    assert lengths.min() > 0.9 * ends.min()  # a mixture would fall to about 0.7
    straight = latents.path(corners, 2, "uniform")
    np.testing.assert_allclose(straight[1], (corners[0] + corners[1]) / 2, rtol=1e-5)
    assert np.isfinite(latents.path(np.repeat(corners[:1], 2, axis=0), 4)).all()


def test_truncation_changes_samples_and_not_the_training():
    images = np.random.default_rng(5).integers(0, 256, (44, 8, 8, 1), np.uint8)
    options = {"architecture": "small", "width": 4, "batch_size": 8, "epochs": 1}
    plain, cut = DCGAN(**options).fit(images), DCGAN(**options, truncation=0.1).fit(images)
    assert all(np.array_equal(a, b) for a, b in zip(plain._sampler.values(), cut._sampler.values(), strict=True))
    assert cut.sample(50).std(axis=0).mean() < plain.sample(50).std(axis=0).mean()
    assert "truncation" in DCGAN.sampling_options


def test_interpolation_is_drawn_from_the_path():
    images = np.random.default_rng(5).integers(0, 256, (44, 8, 8, 1), np.uint8)
    generator = DCGAN(architecture="small", width=4, batch_size=8, epochs=1).fit(images)
    way = generator.interpolate(3, 5, seed=2)
    assert way.shape == (15, 8, 8, 1)
    assert np.array_equal(way[::5], generator.sample(3, seed=2))
