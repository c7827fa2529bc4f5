"""Copies between two sets of images, with what was done to them."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pandas as pd

from data.copies.align import agreement
from data.copies.forms import forms
from data.copies.propose import Proposed, proposed
from data.near_duplicates import ALIKE, LIMIT, SIDE, equal_small, reduced


def between(images: np.ndarray, others: np.ndarray, *, alike: bool = False) -> pd.DataFrame:
    """Returns the pairs of one image of each set that are copies by the rule of `data.duplicates.find_copies`.

    Args:
        images: uint8 `(n, height, width, channels)`.
        others: uint8 `(k, height, width, channels)`.
        alike: Whether different images look much alike, as aligned faces do. Defaults to `False`.

    Returns:
        A frame of `first` and `second`, positions in the two sets, and `how`: `"equal"`, `"in place"`, `"mirrored or
        turned"`, `"inverted"`, `"cropped or framed"`, or, below 32 pixels, `"changed"` in any way that can be undone.
    """
    small = min(images.shape[1:3]) < SIDE
    (mine, at), (theirs, to) = reduced(images), reduced(others)
    pairs = proposed(mine, theirs, zooms=(1.0,)) if small else proposed(mine, theirs)
    swapped = pairs.first >= len(mine)
    first = at[np.where(swapped, pairs.second, pairs.first)]
    second = to[np.where(swapped, pairs.first, pairs.second) - len(mine)]
    if small:
        near = equal_small(images, others, first, second, pairs.code)
    else:
        near = agreement(mine, theirs, pairs) >= (ALIKE if alike else LIMIT)
    found = [
        _table(_same(images, others), "equal"),
        pd.DataFrame({"first": first, "second": second, "how": _how(pairs)})[near],
    ]
    if small:
        found.append(_table(_matched(forms(images), forms(others)), "changed"))
    pairs = pd.concat(found, ignore_index=True).drop_duplicates(["first", "second"])
    return pairs.sort_values(["second", "first"], ignore_index=True)


def _table(pairs: list[tuple[int, int]], how: str) -> pd.DataFrame:
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return pd.DataFrame({"first": first, "second": second, "how": how}).astype({"how": object})


def _same(images: np.ndarray, others: np.ndarray) -> list[tuple[int, int]]:
    return _matched(*([blake2b(image.tobytes(), digest_size=16).digest() for image in x] for x in (images, others)))


def _matched(keys: list[bytes], wanted: list[bytes]) -> list[tuple[int, int]]:
    """Returns for each of `wanted` that is not empty the first of `keys` that equals it, as pairs."""
    known = {key: i for i, key in reversed(list(enumerate(keys))) if key}
    return [(known[key], j) for j, key in enumerate(wanted) if key in known]


def _how(pairs: Proposed) -> np.ndarray:
    said = np.full(len(pairs), "in place", dtype=object)
    said[pairs.zoom < 1] = "cropped or framed"
    said[pairs.code > 0] = "mirrored or turned"
    said[pairs.peak < 0] = "inverted"
    return said
