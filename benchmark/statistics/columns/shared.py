"""Runs that share real test images: what each unit of images adds to the AUC of each run.

The influence of an image on an AUC is its structural component, centred, over the number of its class (`delong`). Units
that hold a real test image are the same in all runs, with the fakes that were made from it; a fake of another unit is
of its run alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import Components, components, satterthwaite, variance_of_mean
from benchmark.statistics.ranking import Ranking

Run = tuple[Any, ...]


@dataclass(frozen=True)
class Measured:
    """A run: its AUC, and what units add to it.

    Attributes:
        part: Its AUC and components.
        labels: bool `(n,)`, which images are fakes.
        clusters: The units of its images.
        reals: `(n_real,)`, the units of the real images as they were given; `None` where each is alone.
        shared: `(k,)`, what each unit with a real image adds to the AUC, in the order of their first real images.
        own: `(m,)`, what each other unit adds.

    Example:

    >>> one = Measured.of([([0.1, 0.4, 0.8], [0, 0, 1])])
    >>> one.part.auc, len(one.shared), len(one.own)
    (1.0, 2, 1)
    """

    part: Components
    labels: np.ndarray
    clusters: Clusters
    reals: np.ndarray | None
    shared: np.ndarray
    own: np.ndarray

    @classmethod
    def of(cls, trainings: Sequence[Run], ranked: Sequence[Ranking] | None = None) -> Measured:
        """Returns the mean of trainings of a detector, each (scores, is_fake) or (scores, is_fake, units).

        Args:
            trainings: At least one.
            ranked: Their rankings, where these are known. Defaults to `None`.
        """
        parts = [components(ranking) for ranking in ranked or [Ranking.of(*run[:2]) for run in trainings]]
        fakes, reals = (np.mean([getattr(part, side) for part in parts], axis=0) for side in ("fakes", "reals"))
        part = Components(float(np.mean([each.auc for each in parts])), fakes, reals)
        labels = np.asarray(trainings[0][1]).astype(bool)
        units = trainings[0][2] if len(trainings[0]) > 2 else None
        clusters = Clusters.of(units, labels)
        of_fake, of_real = ((values - values.mean(keepdims=True)) / len(values) for values in (part.fakes, part.reals))
        if clusters.trivial:
            return cls(part, labels, clusters, None, of_real, of_fake)
        _, first = np.unique(clusters.index[~labels], return_index=True)
        order = clusters.index[~labels][np.sort(first)]
        sums = np.bincount(clusters.index[labels], weights=of_fake, minlength=clusters.count)
        sums += np.bincount(clusters.index[~labels], weights=of_real, minlength=clusters.count)
        without_reals = clusters.stratum == 1
        return cls(part, labels, clusters, clusters.index[~labels], sums[order], sums[without_reals])

    @property
    def pairs(self) -> float:
        """How many independent pairs of a real and a fake there are."""
        return self.clusters.pairs(self.labels)


def trainings(run: Run | Sequence[Run]) -> list[Run]:
    """Returns the trainings of the detector on a run, which may be given as a single one.

    Example:

    >>> trainings(([0.1, 0.8], [0, 1]))
    [([0.1, 0.8], [0, 1])]
    """
    return [run] if isinstance(run, tuple) else list(run)


def check(runs: Sequence[Measured]) -> None:
    """Checks that runs share their real test images, and that these are of the same units in all.

    Raises:
        ValueError: If not.

    Example:

    >>> first = Measured.of([([0.1, 0.4, 0.8], [0, 0, 1])])
    >>> check([first, Measured.of([([0.3, 0.2, 0.9], [0, 0, 1])])])
    """
    n_real = {len(run.part.reals) for run in runs}
    if len(n_real) > 1:
        raise ValueError(
            "Runs must share their real test images, in the same order. "
            f"Received: {' and '.join(map(str, sorted(n_real)))} reals."
        )
    if len({_numbered(run).tobytes() for run in runs}) > 1:
        raise ValueError("Runs that share their real test images must have the same units of them. Received: others.")


def _numbered(run: Measured) -> np.ndarray:
    """Numbers the units of the real images as they first come, whatever they are called."""
    if run.reals is None:
        return np.arange(len(run.part.reals))
    _, first, inverse = np.unique(run.reals, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def degrees(influence: np.ndarray) -> float:
    """Returns how many degrees of freedom a variance that is summed over units `(k,)` has, at least 1.

    Example:

    >>> degrees(np.array([1.0, -1.0, 1.0, -1.0]))
    3.0
    """
    return float(satterthwaite(variance_of_mean(influence[None], centre=False))[0])
