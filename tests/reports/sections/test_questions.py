"""A question is one file: nothing else has to name it, and where a run did not ask it, nothing is shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reports.load import load
from reports.sections import questions


def test_every_question_has_its_template() -> None:
    here = Path(questions.__file__).parent
    names = {path.stem for path in here.glob("*.py")} - {"__init__"}
    assert names >= {"identity", "classes"}
    templates = here.parents[1] / "template" / "questions"
    assert {path.name.partition(".")[0] for path in templates.glob("*.html.j2")} == names


def test_a_new_file_is_found_and_an_unasked_question_is_not(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted.py").write_text("TITLE = 'Planted'\n\n\ndef section(run):\n    return {'n': len(run.cells)}\n")
    (tmp_path / "unasked.py").write_text("TITLE = 'Unasked'\n\n\ndef section(run):\n    return None\n")
    monkeypatch.setattr(questions, "__path__", [str(tmp_path), *questions.__path__])
    found = questions.asked(load(run_folder))
    for name in ("planted", "unasked"):
        sys.modules.pop(f"{questions.__name__}.{name}", None)
    assert [(one.name, one.title, one.shown) for one in found] == [("planted", "Planted", {"n": 36})]
