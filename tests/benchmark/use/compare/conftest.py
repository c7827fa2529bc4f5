"""Run folders that differ from a finished one in what a test says, sealed again as a run would have written them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.run_folder import CARD, MANIFEST

Edit = Callable[[Any], Any]


@pytest.fixture
def runs(finished: Path, tmp_path: Path) -> Path:
    """A folder with `first`, a copy of the finished run, to which `variant` adds others."""
    shutil.copytree(finished / "runs" / "images", tmp_path / "runs" / "first")
    return tmp_path / "runs"


@pytest.fixture
def variant(runs: Path, sealed: Callable[[Path], Path]) -> Callable[..., Path]:
    """Makes a copy of the run with other tables: each keyword names a file and has what changes its content."""

    def make(name: str = "second", **edits: Edit) -> Path:
        folder = shutil.copytree(runs / "first", runs / name)
        for what, edit in edits.items():
            if what == "scores":
                path = folder / "scores.parquet"
                edit(pd.read_parquet(path)).to_parquet(path, index=False)
            elif what in ("cells", "generators"):
                path = folder / f"{what}.csv"
                edit(pd.read_csv(path, keep_default_na=False)).to_csv(path, index=False)
            else:
                path = folder / {"manifest": MANIFEST, "card": CARD}[what]
                path.write_text(json.dumps(edit(json.loads(path.read_text()))))
        return sealed(folder)

    return make
