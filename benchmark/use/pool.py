"""Scores of several pictures of one source, such as the frames of a video, as one score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from benchmark.use.verdicts.band import Band

CLIP = 1e-6  # probabilities are held this far from 0 and 1, so that no single frame decides
OWN = ["score", "spread", "probability", "frames_like"]  # columns of each detector


def by_source(images: pd.DataFrame, bands: Mapping[str, Band]) -> pd.DataFrame:
    """Returns one row per source: the mean score of its pictures, to which the same limits are applied.

    If the frames were independent, the sum of their log-likelihood ratios would be the best score. The frames of one
    video are not: they show the same scene and are wrong together, so a sum would grow surer with every frame that adds
    nothing. The mean stays on the scale of a single picture, on which validation images set the limits; limits of the
    user's own reals are set on the means of their sources. A built-in detector's calibrated logit is a straight line in
    its score, so the mean of one is the mean of the other.

    Args:
        images: Scored pictures, before they are judged: `source`, `unlike`, `error`, `marks`, and for each detector
            `score: ID`, `probability: ID` and `strange: ID`.
        bands: Each detector's limits, by its id.

    Returns:
        A frame: source, frames (scored ones), frames_unlike, warning, marks, error (of a source without a readable
        picture), and for each detector score (the mean), spread (the standard deviation; empty for one), probability
        (of the mean logit: that of a single picture with such a score), strange (whether more than half of the frames
        are unlike the training images), frames_like (how many are alone beyond the limit of the fakes' likes).
    """
    return pd.DataFrame([_row(str(name), of, bands) for name, of in images.groupby("source", sort=False)])


def _row(name: str, of: pd.DataFrame, bands: Mapping[str, Band]) -> dict[str, object]:
    good = of[of["error"] == ""]
    unlike = int((good["unlike"] > 1).sum())
    row: dict[str, object] = {
        "source": name, "frames": len(good), "frames_unlike": unlike, "marks": _marks(of),
        "warning": _warning(len(of), len(good), unlike),
        "error": "; ".join(dict.fromkeys(of["error"])) if good.empty else "",
    }  # fmt: skip
    for one, band in bands.items():
        scores, strange = good[f"score: {one}"].to_numpy(float), good[f"strange: {one}"].to_numpy(bool)
        logits = logit(np.clip(good[f"probability: {one}"].to_numpy(float), CLIP, 1 - CLIP))
        row |= {
            f"score: {one}": scores.mean() if len(good) else np.nan,
            f"spread: {one}": scores.std(ddof=1) if len(good) > 1 else np.nan,
            f"probability: {one}": expit(logits.mean()) if len(good) else np.nan,
            f"strange: {one}": bool(len(good)) and strange.mean() > 0.5,
            f"frames_like: {one}": int((band.verdicts(scores, strange)[0] == band.like).sum()),
        }
    return row


def _warning(frames: int, good: int, unlike: int) -> str:
    warnings = [f"{unlike} of {good} frames are unlike the training images"] if unlike else []
    warnings += [f"{frames - good} frames cannot be read"] if frames > good > 0 else []
    return "; ".join(warnings)


def _marks(of: pd.DataFrame) -> str:
    marked = of["marks"][of["marks"] != ""]
    different = "; ".join(dict.fromkeys(marked))
    return different if len(marked) in (0, len(of)) else f"{len(marked)} of {len(of)} files {different}"
