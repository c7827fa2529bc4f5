"""Bad input: one clear line on standard error, exit code 2, and nothing half-written."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import pytest

from benchmark.machine import house
from benchmark.use import api

TINY = """
name = "tiny"
[dataset]
name = "digits"
limit = 120
[[generator]]
kind = "noise"
[[detector]]
kind = "linear-pixel"
[protocol]
ledger_seed = 0
"""


def spec_file(text: str = TINY, name: str = "spec.toml") -> Path:
    path = Path.cwd() / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["run", "--jbs", "2"], "--jobs"),
        (["run", "--jobs", "0"], "--jobs"),
        (["run", "--jobs", "two"], "--jobs"),
        (["run", "digits", "mnist"], "mnist"),
        (["run", "digitz"], "Did you mean 'digits'"),
        (["run", "missing.toml"], "missing.toml"),
        (["plan", "digitz"], "Did you mean 'digits'"),
        (["describe", "mnst"], "Did you mean 'mnist-1d'"),
        (["describe", "mnist-1d", "--size", "30"], "28x28"),
        (["describe", "small", "--channels", "4"], "1 or 3 channels"),
        (["data", "cifr10"], "Did you mean 'cifar10'"),
        (["data", "digits", "--set", "limt=3"], "Did you mean 'limit'"),
        (["data", "digits", "--set", "limit"], "key=value"),
        (["report", "nowhere"], "nowhere is not a run folder"),
        (["run", "--data", "nowhere"], "no data folder nowhere"),
        (["run", "--set", "novalue"], "key=value"),
        (["run", "--set", "=5"], "key=value"),
        (["run", "--set", "generator.nearst.epochs=5"], "Did you mean 'nearest'"),
        (["run", "--set", "generator.nearest=5"], "generator.ID.OPTION=value"),
        (["run", "--set", "detector.cnn.epoch=5"], "Did you mean"),
        (["run", "--set", "name.first=5"], "'name' is not a table"),
        (["run", "--set", "name=../up"], "name='../up'"),
        (["run", "--set", "protocol.ledger_sed=1"], "Did you mean 'ledger_seed'"),
        (["run", "--real", "here"], "--real and --fake go together"),
        (["run", "--fake", "here"], "--real and --fake go together"),
        (["run", "--real", "nowhere", "--fake", "nowhere"], "no folder nowhere"),
        (["run", "digits", "--real", "a", "--fake", "b"], "not both"),
        (["run", "--scheduler", "nonsense"], "nonsense"),
        (["run", "mnist"], "FAUXBENCH_OFFLINE"),
        (["run", "cifar10-dog"], "FAUXBENCH_OFFLINE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_arguments(refused: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in refused(*arguments)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[dataset]", "[datset]", "Did you mean 'dataset'"),
        ("ledger_seed", "ledgerseed", "Did you mean 'ledger_seed'"),
        ('name = "digits"', 'name = "digit"', "Did you mean 'digits'"),
        ('kind = "noise"', 'kind = "noisy"', "Did you mean 'noise'"),
        ('kind = "noise"', 'kind = "dcgn"', "Did you mean 'dcgan'"),
        ('kind = "linear-pixel"', 'kind = "linear-pixels"', "Did you mean 'linear-pixel'"),
        ('kind = "linear-pixel"', 'kind = "cnn"\nepoch = 3', "Did you mean 'epochs'"),
        ("limit = 120", "limit = 0", "int >= 1"),
        ("limit = 120", 'limit = "many"', "limit='many'"),
        ("limit = 120", "limit = 1.5", "limit=1.5"),
        ("limit = 120", "limits = 120", "Did you mean 'limit'"),
        ("limit = 120", 'classes = ["ten"]', "Unknown class 'ten'"),
        ("limit = 120", "classes = []", "at least one class"),
        ("limit = 120", "classes = [1, 1]", "each once"),
        ('name = "digits"', 'name = "cifar10"\nclasses = ["dgo"]', "Did you mean 'dog'"),
        ('name = "digits"\nlimit = 120', 'name = "celeba"\nsize = 4', "size=4"),
        ('name = "digits"\nlimit = 120', 'name = "folder"', "Missing option 'path'"),
        ("ledger_seed = 0", "ledger_seed = -1", "greater than or equal to 0"),
        ("ledger_seed = 0", "ledger_seed = true", "Received: True"),
        ("ledger_seed = 0", "generator_seeds = []", "at least 1 item"),
        ("ledger_seed = 0", 'detector_seeds = ["a"]', "detector_seeds.0"),
        ("ledger_seed = 0", "threads = 0", "threads"),
        ("ledger_seed = 0", "display_interval = 0", "display_interval"),
        ("ledger_seed = 0", "parts = {train = 0.5}", "Unknown part 'train'"),
        ("ledger_seed = 0", "parts = {test = 5000}", "5,000 images"),
        ('kind = "noise"', 'kind = "dcgan"\narchitecture = "smal"', "small"),
        ('kind = "noise"', 'kind = "dcgan"\nlearning_rate = 0.0', "float > 0"),
        ('kind = "noise"', 'kind = "dcgan"\nepochs = "ten"', "epochs='ten'"),
        ('kind = "noise"', 'kind = "dcgan"\nrandom_state = 3', "random_state"),
        ('kind = "noise"', 'kind = "dcgan"\narchitecture = "mnist-1d"', "28x28"),
        ('kind = "noise"', 'kind = "dcgan"\narchitecture = "mnist-1d"\nlatent_dim = 2', "latent_dim=2"),
        ('kind = "noise"', 'kind = "folder"\npath = "nowhere"', "nowhere"),
        ('kind = "noise"', 'kind = "noise"\n[[generator]]\nkind = "noise"', "Two generators are called 'noise'"),
        ('kind = "noise"', 'id = "three"', "lacks 'generator.0.kind'"),
        ('kind = "noise"', "kind = 3", "generator.0.kind"),
        ('kind = "linear-pixel"', 'id = "nothing"', "lacks 'detector.0.kind'"),
        ('[dataset]\nname = "digits"\nlimit = 120', "", "lacks 'dataset'"),
        ("[dataset]", "[dataset", "not valid TOML"),
        ('name = "tiny"', 'name = "tiny', "not valid TOML"),
        ('name = "tiny"', "name = 5", "Received: 5"),
        ('name = "tiny"', 'name = "a/b"', "a/b"),
        ('kind = "linear-pixel"', 'kind = "nowhere.py:Detector"', "nowhere.py"),
        ('kind = "linear-pixel"', 'kind = "no_such_module:Detector"', "No module named"),
        ('kind = "linear-pixel"', 'kind = "sklearn.ensemble:RandomForestClasifier"', "'RandomForestClassifier'"),
        ('kind = "linear-pixel"', 'kind = "sklearn.decomposition:PCA"', "lacks the method"),
        ('kind = "linear-pixel"', 'kind = "sklearn.ensemble:RandomForestClassifier"\nn_estimator = 3', "n_estimators"),
    ],
    ids=lambda value: value.replace("\n", "; ")[:40],
)
def test_wrong_spec(refused: Callable[..., str], old: str, new: str, said: str) -> None:
    assert old in TINY
    assert said in refused("run", spec_file(TINY.replace(old, new)))


def test_spec_that_is_no_text(refused: Callable[..., str]) -> None:
    Path("spec.toml").write_bytes(b"\xff\xfe\x00name")
    assert "not valid TOML" in refused("run", "spec.toml")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def broken(:", "SyntaxError"),
        ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
        ("raise RuntimeError('at import,\\nin two lines')", "RuntimeError: at import, in two lines"),
        ("import sys\nsys.exit(3)", "it calls sys.exit(3)"),
        ("class Detector:\n    def fit(self, images, is_fake): ...", "decision_function or predict_proba"),
        ("class Detector:\n    def decision_function(self, images): ...", "lacks the method fit"),
        ("class Detecter: ...", "Did you mean 'Detecter'"),
        ("Detector = 5", "Unknown name 'Detector'"),
        (
            "class Detector:\n    fit = predict_proba = print\n    def __init__(self): raise OSError('no licence')",
            "no licence",
        ),
        (
            "class Detector:\n    def __init__(self, depth): ...\n    def fit(self): ...\n    predict_proba = fit",
            "'depth'",
        ),
        ("def Detector(): return object()", "lacks the method"),
        ("def Detector():\n    import sys\n    sys.exit(7)", "could not be made: it calls sys.exit(7)"),
    ],
    ids=lambda value: value.split("\n")[0][:40],
)
def test_plugin_file_that_is_none(refused: Callable[..., str], code: str, said: str) -> None:
    Path("mine.py").write_text(code + "\n", encoding="utf-8")
    line = refused("run", spec_file(TINY.replace('kind = "linear-pixel"', 'kind = "mine.py:Detector"')))
    assert said in line
    assert "mine.py" in line


def test_refuses_a_folder_with_other_files(refused: Callable[..., str]) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("keep me")
    assert "holds files that are not a run's" in refused("run", spec_file(), "--out", "mine")
    assert Path("mine/thesis.txt").read_text() == "keep me"


@pytest.mark.parametrize("option", ["--out", "--store"])
def test_place_below_a_file(refused: Callable[..., str], option: str) -> None:
    Path("file").write_text("in the way")
    assert "file is a file" in refused("run", spec_file(), option, "file/below")
    assert "file is a file" in refused("run", spec_file(), option, "file")


@pytest.mark.parametrize("option", ["--out", "--store"])
def test_place_that_cannot_be_written(refused: Callable[..., str], option: str) -> None:
    if not Path("/proc").is_dir():
        pytest.skip("no /proc here: no folder that even root cannot write")
    assert "cannot be written" in refused("run", spec_file(), option, "/proc/fauxbench/here")


# -- clusters -----------------------------------------------------------------------------------------------------


def test_scheduler_that_does_not_answer(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.execute import connection

    with socket.socket() as held:  # bound and never listening: a connection is refused at once
        held.bind(("127.0.0.1", 0))
        monkeypatch.setattr(connection, "WAIT_FOR_SCHEDULER", 1)
        address = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        assert f"No Dask scheduler answers at {address}" in refused("run", spec_file(), "--scheduler", address)


@pytest.mark.slow
def test_scheduler_without_workers(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    from benchmark.execute import connection

    monkeypatch.setattr(connection, "WAIT_FOR_WORKERS", 1)
    with LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as cluster:
        address = cluster.scheduler_address
        assert "has no workers" in refused("run", spec_file(), "--scheduler", address)


# -- Python, and the real command ---------------------------------------------------------------------------------


def test_python_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from data.errors import UserError

    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="jobs must be at least 1"):
        api.run("digits", jobs=0)
    with pytest.raises(UserError, match="Did you mean 'digits'"):
        api.run("digist")
    with pytest.raises(UserError, match="is not a run folder"):
        api.load(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_real_command(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from benchmark.cli.main import main; main()"]
    for arguments, said in ((["run", "digitz"], "'digits'"), (["run", "--jobs", "0"], "--jobs")):
        ended = subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert ended.stderr.startswith("fauxbench: ")
        assert ended.stderr.count("\n") == 1
        assert said in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", house.PACKAGES)
def test_foreign_package_that_hides_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    assert house.stranger() is None
    for kind in ("package", "file", "folder"):
        place = tmp_path / kind
        (place / name).mkdir(parents=True)
        if kind == "package":
            (place / name / "__init__.py").touch()
        if kind == "file":
            (place / name).rmdir()
            (place / f"{name}.py").touch()
        real = importlib.util.find_spec

        def find(asked: str, place: Path = place, real: Any = real) -> Any:
            return PathFinder.find_spec(asked, [str(place)]) if asked == name else real(asked)

        with monkeypatch.context() as patched:
            patched.setattr(importlib.util, "find_spec", find)
            line = house.stranger()
        assert line is not None
        assert line.startswith(f"Another package hides fauxbench's '{name}'")
        assert str(place) in line
