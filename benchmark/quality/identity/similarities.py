"""How similar images made from faces are to the faces' persons, for any numbers of those persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmark.quality.identity.persons import Kind


@dataclass(frozen=True)
class Faces:
    """Real faces as the embedding sees them: `real` `(n, k)`, and the rest as in `persons.Scored`."""

    kind: Kind
    real: np.ndarray
    identity: np.ndarray
    label: np.ndarray
    copy: np.ndarray
    unit: np.ndarray


class Pairs:
    """The similarities of images made from faces to the faces, for any numbers of the faces' persons.

    Args:
        faces: The real sources.
        drawn: The end of a measure's name -> the embeddings `(n, k)` of the images.
    """

    def __init__(self, faces: Faces, drawn: Mapping[str, np.ndarray]) -> None:
        self.drawn, self.groups = drawn, faces.kind == "groups"
        _, self.first, self.units = np.unique(faces.unit, return_index=True, return_inverse=True)
        self.target = (faces.label == faces.label.max()).astype(int)  # of each face, which of the two sides it is on
        self.sides = [_Side.of(faces, self.units, self.target == side, mean=self.groups) for side in (0, 1)]
        self.own = {end: _own(faces, images) for end, images in drawn.items()} if self.groups else {}
        self.one_sided = {"similarity_source", *(f"retention{end}" for end in drawn)}
        self.one_sided |= {"retention_other"} if self.groups else set()

    def measured(self, weights: np.ndarray, mine: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Returns each measure of the images `mine`, bool `(n,)` or all: `(b, n)`, not a number where there is none.

        Args:
            weights: `(b, n)`, how often each face is there; equal for those of a unit.
            mine: Which images. Defaults to all.
        """
        at = np.arange(weights.shape[1]) if mine is None else np.flatnonzero(mine)
        found: dict[str, np.ndarray] = {}
        others = [side.others(self.units[at], weights[:, self.first]) for side in self.sides]
        seen = {end: self._sides(images, others, at) for end, images in self.drawn.items()}
        for end, (own, source, target) in seen.items():
            found[f"transfer{end}"] = np.where(np.isfinite(source + target), target > source, np.nan)
            found[f"retention{end}"] = self.own[end][at][None].repeat(len(weights), axis=0) if self.groups else own
        found["retention_other"] = seen["_real"][1 if self.groups else 2]
        found |= dict(zip(("similarity_source", "similarity_target"), seen[""][1:], strict=True))
        return found

    def _sides(self, images: np.ndarray, others: list[_Others], at: np.ndarray) -> tuple[np.ndarray, ...]:
        pairs = zip(self.sides, others, strict=True)
        both = [side.similarity(images[at], self.units[at], other) for side, other in pairs]
        on = self.target[at] == 1
        source, target = np.where(on, both[1], both[0]), np.where(on, both[0], both[1])
        return source, source, target


class _Others(NamedTuple):
    """Of resamples: how often the unit of each image is there, `(b, n)`; how much all other units of a side count,
    `(b, n)`; and the sum of all of its units, `(b, k)`.
    """

    mine: np.ndarray
    mass: np.ndarray
    total: np.ndarray


@dataclass(frozen=True)
class _Side:
    """What faces are compared with on one side.

    Attributes:
        total: `(units, k)`, the sum of the embeddings of each unit, or their mean where each person counts once.
        mass: `(units,)`, how much the unit counts: its images, or 1; 0 for those of the other side.
    """

    total: np.ndarray
    mass: np.ndarray

    @classmethod
    def of(cls, faces: Faces, units: np.ndarray, chosen: np.ndarray, *, mean: bool) -> _Side:
        counts = np.bincount(units, weights=chosen)
        total = np.stack([np.bincount(units, weights=column * chosen) for column in faces.real.T], axis=1)
        if not mean:
            return cls(total, counts)
        return cls(total / np.maximum(counts, 1)[:, None], (counts > 0).astype(float))

    def others(self, units: np.ndarray, weights: np.ndarray) -> _Others:
        """Returns what images of some units `(n,)` are compared with, whatever is drawn of them."""
        mine = weights[:, units]
        return _Others(mine, (weights @ self.mass)[:, None] - mine * self.mass[units], weights @ self.total)

    def similarity(self, images: np.ndarray, units: np.ndarray, others: _Others) -> np.ndarray:
        """Returns the mean similarity `(b, n)` of images `(n, k)` of some units to all other units of this side."""
        sums = others.total @ images.T - others.mine * (images * self.total[units]).sum(axis=1)
        return np.divide(sums, others.mass, out=np.full(sums.shape, np.nan), where=others.mass > 0)


def _own(faces: Faces, images: np.ndarray) -> np.ndarray:
    """Returns the mean similarity `(n,)` of images made from the faces to the other pictures of the person of each."""
    own = np.full(len(images), np.nan)
    for person in np.unique(faces.identity):
        at = np.flatnonzero(faces.identity == person)
        compared = faces.copy[at][:, None] != faces.copy[at]
        counts = compared.sum(axis=1)
        totals = ((images[at] @ faces.real[at].T) * compared).sum(axis=1)
        own[at] = np.divide(totals, counts, out=np.full(len(at), np.nan), where=counts > 0)
    return own
