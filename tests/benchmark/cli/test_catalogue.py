"""`fauxbench list`: every plug-in with where it comes from, and the broken and shadowed ones with the reason."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.cli import catalogue
from benchmark.machine import runtime
from benchmark.plugins import resolve as plugins
from data.errors import UserError

THIRD_PARTY = Path(__file__).parents[2] / "third_party"
SPEC = """
[dataset]
name = "example-stripes"
n = 120

[[generator]]
kind = "example-shuffle"

[[detector]]
kind = "example-contrast"
power = 2.0

[quality]
enabled = false
"""


def test_one_group():
    found = catalogue.everything("detectors")
    assert list(found) == ["detectors"]
    row = next(row for row in found["detectors"] if row["name"] == "cnn")
    assert (row["package"], row["version"], row["min_size"]) == ("fauxbench", runtime.version("fauxbench"), 8)
    assert row["origin"].startswith("detection/detectors/cnn.py:")
    assert {"name": "epochs", "type": "int >= 1", "default": 30, "required": False} in row["options"]
    with pytest.raises(UserError, match=r"Unknown group 'detector'. Did you mean 'detectors'"):
        catalogue.everything("detector")


def test_names_that_are_taken_are_told(offered):
    offered(
        "cnn=sklearn.svm:LinearSVC", "mine=sklearn.svm:LinearSVC", "mine=sklearn.svm:SVC", "good=sklearn.svm:SVC [x]"
    )
    rows = {
        row["origin"] if "origin" in row else row["broken"]: row
        for row in catalogue.everything("detectors")["detectors"]
    }
    broken = [text for text in rows if "broken" in rows[text]]
    assert len(broken) == 3
    assert any(text.startswith("'cnn' is the name of a built-in, which is used") for text in broken)
    assert any("'mine' is offered by" in text and "Name it in a spec as 'sklearn.svm:SVC'" in text for text in broken)
    assert plugins.resolve("detectors", "cnn").origin.startswith("detection/detectors/cnn.py")
    assert plugins.resolve("detectors", "good").factory.__name__ == "SVC"
    with pytest.raises(UserError, match="neither is used"):
        plugins.resolve("detectors", "mine")


def test_broken_entry_points_break_nothing(offered, tmp_path, monkeypatch, capsys):
    (tmp_path / "strange_module.py").write_text(
        "class Meta(type):\n    def __getattr__(cls, name): raise RuntimeError('not\\ntoday')\n"
        "class Strange(metaclass=Meta):\n    def fit(self): pass\n    def predict_proba(self): pass\n"
    )
    offered("one=no_such_module:X", "two=sklearn.svm:Nothing", "three=nonsense", "four=strange_module:Strange")
    found = {row["name"]: row.get("broken", "") for row in catalogue.everything("detectors")["detectors"]}
    assert "ModuleNotFoundError" in found["one"]
    assert "Unknown name 'Nothing'" in found["two"]
    assert found["three"]
    assert "RuntimeError: not today" in found["four"]
    assert not found["cnn"]
    catalogue.show(catalogue.everything("detectors"))
    assert f"      BROKEN: {found['four']}\n" in capsys.readouterr().out


@pytest.mark.slow
def test_a_package_with_entry_points(tmp_path, monkeypatch, call):
    """Installed beside fauxbench, it is listed, checked and run by its names."""
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(THIRD_PARTY, source, ignore=shutil.ignore_patterns("__pycache__"))
    install = [
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--disable-pip-version-check",
        "--target",
        str(target),
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "pip", "install", *install, str(source)], capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    monkeypatch.syspath_prepend(target)
    listed = json.loads(call("list", "--json").out)
    theirs = {row["name"]: row for rows in listed.values() for row in rows if row.get("package") == "fauxbench-example"}
    assert set(theirs) == {"example-contrast", "example-broken", "cnn", "example-shuffle", "example-stripes"}
    assert {row["version"] for row in theirs.values()} == {"2.3.4"}
    mine = theirs["example-contrast"]
    assert "fauxbench_example" in mine["origin"]
    assert (mine["paper"], mine["min_size"]) == ("Nobody (2024), On contrast, section 1", 4)
    assert mine["options"] == [{"name": "power", "type": "float", "default": 1.0, "required": False}]
    assert "Unknown name 'Missing'" in theirs["example-broken"]["broken"]
    assert "is the name of a built-in" in theirs["cnn"]["broken"]
    answer = call("check", "detector", "example-contrast")
    assert answer.code == 0, answer
    Path("spec.toml").write_text(SPEC)
    answer = call("run", "spec.toml", "--json")
    assert answer.code == 0, answer.err
    result = json.loads(answer.out)
    assert result["failures"] == []
    assert {"example-contrast"} <= {row["detector"] for row in result["metrics"]}
