"""Sets, sources and the profile from scores that are made up, so that what must come out is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.plan.cell import Cell
from benchmark.results import answers
from benchmark.results.answers import profile, sets, sources
from benchmark.results.gather import _asked, _identity
from benchmark.stages.bank import BESIDE
from benchmark.statistics.cells import metrics

VALUES = {
    "dataset": {"name": "digits"},
    "generator": [{"kind": "gaussian", "id": name} for name in "abc"],
    "detector": [{"kind": "linear-pixel"}, {"kind": "linear-dct"}],
}
Gap = Callable[[Cell], float]


def known(
    gap: Gap, seeds: int = 3, n: int = 200, *, validation: Gap | None = None, unit: int = 1, failed: Any = None,
    ask: str = "sources", smoke: bool = False, **values: Any,
) -> answers.Known:  # fmt: skip
    """What a run with these answers knows: normal scores, of which those of a cell's fakes are higher by its gap.

    Args:
        gap: Of the test images of a cell.
        seeds: Training seeds.
        n: Test images of each side; there are as many for validation.
        validation: Of the validation images. Defaults to `None`, the same.
        unit: Images in a unit, which are all alike.
        failed: Says of a cell whether it has failed.
        ask: What is asked beside the usual question.
        smoke: Whether it is a smoke run.
        **values: Of the spec.
    """
    protocol = {"ask": [ask], "generator_seeds": [*range(seeds)]}
    plan = planning.plan(specs.parse(VALUES | {"protocol": protocol} | values), folders=[], smoke=smoke)
    cells, scores, measured = [], [], []
    for number, cell in enumerate(plan.cells):
        bad = failed is not None and failed(cell)
        about = {
            "cell": cell.name,
            "dataset": "digits",
            **_identity(cell),
            **_asked(cell),
            "n_train_real": min(cell.lesson.n or 55, 55),
        }
        about |= {"train_sources": " + ".join(f"{name}/{seed}" for name, seed in cell.lesson.sources)}
        about |= {"purpose": "control" if cell.control else "main", "error": "it broke" if bad else None}
        cells.append(about | {"status": "failed" if bad else "done"})
        if bad:
            continue
        frames = [_scored("test", n, gap(cell), unit, [number, 0])]
        frames += [_scored("detector-validation", n, (validation or gap)(cell), unit, [number, 1])]
        if "beside" in cell.scored.params:
            beside = _scored("detector-validation", n, gap(cell), unit, [number, 2])
            frames.append(beside[beside["is_fake"]].assign(part=BESIDE))
        frame = pd.concat(frames).assign(cell=cell.name)
        test = frame[frame["part"] == "test"]
        found = metrics.measure(test["score"], test["is_fake"], threshold=gap(cell) / 2, only=("auc", "fpr", "tpr"))
        measured.append(found.assign(scope="cell", cell=cell.name, **_identity(cell), **_asked(cell)))
        scores.append(frame)
    tables = pd.DataFrame(cells), pd.concat(scores), pd.concat(measured)
    return answers.Known(plan, *tables, pd.DataFrame())


def _scored(part: str, n: int, gap: float, unit: int, seed: list[int]) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(2, -(-n // unit))).repeat(unit, axis=1)[:, :n]
    units = np.arange(2 * values.shape[1]) // unit
    return pd.DataFrame(
        {
            "part": part, "image_id": [f"{side}/{part}/{k}" for side in ("real", "fake") for k in range(n)],
            "unit": units, "is_fake": np.repeat([False, True], n), "score": np.r_[values[0], values[1] + gap],
        }
    )  # fmt: skip


def row(table: pd.DataFrame, **about: Any) -> Any:
    """Returns the one row of a table that is of something."""
    for name, value in about.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return next(table.itertuples())


def test_as_many_images_are_needed_as_normal_scores_ask_for() -> None:
    gaps = {"a": 0.6, "b": 2.2, "c": 6.0}
    options = {"ask": "sets", "question": {"sets": {"sizes": [1, 4, 64]}}, "detector": [{"kind": "linear-pixel"}]}
    table = sets.table(known(lambda cell: gaps.get(cell.generator, 0.0), **options))
    assert set(table["generator"]) == {"a", "b", "c"}  # controls are asked nothing
    assert "sentinel-format" not in set(table["detector"])
    for generator, gap in gaps.items():
        about = {"generator": generator, "detector": "linear-pixel", "scope": "configuration"}
        four = row(table, measure="auc", m=4, **about)
        assert four.low <= stats.norm.cdf(gap * np.sqrt(2)) + 1e-9
        assert four.low < four.value <= four.high
        true = max(int(np.ceil(2 * (stats.norm.ppf(0.99) / gap) ** 2)), 1)
        found = row(table, measure=sets.NEEDED, **about)
        assert found.low <= true
        assert not found.high < true  # three runs may not know it
        assert np.isfinite(found.high) or generator == "a"
        assert found.value == pytest.approx(true, rel=0.5)
    assert row(table, measure=sets.NEEDED, generator="c", detector="linear-pixel", scope="configuration").value == 1
    one = row(table, measure="auc", m=1, generator="a", generator_seed=0, detector="linear-pixel", scope="cell")
    assert one.value == pytest.approx(stats.norm.cdf(0.6 / np.sqrt(2)), abs=0.08)


def test_what_sets_cannot_reach_or_say_is_said() -> None:
    of: dict[str, Any] = {
        "ask": "sets",
        "detector": [{"kind": "linear-pixel"}],
        "generator": [{"kind": "gaussian", "id": "a"}],
    }
    made = known(lambda cell: 0.05, 1, question={"sets": {"sizes": [2, 300]}}, **of)
    about = {"generator": "a", "detector": "linear-pixel", "scope": "configuration"}
    table = sets.table(made)
    found = row(table, measure=sets.NEEDED, **about)
    assert np.isnan(found.value)
    assert found.note == f"not reached with 200 images; {sets.ONE_RUN}"
    far = row(table, measure="auc", m=300, **about)
    assert np.isnan([far.value, far.low, far.high]).all()
    assert far.note.startswith("cannot tell: sets of 300 images, of a source with 200")
    units = sets.table(known(lambda cell: 0.05, 1, unit=10, question={"sets": {"sizes": [2, 50]}}, **of))
    assert "of a source with 20 of different units" in row(units, measure="auc", m=50, **about).note
    few = sets.table(known(lambda cell: 0.05, 1, n=3, question={"sets": {"sizes": [2]}}, **of))
    assert "cannot tell: 3 real images" in row(few, measure="auc", m=2, **about).note


def test_the_threshold_of_sets_comes_from_validation_images() -> None:
    of: dict[str, Any] = {"ask": "sets", "generator": [{"kind": "gaussian", "id": "a"}]}
    shifted = known(lambda cell: 1.0, 1, validation=lambda cell: 3.0, question={"sets": {"sizes": [16]}}, **of)
    about = {"generator": "a", "detector": "linear-pixel", "scope": "configuration", "m": 16}
    table = sets.table(shifted)  # of which half the gap is 1.5: no set of test fakes is so high
    assert row(table, measure="tpr", **about).value < 0.1
    assert row(table, measure="auc", **about).value > 0.95


def _pairs(cell: Cell) -> float:
    """Each detector knows what it has learned from, and little else."""
    return 2.0 if cell.lesson.sources[0][0] == cell.generator else 0.0


def test_a_source_is_known_by_the_detector_that_has_learned_from_it() -> None:
    table = sources.table(known(_pairs, 2))
    for name in ("", "a", "b", "c"):
        right = row(table, scope="configuration", measure="right", made_by=name)
        assert right.value > 0.6
        assert right.low < right.value <= right.high <= 1
    whole = row(table, scope="configuration", measure="right", made_by="all")
    assert 0.6 < whole.low < whole.value < whole.high
    assert "guessing has 0.250; mean of 2 training runs" in whole.note
    said = table[(table["scope"] == "configuration") & (table["measure"] == "said")]
    assert said.groupby("made_by")["value"].sum().to_numpy() == pytest.approx(np.ones(4))


def test_where_nothing_is_learned_sources_are_guessed() -> None:
    table = sources.table(known(lambda cell: 0.0, 1))
    whole = row(table, scope="configuration", measure="right", made_by="all")
    assert whole.low < 0.25 < whole.high


def test_a_detector_of_which_a_cell_has_failed_is_left_out_and_one_configuration_is_none() -> None:
    failed = known(_pairs, 1, failed=lambda cell: cell.name == "a/0/linear-dct/0 after b/0")
    whole = row(sources.table(failed), scope="configuration", measure="right", made_by="all")
    assert "left out, since a cell of it has failed: linear-dct" in whole.note
    assert "--smoke" not in whole.note
    smoked = sources.table(known(_pairs, 1, smoke=True))  # of three generators two are asked of
    assert "has failed" not in "".join(smoked["note"])
    assert (
        "left out, since a cell of it was left out by --smoke: linear-pixel, linear-dct, sentinel-content"
        in smoked["note"].iloc[-1]
    )
    assert whole.value > 0.6
    alone = sources.table(known(_pairs, 1, generator=VALUES["generator"][:1]))
    assert set(alone["note"]) == {sources.ONE}


def _profiled(cell: Cell) -> float:
    if cell.detector == "linear-dct":  # better on test images alone
        return 9.0
    few, rest, processed = cell.lesson.n, len(cell.lesson.sources) > 1, cell.exam.perturbation != "none"
    return 0.5 if few else 1.0 if rest else 1.5 if processed else 2.0


def test_a_profile_is_of_what_validation_chooses() -> None:
    made = known(_profiled, 1, ask="profile", validation=lambda cell: 2.0 if cell.detector == "linear-pixel" else 1.0)
    table = profile.table(made)
    assert set(table["generator"]) == {"a", "b", "c"}
    assert set(table["detector"]) == {"linear-pixel"}
    gaps = {"clean": 2.0, "few_shot": 0.5, "unseen": 1.0, "processed": 1.5}
    for number, gap in gaps.items():
        found = row(table, generator="a", number=number)
        assert found.low < stats.norm.cdf(gap / np.sqrt(2)) < found.high
        assert "one training run" in found.note
    pooled = row(table, generator="a", number="pooled")
    assert pooled.low <= 3 <= pooled.high
    assert row(table, generator="a", number="processed").about == "social-1"


def test_a_profile_says_what_it_cannot() -> None:
    made = known(_profiled, 1, ask="profile", generator=VALUES["generator"][:1], question={"profile": {"few": 5000}})
    table = profile.table(made)
    assert row(table, number="unseen").note == "cannot tell: there is no other configuration to learn from"
    assert "5000 are not few, where there are 5" in row(table, number="few_shot").note
    broken = profile.table(known(_profiled, 1, ask="profile", failed=lambda cell: cell.exam.perturbation != "none"))
    assert set(broken[broken["number"] == "processed"]["note"]) == {"cannot tell: it broke"}


def test_the_validation_fakes_of_another_configuration_are_scored_where_it_is_asked(
    made: Callable[..., dict[str, Path]], tmp_path: Path
) -> None:
    values = VALUES | {"dataset": {"name": "digits", "limit": 300}, "quality": {"enabled": False}}
    values |= {
        "generator": [{"kind": "gaussian", "id": "a"}, {"kind": "gaussian", "id": "b", "components": 3}],
        "detector": [{"kind": "linear-pixel"}],
    }
    spec = specs.parse(values | {"protocol": {"ask": ["sources"]}})
    cells = [one for one in planning.plan(spec, folders=[]).cells if one.question == "sources"]
    wanted = {one.scored.name for one in cells if one.detector == "linear-pixel"}
    folders = made(spec, "score", tmp_path / "store")
    assert wanted <= folders.keys()
    for name, folder in folders.items():
        if not name.startswith("score linear-pixel"):
            continue
        scores = pd.read_parquet(folder / "scores.parquet")
        beside = scores[scores["part"] == BESIDE]
        if " after " not in name:
            assert beside.empty
            continue
        validation = scores[scores["part"] == "detector-validation"]
        assert beside["is_fake"].all()
        assert len(beside) == validation["is_fake"].sum()
        assert set(beside["image_id"]) == set(validation.loc[validation["is_fake"], "image_id"])
        assert not np.array_equal(beside["score"], validation.loc[validation["is_fake"], "score"])
