"""What a run must never do, tried through its stages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import benchmark
from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.plugins import resolve as plugins
from benchmark.stages import bank_audit
from data.errors import UserError

READER = """
class Reads:
    '''Gives back whatever image its file names.'''
    def __init__(self, *, path: str):
        self.path = path
    def fit(self, images):
        self.images = images
        return self
    def sample(self, n, *, seed=0):
        level = int(open(self.path).read())
        return (self.images[:1] * 0 + level).repeat(n, 0)
"""
ANY = """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def pipeline(**options):
    return make_pipeline(StandardScaler(), LogisticRegression(**options))
"""


def spec(**values):
    base = {"dataset": {"name": "digits"}, "detector": [{"kind": "linear-pixel"}], "quality": {"enabled": False}}
    return specs.parse(base | values)


def test_a_generator_that_learns_is_never_given_test_images(tmp_path):
    asked = spec(
        generator=[{"kind": "dcgan", "architecture": "small", "epochs": 1}],
        protocol={"parts": {"generator-train": 0}},
    )
    with pytest.raises(UserError, match="needs images"):
        benchmark.run(asked, out=tmp_path / "run")


def test_the_content_of_a_file_that_a_plugin_reads_is_in_its_key(tmp_path):
    (tmp_path / "plugin.py").write_text(READER)

    def key(name: str, level: int) -> str:
        (tmp_path / name).write_text(str(level))
        row = {"kind": f"{tmp_path}/plugin.py:Reads", "id": "reads", "path": str(tmp_path / name)}
        plan = planning.plan(spec(generator=[row]), folders=[])
        return plan.banks["reads", 0].key

    assert key("one", 1) == key("two", 1)
    assert key("one", 1) != key("one", 2)


def test_any_keywords_are_passed_on_and_none_that_were_not_asked_for(tmp_path):
    (tmp_path / "plugin.py").write_text(ANY)
    rows = [{"kind": f"{tmp_path}/plugin.py:pipeline", "id": "pipeline", "C": 0.1}]
    run = benchmark.run(spec(detector=rows), out=tmp_path / "run", smoke=True)
    assert set(run.cells["status"]) == {"done"}, run.failures


def test_a_callable_without_a_signature_is_told(tmp_path):
    (tmp_path / "mine.py").write_text("Mine = max\n")
    with pytest.raises(UserError, match="which options it takes"):
        plugins.resolve("detectors", f"{tmp_path}/mine.py:Mine")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"protocol": {"generator_seeds": [0, 0]}}, "each seed may stand there once"),
        ({"protocol": {"detector_seeds": [2**32]}}, "4294967295"),
        ({"generator": [{"kind": "noise", "id": "a/b"}]}, "without '/'"),
        ({"generator": [{"kind": "noise", "id": "  "}]}, "not blank"),
        ({"name": "x" * 300}, "name must be"),
    ],
)
def test_what_would_break_late_is_refused_early(values, message):
    with pytest.raises(UserError, match=message):
        spec(**values)


@pytest.mark.parametrize("rows", [{"kind": "noise"}, "noise", 3])
def test_a_table_where_a_list_of_tables_belongs_is_told(rows):
    with pytest.raises(UserError, match="list of tables"):
        specs.parse({"dataset": {"name": "digits"}, "generator": rows}, ["generator.noise.x=1"])


def test_fakes_in_two_parts_are_counted():
    image = np.zeros((1, 8, 8, 1), np.uint8)
    other = image + 1
    parts = {"detector-train": image, "detector-validation": other, "test": np.concatenate([image, other, image + 2])}
    assert (bank_audit.repeats(parts)["verdict"], bank_audit.repeats(parts)["value"]) == ("note", 2)
    assert bank_audit.repeats(parts | {"test": image + 2})["verdict"] == "pass"


@pytest.mark.slow
def test_seeds_of_finished_images_are_no_training_runs(tmp_path):
    rng = np.random.default_rng(0)
    for name, top in (("real", 255), ("fake", 200)):
        (tmp_path / name).mkdir()
        for i in range(60):
            pixels = rng.integers(0, top, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    changes = ["protocol.generator_seeds=[0, 1]", "quality.enabled=false"]
    asked = specs.from_folders(tmp_path / "real", [tmp_path / "fake"], changes)
    asked = asked.model_copy(update={"detector": asked.detector[:2]})
    run = benchmark.run(asked, out=Path(tmp_path / "run"))
    assert set(run.cells["status"]) == {"done"}, run.failures
    means = run.metrics[(run.metrics["scope"] == "configuration") & (run.metrics["metric"] == "auc")]
    assert len(means)
    assert means["low"].notna().all()
    assert not means["note"].str.contains("training run").any()
