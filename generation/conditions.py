"""What a conditional generator is asked for: a class, or several attributes at once. No Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.errors import UserError, unknown
from generation.images import INTEGERS, checked_attributes, checked_labels


@dataclass(frozen=True)
class Conditions:
    """The classes or attributes that a training saw, and how they become vectors.

    A class is a one-hot vector; attributes are a vector of -1 (no) and 1 (yes).

    Attributes:
        names: Of the classes, or of the attributes.
        attributes: Whether they are attributes.
        seen: int64 `(k,)` class labels or bool `(k, attributes)` combinations that occurred in the training.
        counts: How often each occurred, `(k,)`.
    """

    names: tuple[str, ...]
    attributes: bool
    seen: np.ndarray
    counts: np.ndarray

    @property
    def length(self) -> int:
        """Length of a condition vector."""
        return len(self.names)

    @classmethod
    def of_labels(cls, labels: np.ndarray | None, classes: Sequence[str] = ()) -> Conditions:
        """Reads them from a training's labels, int `(n,)`.

        Raises:
            UserError: With fewer than two classes, or negative labels.
        """
        seen, counts = np.unique(np.asarray([] if labels is None else labels), return_counts=True)
        if len(seen) < 2:
            raise UserError(
                f'condition = "labels" needs images of at least 2 classes. Received: {len(seen)}. '
                "A data set gives labels by its option 'classes', 'label' or sub-folders."
            )
        if seen[0] < 0:
            raise UserError(f"labels must be classes, counted from 0. Received: {seen[0]}.")
        names = tuple(classes) or tuple(map(str, range(int(seen.max()) + 1)))
        return cls(names, False, seen.astype(np.int64), counts)

    @classmethod
    def of_attributes(
        cls, chosen: Sequence[str], attributes: np.ndarray | None, names: Sequence[str] = ()
    ) -> Conditions:
        """Reads them from a training's attributes, bool `(n, all attributes)`.

        Raises:
            UserError: For an attribute that the data set has not.
        """
        if attributes is None or not len(names):
            raise UserError(
                f"condition = {list(chosen)} needs a data set with attributes, such as celeba. Received: one without."
            )
        for name in chosen:
            if name not in names:
                raise unknown("attribute", name, names)
        wanted = np.asarray(attributes, bool)[:, [list(names).index(name) for name in chosen]]
        seen, counts = np.unique(wanted, axis=0, return_counts=True)
        return cls(tuple(chosen), True, seen, counts)

    def vectors(self, labels: Any) -> np.ndarray:
        """Returns condition vectors, float32 `(n, length)`.

        Args:
            labels: Class labels `(n,)`, or attributes `(n, length)` of 0 and 1.

        Raises:
            UserError: For labels out of range, of another type or of another shape.
        """
        wanted = np.asarray(labels)
        if self.attributes:
            if wanted.ndim != 2 or wanted.shape[1] != self.length or not np.isin(wanted, (0, 1)).all():
                raise UserError(
                    f"labels must be {self.length} zeros and ones for each image ({', '.join(self.names)}). "
                    f"Received: {wanted.dtype} {wanted.shape}."
                )
            # -1 and not 0: "no" then moves scales, shifts and logits as far as "yes" does
            return np.where(wanted.astype(bool), np.float32(1), np.float32(-1))
        if wanted.size and wanted.dtype.kind not in INTEGERS:
            raise UserError(f"labels must be integers. Received: {wanted.dtype}.")
        if wanted.ndim != 1 or (len(wanted) and not np.isin(wanted, self.seen).all()):
            odd = wanted[~np.isin(wanted, self.seen)][:1].tolist() if wanted.ndim == 1 else wanted.shape
            raise UserError(
                f"labels must be among the classes that the generator was trained on, {self.seen.tolist()}. "
                f"Received: {odd}."
            )
        return np.eye(self.length, dtype=np.float32)[wanted.astype(np.int64)]

    def draw(self, n: int, seed: int) -> np.ndarray:
        """Returns labels or attributes of `n` images as often as the training had them; the first stay the same."""
        rng = np.random.default_rng([seed, 1])  # another stream than the latent vectors'
        at = np.searchsorted(np.cumsum(self.counts) / self.counts.sum(), rng.random(n), side="right")
        return self.seen[np.minimum(at, len(self.seen) - 1)]  # rounding may leave the last sum below 1

    def groups(self, labels: np.ndarray) -> dict[str, np.ndarray]:
        """Returns which images belong to each class, or have each attribute or not: a name -> bool `(n,)`."""
        if not self.attributes:
            return {self.names[label]: labels == label for label in self.seen}
        yes = np.asarray(labels, bool)
        return {
            f"{name}={word}": yes[:, at] == value
            for at, name in enumerate(self.names)
            for word, value in (("yes", True), ("no", False))
        }

    def as_json(self) -> dict[str, Any]:
        """Returns what `from_json` reads."""
        return {
            "names": list(self.names), "attributes": self.attributes,
            "seen": self.seen.astype(int).tolist(), "counts": self.counts.astype(int).tolist(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Conditions:
        """Reads what `as_json` returned."""
        seen = np.array(value["seen"], bool if value["attributes"] else np.int64)
        return cls(tuple(value["names"]), bool(value["attributes"]), seen, np.array(value["counts"]))


def asked(
    condition: str | Sequence[str],
    n: int,
    labels: np.ndarray | None,
    *,
    classes: Sequence[str] = (),
    attributes: np.ndarray | None = None,
    attribute_names: Sequence[str] = (),
) -> tuple[Conditions | None, np.ndarray | None]:
    """Returns what the option `condition` asks of `n` training images, and what each of them shows of it.

    Args:
        condition: `"none"`, `"labels"`, or attributes.
        n: How many images there are.
        labels: int `(n,)`.
        classes: Names of the labels.
        attributes: bool `(n, k)`.
        attribute_names: Names of the `k` attributes.

    Returns:
        The conditions, `None` for none, and the labels `(n,)` or attributes `(n, chosen)` that their `vectors` take.

    Raises:
        UserError: For labels or attributes that are not one for each image or have no name, fewer than two classes, or
            unknown attributes.
    """
    if condition == "none":
        return None, None
    if condition == "labels":
        found = None if labels is None else checked_labels(labels, n, classes)
        return Conditions.of_labels(found, classes), found
    if attributes is not None and len(attribute_names):
        attributes = checked_attributes(attributes, n, attribute_names)
    chosen = Conditions.of_attributes(condition, attributes, attribute_names)
    return chosen, np.asarray(attributes)[:, [list(attribute_names).index(name) for name in chosen.names]]
