"""FID and KID of each training's last checkpoint, where the spec names a file of Inception weights."""

from __future__ import annotations

from collections.abc import Hashable

from benchmark.plan.measurement import Draft, Measurement, Table
from benchmark.plan.stage import Stage
from benchmark.stages.measurements import quality
from data.errors import UserError


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage beside every one of `quality`; the key knows the weights by their bytes."""
    if draft.weights is None:
        return {}
    beside = quality.stages(draft)
    if not beside:
        raise UserError(
            "quality.inception_weights needs a generator that trains: without one, no real images are set apart for it."
        )
    path, sha256 = draft.weights
    own, where = {"sha256": sha256}, {"inception": str(path)}
    both = {"prepared": draft.rows.prepared, "extractor": draft.extractor}
    params = own | {"environment": draft.rows.environment}
    reals = Stage("inception_reals", "inception_reals", params, both, where)
    return {
        key: Stage(
            stage.name.replace("quality ", "inception_quality ", 1), "inception_quality", stage.params | own,
            both | {"trained": stage.inputs["trained"], "reals": reals}, stage.where | where,
        )
        for key, stage in beside.items()
    }  # fmt: skip


MEASUREMENT = Measurement(
    "inception",
    stages,
    {name: f"benchmark.stages.inception:{name}" for name in ("inception_reals", "inception_quality")},
    ("quality/inception/distances.py", "quality/fakes.py", "quality/references.py"),
    Table("inception.csv", "benchmark.quality.inception.distances:COLUMNS", joins=True),
)
