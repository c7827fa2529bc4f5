"""Does what a page of the docs tells: saves its files, runs its commands and its Python, in one folder and in order.

What is run is what is printed, but for four things: runs are `--smoke` ones; all pages share one folder `runs`, so that
what one has computed the others find; a preset with changes is planned and not trained; and ports are free ones.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
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

CHANGES = ("--set", "--ladder")
NO_DATA = {"digits"}  # presets that need no files


class Reader:
    """Somebody who follows a page to the letter, in a folder of their own."""

    def __init__(self, folder: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, say: Callable[[], str]) -> None:
        self.folder, self.monkeypatch, self.say = folder, monkeypatch, say
        self.scope: dict[str, Any] = {"__name__": "page"}
        self.left_out: list[str] = []
        self.port = _free_port()
        self.others: list[subprocess.Popen[str]] = []
        (folder / "runs").symlink_to(runs)
        belongings(folder)
        monkeypatch.chdir(folder)
        monkeypatch.setattr(benchmark, "run", partial(_smoked, api.run), raising=False)

    def does(self, block: Block) -> None:
        """Does what a block tells."""
        match block.mark:
            case "file" | "append":
                with open(self.folder / block.about, "w" if block.mark == "file" else "a", encoding="utf-8") as file:
                    file.write(block.text)
            case "question":
                self._adds_question(block)
            case "background":
                self.others += [self._starts(line) for line in block.commands]
            case "not run":
                pass
            case _:
                for line in block.commands:
                    self._runs(line, block)
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

    def _runs(self, line: str, block: Block) -> None:
        words = [self._expanded(word) for word in shlex.split(line.replace("8786", str(self.port)))]
        if words[:1] != ["fauxbench"]:
            done = _other(words, self.folder)
            assert done.returncode == 0, f"{block.page}:{block.line}: {line}\n{done.stdout}{done.stderr}"
            return
        needed = {name for name in specs.presets() if name in words[1:] or f"runs/{name}" in words[1:]}
        if needed - NO_DATA and not os.environ.get("FAUXBENCH_DATA"):
            self.left_out.append(line)
            return
        for name in needed:
            if f"runs/{name}" in words and not (self.folder / "runs" / name / "manifest.json").exists():
                api.run(name, out=f"runs/{name}", smoke=True)
        code = self._command(_smoke(words))
        assert code == (2 if block.mark == "refused" else 0), f"{block.page}:{block.line}: {line}\n{self.say()}"

    def _expanded(self, word: str) -> str:
        return word.replace("$PWD", str(self.folder))

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

    def _starts(self, line: str) -> subprocess.Popen[str]:
        words = shlex.split(line.replace("8786", str(self.port)))
        command = [sys.executable, "-m", "dask", *words[1:]] if words[0] == "dask" else words
        with open(self.folder / f"background-{len(self.others)}.log", "w") as log:
            started = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, text=True, env=_environment())
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return started
            time.sleep(0.1)
        raise AssertionError(f"{line}: nothing answers at port {self.port}")


def _smoke(words: list[str]) -> list[str]:
    """Makes a run a quick one."""
    if words[1] == "run" and "--scheduler" not in words:
        source = words[2] if len(words) > 2 and not words[2].startswith("-") else None
        if source in specs.presets() and source not in NO_DATA and any(word in CHANGES for word in words):
            return _as_plan(words)
        if source is None and "--real" not in words:
            words = [*words[:2], "digits", *words[2:]]
        if "--out" not in words and "--real" not in words:
            words = [*words, "--out", f"runs/{Path(words[2]).stem}"]
    return words if words[1] != "run" or "--smoke" in words else [*words, "--smoke"]


def _as_plan(words: list[str]) -> list[str]:
    at = words.index("--jobs") if "--jobs" in words else len(words)
    kept = words[:at] + words[at + 2 :]
    return ["fauxbench", "plan", *kept[2:]]


def _smoked(run: Callable[..., Any], source: str = "digits", **options: Any) -> Any:
    return run(source, **{"smoke": True, "out": f"runs/{Path(source).stem}"} | options)


def _planned(block: Block) -> None:
    """Checks rows of a spec as they stand, on digits."""
    import tomllib

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
