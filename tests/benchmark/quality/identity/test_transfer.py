"""Identity transfer by arithmetic: known swaps, known similarities, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.quality.identity import transfer as identity
from benchmark.quality.identity import verification
from benchmark.quality.identity.similarities import Faces, Pairs
from detection.selection import auc_of


def unit(points: np.ndarray) -> np.ndarray:
    return points / np.linalg.norm(points, axis=-1, keepdims=True)


def known(kind: str = "groups", persons: int = 12, each: int = 5, spread: float = 0.2, seed: int = 0) -> Faces:
    """Faces around the centre of each person, which lie around that of each of two groups."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(persons), each)
    label = who % 2
    group = np.eye(2, 16)[np.arange(persons) % 2]
    centres = group + rng.normal(0, 0.3, (persons, 16))
    real = unit(centres[who] + rng.normal(0, spread, (len(who), 16)))
    alone = np.arange(len(who))
    return Faces(kind, real, who, label, alone, who if kind == "groups" else alone)


def by_hand(faces: Faces, images: np.ndarray, i: int) -> tuple[float, float, float]:
    """Own person, source side and target side of one image, in loops."""
    own = [images[i] @ faces.real[j] for j in range(len(images)) if faces.identity[j] == faces.identity[i] and j != i]
    sides: dict[bool, list[float]] = {True: [], False: []}
    for person in set(faces.identity.tolist()) - {faces.identity[i]}:
        for label in (0, 1):
            at = (faces.identity == person) & (faces.label == label)
            if at.any():
                sides[label == faces.label[i]].append(float(np.mean(faces.real[at] @ images[i])))
    return float(np.mean(own)), float(np.mean(sides[True])), float(np.mean(sides[False]))


def test_measures_are_those_of_loops():
    faces = known()
    rng = np.random.default_rng(1)
    swaps, straight = unit(rng.normal(size=faces.real.shape)), unit(faces.real + rng.normal(0, 0.1, faces.real.shape))
    rows = identity.rows(faces, swaps, straight, ("even", "odd"))
    assert [(row["direction"], row["source"], row["target"]) for row in rows] == [
        ("a>b", "even", "odd"),
        ("b>a", "odd", "even"),
    ]
    for label, row in enumerate(rows):
        mine = np.flatnonzero(faces.label == label)
        assert (row["n_swaps"], row["n_persons"]) == (30, 6)
        for end, images in (("", swaps), ("_reconstruction", straight), ("_real", faces.real)):
            loops = np.array([by_hand(faces, images, i) for i in mine])
            assert row[f"retention{end}"] == pytest.approx(loops[:, 0].mean())
            assert row[f"transfer{end}"] == pytest.approx((loops[:, 2] > loops[:, 1]).mean())
        assert row["retention_other"] == pytest.approx(np.mean([by_hand(faces, faces.real, i)[1] for i in mine]))
        assert row["similarity_source"] == pytest.approx(np.mean([by_hand(faces, swaps, i)[1] for i in mine]))
        assert row["similarity_target"] == pytest.approx(np.mean([by_hand(faces, swaps, i)[2] for i in mine]))
        for name in identity.MEASURES:
            assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
            assert row[f"{name}_low"] < row[f"{name}_high"]


@pytest.mark.parametrize("kind", ["groups", "identities"])
def test_a_perfect_swap_transfers_and_no_swap_does_not(kind):
    faces = known(kind, persons=12 if kind == "groups" else 2, each=5 if kind == "groups" else 30, spread=0.1)
    others = np.array([np.flatnonzero(faces.label != label)[i % 7] for i, label in enumerate(faces.label)])
    for row in identity.rows(faces, faces.real[others], faces.real, ("even", "odd")):
        assert row["transfer"] == 1
        assert 0.5 < row["transfer_low"] < 1
        assert row["transfer_real"] == row["transfer_reconstruction"] == 0
        assert row["retention"] < row["retention_other"] + 0.1 < row["retention_real"]
    for row in identity.rows(faces, faces.real, None, ("even", "odd")):
        assert row["transfer"] == 0
        assert 0 < row["transfer_high"] < 0.5
        assert row["retention"] == row["retention_real"] > row["retention_other"] + 0.2
        assert "transfer_reconstruction" not in row


