"""A trained detector is read once for all the exams that wait for it, and scores them as if it were read for each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import benchmark
from benchmark.plan import specs
from benchmark.plan.stage import Work
from benchmark.stages import job, line
from benchmark.use.api import make_plan

PLUGIN = """
import json, os, pathlib

LOG = pathlib.Path(__file__).with_name("reads.txt")

class Mine:
    def fit(self, images, is_fake):
        self.level = float(images.mean())
        return self

    def decision_function(self, images):
        return images.mean(axis=(1, 2, 3)) - self.level

    def save(self, folder):
        (folder / "level.json").write_text(json.dumps(self.level))

    def load(self, folder):
        with LOG.open("a") as file:
            file.write(f"{os.getpid()}\\n")
        self.level = json.loads((folder / "level.json").read_text())
        return self
"""


def spec(kind: str) -> specs.Spec:
    rows = [{"kind": "gaussian", "id": name, "components": n} for name, n in (("a", 5), ("b", 9))]
    detector = {"kind": kind, "id": "mine", "train_on": "all"}
    off = {"enabled": False}
    return specs.parse(
        {"dataset": {"name": "digits", "limit": 200}, "generator": rows, "detector": [detector], "quality": off}
    )


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_detector_is_read_once_for_all_exams(tmp_path: Path, jobs: int) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    run = benchmark.run(spec(f"{tmp_path}/mine.py:Mine"), out=tmp_path / "run", jobs=jobs, smoke=True)
    cells = run.cells[run.cells["detector"] == "mine"]
    assert list(cells["status"]) == ["done"] * 4, run.failures
    reads = (tmp_path / "reads.txt").read_text().split()
    assert len(reads) == (1 if jobs == 1 else len(set(reads)))


def test_it_scores_as_if_it_were_read_for_each(tmp_path: Path) -> None:
    given = spec("linear-pixel")
    first = benchmark.run(given, out=tmp_path / "a" / "run", smoke=True)
    order = [f"score mine seed 0 on {name} seed 0 after all seed 0" for name in ("b", "noise", "a", "real-copy")]
    scored = {stage.name: stage for stage in make_plan(given, smoke=True).stages if stage.function == "score"}
    shutil.copytree(tmp_path / "a" / ".store", tmp_path / "b")
    shutil.rmtree(tmp_path / "b" / "score")
    for name in order:
        job.forget()  # as in a process that has scored nothing before
        line.run(scored[name].as_json(), str(tmp_path / "b"), lambda *_: None)
        alone, kept = (pd.read_parquet(place / "score" / scored[name].key / "scores.parquet")
                       for place in (tmp_path / "b", tmp_path / "a" / ".store"))  # fmt: skip
        pd.testing.assert_frame_equal(alone, kept, check_exact=True)
    assert len({scored[name].detector for name in order}) == 1
    assert (first.cells["status"] == "done").all()


def test_evidence_is_of_the_detector_that_has_just_scored(tmp_path: Path) -> None:
    """But for a stranger's, which may change by what it is asked: that is read in a process of its own."""
    given = spec("linear-pixel")
    benchmark.run(given, out=tmp_path / "a" / "run", smoke=True)
    stages = {stage.name: stage for stage in make_plan(given, smoke=True).stages}
    shutil.copytree(tmp_path / "a" / ".store", tmp_path / "b")
    job.forget()
    read = []
    for does, on in (("score", "a"), ("explain", "a"), ("score", "b")):
        stage = stages[f"{does} mine seed 0 on {on} seed 0 after all seed 0"]
        assert stage.detector == Work(stage.as_json()).detector == stage.inputs["trained"].key
        again, before = (place / stage.function / stage.key for place in (tmp_path / "b", tmp_path / "a" / ".store"))
        shutil.rmtree(again)
        line.run(stage.as_json(), str(tmp_path / "b"), lambda *_: None)
        read += [one.detector for one in job._read.values()]
        for path in before.glob("*.[np]*"):
            assert (again / path.name).read_bytes() == path.read_bytes(), path
    assert read == [read[0]] * 3
    (tmp_path / "mine.py").write_text(PLUGIN)
    theirs = [one for one in make_plan(spec(f"{tmp_path}/mine.py:Mine"), smoke=True).stages if " mine " in one.name]
    assert {stage.function: bool(stage.detector) for stage in theirs if "trained" in stage.inputs} == {
        "explain": False, "score": True, "gap": True, "format_bias": True,
    }  # fmt: skip
    assert all(Work(stage.as_json()).detector == stage.detector for stage in theirs)
