"""How many images each part gets, and which: counts from fractions, and a stratified draw that keeps groups whole."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from data.errors import UserError, unknown

PARTS = ("generator-train", "detector-train", "detector-validation", "test")
NEEDED = ("detector-train", "test")  # the others may be set to 0: not every generator learns from images


def part_sizes(available: Mapping[str, int], parts: Mapping[str, float | int] | None) -> dict[str, tuple[str, int]]:
    """Returns, for each part, the official part that feeds it and the number of images it gets.

    Args:
        available: Official part (`"train"`, `"validation"`, `"test"`) to its number of images; `"train"` also stands
            for images without an official part. One that is not there feeds nothing.
        parts: As in `data.ledger.split`.

    Raises:
        UserError: If a part is unknown, negative, larger than what there is, or would be empty.
    """
    wanted = {part: _checked(part, value) for part, value in (parts or {}).items()}
    feeds = {"test": "test", "detector-validation": "validation"}
    source = {part: feeds[part] if available.get(feeds.get(part, "")) else "train" for part in PARTS}
    # Of the 5,000 training dogs of CIFAR-10: 3,500, 1,000 and 500. Without official test images a fifth is set aside.
    default = {"generator-train": 0.5 if source["test"] == "train" else 0.7}
    default |= {"detector-train": 0.2, "detector-validation": 0.1, "test": 0.2}
    sizes = {}
    for name in ("train", "validation", "test"):
        fed = [part for part in PARTS if source[part] == name]
        sizes.update(_counts(fed, available.get(name, 0), wanted, default))
    for part, size in sizes.items():
        if size == 0 and (part in NEEDED or wanted.get(part, 1) != 0):
            have = ", ".join(f"{n:,} {name}" for name, n in available.items())
            raise UserError(
                f"Part '{part}' would be empty. Expected at least one image. Received: {have} images, parts={parts}."
            )
    return {part: (source[part], sizes[part]) for part in PARTS}


def _checked(part: str, value: float | int) -> float | int:
    if part not in PARTS:
        raise unknown("part", part, PARTS)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole and value >= 0) and not (isinstance(value, float) and 0 <= value <= 1):
        raise UserError(
            f"Part '{part}' must be a fraction from 0.0 to 1.0 or a whole number of images. Received: {value!r}."
        )
    return value


def _counts(fed: list[str], n: int, wanted: Mapping[str, float | int], default: Mapping[str, float]) -> dict[str, int]:
    exact = {p: wanted[p] * n if isinstance(wanted[p], float) else float(wanted[p]) for p in fed if p in wanted}
    asked = sum(exact.values())
    if asked > n + 1e-6:
        raise UserError(f"Parts {', '.join(exact)} ask for {asked:,.0f} images. There are {n:,} that may serve them.")
    rest = [part for part in fed if part not in wanted]
    weight = sum(default[part] for part in rest)
    exact |= {part: (n - asked) * default[part] / weight for part in rest}
    # Largest remainders: the counts add up to what was asked for, each within one of its exact share.
    # 1e-9: a product such as 0.29 * 100 = 28.999999999999996 is meant to be whole
    counts = {part: math.floor(exact[part] + 1e-9) for part in fed}
    short = round(sum(exact.values())) - sum(counts.values())
    for part in sorted(fed, key=lambda part: (counts[part] - exact[part], fed.index(part)))[:short]:
        counts[part] += 1
    return counts


def draw(units: np.ndarray, labels: np.ndarray, sizes: Mapping[str, int], seed: list[int]) -> dict[str, np.ndarray]:
    """Deals images into parts: by chance, each label in proportion, units whole.

    All units are put in one random order in which every label is spread evenly, and the parts are cut from it one after
    the other. A unit that does not fit into what is left of a part is passed on to the next; what fits nowhere goes to
    the part that lacks the largest share, if every image was to be used.

    Args:
        units: int `(n,)`, equal for images that must stay together.
        labels: int `(n,)`.
        sizes: Part to its number of images; a sum below `n` leaves images over.
        seed: For `numpy.random.default_rng`.

    Returns:
        Part to sorted positions. Without units of several images the sizes are exact.
    """
    order = _spread(units, labels, np.random.default_rng(seed))
    by_unit = np.argsort(units, kind="stable")
    names, starts = np.unique(units[by_unit], return_index=True)
    members = dict(zip(names.tolist(), np.split(by_unit, starts[1:]), strict=True))
    waiting = order.tolist()
    dealt: dict[str, list[int]] = {}
    room: dict[str, int] = {}
    for part, size in sizes.items():
        taken: list[int] = []
        passed: list[int] = []
        left = size
        for unit in waiting:
            if len(members[unit]) <= left:
                taken.append(unit)
                left -= len(members[unit])
            else:
                passed.append(unit)
        waiting, dealt[part], room[part] = passed, taken, left
    if sum(sizes.values()) == len(units):
        for unit in waiting:
            part = max(room, key=lambda name: room[name] / max(sizes[name], 1))
            dealt[part].append(unit)
            room[part] -= len(members[unit])
    empty = np.empty(0, np.int64)
    return {p: np.sort(np.concatenate([empty, *(members[u] for u in taken)])) for p, taken in dealt.items()}


def _spread(units: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns the units in a random order in which each label is spread evenly; a unit has its first image's label."""
    names, first, size = np.unique(units, return_index=True, return_counts=True)
    shuffled = rng.permutation(len(names))
    label = labels[first][shuffled]
    place = np.empty(len(names))
    for value in np.unique(label):
        mine = np.flatnonzero(label == value)
        weight = size[shuffled[mine]]
        # the middle of a unit's stretch, where the units of a label share out the way from 0 to 1
        place[mine] = (np.cumsum(weight) - weight / 2) / weight.sum()
    return names[shuffled[np.argsort(place, kind="stable")]]
