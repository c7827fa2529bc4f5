"""CelebA's three list files, in the official text formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import UserError

LISTS = {"list_attr_celeba.txt": "Anno", "identity_CelebA.txt": "Anno", "list_eval_partition.txt": "Eval"}
PARTS = ("train", "validation", "test")


def read_lists(paths: list[Path]) -> pd.DataFrame:
    """Returns one row per image that is in all three lists, in the order of the names.

    Args:
        paths: The attribute, identity and partition lists, in this order.

    Returns:
        A frame indexed by file name: `official` (str), `identity` (int64), and one bool column per attribute.

    Raises:
        UserError: If a list is not in the official format or not whole.
    """
    attributes = _attributes(paths[0])
    identity = _pairs(paths[1])
    part = _pairs(paths[2])
    if not part.isin((0, 1, 2)).all():
        raise UserError(f"{paths[2]} is not in the official format. Expected 0, 1 or 2 after each name.")
    about = attributes.join(identity.rename("identity"), how="inner").join(part.rename("official"), how="inner")
    about["official"] = np.array(PARTS)[about["official"].to_numpy(np.int64)]
    return about.sort_index()


def _attributes(path: Path) -> pd.DataFrame:
    """Reads the number of images, the names of the attributes, then lines of a name and -1 or 1 for each."""
    lines = _lines(path)
    count, names = lines[0].strip(), lines[1].split() if len(lines) > 1 else []
    rows = [line.split() for line in lines[2:]]
    if not count.isdigit() or int(count) != len(rows):
        raise UserError(
            f"{path} is not whole. Expected {count[:20]} rows after two head lines. Received: {len(rows):,}."
        )
    bad = next((row for row in rows if len(row) != len(names) + 1 or set(row[1:]) - {"1", "-1"}), None)
    if bad is not None:
        raise UserError(
            f"{path} is not in the official format. Expected a name and {len(names)} values, -1 or 1. "
            f"Received: {' '.join(bad)[:60]!r}."
        )
    values = np.array([row[1:] for row in rows]).reshape(len(rows), len(names)) == "1"
    return pd.DataFrame(values, index=_unique([row[0] for row in rows], path), columns=names)


def _pairs(path: Path) -> pd.Series:
    rows = [line.split() for line in _lines(path)]
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


def _lines(path: Path) -> list[str]:
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text ({' '.join(str(error).split())}).") from None
    if not lines:
        raise UserError(f"{path} is empty.")
    return lines
