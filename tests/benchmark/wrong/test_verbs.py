"""Arguments that are missing, unknown, wrong or at odds with each other, for every verb."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

LINES = {
    "frobnicate": "No such command", "Run": "No such command", "--jobs 2": "No such option", "--nothing": "No such",
    "run digits mnist": "mnist", "run --jbs 2": "--jobs", "run --jobs": "requires an argument", "run -j 2": "-j",
    "run --smoke=maybe": "--smoke", "run --jobs 2 --scheduler tcp://here": "not both", "run --scheduler here": "here",
    "run digitz": "Did you mean 'digits'", "run digits --real a --fake b": "not both", "run --real real": "go together",
    "run --fake fake": "go together", "run --real real --fake fake --fake fake": "given twice", "run --out": "--out",
    "run --real real --fake real --fake ./real/": "given twice", "run mnist": "FAUXBENCH_OFFLINE",
    "run --seed 3": "--seed",
    "run cifar10-dog": "FAUXBENCH_OFFLINE", "run --set": "requires an argument", "run --json=yes": "--json",
    "plan digitz": "Did you mean 'digits'", "plan digits mnist": "mnist", "plan --jobs 2": "--jobs", "plan cnn": "cnn",
    "report": "not a run folder", "report folder folder": "folder", "report folder --json": "--json",
    "report folder --format doc": "'pdf'", "report folder --format": "requires an argument",
    "report folder --figures=x": "--figures",
    "compare": "two runs or more", "compare folder": "two runs or more", "compare folder file": "not a run folder",
    "compare nowhere there": "not a run folder", "compare a b --index folder": "all runs of a folder",
    "compare --index nowhere": "no folder", "compare --index file": "no folder", "compare a b --diff": "--diff",
    "compare --index folder": "no run folder", "compare a b --json --out x.csv": "not both",
    "compare a b --out no/x.csv": "There is no folder", "compare a b --index": "requires an argument",
    "describe": "ARCHITECTURE", "describe mnst": "Did you mean 'mnist-1d'", "describe small tuned": "tuned",
    "describe small --size 7": "Allowed sides", "describe mnist-1d --size 30": "28x28",
    "describe small --json": "--json", "describe flow --size 30": "cannot halve", "describe flw": "Did you mean 'flow'",
    "describe flow --channels 2": "1 or 3 channels", "describe autoencoder --size 7": "cannot make images",
    "data digit": "Did you mean 'digits'", "data digits mnist": "mnist", "data folder": "Missing option 'path'",
    "data digits --set limit": "key=value", "data digits --set limt=3": "Did you mean 'limit'", "data mnist": "OFFLINE",
    "data digits --set limit=0": "limit=0", "data digits --set classes=[11]": "11", "data cifar10 --set classes=1": "1",
    "data digits --set =3": "empty", "data ./mine.py:Mine": "lacks the method", "data no:Such": "'no'",
    "doctor digits": "digits", "doctor --set a=b": "--set", "doctor --data nowhere": "no data folder",
    "list preset": "Did you mean 'presets'", "list detectors generators": "generators", "list --data x": "--data",
    "check": "detector|generator", "check detector": "name", "check cnn": "name", "check detektor cnn": "'detector'",
    "check dataset digits": "dataset", "check detector cn": "Did you mean 'cnn'", "check generator cnn": "cnn",
    "check detector cnn --set depth": "option=value", "check detector cnn --set epoch=3": "Did you mean 'epochs'",
    "check detector cnn --set epochs=0": "epochs=0", "check detector cnn --set epochs=inf": "finite number",
    "check detector cnn dct-cnn": "dct-cnn", "check detector external": "--set OPTION=VALUE",
    "check detector no:X": "'no'",
    "new": "detector|generator", "new detector": "FILE.py", "new detectr x.py": "Did you mean 'detector'",
    "new dataset x.py": "dataset", "new detector x.py y.py": "y.py", "new detector there.py": "--force",
    "new detector folder.py --force": "no file", "new detector pipe.py --force": "no file", "new detector x.pyc": ".py",
    "new detector x.PY": ".py", "new detector ..py": ".py", "new detector ./-.py": "letters",
    "new detector é.py": "letters",
    "generate": "--out", "generate --out new": "RUN_FOLDER", "generate nowhere --out new": "not a run folder",
    "generate folder": "--out", "generate folder --out new": "not a run folder", "generate file --out new": "not a run",
    "generate run --out new --frames 8": "--interpolate", "generate run --out new --interpolate 3 --n 9": "--frames",
    "generate --out new --again file --seed 3": "no other options", "generate --out new --again file --n 3": "no other",
    "generate --out new --again file --checkpoint x": "no other", "generate --out new --again spec.toml": "not JSON",
    "generate run run2 --out new": "run2", "generate run --out new --sed 3": "--seed",
    "export": "RUN_FOLDER", "export run": "--out", "export nowhere --out new": "not a run folder",
    "export a b --out c": "b",
    "networks": "RUN_FOLDER", "networks run": "--out", "networks nowhere --out new": "not a run folder",
    "networks run --out new --force": "--force", "detect": "RUN_FOLDER", "detect run": "PATH",
    "detect run a --fit x": "--fit",
    "detect nowhere a.png": "not a run folder", "detect run a --json --csv x": "not both",
    "detect run a --thr 1": "--thr",
    "detect folder a.png --explain": "requires an argument", "detect folder ~nobody-here/a": "home",
}  # fmt: skip
EMPTY = [
    "compare ''", "compare a ''", "compare a b --out ''", "compare --index ''", "compare --index=",
    "run ''", "plan ''", "report ''", "describe ''", "data ''", "list ''", "check '' cnn", "check detector ''",
    "new '' x.py", "new detector ''", "generate '' --out new", "export '' --out new", "networks '' --out new",
    "detect '' a", "detect run ''", "run --real '' --fake fake", "run --real real --fake ''", "run --scheduler ''",
    "run --set ''", "run --jobs=", "run --out=", "plan --set ''", "data digits --set ''", "check detector cnn --set ''",
    "check detector cnn --limit ''", "generate run --out new --generator ''", "generate run --out new --checkpoint ''",
    "generate run --out new --labels ''", "generate run --out new --n ''", "detect run a --detector ''", "''",
    "detect run a --generator ''", "detect run a --fit ''", "export run --out new --generator ''", "doctor ''",
    "networks run --out new --generator ''", "networks run --out new --checkpoint ''", "describe small --size ''",
]  # fmt: skip
INPUTS = [(shlex.split(line), said) for line, said in LINES.items()] + [(shlex.split(line), "") for line in EMPTY]


@pytest.mark.parametrize(
    ("arguments", "said"), INPUTS, ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else ""
)
def test_verb(wrong: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in wrong(*arguments)


# Programs named where a class should be: kinds are known before they are called.
PROGRAMS = [
    "plan spec.toml --set generator.gaussian.kind=os:system",
    "plan spec.toml --set detector.linear-pixel.kind=subprocess:Popen",
    "plan spec.toml --set detector.linear-pixel.kind=builtins:exec",
    """plan spec.toml --set "detector=[{kind='sklearn.ensemble:BaggingClassifier', estimator={kind='os:system'}}]\"""",
    """plan spec.toml --set "dataset={name='subprocess:run'}\"""",
    "check detector os:system", "check generator subprocess:Popen", "data os:listdir",
]  # fmt: skip


