"""CelebA's list files: in the official text formats, or as CSV, as they are commonly re-packed."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import UserError
from data.reading.regular import read_text_any

LISTS = {"list_attr_celeba.txt": "Anno", "identity_CelebA.txt": "Anno", "list_eval_partition.txt": "Eval"}
TABLES = tuple(name.replace(".txt", ".csv") for name in LISTS)  # the same, re-packed: often without the identities
PARTS = ("train", "validation", "test")


def read_lists(attributes: Path, identity: Path | None, partition: Path) -> pd.DataFrame:
    """Returns one row per image that is in all lists, in the order of the names.

    Args:
        attributes: The list of attributes; each may be the official text file or a CSV file with a head line.
        identity: The list of identities, or `None`.
        partition: The list of the official parts.

    Returns:
        A frame indexed by file name: `official` (str), `identity` (int64; none without that list), and one bool column
        per attribute.

    Raises:
        UserError: If a list is not in the official format or not whole.
    """
    about = _attributes(attributes)
    if identity is not None:
        about = about.join(_pairs(identity).rename("identity"), how="inner")
    part = _pairs(partition)
    if not part.isin((0, 1, 2)).all():
        raise UserError(f"{partition} is not in the official format. Expected 0, 1 or 2 after each name.")
    about = about.join(part.rename("official"), how="inner")
    about["official"] = np.array(PARTS)[about["official"].to_numpy(np.int64)]
    return about.sort_index()


def _attributes(path: Path) -> pd.DataFrame:
    """Reads the number of images, the names of the attributes, then lines of a name and -1 or 1 for each."""
    if _is_table(path):
        (_, *names), *rows = _table(path)
        return _values(names, rows, path, {"1", "-1"}, {"1", "0"})
    lines = _lines(path)
    count, names = lines[0].strip(), lines[1].split() if len(lines) > 1 else []
    rows = [line.split() for line in lines[2:]]
    if not count.isdigit() or int(count) != len(rows):
        raise UserError(
            f"{path} is not whole. Expected {count[:20]} rows after two head lines. Received: {len(rows):,}."
        )
    return _values(names, rows, path, {"1", "-1"})


def _values(names: list[str], rows: list[list[str]], path: Path, *signs: set[str]) -> pd.DataFrame:
    """Returns the attributes of rows of a name and values, which are written with one pair of signs."""
    used = {value for row in rows for value in row[1:]}
    allowed = next((pair for pair in signs if used <= pair), signs[0])
    bad = next((row for row in rows if len(row) != len(names) + 1 or set(row[1:]) - allowed), None)
    if bad is not None:
        raise UserError(
            f"{path} is not in the official format. Expected a name and {len(names)} values, -1 or 1. "
            f"Received: {' '.join(bad)[:60]!r}."
        )
    values = np.array([row[1:] for row in rows]).reshape(len(rows), len(names)) == "1"
    return pd.DataFrame(values, index=_unique([row[0] for row in rows], path), columns=names)


def _pairs(path: Path) -> pd.Series:
    rows = _table(path)[1:] if _is_table(path) else [line.split() for line in _lines(path)]
    bad = next((row for row in rows if len(row) != 2 or not row[1].isdigit()), None)
    if bad is not None:
        raise UserError(
            f"{path} is not in the official format. Expected a name and a number per line. "
            f"Received: {' '.join(bad)[:60]!r}."
        )
    return pd.Series([int(row[1]) for row in rows], index=_unique([row[0] for row in rows], path), dtype=np.int64)


def _unique(names: list[str], path: Path) -> pd.Index:
    index = pd.Index(names, dtype=object)
    if index.has_duplicates:
        raise UserError(f"{path} names an image twice. Received: {index[index.duplicated()][0]}.")
    return index


def _is_table(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _table(path: Path) -> list[list[str]]:
    """Returns the rows of a CSV file, the head line first."""
    try:
        return [[value.strip() for value in row] for row in csv.reader(_lines(path))]
    except csv.Error as error:
        raise UserError(f"{path} is not a CSV file ({error}).") from None


def _lines(path: Path) -> list[str]:
    lines = [line for line in read_text_any(path).splitlines() if line.strip()]
    if not lines:
        raise UserError(f"{path} is empty.")
    return lines
