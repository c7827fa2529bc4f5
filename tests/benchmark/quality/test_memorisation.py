"""Memorisation: half without it, all with it, honest about clusters, and the right images for the figure."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.quality import memorisation


def draws(seed: int, *sizes: int, d: int = 16) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n, d)) for n in sizes]


def test_nearest_is_brute_forces():
    fake, real = draws(0, 40, 60)
    distances = np.linalg.norm(fake[:, None] - real, axis=2)
    found = memorisation.nearest(fake, real)
    np.testing.assert_array_equal(found.at, distances.argmin(axis=1))
    np.testing.assert_allclose(found.distance, distances.min(axis=1))


def test_copies_of_training_images_are_all_found():
    seen, held = draws(1, 200, 200)
    found = memorisation.memorised(seen[:150] + 0.01, seen, held)
    assert found.value == 1
    assert found.low > 0.9


def test_copies_of_held_out_images_give_zero():
    seen, held = draws(1, 200, 200)
    assert memorisation.memorised(held, seen, held).value == 0


def test_half_without_memorisation_and_the_interval_holds_it():
    found = [memorisation.memorised(*draws(seed, 150, 150, 150)) for seed in range(300)]
    assert np.mean([each.value for each in found]) == pytest.approx(0.5, abs=0.02)
    assert np.mean([each.low <= 0.5 <= each.high for each in found]) >= 0.93


def test_fakes_that_are_all_alike_prove_nothing():
    seen, held = draws(2, 200, 200)
    alike = np.repeat(seen[:1], 200, axis=0)
    found = memorisation.memorised(alike, seen, held)
    assert found.value == 1
    assert found.low < 0.5


def test_ties_count_half():
    seen, _ = draws(3, 50, 50)
    assert memorisation.memorised(seen, seen, seen.copy()).value == 0.5


def test_the_most_copied_come_first_and_each_training_image_once():
    trained, held, fake = draws(4, 100, 100, 80)
    fake[7], fake[8], fake[9] = trained[30] + 1e-6, trained[30] + 1e-3, trained[31] + 1e-4
    found = memorisation.most_copied(fake, trained, held, 5)
    assert found.shape == (5, 3)
    assert found[:2, :2].tolist() == [[7, 30], [9, 31]]
    assert len(set(found[:, 1])) == 5
    np.testing.assert_array_equal(found[:, 2], memorisation.nearest(fake[found[:, 0]], held).at)


def test_copies_of_held_out_images_come_last_without_a_warning():
    held, trained = np.array([[0.0], [4.0]]), np.array([[5.0], [9.0]])
    fake = np.array([[0.0], [6.0], [8.5]])  # the first is a held-out image, at a distance of exactly 0
    with np.errstate(all="raise"):
        found = memorisation.most_copied(fake, trained, held, 8)
    assert found.tolist() == [[2, 1, 1], [1, 0, 1]]
    with np.errstate(all="raise"):
        assert memorisation.most_copied(fake[:1], trained, held, 8).tolist() == [[0, 0, 0]]


def test_references_must_be_equally_large():
    seen, held, fake = draws(5, 30, 31, 10)
    with pytest.raises(ValueError, match="equally large"):
        memorisation.memorised(fake, seen, held)
