"""The control score: whether a conditional generator draws what it is asked for, as the extractor recognises it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark.statistics import intervals

COLUMNS = ("class", "recognised", "recognised_low", "recognised_high", "recognised_real", "n_recognised")


def table(
    asked: np.ndarray,
    fake: np.ndarray,
    real: np.ndarray,
    known: Sequence[str],
    names: Sequence[str],
    *,
    attributes: bool,
) -> pd.DataFrame | None:
    """Returns a row for each class, or for having and not having each attribute, and one for all, called `""`.

    A generator that draws what it is asked for is recognised as often as real images are: `recognised_real` is the
    share of the real images with the same labels that the extractor, trained on other real images, gets right.
    Both errors are in the figure, the generator's and the extractor's.

    Args:
        asked: What the fakes were asked for and the real images are: class labels `(n,)`, or attributes `(n, k)`.
        fake: What the extractor answers for the fakes: labels `(n,)`, or bool `(n, all attributes)`.
        real: The same for the real images.
        known: Names of the extractor's classes or attributes.
        names: Names of the run's classes, or of the `k` attributes.
        attributes: Whether it is about attributes.

    Returns:
        A frame of `COLUMNS` with 95 % Wilson intervals, or `None` when the extractor does not know the names.

    References:
        Shmelkov, Schmid, Alahari (2018), How good is my GAN?, section 3 (GAN-test).
    """
    if not set(names) <= set(known):
        return None
    at = [list(known).index(name) for name in names]
    rows: list[dict[str, Any]] = []
    if attributes:
        wanted = np.asarray(asked, bool)
        right = [np.asarray(answers)[:, at] == wanted for answers in (fake, real)]
        rows.append(_row("", right[0].ravel(), right[1].ravel()))
        for column, name in enumerate(names):
            for word, value in (("yes", True), ("no", False)):
                of = wanted[:, column] == value
                rows.append(_row(f"{name}={word}", *(part[of, column] for part in right)))
    else:
        labels = np.asarray(asked)
        right = [np.asarray(answers) == np.asarray(at)[labels] for answers in (fake, real)]
        rows.append(_row("", *right))
        rows += [_row(names[label], *(part[labels == label] for part in right)) for label in np.unique(labels)]
    return pd.DataFrame([row for row in rows if row["n_recognised"]], columns=list(COLUMNS))


def class_attributes(
    labels: np.ndarray, attributes: np.ndarray, names: Sequence[str], classes: Sequence[str]
) -> np.ndarray | None:
    """Returns what each class says of each attribute, int `(classes, k)`: 1 yes, 0 no, -1 nothing.

    A class says something of an attribute if the attribute's name is in the names of the classes, as in `"not Male"`,
    and all images of any class agree in it; a class without images says what no image has, 2.

    Args:
        labels: int `(n,)`.
        attributes: bool `(n, k)` of the same images.
        names: Of the attributes.
        classes: Names of the classes.

    Returns:
        The table, or `None` if it does not tell the classes apart.
    """
    named = np.array([any(name in words for words in classes) for name in names])
    shares = np.full((len(classes), len(names)), 2.0)
    for label in np.unique(labels):
        shares[label] = attributes[labels == label].mean(axis=0)
    said = np.where(named & (shares % 1 == 0).all(axis=0), shares, -1).astype(np.int64)
    there = said[np.unique(labels)]
    return said if len(np.unique(there, axis=0)) == len(there) > 1 else None


def as_classes(answers: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Returns the class `(n,)` whose attributes the answers, bool `(n, k)`, are, or -1; `said` as `class_attributes`
    gives it."""
    fits = ((answers[:, None, :] == said) | (said == -1)).all(axis=2)
    return np.where(fits.any(axis=1), fits.argmax(axis=1), -1)


def _row(name: str, fake: np.ndarray, real: np.ndarray) -> dict[str, Any]:
    n = len(fake)
    if not n:
        return {"class": name, "n_recognised": 0}
    low, high = intervals.rate(float(fake.sum()), float(n), 0.95)
    return {
        "class": name, "recognised": float(fake.mean()), "recognised_low": float(low), "recognised_high": float(high),
        "recognised_real": float(real.mean()), "n_recognised": n,
    }  # fmt: skip
