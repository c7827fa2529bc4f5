"""The made-up answer to `sources`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

SAID = {"": (0.9, 0.02, 0.08), "baseline": (0.1, 0.85, 0.05), "tuned": (0.3, 0.2, 0.5)}


def write(folder: Path, rename: dict[str, str] | None = None) -> None:
    """Writes the table into a made-up run of `baseline` and `tuned`, which is to be sealed then; `rename` as there."""
    (folder / "answers").mkdir(exist_ok=True)
    _table(lambda name: (rename or {}).get(name, name)).to_csv(folder / "answers" / "sources.csv", index=False)


def _table(named: Callable[[str], str]) -> pd.DataFrame:
    about = {"ledger_seed": 0, "scope": "configuration", "runs": 3, "note": ""}
    rows = [
        about | {"measure": "said", "made_by": named(made), "said": named(said), "value": share, "low": share - 0.02,
                 "high": share + 0.02, "n": 900}
        for made, shares in SAID.items() for said, share in zip(SAID, shares, strict=True)
    ]  # fmt: skip
    whole = {"measure": "right", "made_by": "all", "value": 0.75, "low": 0.7, "high": 0.8, "n": 2700}
    return pd.DataFrame([*rows, about | whole | {"note": "left out, since a cell of it has failed: spectrum"}])
