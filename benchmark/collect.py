"""The run folder: what the store holds for a plan, gathered into the tables that people and reports read."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark import explanations, manifest, pictures, summarise
from benchmark.execute import Outcome
from benchmark.gather import Gathered
from benchmark.plan import Plan
from benchmark.store import Store, missing, written
from data.errors import UserError

MANIFEST = "manifest.json"
TABLES = (
    "cells.csv", "metrics.csv", "comparisons.csv", "roc.csv", "training.csv", "histories.csv", "generators.csv",
    "classes.csv", "reconstruction.csv", "identity.csv", "audit.csv", "scores.parquet", "images/index.csv",
    "explanations/index.csv",
)  # fmt: skip
HIDDEN = ".fauxbench-"  # how the names of files begin that exist only while a run writes
WORK = f"{HIDDEN}part"


def check_folder(folder: Path, store: Path) -> None:
    """Checks that a run may write into a folder: it is new, empty but for the store, or an earlier run's.

    Raises:
        UserError: If it holds anything else.
    """
    if not folder.is_dir() or (folder / MANIFEST).exists() or (folder / WORK).exists():
        return
    others = [path for path in folder.iterdir() if not store.is_relative_to(path.resolve())]
    if any(not path.name.startswith(HIDDEN) for path in others):
        raise UserError(f"{folder} holds files that are not a run's. Give --out a new folder.")


def write(folder: Path, plan: Plan, store: Store, outcomes: dict[str, Outcome], known: dict[str, Any]) -> None:
    """Writes the tables, the images and, last, the manifest; each is whole before it gets its place.

    Args:
        folder: The run folder.
        plan: The plan.
        store: Where its finished stages are.
        outcomes: How each stage ended, by key.
        known: What is known about the run as a whole; stages, failures, data and plug-ins are added.

    Raises:
        UserError: If the disk is full or cannot be written; the folder is then as it was.
    """
    read = Gathered(plan, store, outcomes)
    cells = read.cells()
    scores, measured, curves = read.scores(), read.metrics(), read.curves()
    comparisons = summarise.comparisons(cells, scores)
    trained = {row.id for row in plan.generators if row.trains}
    metrics = pd.concat([measured, summarise.configurations(cells, scores, trained)], ignore_index=True)
    frames = {
        "cells.csv": cells,
        "metrics.csv": metrics,
        "comparisons.csv": comparisons,
        "roc.csv": curves,
        "training.csv": read.training(),
        "histories.csv": read.histories(),
        "generators.csv": read.generators(),
        "classes.csv": read.classes(),
        "reconstruction.csv": read.reconstruction(),
        "identity.csv": read.identity(),
        "audit.csv": summarise.audit(plan, cells, measured, read.checks()),
    }
    with written(folder), _in_place(folder) as work:
        for name, frame in frames.items():
            frame.to_csv(work / name, index=False)
        scores.to_parquet(work / "scores.parquet", index=False)
        pictures.write(work / "images", plan, store, outcomes)
        explanations.write(work / "explanations", read)
        text = json.dumps(known | manifest.facts(read), indent=1, default=str)
        (work / MANIFEST).write_text(text, encoding="utf-8")
        (folder / "report.html").unlink(missing_ok=True)  # of the results before, whatever its time says


@contextlib.contextmanager
def _in_place(folder: Path) -> Iterator[Path]:
    """Gives a folder to write into, inside the run folder, and then moves what it holds, the manifest last.

    While it is there it also says that the run folder is one, though its manifest may not have come yet.
    """
    made, work = missing(folder.resolve()), folder / WORK
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        yield work
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
        raise
    for path in sorted(work.iterdir(), key=lambda path: path.name == MANIFEST):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(path, target)
    work.rmdir()
