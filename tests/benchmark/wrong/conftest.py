"""Shared by the tables of wrong inputs: a folder with everything odd that a path can lead to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TINY = """
name = "tiny"
[dataset]
name = "digits"
limit = 120
[[generator]]
kind = "gaussian"
[[detector]]
kind = "linear-pixel"
[protocol]
ledger_seed = 0
[quality]
enabled = false
"""


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of odd files; a refused command leaves it as it was, so that all of them may share it."""
    folder = tmp_path_factory.mktemp("odd")
    with contextlib.chdir(folder):
        odd_files()
    return folder


def odd_files() -> None:
    """Fills the current folder."""
    Path("spec.toml").write_text(TINY)
    Path("file").write_text("in the way")
    Path("folder").mkdir()
    Path("folder/thesis.txt").write_text("keep me")
    Path("mine.py").write_text("class Mine: ...\n")
    Path("there.py").write_text("keep me")
    Path("folder.py").mkdir()
    Path("folder.toml").mkdir()
    os.mkfifo("pipe.toml")
    os.mkfifo("pipe.py")
    for name, target in (("dangling", "nowhere"), ("loop", "loop"), ("to-file", "file"), ("dangling.toml", "nowhere")):
        os.symlink(target, name)
    for name in ("real", "fake"):
        Path(name).mkdir()
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(f"{name}/a.png")
    Path("deep.toml").write_text("x = " + "[" * 3000 + "]" * 3000)
    Path("deeper.toml").write_text(f"x = {'{y = ' * 40}1{'}' * 40}")
    Path("dotted.toml").write_text(".".join("a" * 100) + " = 1")
    Path("huge.toml").write_text("#" * (2**20 + 1))
    Path("digits.toml.gz").write_bytes(b"\x1f\x8b\x08\x00")
    Path("latin.toml").write_bytes("name = 'Müller'".encode("latin-1"))
    Path("wide.toml").write_bytes("name = 'x'".encode("utf-16"))
    Path("nul.toml").write_bytes(b"name = 'a\0b'")
    Path("long-number.toml").write_text("x = " + "9" * 5000)
    Path("no-date.toml").write_text("x = 2021-02-30")
    Path("empty.toml").touch()


@pytest.fixture
def wrong(refused: Callable[..., str], odd: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Calls the command line among odd files, checks that it refuses politely, and returns its line."""
    monkeypatch.chdir(odd)

    def run(*arguments: str | Path) -> str:
        line = refused(*arguments)
        assert "Traceback" not in line
        assert line.isprintable()
        return line

    return run
