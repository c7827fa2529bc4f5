"""Does what a page of the docs tells: saves its files, runs its commands and its Python, in one folder and in order.

What is run is what is printed, but for five things: runs are `--smoke` ones; what they made is exported in spite of
alarms, since a network of two steps draws nearly flat images, which give their format away; all pages share one folder
`runs`, so that what one has computed the others find; ports are free ones; and a run is planned, which checks all that
it names, where it brings no code of its own and nothing that follows on the page opens what it makes.
"""

from __future__ import annotations

import itertools
import os
import shlex
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blocks import Block
from PIL import Image

import benchmark
from benchmark.cli import main as cli
from benchmark.plan import questions, specs
from benchmark.use import api
from fauxbench import runs as runs_of

CODES = {"refused": 2, "some fail": 1}  # by the mark; all other commands end with 0
CHANGES = ("--set", "--ladder")
NO_DATA = {"digits", "protocol-quick"}  # presets that need no files


class Reader:
    """Somebody who follows a page to the letter, in a folder of their own."""

    def __init__(self, folder: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, say: Callable[[], str]) -> None:
        self.folder, self.monkeypatch, self.say = folder, monkeypatch, say
        self.scope: dict[str, Any] = {"__name__": "page"}
        self.left_out: list[str] = []
        self.missing: set[str] = set()
        self.port = _free_port()
        self.others: list[subprocess.Popen[str]] = []
        (folder / "runs").symlink_to(runs)
        belongings(folder)
        monkeypatch.chdir(folder)
        monkeypatch.setattr(benchmark, "run", partial(_smoked, api.run), raising=False)
        monkeypatch.setattr(runs_of, "run", partial(_smoked, runs_of.run))

    def follows(self, page: list[Block]) -> None:
        """Does what the blocks of a page tell, in their order."""
        brings_code = any(block.about.endswith(".py") for block in page if block.mark == "file")
        for number, block in enumerate(page):
            later = "".join(other.text for other in page[number + 1 :] if other.mark != "not run")
            self._does(block, lambda name, later=later: brings_code or f"runs/{name}" in later)

    def _does(self, block: Block, is_wanted: Callable[[str], bool]) -> None:
        match block.mark:
            case "file" | "append":
                with open(self.folder / block.about, "w" if block.mark == "file" else "a", encoding="utf-8") as file:
                    file.write(block.text)
            case "question":
                self._adds_question(block)
            case "package":
                self._installs(block)
            case "background":
                self.others += [self._starts(line) for line in block.commands]
            case "not run":
                pass
            case _:
                for line in block.commands:
                    self._runs(line, block, is_wanted)
                if block.language == "python":
                    exec(compile(block.text, f"{block.page}:{block.line}", "exec"), self.scope)
                if block.language == "toml":
                    _planned(block)

    def leaves(self) -> None:
        """Ends what runs in the background."""
        for other in self.others:
            other.terminate()
        for other in self.others:
            other.wait(60)

    def _runs(self, line: str, block: Block, is_wanted: Callable[[str], bool]) -> None:
        words = shlex.split(line.replace("8786", str(self.port)))
        if words[:1] != ["fauxbench"]:
            done = _other(words, self.folder)
            assert done.returncode == 0, f"{block.page}:{block.line}: {line}\n{done.stdout}{done.stderr}"
            return
        needed = {name for name in specs.presets() if name in words[1:] or f"runs/{name}" in words[1:]}
        lacking = needed - NO_DATA and not os.environ.get("FAUXBENCH_DATA")
        if lacking or self.missing & {word.split("/")[0] for word in words}:  # no data, or what comes of them
            self.left_out.append(line)
            self.missing |= {words[words.index("--out") + 1]} if "--out" in words else set()
            return
        for name in needed:
            if f"runs/{name}" in words and not (self.folder / "runs" / name / "manifest.json").exists():
                api.run(name, out=f"runs/{name}", smoke=True)
        if words[1] == "run" and "--real" in words and any(word in CHANGES for word in words):
            _planned_folders(words)
            return
        code = self._command(_shortened(words, is_wanted))
        assert code == CODES.get(block.mark, 0), f"{block.page}:{block.line}: {line}\n{self.say()}"

    def _command(self, words: list[str]) -> int:
        """Calls the command line in this process."""
        self.monkeypatch.setattr(sys, "argv", words)
        self.say()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0)

    def _adds_question(self, block: Block) -> None:
        place = self.folder / "questions"
        place.mkdir()
        (place / block.about).write_text(block.text, encoding="utf-8")
        self.monkeypatch.setattr(questions, "__path__", [*questions.__path__, str(place)])
        questions.known.cache_clear()

    def _installs(self, block: Block) -> None:
        """Makes a package's entry points known, in a folder of `sys.path`, so that every process sees them."""
        project = tomllib.loads(block.text)["project"]
        about = self.folder / f"{project['name']}-{project['version']}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
        groups = project["entry-points"].items()
        lines = [
            f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in all_of.items())
            for group, all_of in groups
        ]
        (about / "entry_points.txt").write_text("\n".join(lines))
        self.monkeypatch.syspath_prepend(str(self.folder))

    def _starts(self, line: str) -> subprocess.Popen[str]:
        words = shlex.split(line.replace("8786", str(self.port)))
        command = [sys.executable, "-m", "dask", *words[1:]] if words[0] == "dask" else words
        path = self.folder / f"background-{len(self.others)}.log"
        with open(path, "w") as log:
            started = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, text=True, env=_environment())
        ready = "Registered to" if "worker" in words else "Scheduler at"  # what distributed says of each
        for _ in range(1200):
            if ready in path.read_text():
                return started
            assert started.poll() is None, path.read_text()
            time.sleep(0.1)
        started.kill()
        raise AssertionError(f"{line}: {path.read_text()}")


