"""What is in every made-up run: its generators, detectors and checkpoints, and how its tables are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from data.run_folder import TABLES

DETECTORS = {
    "cnn": 4.5,
    "spectrum": 1.6,
    "linear-pixel": 1.9,
    "linear-dct": 2.0,
    "linear-log-dct": 4.3,
    "linear-fft": 2.2,
    "linear-log-fft": 3.4,
    "sentinel-content": 0.9,
    "sentinel-format": 0.02,
}
GENERATORS: dict[str, dict[str, Any]] = {
    "baseline": {"kind": "dcgan", "control": None, "ease": 1.0, "options": {"architecture": "small"}},
    "tuned": {"kind": "dcgan", "control": None, "ease": 0.55, "options": {"learning_rate": 0.0003}},
    "real-copy": {"kind": "real-copy", "control": "real-copy", "ease": 0.0, "options": {}},
    "noise": {"kind": "noise", "control": "noise", "ease": 4.0, "options": {}},
}
CHECKPOINTS = ("epoch-0005", "epoch-0010", "epoch-0020", "epoch-0040")


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Writes a table; one without rows has the columns that it must have."""
    pd.DataFrame(rows, columns=None if rows else TABLES[path.name].split()).to_csv(path, index=False)
