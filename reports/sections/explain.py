"""What the detectors look at: spectra per generator, and heat maps, weights and telling images per detector."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
from markupsafe import Markup

from reports.embed.data import packed
from reports.embed.tiles import Grid, Picture, grid, in_few_colours, tiled
from reports.figures.spectra import SpectrumFigure
from reports.load import Run

FOLDER = "explanations"
KINDS = {
    "real called fake": ("Real, called fake", "the surest first"),
    "fake called real": ("Fake, called real", "the surest first"),
    "doubtful": ("Nearest to the threshold", "the nearest first"),
}
PIXELS = 200_000  # of all picks in the page together: a fifth of a megabyte
MAP, PLANE, TILE = 96, 64, 64  # about the pixels in the page of a map, of one plane of several, of an image of a row


def section(run: Run) -> dict[str, Any] | None:
    """Returns what the page shows of it, or `None` for a run without explanations."""
    rows = _first_seeds(run.explanations)
    figure = SpectrumFigure(run)
    if rows.empty and not figure.generators:
        return None
    generators = [generator.id for generator in run.generators if generator.id in set(rows["generator"])]
    found = {(row.kind, row.detector, row.generator): row for row in rows.itertuples()}
    detectors = sorted(run.detectors, key=lambda detector: bool(detector.role))  # sentinels last
    strips = rows[rows["kind"].isin(["picks", "heat"])]
    most, chosen = _most(strips), _chosen(strips, [detector.id for detector in detectors])
    first = _first_seeds(run.picks).dropna(subset=["row", "column"])
    picked = dict(list(first.groupby(["detector", "generator"], sort=False)))
    return {
        "spectra": [_spectrum(run, figure, found, name, at) for at, name in enumerate(figure.generators)],
        "generators": generators,
        "means": _table(run, found, "means", generators),
        "weights": _table(run, found, "weights", generators),
        "picks": [
            (detector, panels)
            for detector in chosen
            if (panels := [p for name in generators if (p := _picks(run, found, picked, detector, name, most))])
        ],
        "most": most,
        "left_out": len(set(rows.loc[rows["kind"] == "picks", "detector"]) - set(chosen)),
    }


def _first_seeds(frame: pd.DataFrame) -> pd.DataFrame:
    for column, by in (("generator_seed", ["generator"]), ("detector_seed", ["generator", "detector"])):
        first = frame.groupby(by)[column].transform("min")
        frame = frame[frame[column].isna() | (frame[column] == first)]
    return frame


def _most(strips: pd.DataFrame) -> int:
    """Returns how many images of each kind fit into the page: at least one, at most a whole row of the figure."""
    area = _areas(strips).sum()
    longest = strips["columns"].fillna(1).max() if len(strips) else 1
    return int(max(1, min(longest, PIXELS // area))) if area > 0 else 1


def _chosen(strips: pd.DataFrame, detectors: list[str]) -> list[str]:
    """Returns the first of these detectors: those of which one image of each kind fits into the page, one at least."""
    areas = _areas(strips).groupby(strips["detector"]).sum().reindex(detectors).fillna(0).cumsum()
    return detectors[: max(1, int((areas <= PIXELS).sum()))]


def _areas(strips: pd.DataFrame) -> pd.Series:
    """Returns the pixels in the page of one image of each kind, by row."""
    return strips["height"].clip(upper=TILE) * strips["width"].clip(upper=TILE) * len(KINDS)


def _spectrum(run: Run, figure: SpectrumFigure, found: dict, generator: str, position: int) -> dict[str, Any]:
    row = found.get(("spectrum", "", generator))
    rows = figure.frame()
    mine = rows[rows["generator"] == generator]
    return {
        "generator": generator,
        "n_real": int(mine["n_real"].max()) if mine["n_real"].notna().any() else 0,
        "n_fake": int(mine["n_fake"].max()) if mine["n_fake"].notna().any() else 0,
        "maps": _pieces(run, row) if row else [],
        "low": f"{row.low:.0f}" if row else "",
        "high": f"{row.high:.0f}" if row else "",
        "limit": f"{row.limit:.1f}" if row else "",
        "data": packed(mine),
        "profile": Markup(figure.profile(generator, name=f"spectrum{position}p")),  # noqa: S704 - escaped where made
        "difference": Markup(figure.difference(generator, name=f"spectrum{position}d")),  # noqa: S704
    }


def _table(
    run: Run, found: dict, kind: str, generators: list[str]
) -> list[tuple[str, list[list[tuple[Picture, int]]]]]:
    """Returns (detector id, the pictures against each generator, each with its zoom) of detectors that have any."""
    table = []
    for detector in run.detectors:
        rows = [found.get((kind, detector.id, name)) for name in generators]
        cells = [_pieces(run, row) if row else [] for row in rows]
        if any(cells):
            table.append((detector.id, cells))
    return table


def _picks(run: Run, found: dict, picked: dict, detector: str, generator: str, most: int) -> dict[str, Any] | None:
    """Returns the rows of images of one cell, with the same images under their heat maps where there are any."""
    figures = [(kind, found.get((kind, detector, generator))) for kind in ("picks", "heat")]
    opened = {kind: images for kind, row in figures if row and (images := grid(run, row, FOLDER, largest=TILE))}
    if "picks" not in opened:
        return None
    if "heat" in opened:
        opened["heat"] = in_few_colours(opened["heat"])
    table = picked.get((detector, generator))
    if table is None:
        return None
    lines = []
    for kind, (title, order) in KINDS.items():
        mine = table[table["kind"] == kind].sort_values("column").head(most)
        fakes = mine["is_fake"].str.lower() == "true"
        line: dict[str, Any] = {"title": title, "order": order, "scores": _range(mine["score"]), "n": len(mine)}
        line["fakes"] = int(fakes.sum()) if kind == "doubtful" else None
        line["sides"] = ", ".join("fake" if fake else "real" for fake in fakes)
        line["pictures"] = [
            (name, _strip(images, int(mine["row"].iloc[0]), len(mine), exact=name == "heat"))
            for name, images in opened.items()
            if len(mine)
        ]
        lines.append(line)
    known = table["threshold"].dropna()
    threshold = f"{known.iloc[0]:.3g}" if len(known) else ""
    zoom = max(TILE // opened["picks"].width, 1)
    return {"generator": generator, "threshold": threshold, "lines": lines, "zoom": zoom}


def _range(scores: pd.Series) -> str:
    if scores.empty or scores.isna().all():
        return ""
    first, last = f"{scores.iloc[0]:.3g}", f"{scores.iloc[-1]:.3g}"
    return first if first == last else f"{first} to {last}"


def _strip(images: Grid, line: int, n: int, *, exact: bool) -> Picture:
    cut = images.image.crop((0, line * images.height, images.image.width, (line + 1) * images.height))
    return tiled(replace(images, image=cut), n, n, exact=exact)


def _pieces(run: Run, row: Any) -> list[tuple[Picture, int]]:
    """Returns the single images of a figure, each with how much it is enlarged."""
    images = grid(run, row, FOLDER, largest=MAP)
    if images is None:
        return []
    images = in_few_colours(images)
    width = images.width
    cuts = [images.image.crop((at * width, 0, (at + 1) * width, images.height)) for at in range(images.columns)]
    zoom = max((MAP if images.columns < 3 or row.kind == "spectrum" else PLANE) // width, 1)
    return [(tiled(replace(images, image=cut, columns=1), 1, 1), zoom) for cut in cuts]
