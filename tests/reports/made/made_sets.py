"""The made-up answer to `sets`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

SIZES = (1, 4, 16)
AUCS = {("baseline", "cnn"): (0.97, 0.995, 1.0), ("tuned", "cnn"): (0.7, 0.86, 0.98),
        ("baseline", "linear-dct"): (0.8, 0.95, 0.999), ("tuned", "linear-dct"): (0.6, 0.7, 0.84)}  # fmt: skip
NEEDED = {("baseline", "cnn"): (3, 2, 4), ("baseline", "linear-dct"): (11, 6, ""), ("tuned", "linear-dct"): ("", 9, "")}


def write(folder: Path, rename: dict[str, str] | None = None) -> None:
    """Writes the table into a made-up run of `baseline` and `tuned`, which is to be sealed then; `rename` as there."""
    (folder / "answers").mkdir(exist_ok=True)
    _table(lambda name: (rename or {}).get(name, name)).to_csv(folder / "answers" / "sets.csv", index=False)


def _table(named: Callable[[str], str]) -> pd.DataFrame:
    rows = []
    for (generator, detector), aucs in AUCS.items():
        about = {"ledger_seed": 0, "generator": named(generator), "detector": named(detector), "runs": 3, "note": ""}
        for scope in ("cell", "configuration"):
            for m, auc in zip(SIZES, aucs, strict=True):
                ends = {"value": auc, "low": auc - 0.05, "high": min(auc + 0.05, 1)}
                rows.append(about | {"scope": scope, "measure": "auc", "m": m} | ends)
            value, low, high = NEEDED.get((generator, detector), ("", "", ""))
            note = "" if (generator, detector) in NEEDED else "cannot tell: 3 real images; an interval needs 4"
            ends = {"value": value, "low": low, "high": high, "note": note}
            rows.append(about | {"scope": scope, "measure": "images_for_99", "m": 16} | ends)
    return pd.DataFrame(rows)
