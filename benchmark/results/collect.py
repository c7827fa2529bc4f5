"""The run folder: what the store holds for a plan, gathered into the tables that people and reports read."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.execute.state import Listener, Outcome
from benchmark.plan.planner import Plan
from benchmark.quality.measures import MEASURES
from benchmark.results import answers, cards, explanations, held, manifest, over_runs, pictures, rankings, summarise
from benchmark.results.gather import Gathered
from benchmark.store.store import Store, written
from data.errors import UserError
from data.run_folder import MANIFEST, WORK, forget_drawn, named, seal, sweep

BEFORE = ("cells", "scores", "metrics", "configurations", "comparisons", "ranks", "components")  # the answers
AFTER = ("audit", "files", "pictures", "cards", "manifest")
OFTEN = 100  # stages, after which it is told how far their check has come


def write(
    folder: Path,
    plan: Plan,
    store: Store,
    outcomes: dict[str, Outcome],
    known: dict[str, Any],
    listener: Listener | None = None,
) -> None:
    """Writes the tables, the images and, last, the manifest; each is whole before it gets its place.

    The caller holds the folder as its only writer, see `benchmark.store.folder_lock`.

    Args:
        folder: The run folder.
        plan: The plan.
        store: Where its finished stages are.
        outcomes: How each stage ended, by key.
        known: What is known about the run as a whole; stages, failures, data and plug-ins are added.
        listener: What is told of the progress. Defaults to `None`, nobody.

    Raises:
        UserError: If the disk is full or cannot be written, or the store was damaged since its stages were done; the
            folder is then as it was.
    """
    steps = _Steps(listener or Listener(), [*BEFORE, *answers.asked(plan), *AFTER])
    for at, outcome in enumerate(outcomes.values()):
        if at % OFTEN == 0:
            steps.within("checking the files of stages", at, len(outcomes))
        stage = outcome.stage
        if outcome.status in ("done", "cached") and store.verified(stage.function, stage.key) is None:
            why = store.damage(stage.function, stage.key) or "it was removed"
            raise UserError(f"The store {store.root} changed under this run: '{stage.name}': {why}. Run it again.")
    read = Gathered(plan, store, outcomes)
    frames, scores = _frames(plan, read, steps)
    with written(folder), _in_place(folder) as work:
        steps("files")
        for name, frame in frames.items():
            (work / name).parent.mkdir(exist_ok=True)
            frame.to_csv(work / name, index=False)
        scores.to_parquet(work / "scores.parquet", index=False)
        steps("pictures")
        pictures.write(work / "images", plan, store, outcomes)
        explanations.write(work / "explanations", read)
        steps("cards")
        cards.write(work, read, known)
        steps("manifest")
        seal(work, known | manifest.facts(read))
        forget_drawn(folder)  # it is of the results before, whatever its time says


class _Steps:
    """Says which part of the tables is made now: of a run of many cells all together take minutes."""

    def __init__(self, listener: Listener, names: list[str]) -> None:
        self.listener, self.names = listener, names

    def __call__(self, what: str) -> None:
        self.listener.doing(f"Writing the tables: {what}, {self.names.index(what) + 1} of {len(self.names)}")

    def within(self, what: str, at: int, total: int) -> None:
        """Says how far one part has come."""
        self.listener.doing(f"Writing the tables: {what}, {at:,} of {total:,}")


def _frames(plan: Plan, read: Gathered, steps: _Steps) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Returns the tables by the names of their files, and the scores."""
    steps("cells")
    cells, generators, banks, tables = read.cells(), read.generators(), read.bank_digests(), read.measurements()
    steps("scores")
    scores = read.scores()
    parts = held.by_part(scores)
    tested = parts.get("test", {})
    steps("metrics")
    measured, curves, reliability = read.metrics(), read.curves(), read.reliability()
    trained = {row.id for row in plan.generators if row.trains}
    steps("configurations")
    configurations = over_runs.configurations(cells, tested, trained, measured, banks)
    metrics = pd.concat([measured, configurations], ignore_index=True)
    steps("comparisons")
    sentinels = {row.id for row in plan.detectors if row.plugin.attribute("sentinel")}
    exams = rankings.exams(cells, tested, sentinels)
    comparisons = rankings.comparisons(exams)
    steps("ranks")
    chances = measured[(measured["scope"] == "cell") & (measured["metric"] == "p_chance")].set_index("cell")["value"]
    ranks = rankings.ranks(exams, cells, tested, chances, trained)
    steps("components")
    components = over_runs.components(cells, tested, trained, banks)
    known = answers.Known(plan, cells, scores, metrics, generators, banks, parts)
    found: dict[str, pd.DataFrame] = {}
    for name in answers.asked(plan):
        steps(name)
        found[f"answers/{name}.csv"] = answers.table(name, known)
    steps("audit")
    return {
        "cells.csv": cells,
        "metrics.csv": metrics,
        "comparisons.csv": comparisons,
        "ranks.csv": ranks,
        "roc.csv": curves,
        "reliability.csv": reliability,
        "training.csv": read.training(),
        "histories.csv": read.histories(),
        "generators.csv": generators,
        "components.csv": components,
        "over_runs.csv": over_runs.of_trainings(read.runs(), generators, [*MEASURES, "fid", "kid"]),
        "classes.csv": read.classes(),
        "reconstruction.csv": read.reconstruction(),
        **tables,
        **found,
        "audit.csv": summarise.audit(plan, cells, measured, read.checks(cells, tables)),
    }, scores


@contextlib.contextmanager
def _in_place(folder: Path) -> Iterator[Path]:
    """Gives a folder to write into, inside the run folder, and then moves what it holds, the manifest last."""
    sweep(folder)
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=WORK, dir=folder))  # nobody can have put a link there
    try:
        yield work
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    _move(work, folder)


def _move(work: Path, folder: Path) -> None:
    """Moves files into the run folder, the manifest last, and removes those of the run that was there, no others."""
    earlier = named(folder)
    files = {path.relative_to(work).as_posix(): path for path in work.rglob("*") if not path.is_dir()}
    for name, path in sorted(files.items(), key=lambda item: item[0] == MANIFEST):
        if name == MANIFEST:
            for gone in earlier - files.keys():
                (folder / gone).unlink(missing_ok=True)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, folder / name)
    shutil.rmtree(work)
