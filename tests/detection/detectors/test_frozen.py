"""Classifiers on frozen features: the neighbours' share by hand, its ties, and the extractor that is kept."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from data.errors import UserError
from detection.detectors.frozen import FeaturesKNN, FeaturesLinear
from detection.frozen import extractor_network, stored
from detection.logistic import fit_linear
from detection.neighbours import neighbour_share

SHAPE = (8, 8, 1)


def test_the_share_among_four_neighbours_by_hand():
    bank = np.array([1.0, 2, 3, 4, 10, *range(20, 31)])[:, None]  # 16 rows: k is 4, at 1, 2, 3 and 4 of the query 0
    is_fake = np.array([True, False, True, True] + [False] * 12)
    weights = 1 - np.array([1, 2, 3, 4]) / 10  # 10 is the first that is no neighbour
    weighted = weights[[0, 2, 3]].sum() / weights.sum()
    expected = 3 / 4 + (weighted - 1 / 2) / 8
    np.testing.assert_allclose(neighbour_share(np.zeros((1, 1)), bank, is_fake), [expected], atol=1e-15)
    assert neighbour_share(np.zeros((1, 1)), bank[:15], is_fake[:15])[0] != expected  # floor(sqrt(15)) is 3


def test_rows_equally_far_share_the_last_places_whatever_their_order_and_label():
    bank = np.array([1.0, 5, 5, 5, 5, 9, 9, 9, 9])[:, None]  # k is 3: one row at 1, and two places for four at 5
    is_fake = np.array([True, True, False, False, False, True, True, True, True])
    rng, query = np.random.default_rng(0), np.zeros((1, 1))
    share = (1 + 2 * 1 / 4) / 3
    expected = share + (1 - 0.5) / 6  # inside 5 there is one row, a fake
    for _ in range(5):
        order = rng.permutation(9)
        assert neighbour_share(query, bank[order], is_fake[order])[0] == pytest.approx(expected, abs=1e-15)
    np.testing.assert_allclose(neighbour_share(query, np.zeros((9, 1)), is_fake), 6 / 9 + (6 / 9 - 0.5) / 6)


def test_unlike_shares_keep_their_order_and_like_ones_are_told_apart():
    rng = np.random.default_rng(1)
    bank, queries = rng.normal(size=(200, 3)), rng.normal(size=(500, 3))
    is_fake = rng.random(200) < 0.5
    scores = neighbour_share(queries, bank, is_fake)
    near = np.argsort(((queries[:, None] - bank) ** 2).sum(axis=2), axis=1)[:, :14]  # floor(sqrt(200))
    share = is_fake[near].mean(axis=1)
    order = np.argsort(scores, kind="stable")
    assert (np.diff(share[order]) >= 0).all()
    assert len(np.unique(scores)) > 490 > 15 >= len(np.unique(share))
    np.testing.assert_array_equal(neighbour_share(queries[300:], bank, is_fake), scores[300:])


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    drawn = extractor_network.build(SHAPE, 4, seed=2).get_weights()
    arrays = {"scale": np.float64(1), **{f"w{i:03d}": weight for i, weight in enumerate(drawn)}}
    folder = tmp_path_factory.mktemp("extractor")
    about = {"task": "rotations", "shape": list(SHAPE), "outputs": 4}
    stored.save(folder, "extractor", "untrained", about, arrays)
    return folder


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(3)
    images, is_fake = rng.integers(0, 256, (60, *SHAPE), dtype=np.uint8), np.arange(60) % 2 == 0
    images[is_fake] //= 2
    return images, is_fake


@pytest.mark.slow
@pytest.mark.parametrize("kind", [FeaturesKNN, FeaturesLinear])
def test_the_features_are_the_extractors_and_its_files_are_kept(kind, extractor, images, tmp_path):
    from detection.frozen.extractor import Extractor

    copy = tmp_path / "elsewhere"
    shutil.copytree(extractor, copy)
    detector = kind().fit(*images, validation=images, extractor=copy)
    detector.save(tmp_path / "saved")
    shutil.rmtree(copy)
    scores = kind().load(tmp_path / "saved").decision_function(images[0])
    features = Extractor().load(extractor).features(images[0])
    if kind is FeaturesKNN:
        expected = neighbour_share(features, features, images[1])
    else:
        expected = fit_linear(features.copy(), images[1], (features.copy(), images[1])).score(features)
    np.testing.assert_allclose(scores, expected, atol=1e-9)
    about = json.loads((tmp_path / "saved" / "detector.json").read_text())
    known = Extractor().load(extractor)
    assert about["extractor"] == {"name": known.name, "digest": known.digest}
    (tmp_path / "saved" / "detector.json").write_text(json.dumps({**about, "extractor": {"name": "other"}}))
    with pytest.raises(UserError, match="is not the one that this detector learned with"):
        kind().load(tmp_path / "saved")


@pytest.mark.slow
def test_an_extractor_that_does_not_fit_is_refused(extractor, images, tmp_path):
    with pytest.raises(UserError, match=r"extractor takes uint8 images of 8x8x1. Received: uint8 \(48, 8, 9, 1\)"):
        FeaturesKNN().fit(np.pad(images[0], ((0, 0), (0, 0), (0, 1), (0, 0))), images[1], extractor=extractor)
    with pytest.raises(UserError, match="holds no saved extractor"):
        FeaturesKNN().fit(*images, extractor=tmp_path)
