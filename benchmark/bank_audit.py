"""Checks of one bank against the reals: files of another kind, and fakes that are copies of real images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

WATCHED = ("width", "height", "format", "mode")
LEVEL = 0.01  # a difference that chance alone makes in one of a hundred runs or fewer is an alarm


def file_facts(reals: pd.DataFrame | None, fakes: pd.DataFrame) -> dict[str, Any]:
    """Compares sizes and file formats of the original files: a detector must not tell the classes apart by them.

    The images themselves have been decoded to one size, but an earlier resize or JPEG compression of one side only
    leaves traces that a detector reads more easily than the picture.

    Args:
        reals: A frame with columns width, height, format and mode, or `None` if the reals did not come from files.
        fakes: The same of the fakes' files.

    Returns:
        A row of the audit; its value is the total variation distance between the two, in [0, 1].
    """
    from scipy import stats

    row = {"name": "file-facts"}
    if reals is None:
        advice = f"The reals are not single files, the fakes are {_kinds(fakes)}: formats could not be compared."
        return row | {"value": None, "verdict": "note", "advice": advice}
    counts = pd.concat([_combined(reals).value_counts(), _combined(fakes).value_counts()], axis=1).fillna(0).to_numpy()
    distance = float(np.abs(counts[:, 0] / counts[:, 0].sum() - counts[:, 1] / counts[:, 1].sum()).sum() / 2)
    p = 1.0 if len(counts) == 1 else float(stats.chi2_contingency(counts).pvalue)
    if p >= LEVEL:
        return row | {"value": distance, "verdict": "pass", "advice": ""}
    advice = (
        f"Reals are {_kinds(reals)}; fakes are {_kinds(fakes)}. A detector may be reading size or format, not the "
        "picture: give both the same last steps, and export both in one format."
    )
    return row | {"value": distance, "verdict": "alarm", "advice": advice}


def copies(reals: np.ndarray, fakes: np.ndarray) -> dict[str, Any]:
    """Counts fakes that are real images of the run, byte for byte; uint8 `(n, h, w, c)` both.

    Returns:
        A row of the audit; its value is the number of such fakes.
    """
    known = {image.tobytes() for image in reals}
    found = sum(image.tobytes() in known for image in fakes)
    row = {"name": "copies-of-reals", "value": found}
    if not found:
        return row | {"verdict": "pass", "advice": ""}
    advice = (
        f"{found} of {len(fakes)} fakes are real images, byte for byte: a generator that copies, or a mixed folder."
    )
    return row | {"verdict": "alarm", "advice": advice}


def repeats(fakes: dict[str, np.ndarray]) -> dict[str, Any]:
    """Counts the test fakes that stand in a training or validation part too, byte for byte.

    A folder may hold a file twice, and a collapsed generator draws one image again and again: either makes fakes
    easier to detect than new ones would be.

    Returns:
        A row of the audit; its value is the number of such fakes.
    """
    known = {image.tobytes() for part, images in fakes.items() if part != "test" for image in images}
    found = sum(image.tobytes() in known for image in fakes["test"])
    row = {"name": "repeated-fakes", "value": found}
    if not found:
        return row | {"verdict": "pass", "advice": ""}
    advice = f"{found} of {len(fakes['test'])} test fakes are training or validation fakes too: the AUC may flatter."
    return row | {"verdict": "note", "advice": advice}


def _combined(facts: pd.DataFrame) -> pd.Series:
    columns = [name for name in WATCHED if name in facts]
    return facts[columns].astype(str).agg(" ".join, axis=1)


def _kinds(facts: pd.DataFrame) -> str:
    sizes = facts.groupby(facts["format"].astype(str))[["width", "height"]].agg(["min", "max"])
    parts = []
    for kind in facts["format"].astype(str).value_counts().index[:3]:
        (w0, w1), (h0, h1) = sizes.loc[kind, "width"], sizes.loc[kind, "height"]
        size = f"{w0}x{h0}" if (w0, h0) == (w1, h1) else f"{w0}x{h0} to {w1}x{h1}"
        parts.append(f"{kind} of {size} px")
    return ", ".join(parts)
