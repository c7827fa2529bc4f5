"""The part of the plan that shows what detectors look at: picks and heat maps per cell, and spectra per bank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.plan.stage import Stage

if TYPE_CHECKING:
    from benchmark.plan.planner import Cell


def explanations(cells: list[Cell]) -> dict[str, Stage]:
    """Returns a stage for every cell by its name, but for those of controls, whose answers are known."""
    return {cell.name: _explain(cell) for cell in cells if not cell.control}


def spectra(cells: list[Cell], environment: dict[str, str]) -> dict[tuple[str, int], Stage]:
    """Returns a stage for every bank that cells are tested on, by generator and seed, but for those of controls."""
    stages: dict[tuple[str, int], Stage] = {}
    for cell in cells:
        name = cell.generator, cell.generator_seed
        if not cell.control and name not in stages:
            inputs = {"prepared": cell.bank.inputs["prepared"], "bank": cell.bank}
            title = f"spectra {cell.generator} seed {cell.generator_seed}"
            stages[name] = Stage(title, "spectra", {"environment": environment}, inputs)
    return stages


def _explain(cell: Cell) -> Stage:
    scored = cell.scored
    name = scored.name.replace("score ", "explain ", 1)
    return Stage(name, "explain", scored.params, {**scored.inputs, "scored": scored}, scored.where)
