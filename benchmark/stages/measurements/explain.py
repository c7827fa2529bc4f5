"""What each detector looks at, in each cell: the test images that it misjudges or doubts, and its heat maps."""

from __future__ import annotations

from collections.abc import Hashable

from benchmark.plan.cell import Cell
from benchmark.plan.measurement import Draft, Measurement
from benchmark.plan.stage import Stage


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage for every cell of the main table by its name; of controls the answers are known."""
    return {cell.name: _explain(cell) for cell in draft.shown()}


def _explain(cell: Cell) -> Stage:
    scored = cell.scored
    name = scored.name.replace("score ", "explain ", 1)
    return Stage(name, "explain", scored.params, {**scored.inputs, "scored": scored}, scored.where)


MEASUREMENT = Measurement(
    "explain",
    stages,
    {"explain": "benchmark.stages.explain:explain"},
    ("plugins/adapt.py", "stages/bank.py", "stages/picks.py"),
)
