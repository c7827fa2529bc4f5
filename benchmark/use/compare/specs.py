"""What two or more runs differ in before a single score: rows and options, data, seeds, parts, versions, machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmark.use.compare.opened import Opened
from data.errors import visible

ABSENT = "absent"  # what stands for a value that a run does not have
SEEDS = ("ledger_seed", "ledger_seeds", "generator_seeds", "detector_seeds")
MACHINE = ("backend", "devices", "cpu", "platform", "threads", "jobs", "scheduler", "instruction_sets")
DATA = ("name", "digest", "n", "height", "width", "channels", "levels", "classes", "notes")
MOST = 80  # letters of a value: of a list of a thousand classes the first say enough


def differences(runs: Sequence[Opened]) -> pd.DataFrame:
    """Returns a row for each fact in which not all runs agree.

    Args:
        runs: The runs.

    Returns:
        Columns `about` (`spec`, `seeds`, `data`, `parts`, `code`, `versions` or `machine`), `what`, and one for each
        run, with its value as text.
    """
    facts = [dict(_facts(run.manifest)) for run in runs]
    known = dict.fromkeys(at for one in facts for at in one)
    rows = []
    for about, what in known:
        values = [one.get((about, what), ABSENT) for one in facts]
        if len(set(values)) > 1:
            rows.append({"about": about, "what": what, **{r.name: v for r, v in zip(runs, values, strict=True)}})
    columns = ["about", "what", *(run.name for run in runs)]
    return _whole_rows(pd.DataFrame(rows, columns=columns), runs)


def _facts(manifest: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    if manifest["smoke"]:
        yield ("spec", "smoke"), "a smoke run, no result"
    for what, value in _flat(manifest["spec"]):
        about = "seeds" if what.rpartition(".")[2] in SEEDS else "spec"
        yield (about, what), text(value)
    dataset = manifest["dataset"]
    for name in DATA:
        if name in dataset:
            value = str(dataset[name])[:16] if name == "digest" else dataset[name]
            yield ("data", f"dataset {name}"), text(value)
    for about, name in (("parts", "parts"), ("data", "dropped")):
        for what, value in _mapping(dataset.get(name)).items():
            yield (about, f"{what} (images)" if about == "parts" else f"dropped: {what}"), text(value)
    for what in ("generators", "detectors"):
        for row in manifest[what]:
            yield ("code", f"code of {what[:-1]} {row['id']}"), str(row.get("digest", ""))[:16]
    for name, version in _mapping(manifest.get("versions")).items():
        yield ("versions", str(name)), text(version)
    for name in MACHINE:
        if name in manifest:
            yield ("machine", name), text(manifest[name])


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the leaves of a spec by their names, rows of plug-ins by their ids, as `--set` calls them."""
    if isinstance(value, dict) and value:
        for part, inner in value.items():
            yield from _flat(inner, f"{name}.{part}" if name else str(part))
    elif isinstance(value, list) and value and all(isinstance(row, dict) and "id" in row for row in value):
        for row in value:
            yield f"{name}.{row['id']}", row.get("kind", "")
            yield from _flat({part: inner for part, inner in row.items() if part != "id"}, f"{name}.{row['id']}")
    else:
        yield name, value


def _whole_rows(frame: pd.DataFrame, runs: Sequence[Opened]) -> pd.DataFrame:
    """Leaves the options of a row away that a run has not at all: that it is absent says enough."""
    ids = [f"{what}.{row['id']}" for run in runs for what in ("generator", "detector") for row in _rows(run, what)]
    named = [run.name for run in runs]
    gone = [row["what"] for row in frame.to_dict("records") if row["what"] in ids and ABSENT in [row[n] for n in named]]
    covered = [f"{one}." for one in gone] + [f"code of {one.replace('.', ' ', 1)}" for one in gone]
    keep = [what in gone or not any(what.startswith(one) for one in covered) for what in frame["what"]]
    return frame[pd.Series(keep, index=frame.index, dtype=bool)].reset_index(drop=True)


def _rows(run: Opened, what: str) -> list[dict[str, Any]]:
    rows = run.manifest["spec"].get(what)
    return [row for row in rows if isinstance(row, dict) and "id" in row] if isinstance(rows, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """Returns a value as text that a line has room for."""
    written = visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
    return written if len(written) <= MOST else f"{written[:MOST]}…"
