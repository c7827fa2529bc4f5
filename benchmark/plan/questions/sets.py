"""How much better are sets of images of one source told apart than single images?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from benchmark.plan.cell import Asked
from benchmark.plan.rows import Rows
from data.errors import UserError

Size = Annotated[int, Field(ge=1, le=2**14)]


class Options(BaseModel):
    """`[question.sets]`: how many images a set has; the largest is also where the search for 99 % ends."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    sizes: Annotated[list[Size], Field(min_length=1, max_length=20)] = [1, 2, 4, 8, 16, 32]


def cells(rows: Rows, options: Options) -> Iterator[Asked]:
    """The usual cells answer it: nothing more is trained or scored.

    Raises:
        UserError: If a set is to have more images than the spec gives the test part.
    """
    parts = rows.prepared.params.get("parts") or {}
    n = parts.get("test")
    if isinstance(n, int) and n < max(options.sizes):
        raise UserError(
            "[question.sets] sizes: a set has no more images than there are of its source. Expected at most the "
            f"{n} of the test part. Received: {max(options.sizes)}."
        )
    yield from ()