def test_of_two_persons_the_other_images_of_each_are_compared_with():
    faces = known("identities", persons=2, each=6)
    swaps = unit(np.random.default_rng(1).normal(size=faces.real.shape))
    row = identity.rows(faces, swaps, None, ("anna", "bert"))[0]
    first, second = np.flatnonzero(faces.label == 0), np.flatnonzero(faces.label == 1)
    own = [np.mean([swaps[i] @ faces.real[j] for j in first if j != i]) for i in first]
    target = [np.mean([swaps[i] @ faces.real[j] for j in second]) for i in first]
    assert row["retention"] == row["similarity_source"] == pytest.approx(np.mean(own))
    assert row["similarity_target"] == pytest.approx(np.mean(target))
    assert row["transfer"] == pytest.approx((np.array(target) > np.array(own)).mean())
    assert row["retention_other"] == pytest.approx((faces.real[first] @ faces.real[second].T).mean())


def test_copies_of_the_source_are_not_compared_with():
    faces = known(persons=4, each=4)
    real = faces.real.copy()
    real[1] = real[0]
    copy = faces.copy.copy()
    copy[1] = copy[0]
    one = Faces("groups", real, faces.identity, faces.label, copy, faces.unit)
    row = identity.rows(one, real, None, ("even", "odd"))[0]
    mine = np.flatnonzero(one.label == 0)

    def others(i: int) -> list[int]:
        return [j for j in mine if one.identity[j] == one.identity[i] and copy[j] != copy[i]]

    assert row["retention"] == pytest.approx(np.mean([np.mean([real[i] @ real[j] for j in others(i)]) for i in mine]))


def test_a_person_of_both_groups_is_no_other_person():
    """Smiling and not: the same person in the target group says nothing about a transfer."""
    faces = known(persons=6, each=6)
    label = np.arange(len(faces.label)) % 2
    both = Faces("groups", faces.real, faces.identity, label, faces.copy, faces.unit)
    swaps = unit(np.random.default_rng(1).normal(size=faces.real.shape))
    row = identity.rows(both, swaps, None, ("a", "b"))[0]
    loops = np.array([by_hand(both, swaps, i) for i in np.flatnonzero(label == 0)])
    assert row["similarity_target"] == pytest.approx(loops[:, 2].mean())
    assert row["transfer"] == pytest.approx((loops[:, 2] > loops[:, 1]).mean())


def test_a_group_without_anything_to_compare_with_has_no_figures():
    faces = known(persons=4, each=3)
    who = np.where(faces.label == 0, faces.copy + 10, 1)
    alone = Faces("groups", faces.real, who, faces.label, faces.copy, who)
    rows = identity.rows(alone, faces.real, None, ("even", "odd"))
    assert [row["n_swaps"] for row in rows] == [0, 0], "no other picture of the person; no other person of the group"
    assert np.isnan(rows[0]["transfer"])


def test_one_person_to_compare_with_leaves_no_interval_for_it():
    faces = known(persons=9, each=4)
    kept = (faces.label == 0) | (faces.identity == 1)
    some = [part[kept] for part in (faces.real, faces.identity, faces.label, faces.copy, faces.unit)]
    row = identity.rows(Faces("groups", *some), some[0], None, ("even", "odd"))[0]
    assert np.isfinite([row["similarity_target"], row["retention_other_low"], row["retention_low"]]).all()
    assert np.isnan([row["similarity_target_low"], row["similarity_target_high"]]).all()


def test_resampled_similarities_are_those_of_the_resample():
    """Persons that are drawn twice are two persons, who are not compared with one another."""
    faces = known(persons=6, each=3)
    label = np.where(faces.identity == 0, np.arange(18) % 2, faces.label)  # one person is in both groups
    swaps = unit(np.random.default_rng(1).normal(size=faces.real.shape))
    both = Faces("groups", faces.real, faces.identity, label, faces.copy, faces.unit)
    pairs = Pairs(both, {"": swaps, "_real": faces.real})
    numbers = np.array([2, 0, 1, 3, 1, 1])
    found = pairs.measured(numbers[faces.identity][None].astype(float))
    for i in np.flatnonzero(numbers[faces.identity] > 0):
        sides: dict[bool, list[float]] = {True: [], False: []}
        for person in set(range(6)) - {int(faces.identity[i])}:
            for side in (0, 1):
                at = (faces.identity == person) & (label == side)
                if at.any():
                    similarity = float(np.mean(faces.real[at] @ swaps[i]))
                    sides[side == label[i]] += [similarity] * int(numbers[person])
        assert found["similarity_source"][0, i] == pytest.approx(np.mean(sides[True]))
        assert found["similarity_target"][0, i] == pytest.approx(np.mean(sides[False]))


