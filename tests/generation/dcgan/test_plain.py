"""A generator of plain Keras layers draws what the trained one draws."""

from __future__ import annotations

import numpy as np
import pytest

from generation.dcgan import studies

pytestmark = pytest.mark.slow  # Keras is started


@pytest.mark.parametrize("precision", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.bfloat16)])
@pytest.mark.parametrize("architecture", ["stable", "baseline", "mnist-1d"])
@pytest.mark.parametrize("conditions", [0, 3])
def test_a_plain_generator_draws_the_same(tmp_path, architecture, conditions, precision):
    import keras

    from generation.dcgan.networks import build_generator
    from generation.dcgan.plain import plain_generator

    shape, times = ((28, 28, 1), 0) if architecture == "mnist-1d" else ((16, 16, 3), 2)
    study = studies.resolve(architecture, **({} if architecture == "mnist-1d" else {"width": 4}))
    network = build_generator(study, shape, times, conditions=conditions, seed=3, precision=precision)
    rng = np.random.default_rng(0)
    for variable in network.variables:  # as after a training: no scale is one, no shift zero
        noise = (
            rng.uniform(0.1, 0.5, variable.shape) if "variance" in variable.path else rng.normal(0, 0.3, variable.shape)
        )
        variable.assign(np.asarray(variable) + noise)
    latent = rng.normal(size=(4, study.latent_dim)).astype("float32")
    inputs = [latent, rng.normal(size=(4, conditions)).astype("float32")] if conditions else latent
    plain_generator(network).save(tmp_path / "g.keras")
    plain = keras.saving.load_model(tmp_path / "g.keras", custom_objects={}, compile=False, safe_mode=True)
    assert all(type(layer).__module__.startswith("keras.") for layer in plain._flatten_layers(include_self=False))
    expected = np.asarray(network(inputs))
    close = 1e-5 if precision == "float32" else 0.05
    np.testing.assert_allclose(np.asarray(plain(inputs)), expected, atol=close)
    assert expected.std() > 0.1
    if conditions:
        other = [latent, -inputs[1]]
        assert np.abs(np.asarray(plain(other)) - expected).max() > 0.1, "the condition counts"
