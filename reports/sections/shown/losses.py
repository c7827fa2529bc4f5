"""Losses and outputs of each generator along its training."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from reports.embed.data import packed
from reports.figures.losses import PANELS, LossFigure
from reports.load import Run


def losses(run: Run) -> list[dict[str, Any]]:
    """Returns the losses of each generator that has any."""
    figures = [
        (generator, figure)
        for generator in run.generators
        if (figure := LossFigure(run, generator.id)).has("loss") or figure.has("output")
    ]
    figures = figures[: run.most_drawn]
    limits = {}
    for panel in PANELS:
        seen = [figure.limits(panel) for _, figure in figures if figure.has(panel)]
        limits[panel] = (min(low for low, _ in seen), max(high for _, high in seen)) if seen else None
    return [
        {
            "generator": generator,
            "data": packed(figure.frame(), by="generator"),
            "panels": [
                (panel, Markup(figure.svg(panel, name=f"loss{position}{panel}", limits=limits[panel])))  # noqa: S704
                for panel in PANELS
                if figure.has(panel)
            ],
        }
        for position, (generator, figure) in enumerate(figures)
    ]
