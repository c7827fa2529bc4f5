"""A warning that many processes meet is printed once."""

from __future__ import annotations

import warnings

from benchmark.processes import apart

CODE = """
import sys, warnings
def warn(words):
    warnings.warn(words, RuntimeWarning)
    warnings.warn("another", UserWarning)
"""


def test_once_in_all_processes(tmp_path, monkeypatch, capfd):
    (tmp_path / "warns.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    for n in range(3):
        apart.call("warns:warn", f"lost {n}.5 images")
    said = capfd.readouterr().err
    assert said.count("RuntimeWarning: lost") == 1
    assert said.count("UserWarning: another") == 1


def test_recorded_warnings_are_all_recorded(tmp_path):
    from benchmark.processes import warned

    before = warnings.showwarning
    try:
        warned.once(tmp_path)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            for _ in range(2):
                warnings.warn("again", stacklevel=1)
        assert len(found) == 2
    finally:
        warnings.showwarning = before
