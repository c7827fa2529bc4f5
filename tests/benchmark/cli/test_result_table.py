"""The table with which a run ends fits a terminal of 80 columns, whatever the names are and however many."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from benchmark.cli import result_table, screen
from reports.load import load
from reports.sections.tables import Entry

HOSTILE = ["\u202eabc", "<script>alert(1)</script>" * 12, "Название конфигурации", "😀" * 90, "名前" * 60, "[red]a[/]"]


def printed(detectors: list[str], generators: list[str], entries, capsys: pytest.CaptureFixture[str]) -> list[str]:
    for said in result_table.lines(detectors, generators, entries):
        if isinstance(said, str):
            screen.say(said)
        else:
            columns = [screen.Column(title, right=at > 0, whole=True) for at, title in enumerate(said[0])]
            screen.table(said[1:], *columns)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("generators", [1, 2, 3, 6, 12])
@pytest.mark.parametrize("names", ["plain", "long", "hostile"])
def test_it_fits(generators, names, capsys):
    mine = {"plain": ["cnn", "npr"], "long": [f"{'x' * 300}{i}" for i in range(23)], "hostile": HOSTILE}[names]
    theirs = [f"{mine[i % len(mine)]}-{i}" for i in range(generators)]
    entries = {(d, g): Entry(0.9, 0.8, 0.95, "done", best=d == mine[0]) for d in mine for g in theirs}
    lines = printed(mine, theirs, entries, capsys)
    assert max(map(cell_len, lines)) <= 80
    assert sum(line.count("0.900") for line in lines) == len(entries)
    assert sum(line.count("*0.900") for line in lines) == generators
    assert ("0.800-0.950" in "".join(lines)) == (generators <= 3)
    assert all(line.isprintable() for line in lines)


def test_shortened_names_can_be_told_apart(capsys):
    names = [f"{'a' * 40}{i}{'b' * 40}" for i in range(3)]
    lines = printed(names, ["one"], {}, capsys)
    assert len({line.split()[0] for line in lines[2:]}) == 3


def test_what_has_no_value_says_why(capsys):
    entries = {("a", "g"): Entry(status="failed"), ("b", "g"): Entry(status="undefined"), ("c", "g"): Entry()}
    lines = printed(["a", "b", "c"], ["g"], entries, capsys)
    assert [line.split()[-1] for line in lines[2:]] == ["failed", "none", "-"]


def test_a_run_folder(finished: Path, capsys):
    result_table.show(load(finished / "runs" / "images"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("AUC")
    assert {"gaussian", "class", "real-copy", "noise"} <= set(lines[1].split())
    assert {"linear-pixel", "sentinel-format", "sentinel-content"} == {line.split()[0] for line in lines[2:]}
    assert max(map(cell_len, lines)) <= 80
