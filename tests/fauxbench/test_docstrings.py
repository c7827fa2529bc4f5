"""The examples in the docstrings of what `fauxbench` returns, run as they stand there."""

from __future__ import annotations

import doctest
import inspect
import io
import shutil
from pathlib import Path

import matplotlib as mpl
import pytest

from fauxbench import runs

RENDERED = "the page"  # drawing it is tested elsewhere, and takes seconds


def test_examples_come_out_as_printed(
    finished: Path, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished, tmp_path / "copy")
    shutil.copytree(simulated, tmp_path / "copy" / "runs" / "digits")
    monkeypatch.chdir(tmp_path / "copy")
    monkeypatch.setattr("reports.page.render", lambda run, other=None: RENDERED)
    mpl.use("agg")
    found = {
        test.name.removeprefix("fauxbench.runs."): test for test in doctest.DocTestFinder().find(runs) if test.examples
    }
    own = {f"Run.{name}" for name, value in vars(runs.Run).items() if inspect.isfunction(value) and name[0] != "_"}
    assert found.keys() == {"Run", "load", "run", *own}
    for test in found.values():
        said = io.StringIO()
        doctest.DocTestRunner(verbose=False).run(test, out=said.write)
        assert not said.getvalue()
    from matplotlib import pyplot

    pyplot.close("all")
