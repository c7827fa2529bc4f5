"""How good the images are: the last and the best checkpoint of every generator, beside two sets of real images."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from reports import numbers
from reports.embed.data import packed
from reports.figures import curves
from reports.figures.quality import QualityFigure
from reports.load import QUALITY, Run, natural

TITLES = {
    "fd": ("FD", "Fréchet distance of the features; lower is better."),
    "kd": ("KD", "Kernel distance of the features, without bias: about 0 for real images; lower is better."),
    "precision": ("Precision", "Share of fakes that lie in the neighbourhood of a real image."),
    "recall": ("Recall", "Share of real images that lie in the neighbourhood of a fake."),
    "density": ("Density", "Neighbourhoods of real images that a fake lies in, over the expected number."),
    "coverage": ("Coverage", "Share of real images with a fake in their neighbourhood."),
    "memorisation": ("Nearer to training", "Share of fakes nearer to a training image than to a held-out one."),
}
PANELS = ("fd", "coverage")


def section(run: Run) -> dict[str, Any] | None:
    """Returns what the page shows of it, or `None` if the run did not measure it."""
    frame = run.generators_frame
    measured = frame[frame["fd"].notna() | (frame["quality_note"] != "")]
    if measured.empty:
        return None
    figures = [(name, QualityFigure(run, name)) for name in PANELS]
    return {
        "extractor": _extractor(measured),
        "columns": [(*TITLES[name], name) for name in QUALITY],
        "rows": [_row(run, rows) for _, rows in measured.groupby(["generator", "generator_seed"], sort=False)],
        "floors": _floors(measured),
        "notes": measured.loc[measured["fd"].notna() & (measured["quality_note"] != ""), ["generator", "quality_note"]]
        .drop_duplicates()
        .to_numpy()
        .tolist(),
        "curves": [
            (TITLES[name][0], Markup(figure.svg(name=f"quality{name}")))  # noqa: S704 - escaped where it is made
            for name, figure in figures
            if figure.generators
        ],
        "data": packed(figures[0][1].frame()),
        "signs": {name: curves.of_generators(run)[name] for name in figures[0][1].generators},
    }


def last_and_best(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series | None]:
    """Returns the last checkpoint of one training run, and the one with the lowest FD, `None` where none has any."""
    ordered = rows.loc[sorted(rows.index, key=lambda at: natural(rows.at[at, "checkpoint"]))]
    known = ordered[ordered["fd"].notna()]
    return ordered.iloc[-1], None if known.empty else known.loc[known["fd"].idxmin()]


def _row(run: Run, rows: pd.DataFrame) -> dict[str, Any]:
    last, best = last_and_best(rows)
    seeds = run.generators_frame["generator_seed"].nunique()
    role = next((generator.role for generator in run.generators if generator.id == last["generator"]), "")
    beaten = best is not None and best["checkpoint"] != last["checkpoint"]
    return {
        "generator": last["generator"],
        "seed": f"seed {last['generator_seed']:.0f}" if seeds > 1 else "",
        "control": bool(role),
        "checkpoint": last["checkpoint"],
        "cells": [_cell(last, name) for name in QUALITY],
        "best": "" if best is None else f"{best['checkpoint']}, {_text(best['fd'], 'fd')}" if beaten else "the last",
        "best_interval": _interval(best, "fd") if best is not None and beaten else "",
        "note": last["quality_note"] if last["fd"] != last["fd"] else "",  # beside figures, it stands below the table
    }


def _cell(row: pd.Series, name: str) -> tuple[str, str]:
    return _text(row[name], name), _interval(row, name)


def _floors(measured: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Returns the same measures of two sets of real images: (n, values) for each n that was used."""
    known = measured[measured["fd_floor"].notna()].drop_duplicates("n_quality")
    return [
        (numbers.count(row["n_quality"]), [_text(row[f"{name}_floor"], name) for name in QUALITY])
        for row in known.to_dict("records")
    ]


def _extractor(measured: pd.DataFrame) -> dict[str, str]:
    known = measured[measured["extractor"] != ""]
    if known.empty:
        return {"name": "", "digest": "", "accuracy": ""}
    first = known.iloc[0]
    right = first["extractor_accuracy"]
    about = {"name": first["extractor"], "digest": first["extractor_digest"]}
    return about | {"accuracy": f"{100 * right:.1f} %" if right == right else ""}


def _text(value: float, name: str) -> str:
    return numbers.number(value, bounded=_bounded(name)) if value == value else "not measured"


def _interval(row: Any, name: str) -> str:
    return numbers.interval(row[f"{name}_low"], row[f"{name}_high"], bounded=_bounded(name))


def _bounded(name: str) -> bool:
    return name not in ("fd", "kd", "density")
