"""What folders of fakes are called in the results is said where it is not their own name."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.cli.running.run import chosen_spec


@pytest.mark.parametrize(
    ("fakes", "changes", "called"),
    [
        (["a", "b"], [], []),
        (["x/a", "y/a"], [], ["x/a is called 'x-a'", "y/a is called 'y-a'"]),
        (["a", "b"], ['generator.a.grid.groups=["folder", "none"]'],
         ["a is called 'a-groups-folder'", "a is called 'a-groups-none'"]),
    ],
)  # fmt: skip
def test_names(tmp_path, monkeypatch, capsys, fakes, changes, called):
    monkeypatch.chdir(tmp_path)
    for name in ("real", *fakes):
        Path(name).mkdir(parents=True)
    chosen_spec(None, Path("real"), [Path(name) for name in fakes], changes)
    assert capsys.readouterr().err.splitlines() == [f"--fake {line} in the results." for line in called]
