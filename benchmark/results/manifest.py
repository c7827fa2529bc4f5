"""The manifest's parts that a plan and its outcomes say: data, plug-ins, stages and failures."""

from __future__ import annotations

import json
from typing import Any

from benchmark.execute.state import Outcome
from benchmark.plan.planner import Plan
from benchmark.plan.stage import Row, portable
from benchmark.quality.inception.weights import PUBLISHED
from benchmark.results.gather import Gathered


def facts(read: Gathered) -> dict[str, Any]:
    """Returns the parts as JSON values."""
    plan = read.plan
    cells: dict[str, list[str]] = {}
    for cell in plan.cells:
        for stage in (cell.trained, cell.scored, cell.measured):
            cells.setdefault(stage.key, []).append(cell.name)
    outcomes = list(read.outcomes.values())
    return {
        "dataset": _dataset(read),
        "generators": [
            _plugin(row) | {"control": row.plugin.attribute("control"), "trains": row.trains} for row in plan.generators
        ],
        "detectors": [_plugin(row) | {"sentinel": row.plugin.attribute("sentinel")} for row in plan.detectors],
        **_inception(plan),
        "sections": [about for one in plan.measurements if (about := one.as_json()) is not None],
        "stages": [_stage(outcome) for outcome in outcomes],
        "failures": [_failure(outcome, cells) for outcome in outcomes if outcome.status == "failed"],
    }


def _dataset(read: Gathered) -> dict[str, Any]:
    plan: Plan = read.plan
    if not read.ended_well(plan.prepared):
        return {"name": plan.spec.dataset.name}
    about = json.loads((read.path(plan.prepared) / "facts.json").read_text())
    ledgers = plan.spec.protocol.ledgers
    return about | {"ledger_seed": ledgers[0], **({"ledger_seeds": ledgers} if len(ledgers) > 1 else {})}


def _inception(plan: Plan) -> dict[str, Any]:
    """Returns which file of Inception weights FID and KID are of; nothing where none was given."""
    stage = next(iter(plan.measured.get("inception", {}).values()), None)
    if stage is None:
        return {}
    sha256 = stage.params["sha256"]
    return {"inception": {"sha256": sha256, "published": sha256.startswith(PUBLISHED)}}


def _plugin(row: Row) -> dict[str, Any]:
    plugin = row.plugin
    about = {"id": row.id, "kind": plugin.name, "origin": plugin.origin, "digest": plugin.digest}
    files = row.about.fingerprint
    defaults = {option.name: option.default for option in plugin.options if not option.required}
    # what it is, to be told from rows of other runs: an option that is left out is one that is given its default
    whole = {"resolved": portable(defaults | row.options, files), "fingerprint": files}
    return about | {"options": row.options} | whole | ({"grid": row.grid} if row.grid else {})


def _stage(outcome: Outcome) -> dict[str, Any]:
    stage = outcome.stage
    about = {"id": stage.name, "stage": stage.function, "key": stage.key, "status": outcome.status}
    spent = {"seconds": round(outcome.seconds, 3), "started": outcome.started, "peak_mb": outcome.peak_mb}
    return about | spent | {"error": outcome.error}


def _failure(outcome: Outcome, cells: dict[str, list[str]]) -> dict[str, Any]:
    about = {"stage": outcome.stage.name, "cell": ", ".join(cells.get(outcome.stage.key, [])) or None}
    return about | {"error": outcome.error, "traceback": outcome.traceback}
