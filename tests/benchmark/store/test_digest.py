"""Digests: the same value the same digest, another value another one, and code counts with what it imports."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.store import digest, imports

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(st.dictionaries(st.text(), VALUES))
def test_the_order_of_keys_does_not_matter(value):
    backwards = dict(reversed(value.items()))
    assert digest.of_value(value) == digest.of_value(backwards)


@given(VALUES, VALUES)
def test_other_values_have_other_digests(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest.of_value(one) == digest.of_value(other)) == same


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError):
        digest.of_value({"path": object()})


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "HOUSE", tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "__init__.py").write_text("")
    (tmp_path / "data" / "deep.py").write_text("X = 1\n")
    (tmp_path / "data" / "near.py").write_text("def f():\n    from data import deep\n    return deep.X\n")
    (tmp_path / "data" / "other.py").write_text("Y = 1\n")
    (tmp_path / "data" / "start.py").write_text("import data.near\n")
    imports._house_imports.cache_clear()
    yield tmp_path
    imports._house_imports.cache_clear()


def test_code_counts_with_everything_of_ours_that_it_imports(house):
    before = digest.of_code(house / "data" / "start.py")
    (house / "data" / "other.py").write_text("Y = 2\n")
    assert digest.of_code(house / "data" / "start.py") == before
    (house / "data" / "deep.py").write_text("X = 2\n")
    assert digest.of_code(house / "data" / "start.py") != before


def test_naming_a_module_does_not_count_what_its_package_imports():
    """`benchmark/__init__.py` imports the whole interface: a message of the command line would train GANs again."""
    house = digest.HOUSE / "benchmark"
    for name in ("plugins/adapt.py", "stages/bank.py", "stages/mixed.py", "stages/picks.py", "stages/spectra.py"):
        files = {path.relative_to(digest.HOUSE).as_posix() for path in imports.of(house / name).files}
        assert not files & {"benchmark/use/api.py", "benchmark/cli/main.py", "benchmark/use/heat_maps.py"}, name
    assert house / "plugins/kept.py" in imports.of(house / "plugins/adapt.py").files
    assert house / "plugins/adapt.py" in imports.of(house / "stages/bank.py").files


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A plug-in file whose code lies in many places, none of them an installed package."""
    files = {
        "own/plugin.py": """
            import sibling, package.deep, numpy
            from package import beside as other, VALUE
            from outside import thing
            import importlib
            def f():
                import late
                importlib.import_module("constant")
                runpy.run_path("script.py")
            """,
        "own/sibling.py": "import second\n",
        "own/second.py": "",
        "own/late.py": "",
        "own/constant.py": "",
        "own/script.py": "",
        "own/unused.py": "",
        "own/package/__init__.py": "from .hidden import VALUE\nfrom .starred import *\n",
        "own/package/hidden.py": "from importlib import import_module\nimport_module('.named', __package__)\n",
        "own/package/named.py": "",
        "own/package/deep.py": "from ..package import far\n",
        "own/package/far.py": "",
        "own/package/beside.py": "",
        "own/package/starred/__init__.py": "__all__ = ['one']\n",
        "own/package/starred/one.py": "",
        "elsewhere/outside/thing.py": "",  # a namespace package
        "elsewhere/numpy.py": "",  # which the installed one hides
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "elsewhere")])
    return tmp_path / "own" / "plugin.py", sorted(set(files) - {"own/unused.py", "elsewhere/numpy.py"})


def test_a_plugin_counts_with_every_module_that_nobody_installed(plugin):
    start, names = plugin
    code = imports.of(start)
    assert sorted(file.relative_to(start.parents[1]).as_posix() for file in code.files) == names
    assert code.packages == {f"numpy {metadata.version('numpy')}"}
    seen = {digest.of_code(start)}
    for name in names:
        with open(start.parents[1] / name, "a") as file:
            file.write("\nCHANGED = 1\n")
        seen.add(digest.of_code(start))
    assert len(seen) == len(names) + 1
    (start.parent / "unused.py").write_text("CHANGED = 1\n")
    assert digest.of_code(start) in seen


