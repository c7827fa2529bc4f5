"""What seeds change stands on the page where it is told, and why not where it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from reports.figures.quality_runs import QualityRunsFigure
from reports.load import load
from reports.sections import over_seeds, tables
from reports.sections.shown.entry import as_shown

COMPONENT = {"table": "own", "generator": "tuned", "perturbation": "none", "detector": "cnn"}


def told(levels: int, variance: float | None, note: str = "") -> dict:
    low, high = (None, None) if variance is None else (variance / 4, variance * 9)
    about = {"component": "generator run", "levels": levels, "variance": variance, "low": low, "high": high}
    return COMPONENT | about | {"sd": None if variance is None else variance**0.5, "note": note}


def test_a_run_of_one_seed_has_no_such_section(make_run: Callable[..., Path]) -> None:
    assert over_seeds.section(load(make_run("one", n=40))) is None


def test_components_collapsed_runs_and_quality_are_shown(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run("several", n=40, seeds=(0, 1, 2))
    pd.DataFrame([told(5, 0.0004)]).to_csv(folder / "components.csv", index=False)
    over = [
        {"generator": "tuned", "measure": "collapsed", "runs": 3, "value": 1 / 3, "low": 0.008, "high": 0.906},
        {"generator": "tuned", "measure": "fd", "runs": 3, "value": 12.5, "low": 10.0, "high": 15.0},
    ]
    pd.DataFrame(over).assign(note="said").to_csv(folder / "over_runs.csv", index=False)
    run = load(sealed(folder))
    found = over_seeds.section(run)
    assert found is not None
    (row,) = found["components"]
    assert (row["component"], row["text"], row["interval"]) == ("generator run", "0.020", "[0.010, 0.060]")
    assert found["collapsed"][0]["interval"] == "[0.008, 0.906]"
    assert [name for name, *_ in found["figures"]] == ["fd"]
    figure = QualityRunsFigure(run, "fd")
    assert list(figure.frame()["generator_seed"]) == [0, 1, 2]
    assert figure.svg(name="x").count("var(--fake") >= 3


def test_what_cannot_be_told_is_said_once(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run("few", n=40, seeds=(0, 1))
    why = "cannot tell: 2 generator seeds, at least 5 are needed"
    pd.DataFrame([told(2, None, why)] * 2).to_csv(folder / "components.csv", index=False)
    found = over_seeds.section(load(sealed(folder)))
    assert found is not None
    assert (found["components"], found["untold"]) == ([], [f"generator run: {why}"])


def test_every_mean_of_the_table_has_its_runs_as_dots(make_run: Callable[..., Path]) -> None:
    run = load(make_run("dots", n=40, seeds=(0, 1, 2)))
    entry = tables.table(run)["cnn", "tuned"]
    assert len(as_shown(entry, "auc")["runs"]) == len(entry.each) == 3
    single = tables.table(load(make_run("single", n=40)))["cnn", "tuned"]
    assert as_shown(single, "auc")["runs"] == []
