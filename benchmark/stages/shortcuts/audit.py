"""Tests on one bank whether reals and fakes carry traces of processing in equal shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from benchmark.stages.shortcuts.traces import TRACES
from detection.features.traces.found import share

LOOKED, TESTED = 500, 1000  # images of each class that traces are looked for in, and that they are tested on, at most
CHUNK = 128  # images looked at together
Side = tuple[np.ndarray, np.ndarray]  # images and their units


def traces(
    train: tuple[Side, Side], test: tuple[Side, Side], *, graver: str | None = None, seed: int = 0
) -> list[dict[str, Any]]:
    """Looks for every trace in training images, and tests on other images whether the classes carry it alike.

    Where to look (which pixel, level, side, quality) and which class carries more is chosen on images of the training
    parts alone. On test images it is then one exact test of two shares (Fisher, one-sided), of one image for each unit
    and class, since images of one unit are not independent.

    Args:
        train: Of reals and of fakes, uint8 images `(n, h, w, c)` and int units `(n,)`, of the training parts.
        test: The same of the test part.
        graver: Looks only for traces of this gravity, `"alarm"` or `"note"`. Defaults to `None`, for all.
        seed: Of the choice of one image for each unit. Defaults to `0`.

    Returns:
        A record for each trace that such images can have: its `trace`, `where`, `p`, and of both classes the `carry`
        and the number `n` of test images that could show it.
    """
    rng = np.random.default_rng([seed, 0x5C7])
    looked = [_independent(*side, rng, LOOKED) for side in train]
    tested = [_independent(*side, rng, TESTED) for side in test]
    records = []
    for trace in TRACES:
        if graver not in (None, trace.graver):
            continue
        found = trace.look.find(*looked)
        if found is None:
            continue
        before = [share(side) for side in found.looked or [_of(found.of, side) for side in looked]]
        carried = [_of(found.of, side) for side in tested]
        carried = [side[~np.isnan(side)] for side in carried]
        counts, n = [int(side.sum()) for side in carried], [len(side) for side in carried]
        records.append(
            {
                "trace": trace.name,
                "where": found.where,
                "p": _p(counts, n, before[1] > before[0]),
                "carry": counts,
                "n": n,
            }
        )
    return records


def smallest_share(n: tuple[int, int], base: float, level: float, *, power: float = 0.8) -> float:
    """Returns the smallest share of images with a trace that the test sees, NaN if it could see none.

    Args:
        n: Images of the class that carries it, and of the other.
        base: The share of the other class that carries it anyway, in [0, 1].
        level: Of the test, in (0, 1).
        power: How often such a share is seen. Defaults to `0.8`.

    Example:
        >>> round(smallest_share((300, 300), 0.0, 0.001), 3)
        0.044
        >>> smallest_share((3, 3), 0.0, 0.01)
        nan
    """
    mine, others = n
    if min(n) < 1:
        return float("nan")
    plain = int(np.floor(base * others))
    hits = np.arange(mine + 1)
    seen = hits[scipy.stats.hypergeom.sf(hits - 1, mine + others, hits + plain, mine) <= level]
    if not len(seen):
        return float("nan")
    first = int(seen[0])
    # the share at which that many of them or more carry it with this power (Clopper, Pearson)
    needed = float(scipy.stats.beta.ppf(power, first, mine - first + 1)) if first else 0.0
    return min(1.0, max(needed - base, 0.0) / max(1 - base, 1e-9))


def _independent(images: np.ndarray, units: np.ndarray, rng: np.random.Generator, most: int) -> np.ndarray:
    """Returns one image of each unit, drawn at random, `most` of them at most."""
    order = rng.permutation(len(images))
    _, first = np.unique(units[order], return_index=True)
    chosen = np.sort(rng.permutation(order[first])[:most])
    return np.ascontiguousarray(images[chosen])


def _of(carries: Any, images: np.ndarray) -> np.ndarray:
    """Asks a few images at a time, so that memory stays bounded."""
    pieces = [carries(images[at : at + CHUNK]) for at in range(0, len(images), CHUNK)]
    return np.concatenate(pieces) if pieces else np.empty(0)


def _p(counts: list[int], n: list[int], fakes_more: bool) -> float:
    """Returns the one-sided p-value that the class found to carry more does so by chance (Fisher's exact test)."""
    if min(n) < 1:
        return float("nan")
    mine = int(fakes_more)
    return float(scipy.stats.hypergeom.sf(counts[mine] - 1, sum(n), sum(counts), n[mine])) if counts[mine] else 1.0
