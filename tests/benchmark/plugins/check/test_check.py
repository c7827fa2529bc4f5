"""Plug-ins that keep their contract pass; what hangs, crashes or is no plug-in is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

import pytest

from benchmark.cli import main as cli
from benchmark.plugins import check
from benchmark.plugins.check.isolated import isolated
from data.errors import UserError

ROOT = Path(__file__).parents[4]
PLUGINS = ROOT / "tests" / "plugins"
GREY = "    def decision_function(self, images):\n        return -images.reshape(len(images), -1).mean(axis=1)\n"


def verdicts(checks: list[check.Check]) -> dict[str, str]:
    return {row.id: row.verdict + f" {row.message}" * (row.verdict == "failed") for row in check.results(checks)}


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fauxbench", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    "kind",
    [
        "sentinel-format",
        "linear-pixel",
        "spectrum",
        "sklearn.svm:LinearSVC",
        "foreign.py:Contrast",
        "pipeline.py:scaled",
    ],
)
def test_detectors_that_keep_the_contract(kind):
    found = verdicts(check.detector_checks(f"{PLUGINS}/{kind}" if ".py" in kind else kind))
    assert set(found.values()) == {"passed", "skipped"}
    without = ["history"] if kind == "linear-pixel" else ["explain", "history"]  # pixels' weights are a heat map
    assert [name for name, verdict in found.items() if verdict == "skipped"] == without


@pytest.mark.parametrize(
    ("kind", "skipped"),
    [
        ("gaussian", "labels sources history"),
        ("real-copy", "labels history"),
        ("noise", "labels sources history"),
        ("sklearn.mixture:GaussianMixture", "labels sources on-checkpoint history"),
        ("foreign.py:Shuffled", "labels sources on-checkpoint history"),
        ("drawing.py:Brighter", "on-checkpoint history"),
    ],
)
def test_generators_that_keep_the_contract(kind, skipped):
    found = verdicts(check.generator_checks(f"{PLUGINS}/{kind}" if ".py" in kind else kind))
    assert set(found.values()) == {"passed", "skipped"}
    assert " ".join(name for name, verdict in found.items() if verdict == "skipped") == skipped


@pytest.mark.slow
def test_a_network_of_a_few_lines_keeps_the_contract():
    found = verdicts(check.detector_checks(f"{PLUGINS}/keras_file.py:Tiny"))
    assert set(found.values()) == {"passed", "skipped"}, found


@pytest.mark.slow
@pytest.mark.parametrize("need", ["extractor", "discriminator"])
def test_what_a_detector_needs_is_made_for_it(need, tmp_path):
    reads = {
        "extractor": "detection.frozen.extractor:Extractor().load(extractor).features(images)",
        "discriminator": "keras.saving:load_model(discriminator)(images / 127.5 - 1)",
    }[need]
    module, _, expression = reads.partition(":")
    (tmp_path / "mine.py").write_text(
        f"from {module} import {expression.partition('(')[0]}\nclass Mine:\n    needs = ('{need}',)\n"
        f"    channels = (1,)\n    def fit(self, images, is_fake, *, {need}):\n"
        f"        self.seen = len({expression})\n        return self\n" + GREY
    )
    trained = check.detector_checks(f"{tmp_path}/mine.py:Mine")[0]
    trained()
    assert trained.subject.trained().detector.seen == 48


def test_the_order_and_the_options(tmp_path):
    (tmp_path / "mine.py").write_text(
        "class Mine:\n    def __init__(self, *, epochs: int = 50, batch_size: int = 256, weight: float = 1.0):\n"
        "        if weight < 0 and epochs < 50: raise ValueError('too few')\n"
        "        self.options = epochs, batch_size, weight\n    def fit(self, images, is_fake):\n"
        "        return self\n" + GREY
    )
    checks = check.detector_checks(f"{tmp_path}/mine.py:Mine", weight=2.0)
    assert checks[0].subject.instance.options == (1, 16, 2.0)
    assert checks[0].subject.learned().detector.options == (12, 16, 2.0)
    assert check.detector_checks(f"{tmp_path}/mine.py:Mine", epochs=3)[0].subject.learned().detector.options[0] == 3
    names = [str(one) for one in checks]
    assert names[:4] == ["fit", "shape-and-dtype", "finite", "inputs-untouched"]
    assert len(set(names)) == len(names) == 12
    with pytest.raises(unittest.SkipTest, match="no method explain"):
        checks[names.index("explain")]()
    assert check.detector_checks(f"{tmp_path}/mine.py:Mine", weight=-1.0)[0].subject.instance.options == (50, 256, -1.0)
    with pytest.raises(UserError, match="Did you mean 'weight'"):
        check.detector_checks(f"{tmp_path}/mine.py:Mine", wait=2.0)


@pytest.mark.slow
def test_what_hangs_or_ends_its_process_fails_one_check(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import os, sys, time\nclass Mine:\n    def __init__(self, *, how: str = 'well'): self.how = how\n"
        "    def fit(self, images, is_fake):\n        print('noise')\n        return self\n"
        "    def explain(self, images):\n        os._exit(3)\n"
        "    def save(self, folder):\n        time.sleep(60 if self.how == 'hangs' else 0)\n        sys.exit(4)\n"
        "    def load(self, folder): pass\n" + GREY
    )
    rows = {row.id: row for row in isolated("detectors", f"{tmp_path}/mine.py:Mine", {"how": "hangs"}, limit=4)}
    assert list(rows) == [str(one) for one in check.detector_checks("spectrum")]
    assert {name: row.message for name, row in rows.items() if row.verdict == "failed"} == {
        "save-load": "It did not end within 4 seconds. A check uses small images: look for an endless loop, or give a "
        "slow one more time by --limit.",
        "explain": "It ended its process (exit code 3). A plug-in must raise an error instead.",
    }
    assert rows["learns"].verdict == "passed"
    with pytest.raises(AssertionError, match=r"Saving it raised SystemExit: it called sys.exit\(4\).*mine.py, line 11"):
        next(one for one in check.detector_checks(f"{tmp_path}/mine.py:Mine") if one.id == "save-load")()


def test_after_two_checks_that_hang_the_others_are_not_tried(monkeypatch):
    class Hangs:
        ended, hung = False, True

        def __init__(self, group, kind, options, done, limit, scratch):
            self.done, self.host = done, self

        def end(self):
            pass

        def results(self):
            yield check.Result(["fit", "finite"][len(self.done)], "failed", "It did not end", 1.0)

    monkeypatch.setattr("benchmark.plugins.check.isolated._Worker", Hangs)
    rows = list(isolated("detectors", "mine.py:Mine", {}, limit=1))
    assert [row.verdict for row in rows] == ["failed"] * 2 + ["skipped"] * 10
    assert "not tried" in rows[-1].message


@pytest.mark.slow
def test_the_command(tmp_path, monkeypatch, capsys):
    assert command(monkeypatch, "check", "detector", "linear-pixel", "--set", "colour=grey", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["verdict"] for row in rows} == {"passed", "skipped"}
    assert set(rows[0]) == {"id", "verdict", "message", "seconds"}
    assert command(monkeypatch, "check", "generator", f"{PLUGINS}/failing.py:GeneratorMutates") == 1
    shown = capsys.readouterr().out
    assert "FAILED   inputs-untouched" in shown
    assert "fit changed its `images`, `labels`: copy before you write." in shown
    for arguments, message in {
        ("detector", "linear-pixel", "--set", "color=grey"): "Did you mean 'colour'",
        ("detector", "external"): "Give it by --set OPTION=VALUE",
    }.items():
        assert command(monkeypatch, "check", *arguments) == 2
        shown = capsys.readouterr()
        assert message in shown.err
        assert shown.out == ""


def test_a_wrong_command_line(monkeypatch, capsys):
    for arguments, message in {
        ("detectors", "cnn"): "Unknown kind of plug-in 'detectors'. Did you mean 'detector'?",
        ("detector", "cnn", "--set", "epochs"): "--set takes option=value, such as epochs=5. Received: epochs.",
    }.items():
        assert command(monkeypatch, "check", *arguments) == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_an_authors_own_tests(tmp_path):
    """As in the docstring of `benchmark.plugins.check`, run by a pytest that knows nothing of ours."""
    (tmp_path / "mine.py").write_text("class Mine:\n    def fit(self, images, is_fake):\n        images += 1\n" + GREY)
    example = (check.__doc__ or "").partition("```python\n")[2].partition("```")[0]
    (tmp_path / "test_mine.py").write_text(example)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stdout
    assert "test_contract[save-load] PASSED" in ended.stdout
    assert "test_contract[explain] SKIPPED" in ended.stdout
    assert "test_contract[inputs-untouched] FAILED" in ended.stdout
    assert "fit changed its `images`: copy before you write." in ended.stdout
    assert "1 failed, 9 passed, 2 skipped" in ended.stdout
