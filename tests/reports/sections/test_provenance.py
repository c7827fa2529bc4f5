"""What a run was made of: its stages, each of them or by kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from reports import page
from reports.sections import provenance


def of(*stages: dict[str, Any]) -> dict[str, Any]:
    frame = pd.DataFrame(columns=["generator", "checkpoint", "parameters", "seconds", "images_per_second"])
    run: Any = SimpleNamespace(
        manifest={"stages": list(stages)}, dataset={}, generators=[], detectors=[], generators_frame=frame
    )
    return provenance.provenance(run)


def test_many_stages_stand_by_kind_and_those_that_are_not_done_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "MOST", 3)
    score = {"stage": "score", "key": "k", "seconds": 20.0}
    statuses = ("done", "cached", "done")  # in this run, or in the one that it goes on from
    done = [score | {"id": f"score a {at}", "status": status} for at, status in enumerate(statuses)]
    failed = {
        "id": "measure b",
        "stage": "measure",
        "key": "q",
        "status": "failed",
        "seconds": 1,
        "error": "no <space>",
    }
    few, many = of(*done), of(*done, failed)
    assert [stage["id"] for stage in few["stages"]] == ["score a 0", "score a 1", "score a 2"]
    assert few["kinds"] == []
    assert many["kinds"] == [
        {"kind": "score", "n": "3", "seconds": "1 min 00 s"},
        {"kind": "measure", "n": "1", "seconds": "1.0 s"},
    ]
    assert [stage["id"] for stage in many["stages"]] == ["measure b"]
    template = page._environment().get_template("provenance.html.j2")
    text = template.render(provenance=many)
    assert "4 stages" in text
    assert "manifest.json</code>; here are those that are not done" in text
    assert "no &lt;space&gt;" in text
    assert "score a" not in text
    assert "manifest.json" not in template.render(provenance=few)
