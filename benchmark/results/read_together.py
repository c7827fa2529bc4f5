"""Many small files of one kind, read as one table.

pandas takes milliseconds to open each, whatever is in it, and a run has several for each of hundreds of cells.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet as files


def csv(paths: Sequence[Path]) -> tuple[pd.DataFrame, list[int]]:
    """Returns the tables of files one below the other, and how many rows are of each.

    Args:
        paths: Tables as `DataFrame.to_csv` writes them without an index.
    """
    heads, bodies = [], []
    for path in paths:
        head, _, body = path.read_bytes().partition(b"\n")
        heads.append(head)
        bodies.append(body)
    counts = [body.count(b"\n") for body in bodies]
    if len(set(heads)) == 1:
        # as one piece: a column has one type, that of all its values
        joined = pd.read_csv(io.BytesIO(b"\n".join([heads[0], b"".join(bodies)])), low_memory=False)
        if len(joined) == sum(counts):  # else a value has several lines
            return joined, counts
    frames = [pd.read_csv(path) for path in paths]
    filled = [frame for frame in frames if len(frame)]  # without rows a column has no type
    joined = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
    return joined, [len(frame) for frame in frames]


def parquet(path: Path, columns: Sequence[str]) -> pa.Table:
    """Returns columns of a file, in this order."""
    with files.ParquetFile(path) as file:
        return file.read(columns=list(columns)).select(list(columns))
