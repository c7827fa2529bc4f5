import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UserError
from generation.controls import Noise, RealCopy


@given(n=st.integers(0, 300), seed=st.integers(0, 2**32))
def test_real_copy_halves_are_disjoint_and_complete(n, seed):
    fake, real = RealCopy().split(n, seed)
    assert sorted([*fake, *real]) == list(range(n))
    assert len(fake) == n // 2
    again = RealCopy().split(n, seed)
    assert all(np.array_equal(a, b) for a, b in zip((fake, real), again, strict=True))


def test_real_copy_halves_change_with_the_seed_and_are_fair():
    fakes = np.zeros(50)
    for seed in range(400):
        fakes[RealCopy().split(50, seed)[0]] += 1
    assert fakes.min() > 140  # 200 expected, sd 10
    assert fakes.max() < 260


def test_real_copy_gives_each_source_once():
    sources = np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1)
    copies = RealCopy().sample(40, seed=2, sources=sources)
    assert sorted(copies.ravel()) == list(range(40))
    with pytest.raises(UserError, match=r"needs 41 real images to copy\. Received: 40"):
        RealCopy().sample(41, sources=sources)


def test_noise_uses_the_levels_that_occur_all_alike():
    levels = np.array([0, 3, 200, 255], np.uint8)
    images = np.random.default_rng(0).choice(levels, (10, 8, 8, 3))
    noise = Noise().fit(images).sample(100, seed=1)
    found, counts = np.unique(noise, return_counts=True)
    assert found.tolist() == levels.tolist()
    assert abs(counts / noise.size - 0.25).max() < 0.02
    flat = noise.reshape(100, -1).astype(float)
    assert abs(np.corrcoef(flat[:, 0], flat[:, 1])[0, 1]) < 0.35
