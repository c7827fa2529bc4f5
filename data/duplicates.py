"""Which images are copies of each other, byte for byte and from 32 pixels on nearly so; and what makes a unit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from data.chains import join

NEAR_FROM = 32  # pixels; below, different images agree as far as copies do, so that only exact changes are told


@dataclass(frozen=True)
class Copies:
    """Which images belong together as copies.

    Attributes:
        exact: int64 `(n,)`, the position of the first image with the same pixels.
        near: int64 `(n,)`, the position of the first image of the copies, exact and near, that it is chained to.
        rule: How copies were told, in words.
    """

    exact: np.ndarray
    near: np.ndarray
    rule: str


def find_copies(images: np.ndarray, *, alike: bool = False) -> Copies:
    """Finds the copies in uint8 images `(n, height, width, channels)`; `alike` is for sets of aligned faces.

    Below 32 pixels on either side only nearly equal pixels count, and what can be undone exactly, see
    `data.copies.forms`. From there on
    `data.near_duplicates` looks for the same picture in another crop, size, brightness or compression too.
    """
    exact = exact_duplicates(images)
    from data.near_duplicates import near_duplicates, near_small, rule

    small = min(images.shape[1:3]) < NEAR_FROM
    distinct = np.flatnonzero(exact == np.arange(len(exact)))
    some = images[distinct] if len(distinct) < len(images) else images
    pairs = distinct[near_small(some) if small else near_duplicates(some, alike=alike)]
    alone = np.arange(len(exact))
    same = [np.stack([alone, to], axis=1) for to in (exact, *([_same_forms(images, exact)] if small else []))]
    return Copies(exact, join(len(exact), np.concatenate([*same, pairs])), rule(alike, small))


def _same_forms(images: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Returns int64 `(n,)`: the position of the first image of the same form, or with the same pixels."""
    from data.copies.forms import forms

    seen: dict[bytes, int] = {}
    near = exact.copy()
    for i, form in enumerate(forms(images)):
        if form:
            near[i] = seen.setdefault(hashlib.blake2b(form, digest_size=16).digest(), i)
    return near


def exact_duplicates(images: np.ndarray) -> np.ndarray:
    """Returns int64 `(n,)`: for every image the position of the first one with the same pixels."""
    seen: dict[bytes, int] = {}
    first = np.empty(len(images), np.int64)
    for i, image in enumerate(images):
        first[i] = seen.setdefault(hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest(), i)
    return first


def units_of(copies: Copies, groups: np.ndarray | None) -> np.ndarray:
    """Returns int64 `(n,)`, the unit of each image: the position of the first of all images that it is chained to.

    Copies, near copies and images of one group (a person, a source) are one unit, and so is what any of these chains
    together. An image whose group is below 0 is of no group: it is alone, unless it is a copy.

    Args:
        copies: Of the images.
        groups: int `(n,)`, or `None` where no image is of one.
    """
    n = len(copies.near)
    pairs = [np.stack([np.arange(n), copies.near], axis=1)]
    if groups is not None:
        known = np.flatnonzero(groups >= 0)
        _, first, inverse = np.unique(groups[known], return_index=True, return_inverse=True)
        pairs.append(np.stack([known, known[first][inverse]], axis=1))
    return join(n, np.concatenate(pairs))
