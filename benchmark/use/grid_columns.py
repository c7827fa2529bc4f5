"""Tables of a run beside the options that its grids varied: one column for each option."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from data.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

ROLES = ("generator", "detector")


def with_grid(table: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """Returns a table with a column for each option of a grid, such as `generator.depth` or `detector.epochs`.

    A row of no grid, such as a control's, has none of its values. A value that is a list is its JSON text, so that rows
    can be grouped by it.

    Args:
        table: One of a run's, with a column `generator`, `detector` or both.
        manifest: The run's.

    Raises:
        UserError: If it has neither column.
    """
    import pandas as pd

    roles = [role for role in ROLES if role in table]
    if not roles:
        had = ", ".join(map(str, table.columns))
        raise UserError(f"Grids are of generators and detectors: expected a column of either. Received: {had}.")
    found = table.copy()
    for role in roles:
        grids = {str(row["id"]): row["grid"] for row in manifest[f"{role}s"] if row.get("grid")}
        for option in dict.fromkeys(name for grid in grids.values() for name in grid):
            values = [_flat(grids.get(str(name), {}).get(option)) for name in table[role]]
            whole = all(value is None or type(value) is int for value in values)  # a depth of 3 stays 3 beside none
            found[f"{role}.{option}"] = pd.Series(values, index=table.index, dtype="Int64" if whole else None)
    return found


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value
