"""Whether p-values and intervals hold on a run's own images and units: shuffled classes and a fast linear detector."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from benchmark.plan.measurement import Draft, Measurement
from benchmark.plan.stage import Stage

MOST = 4000  # images of a part
SIDE = 32  # cosine coefficients per direction, at most


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage for the last checkpoint's bank of every training run that is no control and that cells test."""
    return draft.bank_stages("shuffled", draft.tested)


def shuffled(job: Any) -> None:
    """Shuffles the classes of the detectors' training part and of the test part, and writes what it found."""
    from benchmark.findings.finding import frame
    from benchmark.stages import bank
    from benchmark.stages.job import prepared

    images, ledger = prepared(job)
    train, test = (bank.labelled(job.inputs["bank"], images, ledger, part) for part in ("detector-train", "test"))
    frame([_finding(train, test)]).to_csv(job.folder / "audit.csv", index=False)


def _finding(train: Any, test: Any) -> dict[str, Any]:
    from benchmark.findings.finding import found
    from benchmark.statistics import shuffled

    try:
        return judged(shuffled.shuffled(_side(train), _side(test)))
    except ValueError as error:
        return found("FB014", "cannot tell", advice=f"No shuffle could be measured: {error}")


def judged(null: Any) -> dict[str, Any]:
    """Returns what shuffles say, `benchmark.statistics.shuffled.Null`, as a finding; the value is of their p-values."""
    from benchmark.findings.finding import found
    from benchmark.statistics import shuffled
    from benchmark.statistics.intervals import clopper_pearson

    n = len(null.p)
    low, high = clopper_pearson((null.p <= shuffled.NOMINAL).sum(), n)
    values: dict[str, Any] = {"value": null.false_alarms, "low": float(low), "high": float(high)}
    seen = (
        f"of {n} shuffles {null.false_alarms:.1%} have p <= 0.05, {null.missed.mean():.1%} of the 95 % intervals miss "
        f"0.5, the mean AUC is {null.aucs.mean():.3f}"
    )
    wrong = [what for what, p in null.adjusted.items() if p <= 0.01]
    if wrong:
        advice = f"Where there is nothing to find, {' and '.join(wrong)} are not what chance gives: {seen}."
        return found("FB014", "alarm", **values, advice=advice)
    advice = f"p-values and intervals hold on these images and units: {seen}."
    return found("FB014", "pass", **values, smallest=shuffled.smallest_rate(n), advice=advice)


def _side(part: Any) -> Any:
    """Returns cheap features of up to `MOST` images: statistics of colour and contrast, and log cosine coefficients."""
    import numpy as np

    from benchmark.statistics.shuffled import Side
    from detection.features.content_cues import content_cues
    from detection.features.frequency import log_dct, planes

    at = np.sort(np.random.default_rng(0).permutation(len(part.images))[:MOST])
    images = part.images[at]
    spectrum = log_dct(planes(images, "grey"))[:, 0, :SIDE, :SIDE].reshape(len(at), -1)
    features = np.column_stack([content_cues(images), spectrum])
    return Side(features, part.index["unit"].to_numpy()[at], part.is_fake[at])


MEASUREMENT = Measurement(
    "shuffled",
    stages,
    {"shuffled": "benchmark.stages.measurements.shuffled:shuffled"},
    ("stages/bank.py", "statistics/shuffled.py", "statistics/chance.py", "statistics/intervals.py"),
    findings="audit.csv",
)
