"""The findings that there are, and what one must say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.findings import finding, registry
from benchmark.findings.finding import found
from data.errors import UserError

ROOT = Path(__file__).parents[3]


def test_the_docs_are_made_from_the_registry():
    page = ROOT / "docs/findings.md"
    assert page.read_text(encoding="utf-8") == registry.markdown(), "python -m benchmark.findings > docs/findings.md"


def test_a_finding_says_what_it_must():
    with pytest.raises(ValueError, match="number of the registry"):
        found("FB999", "pass")
    with pytest.raises(ValueError, match="verdict is one of"):
        found("FB001", "fine")
    with pytest.raises(ValueError, match="must say what was seen"):
        found("FB001", "alarm")
    with pytest.raises(ValueError, match="smallest effect"):
        found("FB010", "pass", value=0.3)
    assert found("FB001", "pass", value=0)["smallest"] == 0, "it looked at every image"


def test_rows_are_the_same_after_a_file(tmp_path):
    rows = [
        found("FB003", "alarm", about="007", value=2, advice='2 of 9, "byte for byte".'),
        found("FB001", "pass", value=0),
    ]
    finding.frame(rows).to_csv(tmp_path / "audit.csv", index=False)
    again = [finding.of(row, row["about"]) for row in finding.read(tmp_path / "audit.csv")]
    assert [{k: v for k, v in row.items() if v == v} for row in again] == [
        {k: v for k, v in row.items() if v == v} for row in rows
    ]


def test_findings_are_named_by_their_numbers():
    assert registry.numbers(["fb003,FB001", "FB003"]) == ["FB001", "FB003"]
    assert registry.numbers([]) == []
    with pytest.raises(UserError, match="FB912"):
        registry.numbers(["FB912,FB001"])
    with pytest.raises(UserError, match="such as FB001"):
        registry.numbers([""])


def test_numbers_and_names_are_given_once():
    assert len({kind.name for kind in registry.KINDS.values()}) == len(registry.KINDS)
    assert all(kind.tests and kind.todo and kind.unit for kind in registry.KINDS.values())