def test_verification_is_the_auc_of_all_pairs_but_copies():
    faces = known(persons=6, each=4)
    copy = faces.copy.copy()
    copy[1] = copy[0]
    found = verification.auc(faces.real, faces.identity, copy, faces.unit)
    pairs = [(i, j) for i in range(24) for j in range(i) if copy[i] != copy[j]]
    alike = np.array([faces.real[i] @ faces.real[j] for i, j in pairs])
    same = np.array([faces.identity[i] == faces.identity[j] for i, j in pairs])
    assert found.value == pytest.approx(auc_of(alike, same))
    assert found.low < found.value < found.high
    assert np.isnan(verification.auc(faces.real[:4], faces.identity[:4], copy[:4], faces.unit[:4]).value)


def test_verification_knows_nothing_of_shuffled_persons():
    faces = known(persons=30, each=8)
    wrong = np.random.default_rng(0).permutation(faces.identity)
    assert verification.auc(faces.real, wrong, faces.copy, wrong).value == pytest.approx(0.5, abs=0.05)
    assert verification.auc(faces.real, faces.identity, faces.copy, faces.unit).low > 0.8


@pytest.mark.slow
def test_intervals_over_persons_cover():
    """Of 50 draws of 20 persons nearly 95 % hold what a thousand persons show; all of `rows` is counted elsewhere."""
    many = known(persons=1000, each=4, spread=0.5, seed=99)
    rng = np.random.default_rng(5)
    drawn = unit(many.real + rng.normal(0, 0.5, many.real.shape))
    score = (drawn * np.eye(2, 16)[many.label]).sum(axis=1)
    truth = {"share": (score > 0.4).mean()}
    some = np.random.default_rng(0).choice(len(many.real), 4000, replace=False)[:1000]
    first, second = np.triu_indices(len(some), 1)
    alike = (many.real[some] @ many.real[some].T)[first, second]
    truth["auc"] = auc_of(alike, (many.identity[some][:, None] == many.identity[some])[first, second])
    held = dict.fromkeys(truth, 0)
    for trial in range(50):
        persons = np.random.default_rng([trial]).choice(1000, 20, replace=False)
        at = np.flatnonzero(np.isin(many.identity, persons))
        who = many.identity[at]
        found = {
            "share": identity.share(score[at] > 0.4, who),
            "auc": verification.auc(many.real[at], who, at, who),
        }
        for name, estimate in found.items():
            held[name] += estimate.low <= truth[name] <= estimate.high
    for name, count in held.items():
        assert count >= 44, (name, held)  # a true 95 % falls below once in 100


def test_persons_of_one_unit_are_one_to_the_intervals():
    """Three persons each who share pictures: a figure stays what it is, and rests on a third of the persons."""
    faces = known(persons=18, each=5)
    joined = np.where(faces.label == 0, 0, 1) + 2 * (faces.identity // 6)
    noise = 0.3 * (faces.identity // 6)[:, None] * np.random.default_rng(1).normal(size=faces.real.shape)
    real = unit(faces.real + noise)  # pictures of persons of one unit are equally good
    faces, both = (Faces("groups", real, faces.identity, faces.label, faces.copy, of) for of in (faces.unit, joined))
    alone, together = (identity.rows(each, faces.real, None, ("even", "odd"))[0] for each in (faces, both))
    assert together["retention"] == alone["retention"]
    assert together["retention_high"] - together["retention_low"] > alone["retention_high"] - alone["retention_low"]
    found = [verification.auc(real, faces.identity, faces.copy, of) for of in (faces.unit, joined)]
    assert found[0].value == found[1].value
    assert found[0].low != found[1].low
    pairs = Pairs(both, {"": faces.real, "_real": faces.real})
    assert len(np.unique(pairs.units)) == 6
