"""Variance components of an AUC: how much splits, generator trainings, detector trainings and test images change it.

A generator's trainings are nested in the split of the real images, a detector's in the training whose fakes it learns.
Test images are crossed with these: all cells of a split are tested on the same reals, and cells of one training on the
same fakes too. What images add to each cell, and to each pair of cells, is known from the structural components of the
AUCs (`delong`), so it is taken off the mean squares of the nested analysis of variance, whose expected values then give
the components (Henderson, Biometrics 1953, method 1; Gallas, Academic Radiology 2006, for readers and cases of an AUC).

Intervals are modified large-sample ones of a difference of mean squares (`large_sample`) of the logits of the AUCs,
which are nearly normal where AUCs near 1 are not; they are brought back to the AUC's scale (`on_logits`). What the
images add stands among the mean squares with the degrees of freedom of a sum over images.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy
from scipy import special

from benchmark.statistics.columns import large_sample, on_logits
from benchmark.statistics.columns.shared import Measured
from benchmark.statistics.intervals import FEW
from benchmark.statistics.ranking import Ranking

LEVELS = 5  # of a factor, below which nothing is said of its variance
FACTORS = ("ledger", "generator run", "detector training")
IMAGES = "test images"
SATURATED = "cannot tell: fewer than 10 images overlap in some cell, and near an AUC of 1 these say too little"


class Trained(NamedTuple):
    """One cell of a configuration: its place in the nesting, and its test scores.

    Attributes:
        ledger: Seed of the split of the real images.
        run: Seed of the generator's training.
        detector: Seed of the detector's training.
        scores: float `(n,)`.
        is_fake: bool `(n,)`.
        units: `(n,)`, the units of the images; those of reals mean the same in all cells, those of other fakes are of
            their run alone. `None` where each image is alone.
    """

    ledger: int
    run: int
    detector: int
    scores: np.ndarray
    is_fake: np.ndarray
    units: np.ndarray | None = None


class Component(NamedTuple):
    """One component: its levels, its variance on the AUC's scale with an interval, and why there is none."""

    component: str
    levels: int
    variance: float
    low: float
    high: float
    note: str


class _Images(NamedTuple):
    """What each unit of images adds to each cell, `(cells, k)`: those with reals of each split, and those of runs."""

    blocks: list[tuple[np.ndarray, np.ndarray]]  # which cells, and what a column adds to them

    def scaled(self, slope: np.ndarray) -> _Images:
        """What they add to a function of each AUC with this slope."""
        return _Images([(at, added * slope[at, None]) for at, added in self.blocks])

    def weights(self, form: np.ndarray) -> np.ndarray:
        """What each unit adds to the expected value of a quadratic form `(cells, cells)`."""
        found = []
        for at, added in self.blocks:
            scale = added.shape[1] / max(added.shape[1] - 1, 1)
            found.append(scale * _form_of_columns(form[np.ix_(at, at)], added))
        return np.concatenate(found)


