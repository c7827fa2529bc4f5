"""Verdicts from scores: three words, what each rests on, and how several detectors' are joined."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.use.verdicts import own_reals
from benchmark.use.verdicts.band import (
    BELOW,
    FEW,
    GAP,
    NOT_LIKE,
    OVERLAP,
    RISK,
    STRANGE,
    UNDECIDED,
    Band,
    from_validation,
)
from benchmark.use.verdicts.joined import columns, judged, rule
from benchmark.use.verdicts.own_reals import SCORED, OwnReals
from data.errors import UserError
from detection.limits import Limit

LIKE = "like the fakes of one"


def limit(value: float) -> Limit:
    return Limit(value, 99, 0.05, 0.02, 0.1)


def said(band: Band, scores: list[float], strange: bool = False) -> list[tuple[str, str]]:
    verdicts, why = band.verdicts(np.array(scores), np.full(len(scores), strange))
    return list(zip(verdicts, why, strict=True))


def test_where_both_sides_score_it_is_undecided_and_where_neither_does_too():
    overlapping = Band("one", limit(2.0), limit(1.0))  # fakes reach down to -1, reals up to 2
    assert said(overlapping, [-2, -1, 0, 2, 9]) == [
        (NOT_LIKE, ""), (NOT_LIKE, ""), (UNDECIDED, OVERLAP), (LIKE, ""), (LIKE, ""),
    ]  # fmt: skip
    apart = Band("one", limit(-1.0), limit(-2.0))  # reals end at -1, fakes begin at 2
    assert said(apart, [-2, -1, 0, 2, 3]) == [
        (NOT_LIKE, ""), (UNDECIDED, GAP), (UNDECIDED, GAP), (UNDECIDED, GAP), (LIKE, ""),
    ]  # fmt: skip


def test_a_strange_picture_is_undecided_unless_own_reals_speak_for_it():
    assert said(Band("one", limit(2.0), limit(1.0)), [-9, 9], strange=True) == [(UNDECIDED, STRANGE)] * 2
    own = Band("one", limit(2.0), limit(1.0), own=True)
    assert said(own, [-9, 9], strange=True) == [(UNDECIDED, STRANGE), (LIKE, "")]
    assert said(own, [-9, 0, 9]) == [(NOT_LIKE, ""), (UNDECIDED, BELOW), (LIKE, "")]
    # reals of another kind score far below the fakes: their own limit counts
    assert said(Band("one", limit(-8.0), limit(1.0), own=True), [-7])[0][0] == LIKE


def test_without_a_score_there_is_no_verdict_and_without_limits_none_is_sure():
    assert said(Band("one", limit(2.0), limit(1.0)), [np.nan]) == [("", "")]
    none = Limit(np.inf, 5, 0, 0, 0)
    assert said(Band("one", none, none), [-9, 9]) == [(UNDECIDED, FEW)] * 2


def trained(scores: np.ndarray, is_fake: np.ndarray, units: np.ndarray | None = None) -> Any:
    units = np.arange(len(scores)) if units is None else units
    table = pd.DataFrame({"score": scores, "is_fake": is_fake, "unit": units})
    return SimpleNamespace(validation=table, generator="one")


@pytest.mark.parametrize("distance", [0.0, 1.0, 3.0, 8.0])
def test_neither_mistake_is_made_more_often_than_promised(distance):
    rng, wrong = np.random.default_rng(0), []
    is_fake = np.repeat([False, True], 60)
    for _ in range(200):
        band = from_validation(trained(rng.normal(size=120) + distance * is_fake, is_fake), 1)
        new = rng.normal(size=200) + distance * np.repeat([False, True], 100)
        verdicts = band.verdicts(new, np.zeros(200, bool))[0]
        wrong.append([(verdicts[:100] == LIKE).mean(), (verdicts[100:] == NOT_LIKE).mean()])
    mean, error = np.mean(wrong, axis=0), np.std(wrong, axis=0) / np.sqrt(len(wrong))
    assert (mean <= RISK + 4 * error).all()


def test_several_detectors_share_the_reals_mistakes_and_units_count_once():
    rng, is_fake = np.random.default_rng(0), np.repeat([False, True], 200)
    scores = rng.normal(size=400)
    one, four = (from_validation(trained(scores, is_fake), k) for k in (1, 4))
    assert four.reals.rate <= RISK / 4 < one.reals.rate
    assert four.fakes == one.fakes
    twins = from_validation(trained(scores, is_fake, np.arange(400) // 2), 1)
    assert (twins.reals.n, twins.fakes.n) == (100, 100)
    few = from_validation(trained(scores[180:220], is_fake[180:220], np.arange(40) // 2), 1)
    assert few.reals.value == np.inf


def test_verdicts_of_several_are_joined_by_the_rule_and_probabilities_go_where_a_picture_is_strange():
    bands = {"a": Band("one", limit(2.0), limit(1.0)), "b": Band("two", limit(2.0), limit(1.0))}
    table = pd.DataFrame({"score: a": [9, 0, -9, -9, 9, np.nan], "score: b": [9, 9, -9, 0, -9, np.nan]})
    table[["probability: a", "probability: b"]] = 0.5
    strange = {"a": np.array([False, False, False, False, True, False]), "b": np.zeros(6, bool)}
    got = judged(table, bands, strange)
    assert got["verdict"].tolist() == [
        "like the fakes of one, two", "like the fakes of two", NOT_LIKE, UNDECIDED, UNDECIDED, "",
    ]  # fmt: skip
    assert got["called_by"].tolist() == ["a, b", "b", "", "", "", ""]
    assert got["why"].tolist() == ["", "", "", OVERLAP, STRANGE, ""]
    assert got["probability: a"].isna().tolist() == [False, False, False, False, True, False]
    assert got["probability: b"].notna().all()
    assert columns(bands, ["score"])[0] == ["called_by", "verdict: a", "score: a", "verdict: b", "score: b"]
    assert columns({"a": bands["a"]}, ["score"]) == (["score: a"], {"score: a": "score"})
    assert rule(1, None) == ""
    assert "each at 0.1/2 (Bonferroni)" in rule(2, 0.1)


@pytest.fixture
def reals(tmp_path: Path) -> Path:
    """Twelve pictures of 32 px, another of the first one in another brightness, and a file that is no image."""
    rng = np.random.default_rng(0)
    for i in range(12):
        small = Image.fromarray(rng.integers(0, 200, (6, 6, 3), np.uint8)).resize((32, 32), Image.Resampling.BICUBIC)
        small.save(tmp_path / f"{i:02d}.png")
    brighter = np.asarray(Image.open(tmp_path / "00.png")).astype(int) + 20
    Image.fromarray(brighter.clip(0, 255).astype(np.uint8)).save(tmp_path / "00-again.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    return tmp_path


def test_near_copies_among_the_reals_are_one_unit_and_a_scored_one_takes_its_unit_with_it(reals, monkeypatch):
    own = OwnReals(reals, (32, 32, 3), "exact", pool=False, alike=False)
    assert (own.unreadable, len(own.images)) == (1, 13)
    scores = np.arange(13.0)
    assert own.limit(scores, 0.1, 1).n == 12
    with pytest.raises(UserError, match="cannot be set by 12 real images"):
        own.limit(scores, 0.05, 1)
    again = OwnReals(reals, (32, 32, 3), "exact", pool=False, alike=False)
    monkeypatch.setattr(own_reals, "CHUNK", 2)  # several pictures wait, and the last ones are compared all the same
    others = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), np.uint8)
    others[2] = own.images[1]
    for i in range(3):
        again.compare_later(others[i : i + 1])
    assert again.limit(scores, 0.1, 1).n == 11
    about = again.about(0.1)
    assert (about["images"], about["units"], about["left_out"], about["unreadable"]) == (11, 11, 2, 1)
    assert about[SCORED] == 2
    said = " ".join(again.said(3, 0))
    assert "2 of 13 left out" in said
    assert "1 could not be used" in said
    assert "reduced" not in said
    assert "0 of 13 were reduced, and 2 of 3 scored ones" in " ".join(again.said(3, 2))
