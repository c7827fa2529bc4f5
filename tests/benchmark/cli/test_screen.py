"""What is said to people: laid out on a terminal, and the same words in plain whole lines for a pipe."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.cli import screen
from benchmark.cli.screen import Column

ROWS = [("good", "a/" + "long" * 30 + ".png", "3.5"), ("wrong", "漢字 é", "12,345.25"), ("note", "b", "-")]
COLUMNS = (Column(verdict=True, whole=True), Column("path"), Column("score", right=True, whole=True))
SENTENCE = "A sentence for a narrow terminal, about /a/path/that/nobody/who/copies/it/wants/to/see/broken/in/two."
CODES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Says something on a terminal of 50 letters that knows colours, and returns what it then shows."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "50")

    def shown(say: Callable[..., None], *arguments: Any, **keywords: Any) -> str:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", Terminal())
            say(*arguments, **keywords)
            return str(sys.stdout.getvalue())

    return shown


@pytest.mark.parametrize("environ", [{}, {"COLUMNS": "30"}, {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}])
def test_a_pipe_gets_whole_lines_without_codes(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    screen.table(ROWS, *COLUMNS)
    screen.say(SENTENCE)
    screen.say(SENTENCE, indent=3, err=True)
    shown = capsys.readouterr()
    name = ROWS[0][1]
    assert shown.out.splitlines() == [
        f"       path{' ' * (len(name) - 4)}      score",
        f"good   {name}        3.5",
        f"wrong  漢字 é{' ' * (len(name) - 6)}  12,345.25",
        f"note   b{' ' * (len(name) - 1)}          -",
        SENTENCE,
    ]
    assert shown.err == f"   {SENTENCE}\n"


def test_rows_that_come_one_by_one_stand_in_line(capsys: pytest.CaptureFixture[str]) -> None:
    for row in (("a", "1", ""), ("abc", "22", "x")):
        screen.table([row], Column(least=4, whole=True), Column(right=True, least=3, whole=True), Column())
    assert capsys.readouterr().out == "a       1\nabc    22  x\n"


def test_a_table_without_rows_has_its_head_alone(capsys: pytest.CaptureFixture[str]) -> None:
    screen.table([], *COLUMNS)
    screen.table([], Column(), Column())
    assert capsys.readouterr().out == "  path  score\n"


def test_a_terminal_gets_lines_that_fit_and_no_letter_is_lost(terminal: Callable[..., str]) -> None:
    lines = CODES.sub("", terminal(screen.table, ROWS, *COLUMNS)).splitlines()
    assert max(map(len, lines)) <= 50
    assert len(lines) > 1 + len(ROWS), "the long name goes over several lines"
    names = "".join(line[7:].split()[0] for line in lines[1:-2])
    assert names.startswith(ROWS[0][1])
    assert [line.split()[-1] for line in lines if line.startswith(("good", "wrong", "note"))] == [
        "3.5",
        "12,345.25",
        "-",
    ]


def test_numbers_are_whole_on_a_terminal_that_is_too_narrow(
    terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    shown = terminal(screen.table, ROWS, *COLUMNS)
    assert "12,345.25" in shown
    assert "…" not in shown


def test_sentences_break_between_words_and_paths_never(
    terminal: Callable[..., str],
) -> None:
    said = "A sentence for a narrow terminal, about /a/path, which is told of in several lines."
    lines = terminal(screen.say, said, indent=4).splitlines()
    assert len(lines) > 1
    assert all(line.startswith("    ") and len(line) <= 50 for line in lines)
    assert " ".join(map(str.strip, lines)) == said
    assert terminal(screen.say, SENTENCE) == f"{SENTENCE}\n"
    assert terminal(screen.say, "") == "\n"


def test_colours_are_for_verdicts_and_not_for_those_who_want_none(
    terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert re.search(r"\x1b\[[0-9;]*31mwrong", terminal(screen.table, ROWS, *COLUMNS))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in terminal(screen.table, ROWS, *COLUMNS)


def test_what_is_said_steers_no_terminal(terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    odd = "a\x1b[2J\u202eb [bold]c[/bold] :smile:"
    assert terminal(screen.say, odd) == "a\\x1b[2J\\u202eb [bold]c[/bold] :smile:\n"
    assert "d\\x9b2J\\n  [red]e" in terminal(screen.table, [("d\x9b2J\n", "[red]e")], Column(), Column())


@pytest.mark.parametrize("colour", [True, False])
def test_the_command_line_on_a_real_terminal(tmp_path: Path, colour: bool) -> None:
    """The same table, narrow and perhaps with colours, from `fauxbench` itself; help has no need of rich."""
    code = (
        "import sys; sys.argv = ['fauxbench', *sys.argv[1:]]\n"
        "import atexit; atexit.register(lambda: print('RICH', 'rich' in sys.modules))\n"
        "from benchmark.cli.main import main; main()"
    )
    about = {"COLUMNS": "40", "TERM": "xterm"} | ({} if colour else {"NO_COLOR": "1"})
    environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")} | about
    shown = {}
    for verb in ("--help", "list"):
        ours, theirs = pty.openpty()
        words = [verb] if verb == "--help" else [verb, "presets"]
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words], cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, env=environ
        )
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # how Linux says that the other side is closed
                break
            if not part:
                break
            said += part
        os.close(ours)
        assert process.wait(60) == 0, said
        shown[verb] = said.decode()
    assert "RICH False" in shown["--help"]
    lines = shown["list"].splitlines()
    assert lines[0] == "presets:"
    assert [line for line in lines if len(line.rstrip()) > 40] == []
    assert "RICH True" in shown["list"]
    assert "\x1b" not in shown["list"] or colour
