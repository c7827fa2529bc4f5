from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC

from detection.detectors.spectrum import COSTS, Spectrum, profile
from detection.selection import auc_of


def noise(n: int, side: int, seed: int = 0, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, channels), dtype=np.uint8)


def smooth(images: np.ndarray) -> np.ndarray:
    return ((images.astype(int) + np.roll(images, 1, axis=1)) // 2).astype(np.uint8)


def halves(n: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([noise(n, side, seed), smooth(noise(n, side, seed + 100))]), np.arange(2 * n) >= n


def test_the_profile_starts_at_one_and_has_one_entry_per_ring():
    values = profile(noise(3, 16))
    np.testing.assert_allclose(values[:, 0], 1)
    assert values.shape == (3, 12)  # the corner is 8 * sqrt(2) = 11.3 from the centre


def test_a_black_image_has_a_finite_profile():
    black = np.zeros((2, 8, 8, 1), dtype=np.uint8)
    black[1, 3, 3] = 1
    assert np.isfinite(profile(black)).all()


@pytest.mark.parametrize("classifier", ["logistic", "svm"])
def test_it_tells_smooth_from_rough(classifier, tmp_path):
    detector = Spectrum(classifier=classifier).fit(*halves(40, 16, 1), validation=halves(20, 16, 2))
    images, is_fake = halves(50, 16, 3)
    scores = detector.decision_function(images)
    assert roc_auc_score(is_fake, scores) > 0.99
    detector.save(tmp_path)
    again = Spectrum(classifier=classifier).load(tmp_path)
    np.testing.assert_array_equal(again.decision_function(images), scores)
    order = np.random.default_rng(0).permutation(100)
    np.testing.assert_array_equal(detector.decision_function(images[order]), scores[order])


def test_the_machine_equals_scikit_learns_own_decision():
    images, is_fake = halves(60, 12, 4)
    detector = Spectrum(classifier="svm").fit(images, is_fake, validation=halves(30, 12, 5))
    features = profile(images)
    scaled = (features - features.mean(axis=0)) / np.where(features.std(axis=0) > 1e-10, features.std(axis=0), 1)
    _, gamma, cost = detector._state()["numbers"]
    assert cost in COSTS
    theirs = SVC(C=cost, gamma=gamma).fit(scaled, is_fake).decision_function(scaled)
    np.testing.assert_allclose(detector.decision_function(images), theirs, atol=1e-9)


def test_auc_counts_ties_half():
    rng = np.random.default_rng(0)
    scores, is_fake = rng.integers(0, 5, 60).astype(float), rng.random(60) < 0.4
    assert auc_of(scores, is_fake) == pytest.approx(roc_auc_score(is_fake, scores))
