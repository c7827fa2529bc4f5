"""What a spec may name as `module:Name`, and what is refused before it is imported or called."""

from __future__ import annotations

import sys

import pytest

from benchmark.plan import specs
from benchmark.plugins import nested
from benchmark.plugins import resolve as plugins
from data.errors import UserError

THEIRS = """
import subprocess
from subprocess import Popen
import pickle
print("imported")

class Reads(pickle._Unpickler):
    def __init__(self, *, path: str = ""): pass

class Detector:
    def __init__(self, *, random_state=None): self.called = True
    def fit(self, images, is_fake): return self
    def predict_proba(self, images): return images

class Part:
    def __init__(self, *, level: int = 1): self.level = level
    def get_params(self, deep=True): return {"level": self.level}
    def set_params(self, **options): return self
    def fit(self, x, y=None): return self

def factory():
    return Detector()
"""


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    (tmp_path / "theirs.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("theirs", None)


REFUSED = [
    ("detectors", "os:system"), ("detectors", "subprocess:Popen"), ("parts", "subprocess:Popen"),
    ("parts", "os:system"),
    ("generators", "os:system"), ("datasets", "pickle:Unpickler"), ("datasets", "os:system"),
    ("parts", "builtins:exec"),
    ("parts", "os.path:join"), ("detectors", "posix:system"), ("parts", "numpy.__main__:Any"),
    ("parts", "sklearn.datasets._base:urlretrieve"), ("parts", "sklearn.utils:all_estimators"),
    ("parts", "sklearn.utils:Bunch"), ("detectors", "sklearn.datasets:load_digits"), ("parts", "joblib:Memory"),
    ("parts", "joblib:Parallel"), ("parts", "sklearn.utils.parallel:Parallel"),
    ("datasets", "joblib.numpy_pickle:NumpyUnpickler"), ("parts", "numpy:memmap"), ("parts", "pathlib:Path"),
    ("parts", "numpy:load"), ("detectors", "pandas:read_pickle"), ("parts", "cloudpickle:loads"),
]  # fmt: skip


@pytest.mark.parametrize(("group", "kind"), REFUSED, ids=lambda it: it.replace(":", "-"))
def test_what_is_no_plugin_is_refused(group, kind):
    with pytest.raises(UserError, match="Expected a class of scikit-learn, a class with the methods of the contract"):
        plugins.resolve(group, kind)


def test_a_module_of_python_is_not_even_imported():
    sys.modules.pop("this", None)
    with pytest.raises(UserError, match="'this' holds no plug-ins"):
        plugins.resolve("detectors", "this:d")
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    ("group", "kind", "message"),
    [
        ("detectors", "theirs:factory", "is no class"), ("parts", "theirs:factory", "is no class"),
        ("parts", "theirs:Popen", "is Python's own subprocess.Popen"), ("parts", "theirs:Detector", "get_params"),
        ("datasets", "theirs:Reads", "lacks the method load"),
        ("generators", "theirs:Detector", "lacks the method sample"),
    ],
)  # fmt: skip
def test_another_packages_name_must_be_a_class_of_the_contract(theirs, group, kind, message):
    with pytest.raises(UserError, match=message):
        plugins.resolve(group, kind)


def test_another_packages_class_of_the_contract_is_used(theirs):
    assert plugins.make(plugins.resolve("detectors", "theirs:Detector"), {}, 0).called
    assert plugins.make(plugins.resolve("parts", "theirs:Part"), {"level": 2}, 0).level == 2


@pytest.mark.parametrize(
    "kind",
    [
        "sklearn.svm:SVC", "sklearn.gaussian_process.kernels:RBF", "sklearn.model_selection:StratifiedKFold",
        "sklearn.model_selection:RepeatedKFold",
    ],
)  # fmt: skip
def test_parts_of_scikit_learn_are_made(kind):
    assert plugins.make(plugins.resolve("parts", kind), {}, None) is not None


@pytest.mark.parametrize(
    "options",
    [
        {"estimator": {"kind": "subprocess:Popen", "args": ["touch", "sprung"]}},
        {"estimators": [{"kind": "os:system", "command": "touch sprung"}]},
        {"deep": {"deeper": [{"kind": "os:system", "command": "touch sprung"}]}},
    ],
    ids=["table", "list", "deep"],
)
def test_a_part_runs_no_program(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plugin = plugins.resolve("detectors", "sklearn.ensemble:BaggingClassifier")
    with pytest.raises(UserError):
        plugins.make(plugin, options, 0)
    with pytest.raises(UserError, match="holds no plug-ins"):
        nested.code(plugin, options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "table",
    ['[[detector]]\nkind = "os:system"\ncommand = "touch sprung"', '[[generator]]\nkind = "os:system"'],
    ids=["detector", "generator"],
)
def test_a_spec_that_names_a_program_plans_nothing(table, tmp_path, monkeypatch):
    from benchmark.use import api

    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.toml").write_text(f'[dataset]\nname = "digits"\n{table}\n')
    with pytest.raises(UserError, match="holds no plug-ins"):
        api.make_plan(specs.load("x.toml"))
    assert [path.name for path in tmp_path.iterdir()] == ["x.toml"]
