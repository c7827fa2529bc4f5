"""How many labelled images does a detector need?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from benchmark.plan.cell import Asked
from benchmark.plan.rows import Rows
from data.errors import UserError

FIRST = 8  # images of each side: the smallest size that is asked where none are given
SPARED = 0.05  # of the images, which copies and units that must stay whole may leave to other parts


class Options(BaseModel):
    """`[question.learning_curve]`: how many labelled images, and how often they are drawn.

    Attributes:
        sizes: Images of each side, those for validation included. Defaults to `None`: 8, 16, 32 and so on, up to what
            the parts hold.
        draws: How often as many are drawn, from each other independently. Defaults to `5`.
        networks: How many of the sizes a detector that trains in epochs is asked, of the first training run of each
            generator alone: its trainings take minutes where others take moments. Defaults to `None`, all of all runs.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    sizes: list[Annotated[int, Field(ge=4)]] | None = Field(default=None, min_length=1)
    draws: int = Field(default=5, ge=5, le=1000)
    networks: int | None = Field(default=None, ge=1, le=1000)

    @field_validator("sizes")
    @classmethod
    def _rising(cls, sizes: list[int] | None) -> list[int] | None:
        if sizes is not None and len(set(sizes)) < len(sizes):
            raise ValueError("each size may stand there once")
        return sizes if sizes is None else sorted(sizes)


def cells(rows: Rows, options: Options) -> Iterator[Asked]:
    """Each detector learns from ever more images of each training run, drawn anew several times, and is tested on it.

    What it learns from all of them is the usual cell, the last point of the curve.

    Raises:
        UserError: If a size is more than there are.
    """
    most = rows.learnable
    sizes = _sizes(options, most, smoke=rows.smoke)
    sizes = sorted({sizes[0], sizes[-1]}) if rows.smoke and sizes else sizes
    for detector, detector_seed in rows.askable:
        few = options.networks if detector.plugin.takes("epochs") else None
        for run in rows.mains:
            if few is not None and run.seed != rows.generator_seeds[0]:
                continue
            for n in spread(sizes, few):
                for draw in range(options.draws):
                    lesson = rows.lesson(run.generator.id, [run], n=n, draw=draw)
                    yield Asked(lesson, detector, detector_seed, rows.exam(run))


def spread(sizes: Sequence[int], n: int | None) -> list[int]:
    """Returns `n` of the sizes, the first and the last among them; all where there are no more, or `n` is `None`.

    Example:
        >>> spread([8, 16, 32, 64, 128, 256, 512], 4), spread([8, 16], 4), spread([8, 16, 32], 1)
        ([8, 32, 128, 512], [8, 16], [32])
    """
    if n is None or n >= len(sizes):
        return list(sizes)
    if n == 1:
        return [sizes[-1]]
    return [sizes[round(at * (len(sizes) - 1) / (n - 1))] for at in range(n)]


def _sizes(options: Options, most: int, *, smoke: bool) -> list[int]:
    if options.sizes is None:
        return [n for n in (FIRST * 2**k for k in range(most.bit_length())) if n <= (1 - SPARED) * most]
    if not smoke and options.sizes[-1] > most:
        raise UserError(
            f"[question.learning_curve] sizes are of images that detectors learn from, validation included. "
            f"Expected at most {most:,} of each side. Received: {options.sizes[-1]:,}."
        )
    return [n for n in options.sizes if n < most]  # of a smoke run, those that its parts hold
