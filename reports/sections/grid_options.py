"""The options that grids of the spec varied, as columns of a table."""

from __future__ import annotations

from reports.load import Plugin, Run


def columns(run: Run) -> list[str]:
    """Returns the names of the columns, such as `generator.depth`; none where no row is of a grid."""
    named = [f"{role}.{option}" for role, plugins in _roles(run).items() for one in plugins for option, _ in one.grid]
    return list(dict.fromkeys(named))


def values(run: Run, **ids: str) -> list[str]:
    """Returns what stands in the columns for a generator and a detector; nothing where one is of no such grid.

    Args:
        run: A run.
        **ids: The id of the `generator` and that of the `detector`.
    """
    found = {
        f"{role}.{option}": text
        for role, plugins in _roles(run).items()
        for one in plugins
        if one.id == ids.get(role)
        for option, text in one.grid
    }
    return [found.get(name, "") for name in columns(run)]


def _roles(run: Run) -> dict[str, list[Plugin]]:
    return {"generator": run.generators, "detector": run.detectors}
