"""`run --strict` and `run --ignore`: exit codes, what is handed on, and what is no finding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmark.cli.running import run as running
from benchmark.findings import finding
from benchmark.findings.finding import found
from benchmark.use import api


@pytest.fixture
def alarmed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A run whose noise control alarms, in place of one that is done; returns what each was told to ignore."""
    told: list[list[str]] = []

    class Run(api.Run):
        audit = finding.frame([found("FB011", "alarm", value=0.6, advice="They do not learn.")])
        manifest: Any = None
        failures: Any = ()

    def run(*_: Any, ignore: list[str], **__: Any) -> Run:
        told.append(list(ignore))
        Run.manifest = {"smoke": False, "ignored": list(ignore)}
        return Run(Path("run"))

    monkeypatch.setattr(api, "run", run)
    monkeypatch.setattr(running.report, "page", lambda folder, second: folder / "report.html")
    monkeypatch.setattr(running, "_show", lambda *_: None)
    return told


@pytest.mark.parametrize(
    ("options", "code"),
    [((), 0), (("--strict",), 3), (("--strict", "--ignore", "FB011"), 0), (("--strict", "--ignore", "FB010"), 3)],
)
def test_alarms_end_with_three_under_strict_unless_ignored(
    alarmed: list[list[str]], call: Callable[..., Any], options: tuple[str, ...], code: int
) -> None:
    assert call("run", *options).code == code
    assert alarmed == [list(options[2:])]


def test_what_is_no_finding_is_a_mistake(call: Callable[..., Any]) -> None:
    answer = call("run", "--ignore", "FB999")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "FB999" in answer.err


def test_ignored_alarms_stay_in_the_audit(alarmed: list[list[str]]) -> None:
    run = api.run(ignore=["FB011"])
    assert run.alarms.empty
    pd.testing.assert_series_equal(run.audit["verdict"], pd.Series(["alarm"], name="verdict"), check_dtype=False)
