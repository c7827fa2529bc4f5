"""Which configuration is hardest where it was not learned from, and which detector carries best: planted answers."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.statistics.columns import unseen
from benchmark.statistics.columns.column_of_runs import of_runs

N = 300
IS_FAKE = np.repeat([False, True], N)


def run(rng: np.random.Generator, reals: np.ndarray, distance: float) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([reals, rng.normal(distance, size=N)]), IS_FAKE


def test_the_hardest_is_found_and_what_is_alike_is_not_told_from_it() -> None:
    rng = np.random.default_rng(0)
    reals = rng.normal(size=N)
    column = of_runs({name: [run(rng, reals, far)] for name, far in (("a", 2.0), ("b", 0.5), ("c", 0.5))})
    found = unseen.above_hardest(column)
    assert found[0].p < 0.001
    assert 0.2 < found[0].low < found[0].value < found[0].high < 0.4
    alike, hardest = sorted(found[1:], key=lambda one: -one.value)
    assert alike.p > 0.05
    assert alike.low < 0 < alike.high
    assert hardest.value == 0
    assert np.isnan([hardest.low, hardest.high, hardest.p]).all()
    mean = unseen.mean(column)
    assert mean.value == pytest.approx(column.values.mean())
    assert mean.low < mean.value < mean.high


@pytest.mark.parametrize("runs", [1, 3])
def test_a_detector_is_told_from_the_best_only_where_it_is_worse(runs: int) -> None:
    rng = np.random.default_rng(1)
    detectors: dict[str, dict[str, list]] = {"good": {}, "alike": {}, "worse": {}}
    for exam in ("a", "b"):
        for name in detectors:
            detectors[name][exam] = []
        for _ in range(runs):
            clear = np.concatenate([rng.normal(size=N), rng.normal(2.0, size=N)])
            for name, noise in (("good", 0.1), ("alike", 0.1), ("worse", 3.0)):
                detectors[name][exam].append([(clear + noise * rng.normal(size=2 * N), IS_FAKE)])
    found = unseen.behind_best(detectors)
    best = next(name for name, one in found.items() if one.value == 0)
    assert best in ("good", "alike")
    other = found["alike" if best == "good" else "good"]
    assert other.low <= 0 <= other.high
    assert 0 < found["worse"].low < found["worse"].value < found["worse"].high
