"""One detector's verdict: two limits of its score, each set by order on images whose class is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plan.specs import ALL
from benchmark.statistics.intervals import clopper_pearson
from benchmark.use.stored_detector import TrainedDetector
from detection.limits import Limit, calls_for, upper_limit

RISK = 0.05  # of either mistake on images like the validation images; of all detectors asked together
NOT_LIKE, UNDECIDED = "not like them", "undecided"
STRANGE = "unlike the training images"
OVERLAP = "both reals and fakes score so"
GAP = "neither reals nor fakes score so"
FEW = "too few images to set a limit on"
BELOW = "below your reals' limit, not below the fakes'"


@dataclass(frozen=True)
class Band:
    """Two limits of a detector's score, and the verdicts that follow.

    Attributes:
        whose: Whose fakes a picture is said to be like.
        reals: Few reals score at this limit or above it.
        fakes: Of the negative score: few of the detector's fakes score at its negative or below it.
        own: Whether `reals` was set on the user's own reals, instead of on validation images.
    """

    whose: str
    reals: Limit
    fakes: Limit
    own: bool = False

    @property
    def like(self) -> str:
        """The verdict that an image is like the fakes."""
        return f"like the fakes of {self.whose}"

    def verdicts(self, scores: np.ndarray, strange: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the verdict of each picture, and of an undecided one why, both object `(n,)`.

        A picture is like the fakes if few reals, but not few fakes, score so; not like them the other way round. Where
        both is usual, or both is rare, it is undecided, and so is one that is unlike the training images, of which no
        validation image says anything. The user's own reals speak for themselves: what scores above their limit is
        like the fakes whatever the validation images did, for that share of reals is what was asked for.

        Args:
            scores: float `(n,)`, NaN for a picture without a score.
            strange: bool `(n,)`, whether a picture is unlike the training images.
        """
        high, low = scores >= self.reals.value, scores <= -self.fakes.value
        like = high if self.own else high & ~low & ~strange
        unlike = low & ~high & ~strange
        said = np.select([like, unlike], [self.like, NOT_LIKE], UNDECIDED).astype(object)
        none = np.isinf(self.fakes.value) | (np.isinf(self.reals.value) & ~np.zeros(len(scores), bool))
        middle = BELOW if self.own else OVERLAP
        why = np.select([said != UNDECIDED, strange, none, high & low], ["", STRANGE, FEW, GAP], middle).astype(object)
        blank = np.isnan(scores)
        said[blank], why[blank] = "", ""
        return said, why


def from_validation(trained: TrainedDetector, several: int) -> Band:
    """Returns the limits that a detector's validation images set.

    Args:
        trained: The detector.
        several: How many are asked: any of them may call a picture like fakes, so each may be wrong so much less often.
            All have to say that it is not like them, so that limit needs no share.
    """
    table = trained.validation
    scores, is_fake, units = (table[name].to_numpy() for name in ("score", "is_fake", "unit"))
    is_fake = is_fake.astype(bool)
    reals = _limit(scores[~is_fake], units[~is_fake], RISK / several)
    fakes = _limit(-scores[is_fake], units[is_fake], RISK)
    return Band(whose(trained), reals, fakes)


def whose(trained: TrainedDetector) -> str:
    """Returns whose fakes a detector knows, in words."""
    return "all generators" if trained.generator == ALL else trained.generator


def _limit(scores: np.ndarray, units: np.ndarray, rate: float) -> Limit:
    return upper_limit(scores, calls_for(len(np.unique(units)), rate), units)


def about(band: Band) -> dict[str, Any]:
    """Returns the limits as JSON values; one that could not be set is `None`."""
    from_ = "of your own reals" if band.own else "validation reals"
    return {
        "like": {**_as_json(band.reals, 1), "from": from_, "verdict": band.like},
        "not_like": {**_as_json(band.fakes, -1), "from": "validation fakes", "verdict": NOT_LIKE},
    }


def _as_json(limit: Limit, sign: int) -> dict[str, Any]:
    score = sign * limit.value if np.isfinite(limit.value) else None
    return {"score": score, "units": limit.n, "rate": limit.rate, "low": limit.low, "high": limit.high}


def tested(trained: TrainedDetector, band: Band) -> list[dict[str, Any]]:
    """Returns what these limits say of the run's test images, which chose nothing: shares with exact intervals.

    One row for each class and each of the detector's own generators that it was tested on: who, of how many units any
    image is called like the fakes, and not like them. Whether an image is like the training images is not looked at.
    """
    rows: list[dict[str, Any]] = []
    for generator, table in trained.tested():
        is_fake = table["is_fake"].to_numpy(bool)
        sides = [("reals", ~is_fake)] if not rows else []  # the same ones for every generator
        for name, here in [*sides, (f"fakes of {generator}", is_fake)]:
            said = band.verdicts(table["score"].to_numpy()[here], np.zeros(int(here.sum()), bool))[0]
            units = pd.Series(table["unit"].to_numpy()[here])
            row: dict[str, Any] = {"images": name, "units": int(units.nunique())}
            for key, verdict in (("like", band.like), ("not_like", NOT_LIKE)):
                count = int(units[said == verdict].nunique())
                low, high = clopper_pearson(count, row["units"])
                row[key] = {"share": count / row["units"], "low": float(low), "high": float(high)}
            rows.append(row)
    return rows
