"""The wheel holds every file of the packages, works without the checkout, and notices a stranger's `data`."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
PACKAGES = ("data", "generation", "detection", "benchmark", "reports", "fauxbench")
COMMAND = "import sys; sys.argv[0] = 'fauxbench'; from fauxbench.__main__ import main; main()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds it from a copy, so that the checkout gets no build folder."""
    pytest.importorskip("build", reason="the wheel is built by the package 'build'")
    root = tmp_path_factory.mktemp("wheel")
    source, made = root / "source", root / "made"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *PACKAGES, "pyproject.toml", "README.md", "LICENSE"],
        cwd=HOUSE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("this is no git checkout: which files belong to the packages is not known")
    for name in listed.stdout.split("\n"):
        if name and (HOUSE / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((HOUSE / name).read_bytes())
    (source / "README.md").touch()
    (source / "LICENSE").touch()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(made), str(source)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    (found,) = made.glob("fauxbench-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel alone in a folder; what it depends on comes from this environment."""
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return target


def call(*arguments: str, path: list[Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", COMMAND, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.slow
def test_wheel_holds_the_packages_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    source = wheel.parent.parent / "source"
    tree = {path.relative_to(source).as_posix() for name in PACKAGES for path in (source / name).rglob("*.*")}
    tree = {name for name in tree if (source / name).is_file() and "__pycache__" not in name}
    assert packed == tree
    assert {
        "benchmark/plan/presets/digits.toml",
        "reports/template/report.html.j2",
        "fauxbench/template/run.html.j2",
    } <= packed


@pytest.mark.slow
def test_wheel_names_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (about,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        (points,) = [name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt")]
        text, commands = archive.read(about).decode(), archive.read(points).decode()
    assert "Name: fauxbench\n" in text
    assert "License-Expression: MIT\n" in text
    assert "fauxbench = fauxbench.__main__:main" in commands


@pytest.mark.slow
def test_installed_command_works_elsewhere(installed: Path, tmp_path: Path) -> None:
    helped = call("--help", path=[installed], cwd=tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert "Run a benchmark and write its report" in helped.stdout
    found = call("list", path=[installed], cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert "cifar10-dog" in found.stdout
    assert "BROKEN" not in found.stdout
    planned = call("plan", path=[installed], cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert not list(tmp_path.iterdir())
    assert (installed / "bin" / "fauxbench").is_file()


@pytest.mark.slow
def test_installed_command_makes_a_report(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "spec.toml").write_text(
        'name = "tiny"\n[dataset]\nname = "digits"\nlimit = 150\n[quality]\nenabled = false\n'
        '[[detector]]\nkind = "linear-pixel"\n'
    )
    ended = call("run", "spec.toml", path=[installed], cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "runs/tiny/report.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["data", "reports", "benchmark"])
def test_foreign_package_of_that_name_is_noticed(installed: Path, tmp_path: Path, name: str) -> None:
    """Somebody else's package before ours on the path, as a top-level folder of their project would be."""
    foreign = tmp_path / "foreign" / name
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("theirs = True\n")
    ended = call("list", path=[foreign.parent, installed], cwd=tmp_path)
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"fauxbench: Another package hides fauxbench's '{name}'")
    assert ended.stderr.count("\n") == 1
    assert str(foreign) in ended.stderr
