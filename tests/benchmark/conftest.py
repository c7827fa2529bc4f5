"""Shared by the tests of what goes wrong: the command line in this process, and how it refuses politely."""

from __future__ import annotations

import functools
import itertools
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import rich.console
import typer

from benchmark.cli import main as cli
from benchmark.cli import screen
from benchmark.plan.specs import Spec
from benchmark.plan.stage import Stage
from benchmark.stages import line
from benchmark.store.digest import of_file
from benchmark.store.store import Store
from benchmark.use import api

BUILT = functools.cache(typer.main.get_command)  # each call would build all verbs again, which takes longer than most


@dataclass(frozen=True)
class Answer:
    """What a call of the command line did."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Calls the command line in this process, in an empty folder, without data files or network."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("FAUXBENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FAUXBENCH_OFFLINE", "1")
    monkeypatch.setattr(typer.main, "get_command", BUILT)

    def run(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["fauxbench", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return Answer(int(ended.value.code or 0), shown.out, shown.err)

    return run


@pytest.fixture
def silences(call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[float, str]]]:
    """Calls the command line, which must work, and returns how long it was silent without a word, and after which line.

    What lies between two lines is read off a clock; a longer silence follows a line that says what takes so long.
    """
    heard: list[tuple[float, str]] = []
    echo, printed = typer.echo, rich.console.Console.print

    def told(message: object = "", *rest: Any, **options: Any) -> None:
        heard.append((time.monotonic(), str(message)))
        echo(message, *rest, **options)

    def shown(console: rich.console.Console, *texts: Any, **options: Any) -> None:
        heard.append((time.monotonic(), " ".join(map(str, texts))))
        printed(console, *texts, **options)

    monkeypatch.setattr(screen, "QUIET", 0.2)  # a fifth of what it is, so that a busy machine does not matter
    monkeypatch.setattr(typer, "echo", told)
    monkeypatch.setattr(rich.console.Console, "print", shown)

    def of(*arguments: str | Path) -> list[tuple[float, str]]:
        heard[:] = [(time.monotonic(), "")]
        answer = call(*arguments)
        assert answer.code in (0, 1), answer.err
        heard.append((time.monotonic(), ""))
        gaps = [(after - before, text) for (before, text), (after, _) in itertools.pairwise(heard)]
        return [(gap, text) for gap, text in gaps if gap >= 2 and not (text.endswith(" ...") or ": under way" in text)]

    return of


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    shutil.copytree(finished, tmp_path / "copied")
    return tmp_path / "copied"


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """Does the stages of one kind and what they need, and none of the others that a run of the spec has.

    It returns the folder of each by its name.
    """

    def of(spec: Spec, function: str, store: Path = tmp_path / "made") -> dict[str, Path]:
        done: dict[str, Path] = {}

        def do(stage: Stage) -> None:
            for needed in stage.inputs.values():
                do(needed)
            if stage.name not in done:
                line.run(stage.as_json(), str(store), lambda *_: None)
                done[stage.name] = Store(store).path(stage.function, stage.key)

        for stage in api.make_plan(spec).stages:
            if stage.function == function:
                do(stage)
        return done

    return of


@pytest.fixture
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `--figures` draw the first three charts of a page, for who does not look at what is drawn."""
    from reports import paper

    charts = paper.charts
    monkeypatch.setattr(paper, "charts", lambda run: itertools.islice(charts(run), 3))


@pytest.fixture(scope="session")
def recorded() -> Callable[[Path], None]:
    """Makes a stage's `key.json` name its files as they are, as somebody would who changes a store on purpose."""

    def again(folder: Path) -> None:
        key = folder / "key.json"
        record = json.loads(key.read_text())
        record["files"] = {name: [(folder / name).stat().st_size, of_file(folder / name)] for name in record["files"]}
        key.write_text(json.dumps(record))

    return again


@pytest.fixture
def refused(call: Callable[..., Answer], told: Callable[[str], list[str]]) -> Callable[..., str]:
    """Calls the command line, checks that it refuses politely and leaves no file, and returns its line."""

    def run(*arguments: str | Path) -> str:
        before = set(Path.cwd().rglob("*"))
        answer = call(*arguments)
        lines = [line for line in told(answer.err) if not line.startswith("[")]  # a stage that has finished
        assert answer.code == 2, answer
        assert len(lines) == 1, answer.err
        assert lines[0].startswith("fauxbench: ")
        assert lines[0].endswith((".", "?")) or ": fauxbench run " in lines[0], "a sentence, or the command that works"
        assert not half_written(set(Path.cwd().rglob("*")) - before)
        return lines[0]

    return run


def half_written(new: set[Path]) -> set[Path]:
    """What is new and no part of a finished stage in the store, which is kept for the next try.

    Bytecode of a plug-in is no part either: Python writes it where it is not told otherwise.
    """
    new = {path for path in new if "__pycache__" not in path.parts}
    finished = {path.parent for path in new if path.name == "key.json" and path.parents[2].name == ".store"}
    inside = {path for path in new if finished & {path, *path.parents}}
    return new - inside - {parent for path in finished for parent in path.parents}


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Returns a function of entry points of detectors, `name=module:Name`, which other packages then offer.

    They are installed in a folder of `sys.path`, so that every process sees them.
    """

    def offered(*pairs: str) -> None:
        for i, pair in enumerate(pairs):
            info = tmp_path / f"theirs{i}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: theirs{i}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[fauxbench.detectors]\n{pair.replace('=', ' = ', 1)}\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return offered
