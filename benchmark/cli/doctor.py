"""Checks of the machine that a run would be done on."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

from benchmark.cli import catalogue
from benchmark.machine import device, processor, runtime

ENOUGH_DISK = 2e9  # bytes; a run of a preset keeps less


def examine(data: Path | None) -> list[dict[str, Any]]:
    """Returns one row per check: name, value, and a verdict `good`, `note` or `wrong`."""
    about = runtime.describe()
    versions = about["versions"]
    assert isinstance(versions, dict)  # noqa: S101
    rows = [_row(name, value, "wrong" if value == "none" else "good") for name, value in versions.items()]
    rows += [_row("processor", about["cpu"]), *_bfloat16(), _row("platform", about["platform"])]
    free = shutil.disk_usage(Path.cwd()).free
    rows.append(_row("free disk", f"{free / 1e9:.1f} GB", "good" if free > ENOUGH_DISK else "note"))
    rows.append(_backend())
    for found in catalogue.datasets(data):
        rows.append(_row(f"data: {found['name']}", found["state"], "good" if found["state"] == "found" else "note"))
    broken = [row for group in catalogue.everything().values() for row in group if row.get("broken")]
    return rows + [_row(f"plug-in {row['name']}", row["broken"], "wrong") for row in broken]


def _bfloat16() -> list[dict[str, Any]]:
    """Advises bfloat16 where networks train on a processor that multiplies in it."""
    units = processor.bfloat16_units(runtime.backend())
    if not units or device.expected(runtime.backend()) != device.CPU:
        return []
    advice = 'precision = "mixed_bfloat16" trains a generator faster, with other bits than float32'
    return [_row("bfloat16", f"{' and '.join(units)}: {advice}", "note")]


def _backend() -> dict[str, Any]:
    """Trains nothing, but multiplies two matrices on the backend that a run would use."""
    runtime.configure()
    try:
        started = time.perf_counter()
        import keras

        size = 1024
        matrix = keras.ops.ones((size, size))
        keras.ops.convert_to_numpy(keras.ops.matmul(matrix, matrix))
        loaded = time.perf_counter() - started
    except Exception as error:
        return _row("backend", f"{runtime.backend()} fails: {error}", "wrong")
    where = device.running(runtime.backend())
    where = f"{os.cpu_count()} cores" if where == device.CPU else where
    return _row("backend", f"{keras.backend.backend()} on {where}, ready after {loaded:.1f} s")


def _row(name: str, value: object, verdict: str = "good") -> dict[str, Any]:
    return {"name": name, "value": str(value), "verdict": verdict}