@pytest.mark.parametrize("line", PROGRAMS)
def test_program(wrong: Callable[..., str], line: str) -> None:
    assert "holds no plug-ins" in wrong(*shlex.split(line))


OF_A_RUN = {
    "generate {run} --out new": "--generator is needed", "generate {run} --out new --generator gausian": "'gaussian'",
    "generate {run} --out new --generator real-copy": "copies real images",
    "export {run} --out new --generator x": "'x'",
    "generate {run} --out new --generator gaussian --n 0": "n=0",
    "generate {run} --out new --generator gaussian --n 1000001": "n=1000001",
    "generate {run} --out new --generator gaussian --seed -1": "seed=-1",
    "generate {run} --out new --generator gaussian --seed 4294967296": "seed=4294967296",
    "generate {run} --out new --generator gaussian --size 0": "size=0",
    "generate {run} --out new --generator gaussian --size 4097": "size=4097",
    "generate {run} --out new --generator gaussian --labels 3": "not conditional",
    "generate {run} --out new --generator 'by class' --labels ten": "Unknown label 'ten'",
    "generate {run} --out new --generator gaussian --checkpoint epoch-9": "epoch-9",
    "generate {run} --out new --generator gaussian --training-seed 7": "7",
    "generate {run} --out new --generator gaussian --interpolate 1": "interpolate=1",
    "generate {run} --out new --generator gaussian --interpolate 3 --frames 8": "multiple",
    "generate {run} --out new --generator gaussian --interpolate 3": "cannot interpolate",
    "generate {run} --out folder --generator gaussian": "new or empty", "export {run} --out folder": "new or empty",
    "generate {run} --out file --generator gaussian": "is a file", "export {run} --out file": "is a file",
    "generate {run} --out to-file --generator gaussian": "is a file", "networks {run} --out loop": "circle",
    "generate {run} --out new --generator gaussian --store folder": "folder",
    "export {run} --out new --store folder": "store",
    "export {run} --out new --generator real-copy": "real images", "networks {run} --out new": "--generator is needed",
    "networks {run} --out new --generator gaussian": "no networks", "detect {run} nowhere.png": "no such file",
    "detect {run} folder": "no image", "detect {run} real --detector cnn": "cnn",
    "detect {run} real --generator gaussian --detector linear-pixel --explain folder": "empty",
    "detect {run} real --generator nobody": "nobody", "detect {run} real --training-seed 5": "5",
    "detect {run} real --detector-seed 5": "5", "detect {run} real --generator gaussian --store folder": "folder",
}  # fmt: skip


@pytest.mark.parametrize(("line", "said"), OF_A_RUN.items())
def test_verb_on_a_run(wrong: Callable[..., str], finished: Path, line: str, said: str) -> None:
    assert said in wrong(*shlex.split(line.format(run=finished / "runs" / "images")))
