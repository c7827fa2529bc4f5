"""The four doors of a plug-in, and what is said when one does not open."""

from __future__ import annotations

import inspect
import sys

import pytest

from benchmark.plugins import resolve as plugins
from data.errors import UserError

GOOD = """
class Mine:
    '''Looks at one pixel.'''
    def __init__(self, *, weight: float = 1.0):
        self.weight = weight
    def fit(self, images, is_fake):
        return self
    def decision_function(self, images):
        return images[:, 0, 0, 0] * self.weight

def factory(weight: float = 2.0):
    return Mine(weight=weight)

def lost():
    return object()
"""


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize("group", list(plugins.NOUNS))
def test_every_builtin_resolves_and_imports_no_keras(group):
    for name in plugins.builtins(group):
        plugin = plugins.resolve(group, name)
        assert plugin.origin.endswith(tuple("0123456789"))
        assert len(plugin.digest) == 64


LINES = """
def kept(**_):
    return lambda one: one
@kept(
    a=1,
)
class Long: pass
class Plain(dict): pass
class PlainToo: pass
if True:
    class Plain: pass
"""


def test_a_class_is_found_where_python_finds_it(tmp_path, module_of, monkeypatch):
    for group in plugins.NOUNS:
        for name in plugins.builtins(group):
            factory = plugins.resolve(group, name).factory
            assert plugins._line(factory, inspect.getsourcefile(factory)) == inspect.getsourcelines(factory)[1], name
    file = tmp_path / "lines.py"
    file.write_text(LINES)
    module = module_of(file)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in ("Long", "Plain", "PlainToo"):
        factory = getattr(module, name)
        assert plugins._line(factory, inspect.getsourcefile(factory)) == inspect.getsourcelines(factory)[1], name


def test_a_class_and_a_factory_from_a_file(good):
    plugin = plugins.resolve("detectors", f"{good}:Mine")
    assert plugin.name == "mine.py:Mine"
    assert plugins.make(plugin, {"weight": 3.0}, 0).weight == 3.0
    made = plugins.make(plugins.resolve("detectors", "mine.py:factory", good.parent), {}, 0)
    assert made.weight == 2.0


def test_a_class_of_an_installed_module():
    plugin = plugins.resolve("detectors", "sklearn.linear_model:LogisticRegression")
    assert plugins.make(plugin, {"C": 0.5}, 7).random_state == 7
    assert "scikit-learn" in plugin.origin


def test_an_entry_point(good, monkeypatch, offered):
    monkeypatch.syspath_prepend(str(good.parent))
    offered("theirs=mine:Mine")
    assert plugins.make(plugins.resolve("detectors", "theirs"), {}, 0).weight == 1.0


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("mine.py:Mina", "Unknown name 'Mina' in .* Did you mean 'Mine'"),
        ("other.py:Mine", "There is no detector file"),
        ("nowhere.module:Mine", "does not import: ModuleNotFoundError"),
        ("cnnn", "Unknown detector 'cnnn'. Did you mean 'cnn'"),
        ("dcgan", "Unknown detector 'dcgan'"),
    ],
)
def test_a_wrong_name_is_told(good, kind, message):
    with pytest.raises(UserError, match=message):
        plugins.resolve("detectors", kind, good.parent)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def broken(:\n", "line 1 does not import: SyntaxError"),
        ("import no_such_module_anywhere\n", "does not import: ModuleNotFoundError"),
        ("raise RuntimeError('not today')\n", "RuntimeError: not today"),
        ("import sys\nsys.exit(3)\n", "does not import: it calls sys.exit"),
        (
            "class Mine:\n    def fit(self, images, is_fake): pass\n",
            "lacks the method decision_function or predict_proba",
        ),
        ("class Mine:\n    def predict_proba(self, images): pass\n", "lacks the method fit"),
    ],
)
def test_a_broken_file_is_told_and_forgotten(tmp_path, text, message):
    (tmp_path / "mine.py").write_text(text)
    modules = set(sys.modules)
    with pytest.raises(UserError, match=message):
        plugins.resolve("detectors", f"{tmp_path}/mine.py:Mine")
    assert "class" in text or set(sys.modules) == modules


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wait": 1.0}, "Unknown option 'wait' of detector 'mine.py:Mine'. Did you mean 'weight'"),
        ({"weight": "heavy"}, "must be float. Received: weight='heavy'"),
    ],
)
def test_a_wrong_option_is_told(good, options, message):
    with pytest.raises(UserError, match=message):
        plugins.make(plugins.resolve("detectors", f"{good}:Mine"), options, 0)


def test_a_factory_that_makes_no_detector_is_told(good):
    with pytest.raises(UserError, match="lacks the method fit"):
        plugins.make(plugins.resolve("detectors", f"{good}:lost"), {}, 0)
