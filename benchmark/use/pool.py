"""Scores of several pictures of one source, such as the frames of a video, as one score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, logit

CLIP = 1e-6  # probabilities are held this far from 0 and 1, so that no single frame decides

COLUMNS = [
    "source", "frames", "score", "spread", "probability", "verdict", "frames_fake", "frames_unlike", "warning", "error",
]  # fmt: skip


def by_source(images: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Returns one row per source: the mean score of its pictures, and the verdict at the same threshold.

    If the frames were independent, the sum of their log-likelihood ratios would be the best score. The frames of one
    video are not: they show the same scene and are wrong together, so a sum would grow surer with every frame that adds
    nothing. The mean stays on the scale of a single picture, where the threshold was chosen. A built-in detector's
    calibrated logit is a straight line in its score, so the mean of one is the mean of the other.

    Args:
        images: What `benchmark.use.detect.detect` says of each picture.
        threshold: The detector's, on a single picture.

    Returns:
        A frame: source, frames (scored ones), score (their mean), spread (their standard deviation; empty for one),
        probability (of the mean logit: that of a single picture with such a score), verdict, frames_fake (how many are
        called fake alone), frames_unlike, warning, error (of a source without a readable picture).
    """
    return pd.DataFrame(
        [_row(str(name), of, threshold) for name, of in images.groupby("source", sort=False)], columns=COLUMNS
    )


def _row(name: str, of: pd.DataFrame, threshold: float) -> dict[str, object]:
    good = of[of["error"] == ""]
    if good.empty:
        reasons = "; ".join(dict.fromkeys(of["error"]))
        nothing = dict.fromkeys(("score", "spread", "probability"), np.nan)
        return {"source": name, "frames": 0, **nothing, "verdict": "", "frames_fake": 0, "frames_unlike": 0,
                "warning": "", "error": reasons}  # fmt: skip
    scores, unlike = good["score"].to_numpy(), int((good["unlike"] > 1).sum())
    mean = float(scores.mean())
    logits = logit(np.clip(good["probability"].to_numpy(), CLIP, 1 - CLIP))
    warnings = [f"{unlike} of {len(good)} frames are unlike the training images"] if unlike else []
    warnings += [f"{len(of) - len(good)} frames cannot be read"] if len(of) > len(good) else []
    return {
        "source": name, "frames": len(good), "score": mean,
        "spread": float(scores.std(ddof=1)) if len(good) > 1 else np.nan, "probability": float(expit(logits.mean())),
        "verdict": "fake" if mean >= threshold else "real", "frames_fake": int((good["verdict"] == "fake").sum()),
        "frames_unlike": unlike, "warning": "; ".join(warnings), "error": "",
    }  # fmt: skip