def _shortened(words: list[str], is_wanted: Callable[[str], bool]) -> list[str]:
    """Makes a run a quick one, or a plan, and exports what such a run has made."""
    if words[1] == "export" and "--force" not in words:
        return [*words, "--force"]
    if words[1] != "run":
        return words
    source = words[2] if len(words) > 2 and not words[2].startswith("-") else None
    if source is None and "--real" not in words:
        source, words = "digits", [*words[:2], "digits", *words[2:]]
    changed = any(word in CHANGES for word in words)
    if source in specs.presets():
        asks = "--ask" in words and source not in NO_DATA  # of a preset that other pages run as it is
        planned = (changed or asks) and "--scheduler" not in words
    else:
        planned = source is not None and not is_wanted(Path(source).stem)
    if planned:
        return ["fauxbench", "plan", *_without(_without(words[2:], "--jobs", 2), "--smoke", 1)]
    if source is not None and "--out" not in words:
        words = [*words, "--out", f"runs/{Path(source).stem}"]
    return words if "--smoke" in words else [*words, "--smoke"]


def _without(words: list[str], option: str, n: int) -> list[str]:
    """Leaves out an option with what belongs to it, `n` words in all."""
    if option not in words:
        return words
    at = words.index(option)
    return words[:at] + words[at + n :]


def _planned_folders(words: list[str]) -> None:
    """Plans a run of folders, for which the command line has no verb."""
    options = dict(itertools.pairwise(words))
    changes = [value for option, value in itertools.pairwise(words) if option == "--set"]
    api.make_plan(specs.from_folders(Path(options["--real"]), [Path(options["--fake"])], changes))


def _smoked(run: Callable[..., Any], source: str = "digits", **options: Any) -> Any:
    return run(source, **{"smoke": True, "out": f"runs/{Path(source).stem}"} | options)


def _planned(block: Block) -> None:
    """Checks rows of a spec as they stand, on digits."""
    values = tomllib.loads(block.text)
    values.setdefault("dataset", {"name": "digits"})
    values.setdefault("generator", [{"kind": "gaussian"}])
    api.make_plan(specs.parse(values))


def _other(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words[1:]] if words[0] == "python" else words
    return subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def belongings(folder: Path) -> None:
    """Writes the pictures that a user would have: real ones, a tool's, films of frames, and photographs of dogs."""
    rng = np.random.default_rng(0)

    def picture(place: str, coarse: int, size: tuple[int, int] = (32, 32)) -> None:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = Image.fromarray(rng.integers(0, 256, (coarse, coarse, 3), np.uint8))
        pixels.resize(size, Image.Resampling.BICUBIC).save(path)

    for film in ("one", "two", *range(3, 21)):
        for frame in range(6):
            picture(f"photos/{film}/{frame}.png", 5)
            picture(f"generated/{film}/{frame}.png", 8)
    for place in ("shots/one/1.png", "shots/one/2.png", "portraits/1.png", "more/one/1.webp", "suspects/1.png"):
        picture(place, 5)
    for number in range(60):  # as many as a limit of a few per cent needs
        picture(f"my-photographs/{number}.png", 5)
    for coarse, breed in enumerate(("beagle", "poodle", "terrier"), start=4):
        for number in range(50):
            picture(f"dogs/{breed}/{number:04d}.jpg", coarse, (48, 40))
