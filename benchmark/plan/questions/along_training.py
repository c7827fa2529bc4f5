"""How well are fakes told from real images along the training that makes them?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from benchmark.plan.cell import LAST, Asked
from benchmark.plan.rows import Rows

Taught = Literal["own", "last"]


class Options(BaseModel):
    """`[question.along_training]`: which lessons detectors have.

    Attributes:
        lesson: `"own"`: of each checkpoint's fakes, on which the detector is then tested. `"last"`: of the last
            checkpoint's, tested on those of all earlier ones. Defaults to `["own"]`.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    lesson: list[Taught] = Field(default=["own"], min_length=1)

    @field_validator("lesson")
    @classmethod
    def _once(cls, lesson: list[Taught]) -> list[Taught]:
        if len(set(lesson)) < len(lesson):
            raise ValueError("each lesson may stand there once")
        return lesson


def cells(rows: Rows, options: Options) -> Iterator[Asked]:
    """Each detector is tested on every checkpoint but the last, which is the usual cell.

    A generator's banks are sampled with one seed: all its checkpoints make their fakes of the same latent vectors.
    """
    for detector, detector_seed in rows.askable:
        for run in rows.mains:
            for checkpoint in rows.checkpoints(run):
                for taught in options.lesson if checkpoint != LAST else ():
                    of = checkpoint if taught == "own" else LAST
                    lesson = rows.lesson(run.generator.id, [run], checkpoint=of)
                    yield Asked(lesson, detector, detector_seed, rows.exam(run, checkpoint=checkpoint))