def test_a_folder_that_moves_is_the_same_code_and_other_siblings_are_not(plugin, tmp_path):
    start, _ = plugin
    shutil.copytree(start.parent, tmp_path / "moved")
    assert digest.of_code(tmp_path / "moved" / "plugin.py") == digest.of_code(start)
    (tmp_path / "moved" / "second.py").write_text("OTHER = 1\n")
    assert digest.of_file(tmp_path / "moved" / "plugin.py") == digest.of_file(start)
    assert digest.of_code(tmp_path / "moved" / "plugin.py") != digest.of_code(start)


def test_what_a_plugin_imports_by_a_computed_name_is_seen_once_it_is_loaded(tmp_path):
    (tmp_path / "plugin.py").write_text("import importlib, json\nimportlib.import_module('com' + 'puted')\n")
    (tmp_path / "computed.py").write_text("import colorsys, sklearn\n")
    code = f"""
import sys
from pathlib import Path
from benchmark.store import digest, imports
sys.path.insert(0, {str(tmp_path)!r})
before = set(sys.modules)
import plugin
found = imports.loaded(before)
start = Path(plugin.__file__)
print([file.name for file in found], digest.of_code(start) != digest.of_code(start, found), "sklearn" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['computed.py', 'plugin.py'] True True"


def install(folder: Path, *, editable: bool, record: str = "sha256=a") -> None:
    """Writes what pip leaves of a package `rated`, its version 1.0."""
    about = folder / "rated-1.0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rated\nVersion: 1.0\n")
    (about / "RECORD").write_text(f"rated/__init__.py,{record},1\nrated/inner.py,sha256=b,1\n../bin/x.py,sha256=c,1\n")
    (about / "direct_url.json").write_text(json.dumps({"url": "file:///x", "dir_info": {"editable": editable}}))


def package(folder: Path) -> Path:
    (folder / "rated").mkdir(parents=True)
    (folder / "rated" / "__init__.py").write_text("from rated.inner import Rated\n")
    (folder / "rated" / "inner.py").write_text("class Rated: ...\n")
    return folder / "rated" / "__init__.py"


def test_an_installed_package_counts_by_its_version_and_record(tmp_path, monkeypatch):
    place = tmp_path / "site-packages"
    start = package(place)
    install(place, editable=False)
    monkeypatch.setattr(sys, "path", [*sys.path, str(place)])
    before = digest.of_module("rated", start)
    (tmp_path / "plugin.py").write_text("import rated\n")
    assert imports.of(tmp_path / "plugin.py").packages == {"rated 1.0"}
    (start.parent / "inner.py").write_text("class Rated: X = 1\n")
    assert digest.of_module("rated", start) == before
    install(place, editable=False, record="sha256=other")
    assert digest.of_module("rated", start) != before


def test_an_editable_package_counts_by_content(tmp_path, monkeypatch):
    place, source = tmp_path / "site-packages", tmp_path / "src"
    start = package(source)
    install(place, editable=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(place), str(source)])
    (tmp_path / "plugin.py").write_text("import rated\n")
    before = digest.of_module("rated", start), digest.of_code(tmp_path / "plugin.py")
    (start.parent / "inner.py").write_text("class Rated: X = 1\n")
    after = digest.of_module("rated", start), digest.of_code(tmp_path / "plugin.py")
    assert not set(before) & set(after)


def test_a_lone_file_among_the_packages_counts_by_content(tmp_path, monkeypatch):
    (tmp_path / "site-packages").mkdir()
    lone = tmp_path / "site-packages" / "lone_helper.py"
    lone.write_text("")
    (tmp_path / "plugin.py").write_text("import lone_helper\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(lone.parent)])
    assert lone in imports.of(tmp_path / "plugin.py").files
