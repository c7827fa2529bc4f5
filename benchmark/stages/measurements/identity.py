"""What generators that make images from real ones keep of a person, at each checkpoint and in each direction."""

from __future__ import annotations

from collections.abc import Hashable

from benchmark.plan.measurement import Draft, Measurement, Table
from benchmark.plan.stage import Stage, params_of, where_of


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage for each training run of a generator that makes its images from real ones."""
    spec, rows = draft.spec, draft.rows
    swaps = [run for run in rows.runs if run.generator.plugin.attribute("uses_sources") and run.generator.trains]
    if not spec.quality.enabled or not swaps:
        return {}
    params = {
        "n": spec.quality.n, "smoke": draft.smoke, "code": rows.prepared.params["code"],
        "environment": rows.environment,
    }  # fmt: skip
    prepared = {"prepared": rows.prepared}
    embedding = Stage("train_embedding", "train_embedding", params, prepared, rows.prepared.where)
    found: dict[Hashable, Stage] = {}
    for run in swaps:
        row = run.generator
        given = prepared | {"embedding": embedding, "trained": run.trained}
        about = params_of(row, run.seed, rows.environment)
        title = f"score_identity {row.id} seed {run.seed}"
        found[row.id, run.seed] = Stage(title, "score_identity", about, given, where_of(row))
    return found


MEASUREMENT = Measurement(
    "identity",
    stages,
    {name: f"benchmark.stages.identity:{name}" for name in ("train_embedding", "score_identity")},
    (
        "plugins/adapt.py", "quality/identity/persons.py", "quality/identity/transfer.py",
        "quality/identity/verification.py",
    ),
    Table("identity.csv", "benchmark.quality.identity.transfer:COLUMNS"),
    version=2,
)  # fmt: skip
