"""All that the cards of a run say, as JSON values: splits of the real images, banks of fakes, trained detectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plan.cell import Cell
from benchmark.plan.planner import Split
from benchmark.plan.stage import PLACES, Row, Stage
from benchmark.results import read_together
from benchmark.results.cards import markdown
from benchmark.results.gather import Gathered
from benchmark.store.checkpoints import Checkpoints
from data.names import safe

FORMAT = 1
FOLDER = "cards"
PARTS = ("generator-train", "detector-train", "detector-validation", "test")


def of(read: Gathered) -> dict[str, Any]:
    """Returns the facts of a run; what failed has none, and is missing here as the tables name it failed."""
    plan = read.plan
    return {
        "format": FORMAT,
        "what": "split-and-pairing card of a run of fauxbench",
        "dataset": plan.spec.dataset.name,
        "terms": markdown.terms(plan.spec.dataset.name),
        "splits": [_split(read, split) for split in plan.splits if read.ended_well(split.prepared)],
        "banks": list(_banks(read)),
        "detectors": list(_detectors(read)),
        "extractor": _extractor(read),
    }


def _split(read: Gathered, split: Split) -> dict[str, Any]:
    place = read.path(split.prepared)
    facts, about = _json(place / "facts.json"), _json(place / "ledger.json")
    ledger, index = _text(place / "ledger.csv"), _text(place / "images" / "index.csv")
    parts = {part: ledger[ledger["part"] == part] for part in PARTS}
    codecs = _codecs(index)
    return {
        "ledger_seed": split.ledger_seed,
        "images": {name: facts[name] for name in ("name", "n", "digest", "height", "width", "channels", "levels")},
        "levels": json.loads((place / "images" / "imageset.json").read_text(encoding="utf-8"))["value_grid"],
        "notes": facts["notes"],
        "parts": {part: len(rows) for part, rows in parts.items()},
        "units": {part: int(rows["unit"].nunique()) for part, rows in parts.items()},
        "labels": {part: _counts(rows["label"]) for part, rows in parts.items()},
        "codecs": {part: _counts(codecs[rows.index]) for part, rows in parts.items() if codecs is not None},
        "dropped": about["dropped"],
        "rule": about["rule"],
        "duplicates": about.get("duplicates", ""),
        "copies": {name: about[name] for name in ("exact copies", "near copies") if name in about},
        "store_key": split.prepared.key,
    }


def _banks(read: Gathered) -> Iterator[dict[str, Any]]:
    """Yields each bank of fakes that a detector learned from or was tested on, once."""
    seen: set[tuple[Any, ...]] = set()
    for split in read.plan.splits:
        kinds = {row.id: row for row in split.rows.generators}
        asked = [(name, seed, stage) for (name, seed), stage in split.banks.items()]
        asked += [(cell.generator, cell.generator_seed, cell.bank) for cell in split.cells]
        for name, seed, stage in asked:
            at = (split.ledger_seed, name, seed, str(stage.params["checkpoint"]))
            if at not in seen and read.ended_well(stage):
                seen.add(at)
                yield _bank(read, at, kinds[name], stage)


def _bank(read: Gathered, at: tuple[Any, ...], row: Row, stage: Stage) -> dict[str, Any]:
    place = read.path(stage)
    record = _json(place / "bank.json")
    counts = {part: len(np.load(place / f"{part}.npy", mmap_mode="r")) for part in record["digests"]}
    paired = {part for part in counts if _from_reals(place, part, read, stage)}
    names = ("ledger_seed", "generator", "generator_seed", "asked_checkpoint")
    codecs = _codecs_of_bank(read, stage)
    return dict(zip(names, at, strict=True)) | {
        "checkpoint": record["checkpoint"], "kind": row.plugin.name, "control": row.plugin.attribute("control"),
        "options": _portable(row), "counts": counts,
        "reals": {part: n for part in counts if (n := _kept(place / f"{part}.real.npy")) is not None},
        "made_from_reals": sorted(paired), "labels": {part: _asked(place, part, read, stage) for part in counts},
        "snapped": record["snapped"], "codecs": codecs, "digests": record["digests"], "store_key": stage.key,
    }  # fmt: skip


def _from_reals(place: Path, part: str, read: Gathered, stage: Stage) -> bool:
    """Whether fakes of a part were made from real images, whose units they then are of."""
    units = np.load(place / f"{part}.units.npy")
    n = len(_text(read.path(stage.inputs["prepared"]) / "ledger.csv"))
    return bool(len(units)) and bool((units < n).any())


def _kept(path: Path) -> int | None:
    """Returns how many real images of a part a bank keeps, where it calls some of them fake."""
    if not path.exists():
        return None
    kept = np.load(path)
    return int(kept.sum()) if kept.dtype == bool else len(kept)


def _asked(place: Path, part: str, read: Gathered, stage: Stage) -> dict[str, int]:
    path = place / f"{part}.labels.npy"
    if not path.exists():
        return {}
    classes = _json(read.path(stage.inputs["prepared"]) / "facts.json")["classes"]
    return _counts(pd.Series([classes[int(label)] for label in np.load(path)], dtype=object))


def _codecs_of_bank(read: Gathered, stage: Stage) -> dict[str, int]:
    """Returns the file formats of fakes that were files; of drawn ones nothing: they were never in a file."""
    index = Checkpoints(read.path(stage.inputs["trained"])).folder(stage.params["checkpoint"]) / "images" / "index.csv"
    codecs = _codecs(_text(index)) if index.exists() else None
    return _counts(codecs) if codecs is not None else {}


def _detectors(read: Gathered) -> Iterator[dict[str, Any]]:
    """Yields each trained detector once, in the order of the cells."""
    cells: dict[str, list[Cell]] = {}
    for one in read.plan.cells:
        if read.ended_well(one.trained):
            cells.setdefault(one.trained.key, []).append(one)
    rows = {row.id: row for row in read.plan.detectors}
    taken: set[str] = set()
    for mine in cells.values():
        first = mine[0]
        about = _detector(read, rows[first.detector], first)
        name = f"{first.detector}-seed{first.detector_seed}-{first.lesson.id}{first.split}"
        stem = safe(name.translate(str.maketrans("/ ", "--")))
        while stem.lower() in taken:  # some systems do not tell A from a
            stem += "x"
        taken.add(stem.lower())
        exams = [cell.name for cell in mine]
        yield about | {"card": f"{FOLDER}/{stem}.md", "cells": exams}


def _detector(read: Gathered, row: Row, cell: Cell) -> dict[str, Any]:
    place, lesson = read.path(cell.trained), cell.lesson
    facts = _json(place / "facts.json")
    known = read_together.parquet(place / "validation.parquet", ["score", "is_fake", "probability"])
    validation = known.to_pandas()
    called = validation["score"] >= facts["threshold"]
    right = called == validation["is_fake"]
    return {
        "id": row.id, "kind": row.plugin.name, "summary": row.plugin.summary, "origin": row.plugin.origin,
        "sentinel": row.plugin.attribute("sentinel"), "options": _portable(row), "seed": cell.detector_seed,
        "ledger_seed": min(cell.ledger_seeds), "train_generator": lesson.name,
        "sources": [f"{name}/{seed}" for name, seed in lesson.sources], "train_perturbation": lesson.perturbation,
        "train_n": lesson.n, "n_train_real": facts["n_train_real"], "n_train_fake": facts["n_train_fake"],
        "n_validation_real": int((~validation["is_fake"]).sum()), "n_validation_fake": int(validation["is_fake"].sum()),
        "threshold": facts["threshold"], "accuracy_real_on_validation": float(right[~validation["is_fake"]].mean()),
        "accuracy_fake_on_validation": float(right[validation["is_fake"]].mean()),
        "probabilities": bool(validation["probability"].notna().all()), "parameters": facts["parameters"],
        "seconds": round(facts["seconds"], 2), "needs": list(row.plugin.attribute("needs", ())),
        "foreign": cell.trained.foreign, "environment": cell.trained.params["environment"],
        "store_key": cell.trained.key,
    }  # fmt: skip


def _portable(row: Row) -> dict[str, Any]:
    """Returns the options of a plug-in without the places of files, which say nothing elsewhere."""
    return {name: value for name, value in row.options.items() if name not in PLACES}


def _extractor(read: Gathered) -> dict[str, Any]:
    """Returns which feature extractor quality and detectors used, what it learned from; nothing where none did."""
    for stage in read.plan.stages:
        if stage.function == "train_extractor" and read.ended_well(stage):
            facts = _json(read.path(stage) / "facts.json")
            known = ("extractor", "digest", "images", "accuracy", "names")
            return {name: facts[name] for name in known if name in facts} | {"store_key": stage.key}
    return {}


def _codecs(index: pd.DataFrame) -> pd.Series | None:
    if "fact:format" not in index:
        return None
    mode = " in " + index["fact:mode"] if "fact:mode" in index else ""
    return index["fact:format"] + mode


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(name): int(n) for name, n in values.value_counts().sort_index().items()}


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
