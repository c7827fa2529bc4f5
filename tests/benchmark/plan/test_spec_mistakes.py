"""All that is wrong with a spec is told at once, each with its file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.plan import specs
from benchmark.plan.spec.lines import Lines
from benchmark.use import api
from data.errors import UserError, apiece

HEAD = 'name = "bad"\n[dataset]\nname = "digits"\n'


def mistakes(text: str, *changes: str) -> list[str]:
    Path("bad.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        api.make_plan(specs.load("bad.toml", changes))
    return [str(one) for one in apiece(caught.value)]


@pytest.fixture(autouse=True)
def _there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_keys_of_tables():
    found = mistakes(HEAD + '[protocol]\nthreads = 0\ngenerator_sedes = [1]\n[quality]\nn = "many"\n')
    assert [line.partition(" ")[0] for line in found] == ["bad.toml:5:", "bad.toml:6:", "bad.toml:8:"]
    assert "'protocol.threads'" in found[0]
    assert "Did you mean 'generator_seeds'" in found[1]


def test_options_of_all_plugins():
    found = mistakes(
        HEAD + '[[generator]]\nkind = "dcgan"\nepochs = 0  # none\narchitekture = "small"\n'
        '[[detector]]\nkind = "cnn"\njpeg_quality = [\n  1,\n  "x = 3",\n]\n\n[[detector]]\nkind = "linear-pixl"\n'
    )
    assert [line.partition(" ")[0] for line in found] == [f"bad.toml:{at}:" for at in (6, 7, 10, 15)]
    words = ("'epochs' of generator 'dcgan'", "architecture", "'jpeg_quality' of detector 'cnn'", "'linear-pixel'")
    for word, line in zip(words, found, strict=True):
        assert word in line


def test_ids():
    rows = '[[detector]]\nkind = "cnn"\n[[detector]]\nid = "cnn"\nkind = "npr"\n'
    rows += '[[generator]]\nkind = "dcgan"\nid = "all"\n'
    found = mistakes(HEAD + rows)
    assert [line.partition(" ")[0] for line in found] == ["bad.toml:9:", "bad.toml:6:"]


def test_what_a_change_has_put_there_has_no_line():
    text = HEAD + '[protocol]\nthreads = 2\n[[detector]]\nkind = "cnn"\nepochs = 3\n'
    (only,) = mistakes(text, "protocol.threads=0")
    assert not only.startswith("bad.toml")
    (only,) = mistakes(text, "detector.cnn.epochs=0")
    assert not re.match(r"bad.toml:8:", only)


def test_one_mistake_is_one_line(call):
    Path("bad.toml").write_text(HEAD + '[protocol]\nthreads = 0\nlimit = "x"\n')
    answer = call("plan", Path("bad.toml").absolute())
    lines = [line for line in answer.err.splitlines() if line.startswith("fauxbench: ")]
    assert answer.code == 2
    assert len(lines) == 2
    assert all(f"bad.toml:{at}: " in line for at, line in zip((5, 6), lines, strict=True))


def test_lines_of_toml():
    lines = Lines(
        "a.toml",
        '"odd key" = 1\nx.y = """\n[no]\n"""\n[[r]]\n[[r]]\nk = "[[r]]"\n[r.in]\nz = {a = 1}\n[[r.s]]\nv = 1\n',
    )
    assert lines.place(("odd key",)) == "a.toml:1: "
    assert lines.place(("x", "y")) == "a.toml:2: "
    assert lines.place(("no",)) == ""
    assert lines.place(("r", 1)) == "a.toml:6: "
    assert lines.place(("r", 1, "k")) == "a.toml:7: "
    assert lines.place(("r", 1, "in", "z", "a")) == "a.toml:9: "
    assert lines.place(("r", 1, "s", 0, "v")) == "a.toml:11: "
    assert lines.place(("r", 0, "k")) == "a.toml:5: "  # the table that it would stand in
