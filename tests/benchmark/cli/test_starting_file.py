"""`fauxbench new`: the files that it writes pass the checks and run as they stand."""

from __future__ import annotations

import runpy
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from benchmark.cli import main as cli
from benchmark.cli import starting_file
from benchmark.plan import planner, specs
from benchmark.plugins import check
from benchmark.processes import nursery
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


def test_only_generators_have_steps(tmp_path):
    with pytest.raises(UserError, match=r"--iterative is of generators.*Received: detector\."):
        starting_file.write("detectors", tmp_path / "mine.py", iterative=True)
    assert not list(tmp_path.iterdir())


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
def test_they_run_in_the_spec_that_they_show(files, tmp_path, monkeypatch):
    shown = [Path(kind.partition(":")[0]).read_text().partition("name = ")[2] for kind in files]
    texts = ["[dataset]\nname = " + text.partition("    fauxbench run")[0].replace("\n    ", "\n") for text in shown]
    detector, generator = (tomllib.loads(text) for text in texts)
    assert detector["detector"] == [{"kind": "net.py:Net", "epochs": 10}]
    assert generator["generator"] == [{"kind": "draws.py:Draws", "components": 20}]
    values = generator | {"detector": detector["detector"], "quality": {"enabled": False}, "name": "mine"}
    called, ready = [], nursery.get_ready
    monkeypatch.setattr(nursery, "get_ready", lambda **asked: called.append(asked) or ready(**asked))
    run = api.run(specs.parse(values), out=tmp_path / "run", smoke=True)
    assert called[-1] == {"learn": True, "first": nursery.OF_OTHERS}, (
        "the processes after that of the network's training share one import"
    )
    assert set(run.cells["status"]) == {"done"}
    assert "net.py:Net" in set(run.cells["detector"])
    assert "draws.py:Draws" in set(run.cells["generator"])


@pytest.fixture
def stepwise(tmp_path, monkeypatch):
    """The starting file of a generator that makes its images in steps, and its class."""
    monkeypatch.chdir(tmp_path)
    kind = starting_file.write("generators", Path("steps.py"), iterative=True)
    return kind, runpy.run_path("steps.py")["Steps"]


def test_what_samples_in_steps_goes_on_after_a_stop(stepwise, tmp_path):
    _, kind = stepwise
    images = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1), np.uint8)
    whole = kind(epochs=4).fit(images)

    def stop(name, generator):
        raise InterruptedError(name)

    with pytest.raises(InterruptedError, match="epoch-0003"):
        kind(epochs=4, display_interval=3).fit(images, folder=tmp_path, on_checkpoint=stop)
    assert int(np.load(tmp_path / "state.npz")["epoch"]) == 2
    assert np.array_equal(kind(epochs=4).fit(images, folder=tmp_path).maps, whole.maps)
    # a flow between two Gaussians: as bright and as varied as the images
    fakes = kind(epochs=20, components=64).fit(images).sample(400, seed=1).astype(float)
    assert abs(fakes.mean() - images.mean()) < 6
    assert abs(fakes.std(axis=0).mean() / images.astype(float).std(axis=0).mean() - 1) < 0.2
    with pytest.raises(ValueError, match="from 1 to 1000"):
        kind(steps=0)


@pytest.mark.slow
def test_what_samples_in_steps_passes_and_trains_once(stepwise):
    kind, _ = stepwise
    assert {row.message for row in check.results(check.generator_checks(kind)) if row.verdict == "failed"} == set()
    text = Path("steps.py").read_text().partition("    [dataset]")[2].partition("    fauxbench run")[0]
    spec = tomllib.loads("[dataset]" + text.replace("\n    ", "\n"))
    assert [row.get("steps") for row in spec["generator"]] == [None, 2]
    plan = planner.plan(specs.parse(spec), folders=[])
    names = [stage.name for stage in plan.stages if stage.function == "train_generator"]
    assert len([name for name in names if "fine" in name or "coarse" in name]) == 1
