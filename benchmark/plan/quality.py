"""The part of the plan about how good images are: quality, FID and KID, and what a face swap leaves of a person."""

from __future__ import annotations

from pathlib import Path

from benchmark.plan.specs import Spec
from benchmark.plan.stage import Row, Stage, params_of, where_of
from data.errors import UserError


def extractor(spec: Spec, prepared: Stage, environment: dict[str, str], smoke: bool) -> Stage:
    """Returns the stage that trains the feature extractor, for quality and for the detectors that need it."""
    params = {
        "n": spec.quality.n, "smoke": smoke, "code": prepared.params["code"], "environment": environment,
    }  # fmt: skip
    return Stage("train_extractor", "train_extractor", params, {"prepared": prepared}, prepared.where)


def qualities(
    spec: Spec, rows: list[Row], prepared: Stage, trainings: dict[tuple[str, int], Stage],
    extractor: Stage, environment: dict[str, str],
) -> dict[tuple[str, int], Stage]:  # fmt: skip
    """Returns the quality stages: of every generator but those that copy the reals, which the floor says all about.

    Where no generator trains, no image is set apart that an extractor could learn from, and there are none.
    """
    if not spec.quality.enabled or not any(row.trains for row in rows):
        return {}
    inputs = {"prepared": prepared, "extractor": extractor}
    stages = {}
    for row in rows:
        if row.plugin.attribute("consumes_sources"):
            continue
        for seed in spec.protocol.generator_seeds:
            about = params_of(row, seed, environment)
            given = inputs | {"trained": trainings[row.id, seed]}
            stages[row.id, seed] = Stage(f"quality {row.id} seed {seed}", "quality", about, given, where_of(row))
    return stages


def inceptions(
    weights: tuple[Path, str] | None, qualities: dict[tuple[str, int], Stage], environment: dict[str, str]
) -> dict[tuple[str, int], Stage]:
    """Returns the stages of FID and KID, one beside every quality stage; the key knows the weights by their bytes."""
    if weights is None:
        return {}
    if not qualities:
        raise UserError(
            "quality.inception_weights needs a generator that trains: without one, no real images are set apart for it."
        )
    path, sha256 = weights
    own, where = {"sha256": sha256}, {"inception": str(path)}
    stages: dict[tuple[str, int], Stage] = {}
    for (name, seed), quality in qualities.items():
        both = {role: quality.inputs[role] for role in ("prepared", "extractor")}
        params = own | {"environment": environment}
        reals = Stage("inception_reals", "inception_reals", params, both, where)
        inputs = both | {"trained": quality.inputs["trained"], "reals": reals}
        title = f"inception_quality {name} seed {seed}"
        stages[name, seed] = Stage(title, "inception_quality", quality.params | own, inputs, quality.where | where)
    return stages


def identities(
    spec: Spec, rows: list[Row], prepared: Stage, trainings: dict[tuple[str, int], Stage],
    environment: dict[str, str], smoke: bool,
) -> dict[tuple[str, int], Stage]:  # fmt: skip
    """Returns the stages that say what is left of a person: of the generators that make images from real ones."""
    swaps = [row for row in rows if row.plugin.attribute("uses_sources") and row.trains]
    if not spec.quality.enabled or not swaps:
        return {}
    params = {
        "n": spec.quality.n, "smoke": smoke, "code": prepared.params["code"], "environment": environment,
    }  # fmt: skip
    embedding = Stage("train_embedding", "train_embedding", params, {"prepared": prepared}, prepared.where)
    stages = {}
    for row in swaps:
        for seed in spec.protocol.generator_seeds:
            given = {"prepared": prepared, "embedding": embedding, "trained": trainings[row.id, seed]}
            about = params_of(row, seed, environment)
            name = f"score_identity {row.id} seed {seed}"
            stages[row.id, seed] = Stage(name, "score_identity", about, given, where_of(row))
    return stages
