"""The house: which room may import which, and how large a room may grow. `CONTRIBUTING.md` draws it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("data", "generation", "detection", "benchmark", "reports", "fauxbench")
BELOW = {  # package -> the packages that it may import
    "data": (),
    "generation": ("data",),
    "detection": ("data",),
    "benchmark": ("data", "generation", "detection"),
    "reports": ("data",),  # `data.run_folder` and `data.holm`: what all who read a run folder do alike
    "fauxbench": ("data", "generation", "detection", "benchmark", "reports"),  # on top: nothing imports it
}
CLI = "benchmark.cli"  # the one room that may import `reports`
# The rooms of each package from the ground up; rooms of one line do not know each other.
ORDER = {
    "data": [["data.copies"], ["data"], ["data.reading", "data.perturb"], ["data.sources"]],
    "generation": [["generation.training"], ["generation.dcgan", "generation.flow", "generation.swap"]],
    "detection": [["detection.features"], ["detection.networks"], ["detection.frozen"], ["detection.detectors"]],
    "benchmark": [
        ["benchmark.machine"], ["benchmark.store"], ["benchmark.processes"], ["benchmark.statistics"],
        ["benchmark.findings"], ["benchmark.plugins"], ["benchmark.plan"], ["benchmark.quality"], ["benchmark.stages"],
        ["benchmark.execute"], ["benchmark.results"], ["benchmark.use"], ["benchmark.cli"],
    ],
    "reports": [["reports.figures"], ["reports.words"], ["reports.sections"]],
    "fauxbench": [["fauxbench.displays"], ["fauxbench"]],
}  # fmt: skip
MOST = 15  # modules in one folder
SIBLINGS = {"detection/detectors", "reports/figures", "fauxbench/displays"}  # of one contract: as many as there are
PLACE = re.compile(r"^[a-z_.]+:[A-Za-z_.]+$")  # "module:name", by which plug-ins and other processes find a function


def modules(root: Path) -> dict[str, Path]:
    """Returns every module of the packages by its name; templates are files that users get, and none."""
    found = {}
    for package in PACKAGES:
        for path in (root / package).rglob("*.py"):
            if "templates" not in path.parts:
                name = ".".join(path.relative_to(root).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path
    return found


@cache
def told(text: str) -> list[ast.AST]:
    """Returns what of a file's code may name other modules; a file that is the same in a copied house is read once."""
    kinds = (ast.Import, ast.ImportFrom)
    nodes = ast.walk(ast.parse(text))
    return [one for one in nodes if isinstance(one, kinds) or PLACE.match(str(getattr(one, "value", "")))]


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yields the modules that a file imports anywhere in it, or names as the place of a function."""
    for node in told(path.read_text(encoding="utf-8")):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                if inner in known or node.module in known:
                    yield inner if inner in known else node.module
        elif isinstance(node, ast.Constant) and PLACE.match(str(node.value)):
            yield from {node.value.partition(":")[0]} & known.keys()


def room(name: str, known: dict[str, Path]) -> str:
    """Returns the room of a module: its package's folder on the second level, or the package itself."""
    parts = name.split(".")
    inside = len(parts) > 2 or (len(parts) == 2 and known[name].name == "__init__.py")
    return ".".join(parts[:2]) if inside else parts[0]


def upward(root: Path) -> list[str]:
    """Returns the imports that run up, or from one package to another that it may not know."""
    known, wrong = modules(root), []
    for name, path in sorted(known.items()):
        package = name.split(".")[0]
        for target in imports(path, known):
            other = target.split(".")[0]
            if other != package:
                allowed = BELOW[package] + (("reports",) if room(name, known) == CLI else ())
                bad = other not in allowed
            else:
                bad = _runs_up(package, room(name, known), room(target, known), name)
            if bad:
                wrong.append(f"{name} -> {target}")
    return wrong


def _runs_up(package: str, here: str, there: str, name: str) -> bool:
    floors = {one: level for level, rooms in enumerate(ORDER[package]) for one in rooms}
    if here == there or here not in floors or there not in floors:
        return False  # a package's own files: its list of what it has stands on top, what its rooms share below
    return floors[there] >= floors[here]


def crowded(root: Path) -> list[str]:
    """Returns the folders that hold more modules than one can keep in mind."""
    counts = Counter(
        path.parent.relative_to(root).as_posix() for path in modules(root).values() if path.name != "__init__.py"
    )
    return [f"{folder}: {n}" for folder, n in sorted(counts.items()) if n > MOST and folder not in SIBLINGS]


def copied(to: Path) -> Path:
    """Copies the packages' code, to be spoiled."""
    for path in modules(ROOT).values():
        target = to / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return to


def test_every_room_of_benchmark_has_its_floor():
    rooms = {f"benchmark.{path.parent.name}" for path in (ROOT / "benchmark").glob("*/__init__.py")}
    assert rooms == {one for floor in ORDER["benchmark"] for one in floor}
    assert [path.name for path in (ROOT / "benchmark").glob("*.py")] == ["__init__.py"]


def test_no_import_runs_up():
    assert upward(ROOT) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("benchmark/plan/specs.py", "from benchmark.use import api\n"),
        ("benchmark/store/digest.py", "def late():\n    import benchmark.plugins.resolve\n"),
        ("benchmark/stages/bank.py", "PLACE = 'benchmark.execute.attempt:fresh'\n"),
        ("benchmark/results/collect.py", "from reports import page\n"),
        ("generation/swap/step.py", "from generation.dcgan import studies\n"),
        ("generation/controls.py", "from detection import base\n"),
        ("data/ledger.py", "from data.sources import digits\n"),
        ("reports/page.py", "import fauxbench\n"),
        ("benchmark/cli/main.py", "from fauxbench import runs\n"),
    ],
)
def test_a_planted_import_is_found(tmp_path, file, line):
    house = copied(tmp_path)
    with (house / file).open("a", encoding="utf-8") as opened:
        opened.write(line)
    name = file.removesuffix(".py").replace("/", ".")
    assert [arrow.split(" -> ")[0] for arrow in upward(house)] == [name]


def test_no_folder_outgrows_its_measure():
    assert crowded(ROOT) == []


def test_a_crowded_folder_is_found(tmp_path):
    house = copied(tmp_path)
    for i in range(MOST):
        (house / f"benchmark/machine/more_{i}.py").write_text("")
    (found,) = crowded(house)
    assert found.startswith("benchmark/machine: ")


def test_every_room_says_what_it_is_for():
    for path in modules(ROOT).values():
        if path.name == "__init__.py" and path.parent.parent != ROOT:
            assert len(ast.get_docstring(ast.parse(path.read_text())) or "") > 60, path


def test_every_test_that_is_listed_as_slow_is_there():
    tests = Path(__file__).parent
    for line in (tests / "slow.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        file, *names = line.split("::")
        text = (tests / file).read_text(encoding="utf-8")
        for name in names:
            assert f"def {name}(" in text or f"class {name}" in text, f"slow.txt: {line}"
