"""Whether fakes are copies of the generator's training images: compared with all of them (FB015)."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.findings.finding import found
from benchmark.quality.closest import Closest
from benchmark.statistics import dealt
from benchmark.statistics.deals import deals

LEVEL = 0.01  # of a false alarm, over both looks at a training run: by pixels and by features
LOOKS = 2


def finding(
    near: Closest,
    seen: np.ndarray,
    units: np.ndarray,
    labels: np.ndarray,
    *,
    moved: np.ndarray | None = None,
    by: str,
    covered: float = 1.0,
) -> dict[str, Any]:
    """Judges whether fakes lie close to training images more often than to images that were held out.

    Both were dealt from one set by chance, so a generator that copies nothing has its fakes beside either, in
    proportion to their numbers, however alike, smooth or few its fakes are: the fakes are held fixed and the dealing is
    repeated, see `benchmark.statistics.dealt`. The numbers of training images and of held-out ones need not be equal.
    Fakes as near as copies are make an alarm. A generator that has learned its training images a little too well,
    such as a covariance of few images, has fakes that are no copies and yet lean towards them: a note.

    Args:
        near: Of each fake, its nearest of the real images `(m,)` and how close it is.
        seen: bool `(m,)`, the real images that the generator was trained on.
        units: int `(m,)`, of the real images.
        labels: int `(m,)`, their classes, which were dealt in proportion.
        moved: bool `(m,)`, those that the ledger dealt, see `deals.dealt_by_ledger`. Defaults to `None`, all.
        by: What the distance is of, such as `"pixels"`; it stands in the finding's name.
        covered: The share of the training images that are among the real images: copies of others are not seen, and
            the share of copies is scaled up for them. Defaults to `1.0`.

    References:
        Meehan, Chaudhuri, Dasgupta (2020), A non-parametric test to detect data-copying in generative models,
        section 3 (there with a rank test of distances to the training images alone).
    """
    level = LEVEL / LOOKS
    hits = deals(seen, units, labels, moved=moved, at=near.at)
    result = dealt.excess(hits, near.ratio, level=level, copies_only=True)
    n = len(near.at)
    whole = n * covered
    share, low, high = (min(count / whole, 1.0) for count in (result.count, result.low, result.high))
    smallest = result.smallest / whole
    values: dict[str, Any] = {"about": by, "value": share, "low": low, "high": high}
    against = f"{seen.sum()} training images and {(~seen).sum()} held-out ones"
    if result.p <= level:
        advice = (
            f"About {share:.1%} of {n} fakes are nearer to an image that the generator was trained on than chance puts "
            f"them, by {by}, against {against} (p {result.p:.2g}). Look at the copies on the page; more images, a "
            "shorter training or augmentation lets it copy less."
        )
        return found("FB015", "alarm", **values, advice=advice)
    if np.isnan(result.smallest) or smallest > 1:
        advice = f"{n} fakes against {against} are too few to see copies, however many there were."
        return found("FB015", "cannot tell", **values, advice=advice)
    leaning = dealt.excess(hits, near.ratio, level=level)
    if leaning.p <= level:
        advice = (
            f"No copies (those of {smallest:.1%} would show), but by {by} {n} fakes lean towards the training images "
            f"more than chance has them do, against {against} (p {leaning.p:.2g}): it was learned a little too well."
        )
        return found("FB015", "note", **values, smallest=smallest, advice=advice)
    advice = f"By {by}, {n} fakes lie as close to held-out images as to training images ({against})."
    return found("FB015", "pass", **values, smallest=smallest, advice=advice)
