from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data.errors import UserError
from reports.load import FILES, load, natural


def test_reads_everything(run_folder: Path) -> None:
    run = load(run_folder)
    assert len(run.cells) == 36
    assert [generator.id for generator in run.generators] == ["baseline", "tuned", "real-copy", "noise"]
    assert [g.role for g in run.generators] == ["", "", "real-copy", "noise"]
    assert {d.id: d.role for d in run.detectors if d.role} == {
        "sentinel-content": "content",
        "sentinel-format": "format",
    }
    assert run.scores["part"].eq("test").all()


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a run folder: it has no manifest"):
        load(tmp_path)


@pytest.mark.parametrize("name", [*FILES.values(), "scores.parquet", "manifest.json"])
def test_no_file_may_be_missing(make_run: Callable[..., Path], name: str) -> None:
    folder = make_run(n=40)
    (folder / name).unlink()
    with pytest.raises(UserError, match=name):
        load(folder)


def test_ids_stay_text(make_run: Callable[..., Path]) -> None:
    run = load(make_run(n=40, rename={"baseline": "NA", "tuned": "007", "cnn": "None"}))
    assert list(run.cells["generator"].unique()[:2]) == ["NA", "007"]
    assert "None" in set(run.cells["detector"])


def test_main_cells_are_the_last_checkpoint_of_clean_images(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=40)
    cells = pd.read_csv(folder / "cells.csv")
    first = cells[cells["generator"] == "baseline"].iloc[:1]
    others = [
        first.assign(cell="x1", checkpoint="epoch-9"),
        first.assign(cell="x2", perturbation="jpeg-50"),
        first.assign(cell="x3", purpose="null"),
        first.assign(cell="x4", train_generator="tuned", purpose="main"),
    ]
    pd.concat([cells, *others]).to_csv(folder / "cells.csv", index=False)
    assert set(load(sealed(folder)).main_cells["cell"]) == set(cells["cell"])


def test_a_failed_cell_without_a_checkpoint_stays(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=40)
    cells = pd.read_csv(folder / "cells.csv")
    cells.loc[cells["status"] == "failed", "checkpoint"] = ""
    cells.to_csv(folder / "cells.csv", index=False)
    assert len(load(sealed(folder)).main_cells) == len(cells)


def test_scores_of_categories_and_without_rows(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    scores = pd.read_parquet(folder / "scores.parquet").astype({"cell": "category", "part": "category"})
    scores.to_parquet(folder / "scores.parquet", index=False)
    assert len(load(sealed(folder)).scores) == len(scores)
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in scores.columns})
    empty.astype({"cell": "category", "part": "category"}).to_parquet(folder / "scores.parquet", index=False)
    assert load(sealed(folder)).scores.empty


def test_natural_order() -> None:
    names = ["epoch-0010", "epoch-2", "final", "epoch-100", ""]
    assert sorted(names, key=natural) == ["", "epoch-2", "epoch-0010", "epoch-100", "final"]


def test_separable_is_a_truth_value(make_run: Callable[..., Path]) -> None:
    run = load(make_run(n=40))
    assert run.comparisons["separable"].dtype == bool
    assert not run.comparisons["separable"].all()
    assert run.comparisons["separable"].any()
