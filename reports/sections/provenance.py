"""What a run was made of, and what failed in it, as plain data for the template."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reports import numbers
from reports.load import MAIN, Run

MOST = 1000  # stages that the page names each; of more a browser would draw megabytes that nobody reads
DONE = ("done", "cached")  # in this run, or in an earlier one


def failures(run: Run) -> list[dict[str, Any]]:
    """What failed: the recorded failures, each with the cells it cost, then failed cells that none explains.

    Returns:
        what, error, traceback and cells ("detector on generator", and of which question) of each.
    """
    failed = run.cells[run.cells["status"] == "failed"]
    names = {
        row.cell: f"{row.detector} on {row.generator}{_of(row.question)}" for row in failed.itertuples(index=False)
    }
    rows, explained = [], set()
    for failure in run.manifest.get("failures") or []:
        error = str(failure.get("error") or "")
        costs = failed[(failed["cell"] == str(failure.get("cell"))) | ((failed["error"] == error) & (error != ""))]
        explained |= set(costs["cell"])
        rows.append(
            {
                "what": str(failure.get("stage") or ""),
                "error": error,
                "traceback": str(failure.get("traceback") or ""),
                "cells": list(dict.fromkeys(names[cell] for cell in costs["cell"])),
            }
        )
    for row in failed[~failed["cell"].isin(explained)].itertuples(index=False):
        rows.append({"what": names[row.cell], "error": row.error, "traceback": "", "cells": []})
    return rows


def _of(question: str) -> str:
    return "" if question in MAIN else f" (question {question})".replace("_", " ")


def provenance(run: Run) -> dict[str, Any]:
    """Facts of the run and of its images, plug-ins, stages, and the resolved specification."""
    manifest, dataset = run.manifest, run.dataset
    facts = {
        "Command": manifest.get("command"),
        "Started": numbers.moment(str(manifest.get("started") or "")),
        "Finished": numbers.moment(str(manifest.get("finished") or "")),
        "Time": numbers.duration(manifest.get("seconds")),
        "Jobs": manifest.get("jobs"),
        "Backend": manifest.get("backend"),
        "Precision": manifest.get("precision"),
        "Threads": manifest.get("threads"),
        "Devices": _plain(manifest.get("devices")),
        "Processor": manifest.get("cpu"),
        "Platform": manifest.get("platform"),
        "Seeds": _plain(manifest.get("seeds")),
        "Versions": _plain(manifest.get("versions")),
    }
    images = {
        "Image set": dataset.get("name"),
        "Images": numbers.count(dataset["n"]) if "n" in dataset else "",
        "Size": f"{dataset.get('height')} x {dataset.get('width')} x {dataset.get('channels')}"
        if "height" in dataset
        else "",
        "Grey levels": dataset.get("levels"),
        "Classes": _plain(dataset.get("classes")),
        "Real images per part": _plain(dataset.get("parts")),
        "Dropped": _plain(dataset.get("dropped")),
        "Notes": " ".join(str(note) for note in dataset.get("notes") or []),
        "Ledger seed": ", ".join(map(str, dataset.get("ledger_seeds") or [])) or dataset.get("ledger_seed"),
        "Digest": dataset.get("digest"),
    }
    stages = [stage for stage in manifest.get("stages") or [] if isinstance(stage, dict)]
    return {
        "facts": _stated(facts),
        "images": _stated(images),
        "plugins": [("generator", plugin) for plugin in run.generators] + [("detector", p) for p in run.detectors],
        "training": [
            {
                "generator": row.generator,
                "checkpoint": row.checkpoint,
                "parameters": "" if np.isnan(row.parameters) else numbers.count(float(row.parameters)),
                "seconds": numbers.duration(row.seconds),
                "rate": "" if np.isnan(row.images_per_second) else f"{row.images_per_second:,.0f}",
            }
            for row in run.generators_frame.itertuples(index=False)
        ],
        "n_stages": numbers.count(len(stages)) if stages else "",
        "kinds": _kinds(stages) if len(stages) > MOST else [],
        "stages": [
            {key: str(stage.get(key) or "") for key in ("id", "status", "key", "error")}
            | {"seconds": numbers.duration(stage.get("seconds"))}
            for stage in stages
            if len(stages) <= MOST or stage.get("status") not in DONE
        ],
        "spec": json.dumps(manifest.get("spec") or {}, indent=2, ensure_ascii=False),
    }


def _kinds(stages: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Returns what stages do, in the order of the run, with how many there are of each and their time together."""
    kinds: dict[str, list[float]] = {}
    for stage in stages:
        kinds.setdefault(str(stage.get("stage") or ""), []).append(float(stage.get("seconds") or 0.0))
    return [
        {"kind": kind, "n": numbers.count(len(seconds)), "seconds": numbers.duration(sum(seconds))}
        for kind, seconds in kinds.items()
    ]


def _stated(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in facts.items() if value not in (None, "", [], {})]


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return "" if value is None else numbers.count(value)
