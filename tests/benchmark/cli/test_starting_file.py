"""`fauxbench new`: the files that it writes pass the checks and run as they stand."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from benchmark.cli import main as cli
from benchmark.cli import starting_file
from benchmark.plan import specs
from benchmark.plugins import check
from benchmark.use import api
from data.errors import UserError


def test_it_names_the_class_and_the_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fauxbench", "new", "detector", "mine/tiny_net.py"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert "fauxbench check detector mine/tiny_net.py:TinyNet" in capsys.readouterr().out
    text = Path("mine/tiny_net.py").read_text()
    assert "class TinyNet:" in text
    assert "fauxbench check detector mine/tiny_net.py:TinyNet" in text
    assert "new_plugin" not in text
    assert "NewDetector" not in text


@pytest.mark.parametrize("group", ["detectors", "generators"])
def test_a_file_that_is_there_is_kept(tmp_path, group):
    file = tmp_path / "mine.py"
    file.write_text("precious")
    with pytest.raises(UserError, match=r"is there already.*--force"):
        starting_file.write(group, file)
    assert file.read_text() == "precious"
    starting_file.write(group, file, force=True)
    assert "class Mine:" in file.read_text()
    (tmp_path / "dangling.py").symlink_to(tmp_path / "elsewhere.py")
    with pytest.raises(UserError, match="cannot be written"):
        starting_file.write(group, tmp_path / "dangling.py")
    assert not (tmp_path / "elsewhere.py").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine.txt", "must end in .py"), ("mine", "must end in .py"), ("2nd.py", "a letter first"),
        ("_.py", "letters and digits"), ("none.py", "letters and digits"),
    ],
)  # fmt: skip
def test_a_name_without_a_class_is_refused(tmp_path, name, message):
    with pytest.raises(UserError, match=message):
        starting_file.write("detectors", tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A starting file of each kind, beside the current folder."""
    monkeypatch.chdir(tmp_path)
    return starting_file.write("detectors", Path("net.py")), starting_file.write("generators", Path("draws.py"))


@pytest.mark.slow
def test_they_pass_the_checks_as_they_stand(files):
    for checks in (check.detector_checks(files[0]), check.generator_checks(files[1])):
        assert {row.message for row in check.results(checks) if row.verdict == "failed"} == set()


@pytest.mark.slow
def test_they_run_in_the_spec_that_they_show(files, tmp_path):
    shown = [Path(kind.partition(":")[0]).read_text().partition("name = ")[2] for kind in files]
    texts = ["[dataset]\nname = " + text.partition("    fauxbench run")[0].replace("\n    ", "\n") for text in shown]
    detector, generator = (tomllib.loads(text) for text in texts)
    assert detector["detector"] == [{"kind": "net.py:Net", "epochs": 10}]
    assert generator["generator"] == [{"kind": "draws.py:Draws", "components": 20}]
    values = generator | {"detector": detector["detector"], "quality": {"enabled": False}, "name": "mine"}
    run = api.run(specs.parse(values), out=tmp_path / "run", smoke=True)
    assert set(run.cells["status"]) == {"done"}
    assert "net.py:Net" in set(run.cells["detector"])
    assert "draws.py:Draws" in set(run.cells["generator"])
