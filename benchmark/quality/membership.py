"""Whether images of one part have closer neighbours in another than an honest split gives (FB012)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.findings.finding import found
from benchmark.quality import closest
from benchmark.statistics import dealt
from benchmark.statistics.deals import deals
from data.imageset import ImageSet

LEVEL = 0.01  # of a false alarm, over all comparisons
MOST = 6000  # images of a side


@dataclass(frozen=True)
class Compared:
    """Two sides of the split: p, and as shares of the first side the excess, its interval, and the smallest seen.

    `level` is that of this comparison.
    """

    first: str
    second: str
    level: float
    p: float
    share: float
    low: float
    high: float
    smallest: float


def compare(images: ImageSet, parts: Mapping[str, np.ndarray], units: np.ndarray, level: float) -> list[Compared]:
    """Compares each two sides of the split that have images, at a level that holds over all of them.

    Each image's nearest neighbour of another unit, among those of both sides, is on the other side as often as if the
    units had been dealt by chance, as the ledger deals: `benchmark.statistics.deals`. Copies that lie apart are there
    more often.
    """
    sides = _sides(images, parts)
    kept = {name: np.sort(np.random.default_rng(0).permutation(at)[:MOST]) for name, at in sides.items()}
    drawn = {name: closest.outlines(images.images[at]) for name, at in kept.items()}
    held = [name for name in sides if name not in ("test", "generator-train")]
    pairs = [("test", name) for name in (*held, "generator-train")] + [(name, "generator-train") for name in held]
    rows = []
    for first, second in pairs:
        n = len(kept[first])
        if min(n, len(kept[second])) == 0:
            continue
        pool, at = np.concatenate([drawn[first], drawn[second]]), np.concatenate([kept[first], kept[second]])
        near = closest.by_outline(pool, pool, units[at], units[at])
        filled_first = np.arange(len(at)) >= n  # the ledger's order is generators, detectors, test
        stand = deals(filled_first, units[at], images.labels[at])
        apart = stand != stand[:, near.at]
        seen = dealt.excess(apart, near.ratio, level=level / len(pairs), pairs_per_copy=2)
        whole = n * len(kept[second]) / len(sides[second])  # a copy is seen only where its original was drawn
        share, low, high = (min(count / whole, 1.0) for count in (seen.count, seen.low, seen.high))
        smallest = seen.smallest / whole if seen.smallest <= whole else float("nan")
        rows.append(Compared(first, second, level / len(pairs), seen.p, share, low, high, smallest))
    return rows


def _sides(images: ImageSet, parts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the positions of each side, as a run uses them: a detector is chosen by its validation part, too.

    Where the publisher has dealt that part, it is a side of its own: beside images that the ledger has dealt it would
    be dealt anew with them, though it stays where it is, whatever the ledger's seed.
    """
    train, validation = parts["detector-train"], parts["detector-validation"]
    sides = {"test": parts["test"], "detector-train": train, "generator-train": parts["generator-train"]}
    if images.official is not None and not np.isin(images.official[validation], images.official[train]).all():
        return sides | {"detector-validation": validation}
    return sides | {"detector-train": np.concatenate([train, validation])}


def finding(images: ImageSet, parts: Mapping[str, np.ndarray], units: np.ndarray) -> dict[str, Any]:
    """Returns what the comparisons say together; the value is the share of the pair of sides that stands out most.

    Args:
        images: All images of the run.
        parts: The ledger's parts.
        units: int `(n,)`, the ledger's.
    """
    rows = compare(images, parts, units, LEVEL)
    caught = [row for row in rows if row.p <= row.level]
    worst = min(caught or rows, key=lambda row: row.p)
    values: dict[str, Any] = {"value": worst.share, "low": worst.low, "high": worst.high}
    if caught:
        said = "; ".join(f"{row.share:.1%} of {row.first} in {row.second} (p {row.p:.2g})" for row in caught)
        advice = (
            f"Images have closer neighbours in another part than a split by chance gives: {said}. Look for copies that "
            "the ledger does not know (crops, frames of one film, one person) and give them a unit of their own."
        )
        return found("FB012", "alarm", **values, advice=advice)
    blind = [f"{row.first} and {row.second}" for row in rows if np.isnan(row.smallest)]
    if blind:
        advice = f"Too few images to see copies between {', '.join(blind)}, however many there were."
        return found("FB012", "cannot tell", **values, advice=advice)
    smallest = max(row.smallest for row in rows)
    advice = (
        f"Neighbours lie in other parts as often as a split by chance puts them; copies of {smallest:.1%} would show."
    )
    return found("FB012", "pass", **values, smallest=smallest, advice=advice)
