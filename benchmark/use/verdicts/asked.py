"""Which of a run's detectors, and which of their trainings, are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.plan.specs import ALL
from data.errors import UserError

if TYPE_CHECKING:
    from benchmark.use.stored_run import StoredRun


def trainings(
    run: StoredRun, name: str, training_seed: int | None = None, seed: int | None = None
) -> tuple[dict[str, list[str]], list[str]]:
    """Returns the names of the stages that a detector's training on each generator may have, and where there is one."""
    training_seed, seed = run.training_seed(training_seed), run.detector_seed(seed)
    twins = list(run.detector_twins(name))
    places = {}
    for known in [*run.generators, ALL]:
        alike = [known] if known == ALL else list(run.twins(known, "sample"))
        places[known] = [
            f"train_detector {one} seed {seed} on {it} seed {training_seed}" for one in twins for it in alike
        ]
    stages = set(run.stage_names("train_detector"))
    return places, [known for known, names in places.items() if stages.intersection(names)]


def named(run: StoredRun, detector: str | Sequence[str] | None, generator: str | None) -> list[str]:
    """Returns the ids of the detectors that are asked for.

    Args:
        run: The opened run.
        detector: An id, several, or `"all"`: those that are no sentinels and were trained on the generator's fakes.
            `None` is the only one that is no sentinel.
        generator: Whose fakes, as for `trained_detector`.

    Raises:
        UserError: If there is no such detector, or one is named twice.
    """
    asked = [detector] if isinstance(detector, str) else list(detector or [])
    if not asked:
        return [only(run)]
    if asked == [ALL] and ALL not in run.detectors:
        own = [name for name in run.detectors if not run.detector_row(name).get("sentinel")]
        able = [name for name in own if generator is None or generator in trainings(run, name)[1]]
        if not able:
            raise UserError(f"No detector of {run.folder} was trained on '{generator}'. Known: {', '.join(own)}.")
        return able
    for name in asked:
        run.detector_row(name)  # an unknown one gets its own error
    if len(set(asked)) < len(asked):
        raise UserError(f"Each --detector is named once. Received: {', '.join(asked)}.")
    return asked


def only(run: StoredRun) -> str:
    """Returns the id of a run's only detector that is no sentinel.

    Raises:
        UserError: If it has another number of them.
    """
    own = [name for name in run.detectors if not run.detector_row(name).get("sentinel")]
    if len(own) != 1:
        raise UserError(f"--detector is needed: {run.folder} holds {', '.join(own) or 'sentinels only'}.")
    return own[0]


def chosen(run: StoredRun, detector: str, generator: str | None, there: list[str]) -> str:
    """Returns whose fakes the wanted training is on, of those that there are trainings on."""
    listed = ", ".join(there) or "none"
    if generator is not None:
        if generator != ALL:
            run.generator_row(generator)  # an unknown name gets its own error
        if generator not in there:
            raise UserError(f"Detector '{detector}' was not trained on '{generator}' in {run.folder}. Known: {listed}.")
        return generator
    if ALL in there:
        return ALL
    own = [name for name in there if not run.generator_row(name)["control"]]
    if len(own) != 1:
        raise UserError(
            f"--generator is needed: detector '{detector}' of {run.folder} has a training on each of {listed}. One "
            'that learns from all generators together is a [[detector]] with train_on = "all".'
        )
    return own[0]
