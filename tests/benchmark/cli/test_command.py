"""What all commands have in common: JSON that every reader takes, and names that a spreadsheet takes as text."""

from __future__ import annotations

import errno
import json
import os
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from benchmark.cli import command as cli_command
from benchmark.cli import doctor
from benchmark.processes import jobs as processes
from data import names
from data.errors import UserError, shown, visible


def strict(text: str) -> Any:
    """Reads JSON that has no NaN, which the standard does not know."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


@pytest.mark.parametrize("line", ["list --json", "plan --json", "plan --ladder --json", "data digits --json"])
def test_json_is_all_that_is_printed(call: Callable[..., Any], line: str) -> None:
    answer = call(*shlex.split(line))
    assert answer.code == 0, answer.err
    assert strict(answer.out)


def test_what_is_no_number_is_null_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    cli_command.print_json({"a": [float("nan"), (1.5, float("-inf"))], "b": {1: float("inf")}})
    assert strict(capsys.readouterr().out) == {"a": [None, [1.5, None]], "b": {"1": None}}


def test_a_path_that_only_a_system_call_refuses_is_one_line(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def examine(data: Any) -> Any:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), "x" * 300)

    monkeypatch.setattr(doctor, "examine", examine)
    assert "File name too long" in refused("doctor")


@pytest.mark.parametrize(("jobs", "said"), [(0, "at least 1"), (True, "at least 1"), (10**6, "at most")])
def test_processes_within_reason(jobs: int, said: str) -> None:
    processes.check(1)
    with pytest.raises(UserError, match=said):
        processes.check(jobs)


def test_names_in_tables_and_messages() -> None:
    assert names.as_text("=1.png") == "./=1.png"
    assert names.as_text("a=1.png") == "a=1.png"
    assert visible("a\x1b[2J\u202e\nb") == "a\\x1b[2J\\u202e\\nb"
    assert len(shown("x" * 10_000)) < 200
    assert shown(10**5000).startswith("a number of 16,610 bits".replace(",", ""))
