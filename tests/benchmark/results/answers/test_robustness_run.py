"""Robustness in a run: what the stages do to which images, and that the main table does not notice that it is asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.plan.stage import Stage
from benchmark.stages import line, threshold
from benchmark.store.store import Store
from benchmark.use import api
from reports import load as reading
from reports.sections import questions, tables
from reports.words import answers, verdicts

MEAN = """
class Mean:
    def fit(self, images, is_fake):
        return self
    def decision_function(self, images):
        return 1000.0 * images.shape[1] + images.mean(axis=(1, 2, 3))
    def save(self, folder):
        pass
    def load(self, folder):
        return self
"""
SECONDS = ["seconds", "milliseconds_per_image"]


def done(stage: Stage, store: Path) -> Path:
    """Does a stage and all that it needs, in this process, and returns its folder."""
    for needed in stage.inputs.values():
        done(needed, store)
    line.run(stage.as_json(), str(store), lambda *_: None)
    return Store(store).path(stage.function, stage.key)


def test_lesson_exam_and_threshold_are_of_the_images_that_they_should_be(tmp_path: Path) -> None:
    (tmp_path / "mean.py").write_text(MEAN)
    spec = specs.parse(
        {
            "dataset": {"name": "digits", "limit": 300},
            "generator": [{"kind": "gaussian"}],
            "detector": [{"kind": f"{tmp_path / 'mean.py'}:Mean", "id": "mean"}],
            "protocol": {"ask": ["robustness"]},
            "question": {"robustness": {"perturbations": ["brightness-0.5"], "preprocess": ["none", "cut-0.5"]}},
        }
    )
    cells = {
        (cell.lesson.perturbation, cell.exam.perturbation): cell.scored
        for cell in planning.plan(spec, folders=[]).cells
        if cell.detector == "mean" and not cell.control
    }
    assert len(cells) == 6
    scores, cuts = {}, {}
    for changed, stage in cells.items():
        folder = done(stage, tmp_path / "store")
        frame = pd.read_parquet(folder / "scores.parquet").set_index("image_id")
        frame["side"], frame["score"] = frame["score"] // 1000, frame["score"] % 1000
        scores[changed] = frame
        cuts[changed] = json.loads((folder / "facts.json").read_text())["threshold"]
    clean = scores["none", "none"]
    for (lesson, exam), frame in scores.items():
        assert frame.index.equals(clean.index)
        for part, change in (("detector-validation", lesson), ("test", exam)):
            mine, usual = (each[each["part"] == part] for each in (frame, clean))
            assert set(mine["side"]) == {4 if "cut" in change else 8}, "the middle only, in training and test alike"
            if "cut" not in change:
                by = 0.5 if "brightness" in change else 1
                np.testing.assert_allclose(mine["score"], by * usual["score"], atol=0.5)
        seen = frame[frame["part"] == "detector-validation"]
        whole = seen["score"] + 1000 * seen["side"]
        assert cuts[lesson, exam] == pytest.approx(
            threshold.best_threshold(whole.to_numpy(), seen["is_fake"].to_numpy())
        )
    assert cuts["none", "brightness-0.5"] == cuts["none", "none"], "carried to images that it was not made for"
    assert cuts["brightness-0.5", "brightness-0.5"] < 0.6 * (cuts["none", "none"] - 8000) + 8000


def test_asking_changes_nothing_of_the_main_table_and_its_sentences(copied: Path) -> None:
    text = (copied / "images.toml").read_text() + (
        "[protocol]\nask = ['robustness']\n[question.robustness]\nperturbations = ['jpeg-50', 'noise-40']\n"
        "train = ['none', 'same']\n"
    )
    (copied / "asked.toml").write_text(text.replace('"images"', '"asked"'))
    run = api.run(copied / "asked.toml", out=copied / "runs" / "asked")
    assert not run.failures
    before, after = (reading.load(copied / "runs" / name) for name in ("images", "asked"))
    pd.testing.assert_frame_equal(
        *(each.main_cells.drop(columns=SECONDS).reset_index(drop=True) for each in (before, after))
    )
    for name in ("comparisons", "rankings", "audit"):
        pd.testing.assert_frame_equal(*(getattr(each, name).reset_index(drop=True) for each in (before, after)))
    entries = [tables.table(each) for each in (before, after)]
    assert str(entries[0]) == str(entries[1])
    said = [
        answers.headline(each, [verdicts.verdict(each, one, of) for one in each.generators if not one.role])
        for each, of in zip((before, after), entries, strict=True)
    ]
    assert str(said[0]) == str(said[1])
    assert [one.name for one in questions.asked(before)] == [
        one.name for one in questions.asked(after) if one.name != "robustness"
    ]

    table = pd.read_csv(run.folder / "answers" / "robustness.csv")
    assert set(table["detector"]) == {"linear-pixel", "sentinel-content"}
    assert set(table["generator"]) == {"gaussian", "by class"}
    aucs = table[table["metric"] == "auc"].set_index(["generator", "detector", "perturbation", "train"])["value"]
    main = run.metrics.query("metric == 'auc' and table == 'own' and scope == 'cell'")
    for row in main[main["generator"].isin(["gaussian", "by class"])].itertuples():
        if row.detector != "sentinel-format":
            assert aucs[row.generator, row.detector, "none", "none"] == pytest.approx(row.value)
    drops = table[table["metric"] == "drop"]
    assert len(drops) == 2 * 2 * 2 * 2
    assert (drops["low"] <= drops["value"]).all()
    assert (drops["value"] <= drops["high"]).all()
    for row in drops.itertuples():
        at = (row.generator, row.detector)
        assert row.value == pytest.approx(aucs[(*at, "none", "none")] - aucs[(*at, row.perturbation, row.train)])
