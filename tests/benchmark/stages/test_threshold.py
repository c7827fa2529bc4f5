"""The validation threshold: the best balanced accuracy, halfway between two scores."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from benchmark.stages.threshold import best_threshold

SCORES = st.lists(st.integers(-20, 20), min_size=4, max_size=40)


@given(SCORES, st.randoms(use_true_random=False))
def test_no_threshold_is_better(scores, random):
    values = np.array(scores, float)
    is_fake = np.array([True, False] + [random.random() < 0.5 for _ in scores[2:]])
    threshold = best_threshold(values, is_fake)
    best = max(balanced_accuracy_score(is_fake, values >= cut) for cut in np.unique(values))
    assert balanced_accuracy_score(is_fake, values >= threshold) >= best - 1e-12


def test_it_lies_halfway_between_separated_classes():
    assert best_threshold(np.array([0.0, 1.0, 5.0, 7.0]), np.array([False, False, True, True])) == 3.0


def test_of_several_best_ones_the_middle_one_is_taken():
    scores, is_fake = np.array([0.0, 1, 2, 3, 4, 5]), np.array([False, True, False, True, False, True])
    assert best_threshold(scores, is_fake) == 2.5
