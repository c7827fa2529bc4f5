"""Writes the table of a run folder's tables and their columns into `docs/files.md`: `python docs/tools/columns.py`."""

from __future__ import annotations

import re
from pathlib import Path

from data.run_folder import TABLES

PAGE = Path(__file__).parents[1] / "files.md"
BEGIN, END = "<!-- made by docs/tools/columns.py -->\n", "<!-- made until here -->"


def table() -> str:
    """Returns the rows, one for each table, from the list that a run folder is checked against."""
    rows = [f"| `{name}` | {' '.join(f'`{column}`' for column in TABLES[name].split())} |" for name in TABLES]
    return "\n".join(["| table | columns that it always has |", "|---|---|", *rows]) + "\n"


def filled(page: str) -> str:
    """Returns the page with the table as it is now."""
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}\n{table()}\n{END}", page, flags=re.S)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
