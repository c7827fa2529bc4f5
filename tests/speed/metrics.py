"""All metrics of many cells with their intervals, and scikit-learn called on every resample, side by side.

`python tests/speed/metrics.py` measures what the stage `measure` does with a cell's scores, on two processes, and a few
resamples of average precision, Brier score and log loss by scikit-learn, each of the AUC too, which needs none here.
"""

from __future__ import annotations

import argparse
import resource
import time
from multiprocessing import get_context

import numpy as np
from sklearn import metrics as sk
from threadpoolctl import threadpool_limits

from benchmark.statistics import bootstrap
from benchmark.statistics.cells import metrics
from benchmark.statistics.cells.probabilities import reliability
from benchmark.statistics.cells.roc import roc


def cell(seed: int, n: int, units: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Returns scores, labels, probabilities and units of `n` images, half of them fakes."""
    rng = np.random.default_rng(seed)
    is_fake = np.arange(n) >= n // 2
    scores = rng.normal(size=n) + rng.uniform(0, 4) * is_fake
    return scores, is_fake, 1 / (1 + np.exp(-scores)), np.arange(n) // 4 if units else None


def ours(task: tuple[int, int, bool]) -> tuple[float, float]:
    """Measures one cell and returns its CPU seconds and the process's peak memory in bytes."""
    threadpool_limits(1)  # as in the stage
    scores, is_fake, p, units = cell(*task)
    begun = time.process_time()
    metrics.measure(scores, is_fake, probability=p, threshold=1.0, groups=units)
    roc(scores, is_fake, groups=units)
    reliability(p, is_fake, groups=units)
    return time.process_time() - begun, 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def theirs(n: int, resamples: int) -> float:
    """Returns the CPU seconds that one resample takes by scikit-learn."""
    scores, is_fake, p, _ = cell(0, n, False)
    rng = np.random.default_rng(0)
    begun = time.process_time()
    for _ in range(resamples):
        drawn = np.r_[rng.integers(0, n // 2, n // 2), rng.integers(n // 2, n, n - n // 2)]
        sk.roc_auc_score(is_fake[drawn], scores[drawn])
        sk.average_precision_score(is_fake[drawn], scores[drawn])
        sk.roc_curve(is_fake[drawn], scores[drawn])  # for the equal error rate
        sk.brier_score_loss(is_fake[drawn], p[drawn])
        sk.log_loss(is_fake[drawn], p[drawn])
    return (time.process_time() - begun) / resamples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1250)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--resamples", type=int, default=50, help="that scikit-learn is timed on")
    options = parser.parse_args()
    each = theirs(options.images, options.resamples) * bootstrap.RESAMPLES
    print(f"scikit-learn, {bootstrap.RESAMPLES} resamples: {each:.1f} s of CPU a cell ({options.resamples} timed)")
    for units in (False, True):
        tasks = [(seed, options.images, units) for seed in range(options.cells)]
        begun = time.perf_counter()
        with get_context("spawn").Pool(options.workers) as pool:
            found = np.array(pool.map(ours, tasks, chunksize=10))
        wall, cpu = time.perf_counter() - begun, float(np.median(found[:, 0]))
        print(
            f"ours, {'units of 4' if units else 'each image alone'}: {options.cells} cells in {wall:.0f} s on "
            f"{options.workers} processes, {1000 * cpu:.0f} ms of CPU a cell, at most {found[:, 1].max() / 2**20:.0f} "
            f"MiB each; {each / cpu:.0f} times as fast"
        )


if __name__ == "__main__":
    main()