def _form_of_columns(form: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Returns the quadratic form of each of the columns `(n, k)`; `einsum` would take five times as long to plan it."""
    if len(form) == 1:
        return np.asarray(columns[0] * columns[0] * form[0, 0])
    return np.matmul((form.T @ columns).T[:, None], columns.T[:, :, None]).reshape(-1)


def components(cells: Sequence[Trained], *, level: float = 0.95) -> list[Component]:
    """Returns the variance components of the AUC of one detector on one configuration.

    A component is only told where its factor has at least `LEVELS` seeds. A factor with a single seed is not apart from
    the next one above it, whose note says so. An estimate may be below 0, as those of moments may: it is printed as 0,
    with the upper end of its interval. Coverage: `tests/statistics/simulate_components.py`.

    Args:
        cells: All cells; the reals of one split are in the same order in all of its cells.
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Returns:
        One row for each of `FACTORS`, and one for `IMAGES`: the variance of one cell's AUC over other test images.

    Raises:
        ValueError: If there is no cell, or two of one place.

    Example:
        >>> import numpy as np
        >>> rng, is_fake = np.random.default_rng(0), np.repeat([False, True], 200)
        >>> shifts = rng.normal(1, 0.3, 6)
        >>> cells = [Trained(0, run, 0, rng.normal(is_fake * shifts[run]), is_fake) for run in range(6)]
        >>> found = components(cells)
        >>> [(row.component, row.levels) for row in found]
        [('ledger', 1), ('generator run', 6), ('detector training', 1), ('test images', 200)]
        >>> found[0].note
        'cannot tell: 1 ledger seed, at least 5 are needed'
    """
    cells = sorted(cells, key=lambda cell: cell[:3])
    if not cells or len({cell[:3] for cell in cells}) < len(cells):
        raise ValueError(f"Components need cells, each of another training. Received: {len(cells)}, of one twice.")
    ranked = [Ranking.of(cell.scores, cell.is_fake) for cell in cells]
    parts = [
        Measured.of([cell[3 : 5 if cell.units is None else 6]], [ranking])
        for cell, ranking in zip(cells, ranked, strict=True)
    ]
    images = _images(cells, parts)
    levels = [len({cell[at] for cell in cells}) for at in range(3)]
    saturated = min(map(_wrong, ranked, parts)) < FEW
    rows = []
    told = not saturated and max(levels) >= LEVELS
    nested = _on_both_scales(cells, np.array([part.part.auc for part in parts]), images, level) if told else []
    for at, name in enumerate(FACTORS):
        kind = ("ledger seed", "generator seed", "detector seed")[at]
        if levels[at] < LEVELS:
            note = f"cannot tell: {levels[at]} {kind}{'s' * (levels[at] > 1)}, at least {LEVELS} are needed"
            rows.append(Component(name, levels[at], np.nan, np.nan, np.nan, note))
        elif saturated:
            rows.append(Component(name, levels[at], np.nan, np.nan, np.nan, SATURATED))
        else:
            rows.append(Component(name, levels[at], *nested[at], _with(levels, at)))
    form = np.eye(len(cells)) / len(cells)
    rows.append(_of_images(images.weights(form), int(min(part.pairs for part in parts)), saturated, level))
    return rows


def _with(levels: list[int], at: int) -> str:
    """Says which factors below are in a component, because each of theirs has one level."""
    names = ("ledger", "the generator's", "the detector's")
    below = []
    for next_ in range(at + 1, 3):
        if levels[next_] > 1:
            break
        below.append(names[next_])
    return f"with what {' and '.join(below)} training adds, of which each has one seed" if below else ""


def _wrong(ranking: Ranking, part: Measured) -> int:
    """How many units are on the wrong side of the best cut."""
    wrong = ranking.wrong_at_cut(reverse=part.part.auc < 0.5)
    return part.clusters.touched(wrong)


def _images(cells: Sequence[Trained], parts: Sequence[Measured]) -> _Images:
    known: dict[Any, int] = {}
    columns: list[Any] = []  # of each cell's units
    alone: dict[int, np.ndarray] = {}  # of the images of each split that are units by themselves
    count = 0
    for cell, part in zip(cells, parts, strict=True):
        if cell.units is None:
            mine, n = alone.get(cell.ledger, np.arange(0)), len(part.part.reals)
            alone[cell.ledger] = np.r_[mine, np.arange(count, count + max(0, n - len(mine)))]
            count += max(0, n - len(mine))
            columns.append(alone[cell.ledger][:n])
            continue
        for name in (names := dict.fromkeys(np.asarray(cell.units)[~np.asarray(cell.is_fake, dtype=bool)].tolist())):
            if name not in known:
                known[name], count = count, count + 1
        columns.append([known[name] for name in names])
    shared = np.zeros((len(cells), count))
    for row, part in enumerate(parts):
        shared[row, columns[row]] = part.shared
    blocks = [(np.arange(len(cells)), shared)]
    for run in dict.fromkeys(cell[:2] for cell in cells):
        at = np.array([k for k, cell in enumerate(cells) if cell[:2] == run])
        own = np.stack([parts[k].own for k in at])
        if own.shape[1]:
            blocks.append((at, own))
    return _Images(blocks)


def _on_both_scales(
    cells: Sequence[Trained], aucs: np.ndarray, images: _Images, level: float
) -> list[tuple[float, float, float]]:
    """Returns the variance of each factor by moments of the AUCs, with the interval that their logits give."""
    logits, on_logit = special.logit(aucs), images.scaled(1 / (aucs * (1 - aucs)))
    found = _nested(cells, logits, on_logit, level)
    n = len(cells)
    error = float(on_logit.weights(np.full((n, n), 1 / n**2)).sum())
    for at, (own, _, _) in enumerate(found):
        share = _indicator([cell[: at + 1] for cell in cells]).mean(axis=0)
        error += float(np.nan_to_num(own) * (share @ share))
    outermost = next((count for at in range(3) if (count := len({cell[: at + 1] for cell in cells})) > 1), 2)
    reach = scipy.stats.t.ppf((1 + level) / 2, outermost - 1) * np.sqrt(error)
    bounds = on_logits.intervals(found, float(logits.mean()), float(reach))
    moments = [value for value, _, _ in _nested(cells, aucs, images, level)]
    return [(value, min(value, low), max(value, high)) for value, (low, high) in zip(moments, bounds, strict=True)]


def _nested(
    cells: Sequence[Trained], aucs: np.ndarray, images: _Images, level: float
) -> list[tuple[float, float, float]]:
    """Returns (variance, low, high) of each factor; NaN for one that has no degrees of freedom."""
    n = len(cells)
    designs = [_indicator([cell[: at + 1] for cell in cells]) for at in range(3)]
    projections = [np.full((n, n), 1 / n), *(each @ np.linalg.pinv(each) for each in designs)]
    forms = [after - before for before, after in itertools.pairwise(projections)]
    degrees = np.array([round(float(np.trace(form))) for form in forms])
    told = np.flatnonzero(degrees > 0)
    found = [(np.nan, np.nan, np.nan)] * 3
    if not len(told):
        return found
    forms = [forms[at] / degrees[at] for at in told]
    squares = np.array([float(aucs @ form @ aucs) for form in forms])
    expected = np.array([[float(np.sum(form * (designs[at] @ designs[at].T))) for at in told] for form in forms])
    solved = np.linalg.inv(expected)  # triangular: a factor is in the mean squares of itself and of those above it
    by_image = np.stack([images.weights(form) for form in forms])
    for row, at in enumerate(told):
        weights = solved[row] @ by_image
        terms = [(value, square, df) for value, square, df in zip(solved[row], squares, degrees[told], strict=True)]
        added = float(weights.sum())
        terms.append((-np.sign(added), abs(added), _degrees(weights)))
        found[at] = large_sample.interval(terms, level)
    return found


def _indicator(keys: list[Any]) -> np.ndarray:
    order = list(dict.fromkeys(keys))
    return np.array([[key == one for one in order] for key in keys], dtype=float)


def _degrees(weights: np.ndarray) -> float:
    """Degrees of freedom of a sum over images (Satterthwaite): of a chi-square they are twice its mean squared over its
    variance."""
    spread = float(((weights - weights.mean()) ** 2).sum())
    return float(np.clip(2 * weights.sum() ** 2 / spread, 1, 1e6)) if spread > 0 else 1e6


def _of_images(weights: np.ndarray, n: int, saturated: bool, level: float) -> Component:
    variance = float(weights.sum())
    if n < LEVELS:
        note = f"cannot tell: {n} independent test images of a class, at least {LEVELS} are needed"
        return Component(IMAGES, n, np.nan, np.nan, np.nan, note)
    if saturated:
        return Component(IMAGES, n, np.nan, np.nan, np.nan, SATURATED)
    return Component(IMAGES, n, *large_sample.interval([(1.0, variance, min(_degrees(weights), n - 1))], level), "")
