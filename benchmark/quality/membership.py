"""Whether images of one part have closer neighbours in another than an honest split gives (FB012)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.findings.finding import found
from benchmark.quality import closest
from benchmark.statistics import dealt
from data.imageset import ImageSet

LEVEL = 0.01  # of a false alarm, over all three comparisons
SIDES = {  # as a run uses them: a detector is chosen by its validation part, too
    "test": ("test",),
    "detector-train": ("detector-train", "detector-validation"),
    "generator-train": ("generator-train",),
}
COMPARED = (("test", "detector-train"), ("test", "generator-train"), ("detector-train", "generator-train"))
MOST = 6000  # images of a side


@dataclass(frozen=True)
class Compared:
    """Two sides of the split: p, and as shares of the first side the excess, its interval, and the smallest seen."""

    first: str
    second: str
    p: float
    share: float
    low: float
    high: float
    smallest: float


def compare(images: ImageSet, parts: Mapping[str, np.ndarray], units: np.ndarray, level: float) -> list[Compared]:
    """Compares each two sides of the split that have images.

    Each image's nearest neighbour of another unit, among those of both sides, is on the other side as often as if the
    units of each class had been dealt to the sides by chance: `benchmark.statistics.dealt`. Copies that lie apart are
    there more often.
    """
    sides = {name: np.concatenate([parts[part] for part in of]) for name, of in SIDES.items()}
    kept = {name: np.sort(np.random.default_rng(0).permutation(at)[:MOST]) for name, at in sides.items()}
    drawn = {name: closest.outlines(images.images[at]) for name, at in kept.items()}
    rows = []
    for first, second in COMPARED:
        n = len(kept[first])
        if min(n, len(kept[second])) == 0:
            continue
        pool, at = np.concatenate([drawn[first], drawn[second]]), np.concatenate([kept[first], kept[second]])
        near = closest.by_outline(pool, pool, units[at], units[at])
        deals = dealt.deals(np.arange(len(at)) < n, units[at], images.labels[at])
        apart = deals != deals[:, near.at]
        seen = dealt.excess(apart, near.ratio, level=level, pairs_per_copy=2)
        whole = n * len(kept[second]) / len(sides[second])  # a copy is seen only where its original was drawn
        share, low, high = (min(count / whole, 1.0) for count in (seen.count, seen.low, seen.high))
        smallest = seen.smallest / whole if seen.smallest <= whole else float("nan")
        rows.append(Compared(first, second, seen.p, share, low, high, smallest))
    return rows


def finding(images: ImageSet, parts: Mapping[str, np.ndarray], units: np.ndarray) -> dict[str, Any]:
    """Returns what the comparisons say together; the value is the share of the pair of sides that stands out most.

    Args:
        images: All images of the run.
        parts: The ledger's parts.
        units: int `(n,)`, the ledger's.
    """
    level = LEVEL / len(COMPARED)
    rows = compare(images, parts, units, level)
    caught = [row for row in rows if row.p <= level]
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
