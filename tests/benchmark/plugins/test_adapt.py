"""The adapter: foreign classes fit, and what they return is checked."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.mixture import GaussianMixture

from benchmark.plugins import adapt

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
IS_FAKE = np.arange(40) % 2 == 1


def fitted(detector):
    adapter = adapt.DetectorAdapter(detector)
    adapter.fit(IMAGES, IS_FAKE, (IMAGES, IS_FAKE), None)
    return adapter


def test_an_estimator_gets_flat_images_in_the_unit_interval():
    model = fitted(LogisticRegression()).detector
    assert model.n_features_in_ == 64
    direct = LogisticRegression().fit(IMAGES.reshape(40, -1) / np.float32(255), IS_FAKE)
    np.testing.assert_array_equal(model.coef_, direct.coef_)


def test_scores_and_probabilities_of_an_estimator():
    adapter = fitted(LogisticRegression())
    assert adapter.scores(IMAGES).shape == (40,)
    odds = 1 / (1 + np.exp(-adapter.scores(IMAGES)))
    np.testing.assert_allclose(adapter.probabilities(IMAGES), odds, atol=1e-6)


def test_only_probabilities_rank_by_them_and_only_scores_give_no_probability():
    only_probabilities = fitted(DummyClassifier(strategy="prior"))
    np.testing.assert_array_equal(only_probabilities.scores(IMAGES), only_probabilities.probabilities(IMAGES))
    assert fitted(RidgeClassifier()).probabilities(IMAGES) is None


class Foreign:
    """A detector that never heard of us."""

    def __init__(self, output):
        self.output = output

    def fit(self, images, is_fake):
        images[:] = 0  # a careless one
        return self

    def decision_function(self, images):
        return self.output(images)


def test_a_detector_that_changes_its_images_changes_its_own_copy():
    before = IMAGES.copy()
    fitted(Foreign(lambda images: images.mean((1, 2, 3))))
    np.testing.assert_array_equal(IMAGES, before)


def test_a_column_of_scores_is_taken_as_scores():
    assert fitted(Foreign(lambda images: images.mean((1, 2)))).scores(IMAGES).shape == (40,)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda images: np.zeros(3), r"must give an array of shape \(40,\). Received: \(3,\)"),
        (lambda images: np.full(len(images), np.nan), "40 of 40 are NaN or infinite"),
        (lambda images: np.where(np.arange(len(images)) == 5, np.inf, 0.0), "1 of 40 are NaN or infinite"),
    ],
)
def test_wrong_scores_are_refused(output, message):
    with pytest.raises(ValueError, match=message):
        fitted(Foreign(output)).scores(IMAGES)


def test_probabilities_outside_the_unit_interval_are_refused():
    detector = Foreign(lambda images: np.zeros(len(images)))
    detector.predict_proba = lambda images: np.tile([-1.0, 2.0], (len(images), 1))
    with pytest.raises(ValueError, match=r"values in \[0, 1\]. Received: 2 to 2"):
        fitted(detector).probabilities(IMAGES)


def test_a_density_model_is_a_generator():
    model = adapt.fit_generator(GaussianMixture(2, covariance_type="diag", random_state=0), IMAGES, IS_FAKE)
    first, again, other = (adapt.sample(model, 7, seed=s, sources=None, shape=(8, 8, 1)) for s in (1, 1, 2))
    assert first.shape == (7, 8, 8, 1)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


class Painter:
    """A generator that gives what it was told to."""

    def __init__(self, drawn):
        self.drawn = drawn

    def fit(self, images):
        return self

    def sample(self, n, seed=0):
        return self.drawn


@pytest.mark.parametrize(
    "drawn",
    [np.zeros((5, 8, 8, 1), np.uint8), np.zeros((7, 8, 8, 3), np.uint8), np.zeros((7, 8, 8, 1))],
    ids=["too-few", "channels", "floats"],
)
def test_wrong_samples_are_refused(drawn):
    with pytest.raises(ValueError, match=r"sample\(7\) must give uint8 \(7, 8, 8, 1\)"):
        adapt.sample(Painter(drawn), 7, seed=0, sources=None, shape=(8, 8, 1))


def test_an_object_without_save_survives_saving(tmp_path):
    adapter = fitted(LogisticRegression())
    adapt.save(adapter.detector, tmp_path)
    loaded = adapt.DetectorAdapter(LogisticRegression())
    loaded.detector = adapt.load(loaded.detector, tmp_path)
    np.testing.assert_array_equal(loaded.scores(IMAGES), adapter.scores(IMAGES))
