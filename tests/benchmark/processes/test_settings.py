"""Stages start from settings that are set and checked, whatever the user or an earlier stage has chosen."""

from __future__ import annotations

import os
import random
import sys
import warnings

import numpy as np
import pytest
import sklearn

from benchmark.processes import settings


@pytest.fixture(autouse=True)
def kept():
    """What these tests change is as before afterwards."""
    surroundings, states = settings.Surroundings(), (random.getstate(), np.random.get_state(), np.geterr())
    config = sklearn.get_config()
    yield
    surroundings.restore()
    random.setstate(states[0])
    np.random.set_state(states[1])
    np.seterr(**states[2])
    sklearn.set_config(**{name: config[name] for name in settings.SKLEARN if name in config})


def test_what_results_depend_on_is_set_and_what_is_not_set_is_told():
    np.seterr(all="raise")
    sklearn.set_config(assume_finite=True, transform_output="pandas")
    told = " ".join(settings.differing())
    for name in ("NumPy's reaction to 'invalid' is 'raise'", "assume_finite is True", "transform_output is 'pandas'"):
        assert name in told
    settings.apply()
    assert settings.differing() == []


def test_what_cannot_be_set_is_refused(monkeypatch):
    monkeypatch.setattr(sklearn, "set_config", lambda **_: None)
    sklearn._config._get_threadlocal_config()["assume_finite"] = True
    try:
        with pytest.raises(RuntimeError, match="scikit-learn's assume_finite is True, expected False"):
            settings.apply()
    finally:
        sklearn._config._get_threadlocal_config()["assume_finite"] = False


def test_shared_generators_start_from_the_seed():
    drawn = []
    for seed in (3, 4, 3):
        settings.apply(seed)
        drawn.append((random.random(), np.random.random()))
    assert drawn[0] == drawn[2] != drawn[1]


def test_keras_is_set_once_it_is_loaded():
    import keras

    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert len(settings.differing()) == 3
    settings.apply()
    assert settings.differing() == []
    assert keras.config.dtype_policy().name == "float32"


def test_surroundings_are_put_back(tmp_path):
    before = settings.Surroundings()
    folder, path, depth = os.getcwd(), list(sys.path), sys.getrecursionlimit()
    os.chdir(tmp_path)
    os.environ["FAUXBENCH_TEST"] = "1"
    sys.path.insert(0, str(tmp_path))
    sys.setrecursionlimit(depth + 1)
    filters = list(warnings.filters)
    warnings.simplefilter("ignore")
    stream, sys.stdout = sys.stdout, None
    before.restore()
    assert sys.stdout is stream
    assert (os.getcwd(), sys.path, sys.getrecursionlimit()) == (folder, path, depth)
    assert "FAUXBENCH_TEST" not in os.environ
    assert list(warnings.filters) == filters
