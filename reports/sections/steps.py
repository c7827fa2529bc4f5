"""Checkpoint by checkpoint: the same latent vectors, and beside them the losses, the quality and the detectability."""

from __future__ import annotations

import math
import re
from typing import Any

from reports import numbers
from reports.embed.tiles import Picture, grid, tiled
from reports.load import CLEAN, MAIN, Run, natural
from reports.sections.pictures import first_seed

FIRST, ACROSS = 16, 8  # images of a checkpoint; half of them where there are many
PIXELS = 200_000  # of all of them together: a quarter of a megabyte
LEAST = 8  # checkpoints that are shown however many images that is


def section(run: Run) -> dict[str, Any] | None:
    """Returns what the page shows of it, or `None` where no generator has pictures of several checkpoints.

    Returns:
        The generators, a row for each checkpoint with a cell for each of them, the first real images, and the numbers
        of each checkpoint, by which a mark finds its place on an axis.
    """
    rows = first_seed(run)
    controls = [generator.id for generator in run.generators if generator.role]
    fakes = rows[(rows["kind"] == "grid") & ~rows["generator"].isin(controls)]
    counts = fakes.groupby("generator")["checkpoint"].nunique()
    names = [generator.id for generator in run.generators if counts.get(generator.id, 0) > 1]
    files = {(row.generator, row.checkpoint): row for row in fakes.itertuples() if row.generator in names}
    every = sorted({checkpoint for _, checkpoint in files}, key=natural)
    if not every:
        return None
    n, shown = _affordable(run, files, every)
    highest = _highest(run)
    real = rows[rows["kind"] == "real"].head(1)
    return {
        "names": names,
        "rows": [
            {
                "checkpoint": checkpoint,
                "at": at(run, checkpoint),
                "cells": [_cell(run, name, checkpoint, files.get((name, checkpoint)), n, highest) for name in names],
            }
            for checkpoint in shown
        ],
        "real": next((_strip(run, row, n) for row in real.itertuples()), None),
        "left_out": len(every) - len(shown),
    }


def at(run: Run, checkpoint: str) -> dict[str, float]:
    """Returns where a checkpoint stands on axes by their labels: by its number, by its steps and epochs if known."""
    found = re.fullmatch(r"(\D*?)\W*(\d+)", checkpoint)
    if not found:
        return {}
    word, number = found[1] or "checkpoint", float(found[2])
    places = {word: number}
    other = {"epoch": "step", "step": "epoch"}.get(word)
    if other and len(mine := run.training[run.training[word] <= number]):
        places[other] = float(mine[other].max())
    return places


def _affordable(run: Run, files: dict, every: list[str]) -> tuple[int, list[str]]:
    """Returns how many images of how many checkpoints the page can hold: the first and the last are among them."""
    images = next((found for row in files.values() if (found := grid(run, row)) is not None), None)
    cost = images.cost if images is not None else 1
    n = FIRST if len(files) * FIRST * cost <= PIXELS else ACROSS
    most = max(int(PIXELS * len(every) / (len(files) * n * cost)), LEAST)
    if len(every) <= most:
        return n, every
    chosen = {round(k * (len(every) - 1) / (most - 1)) for k in range(most)}
    return n, [every[k] for k in sorted(chosen)]


def _cell(run: Run, name: str, checkpoint: str, row: Any, n: int, highest: dict) -> dict[str, Any]:
    auc = highest.get((name, checkpoint))
    return {
        "image": None if row is None else _strip(run, row, n),
        "losses": _losses(run, name, checkpoint),
        "quality": _quality(run, name, checkpoint),
        "auc": auc,
        "elsewhere": auc is None and any(generator == name for generator, _ in highest),
    }


def _strip(run: Run, row: Any, n: int) -> Picture | None:
    images = grid(run, row)
    return None if images is None else tiled(images, ACROSS, min(n, images.n), exact=False)


def _losses(run: Run, name: str, checkpoint: str) -> str:
    """The losses at a checkpoint: means over the last tenth of the steps up to it."""
    rows = run.training[run.training["generator"] == name]
    rows = rows[rows["generator_seed"].isna() | (rows["generator_seed"] == rows["generator_seed"].min())]
    place = at(run, checkpoint)
    for word in ("epoch", "step"):
        if word in place:
            rows = rows[rows[word] <= place[word]]
    recent = rows.sort_values("step").tail(max(len(rows) // 10, 1))
    said = [(what, recent[column].mean()) for what, column in (("discriminator", "d_loss"), ("generator", "g_loss"))]
    return ", ".join(f"{what} {value:.3f}" for what, value in said if not math.isnan(value))


def _quality(run: Run, name: str, checkpoint: str) -> str:
    rows = run.generators_frame
    rows = rows[(rows["generator"] == name) & (rows["checkpoint"] == checkpoint) & rows["fd"].notna()]
    if rows.empty:
        return ""
    first = rows.sort_values("generator_seed").iloc[0]
    return numbers.with_interval(first["fd"], first["fd_low"], first["fd_high"], bounded=False)


def _highest(run: Run) -> dict[tuple[str, str], dict[str, Any]]:
    """(generator, checkpoint) -> the detector with the highest AUC there, in the first training run."""
    cells = run.cells[(run.cells["status"] == "done") & run.cells["table"].isin(MAIN)]
    cells = cells[cells["perturbation"].isin(CLEAN) & ~cells["detector"].isin([d.id for d in run.detectors if d.role])]
    first = cells.groupby("generator")["generator_seed"].transform("min")
    cells = cells[cells["generator_seed"].isna() | (cells["generator_seed"] == first)]
    aucs = run.metrics[(run.metrics["metric"] == "auc") & (run.metrics["scope"] == "cell")]
    aucs = aucs.loc[aucs["value"].notna(), ["cell", "value", "low", "high"]]
    both = cells[["cell", "generator", "checkpoint", "detector"]].merge(aucs, on="cell")
    found = {}
    for row in both.sort_values("value", kind="stable").itertuples():
        found[row.generator, row.checkpoint] = _shown(row)
    return found


def _shown(row: Any) -> dict[str, Any]:
    text = numbers.with_interval(row.value, row.low, row.high)
    return {"detector": row.detector, "text": text, "place": f"{100 * min(max(row.value, 0.0), 1.0):.1f}"}
