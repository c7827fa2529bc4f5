"""Whether a swap still looks like its source person, and whether it looks like the side that it was drawn as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from benchmark import intervals
from benchmark.bootstrap import replicates
from benchmark.clusters import Clusters
from benchmark.quality.estimate import Estimate
from benchmark.quality.persons import Kind

SHARES = ("transfer", "transfer_reconstruction", "transfer_real")
SIMILARITIES = (
    "retention", "retention_reconstruction", "retention_real", "retention_other",
    "similarity_source", "similarity_target",
)  # fmt: skip
MEASURES = (*SHARES, *SIMILARITIES)
COLUMNS = [
    "checkpoint", "direction", "source", "target", "kind",
    *(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")),
    "n_swaps", "n_persons", "embedding", "embedding_digest", "n_learned", "verification", "verification_low",
    "verification_high", "identity_note",
]  # fmt: skip


@dataclass(frozen=True)
class Faces:
    """Real faces as the embedding sees them: `real` `(n, k)`, and the rest as in `persons.Scored`."""

    kind: Kind
    real: np.ndarray
    identity: np.ndarray
    label: np.ndarray
    copy: np.ndarray


def rows(faces: Faces, swaps: np.ndarray, straight: np.ndarray | None, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Measures one checkpoint's swaps: a row for each direction, with the measures in `MEASURES` and their intervals.

    All similarities are cosines of embeddings, in [-1, 1]. The images that a face is compared with are never the source
    of it, nor a copy of that.

    * `retention`: mean similarity of a swap to the other real images of its source person. Beside it
      `retention_reconstruction`, the same of the face drawn by its own decoder; `retention_real`, of the real source
      itself, which is the ceiling; and `retention_other`, the real source's similarity to other persons, which is
      the floor: those of its own group, or the other person where each group is one person.
    * `transfer`: share of the swaps that are more similar to the target (`similarity_target`) than to the source
      (`similarity_source`). Where a group is one person, these are the person's other images. Otherwise they are all
      persons of the group but the source person, each counting once: a group's look is asked for then, not a
      person. Beside it the same share of faces drawn by their own decoder, and of the real sources, which a perfect
      embedding would give 0.

    Shares have the interval of a rate with the persons as clusters, which stays true at 0 and 1, where a bootstrap has
    no width. Means have a bootstrap over the source persons with the factor of the t distribution; where a group is
    one person, over pictures. The embedding and the images compared with are taken as they are.

    Args:
        faces: The real sources.
        swaps: `(n, k)`, the embeddings of their swaps.
        straight: `(n, k)` of the sources drawn by their own decoder, or `None` where the generator does not say.
        classes: Names of the labels.
    """
    drawn = {"": swaps, "_reconstruction": straight, "_real": faces.real}
    found = {end: _similarities(faces, images) for end, images in drawn.items() if images is not None}
    first, second = np.unique(faces.label)
    out = []
    for direction, source, target in (("a>b", first, second), ("b>a", second, first)):
        mine = (faces.label == source) & np.isfinite(found["_real"]["own"])
        mine &= np.isfinite(found[""]["source"]) & np.isfinite(found[""]["target"])
        values: dict[str, np.ndarray] = {}
        for end, seen in found.items():
            values[f"transfer{end}"] = seen["target"] > seen["source"]
            values[f"retention{end}"] = seen["own"]
        values["retention_other"] = found["_real"]["source" if faces.kind == "groups" else "target"]
        values |= {f"similarity_{name}": found[""][name] for name in ("source", "target")}
        row: dict[str, Any] = {"direction": direction, "source": classes[source], "target": classes[target]}
        units = (faces.identity if faces.kind == "groups" else faces.copy)[mine]
        row |= {"kind": faces.kind, "n_swaps": int(mine.sum()), "n_persons": len(np.unique(faces.identity[mine]))}
        for name, value in values.items():
            estimate = (share if name in SHARES else mean)(value[mine], units)
            row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        out.append(row)
    return out


def share(values: np.ndarray, units: np.ndarray) -> Estimate:
    """Returns the share of `True` in bool `(n,)`; images of one unit, int `(n,)`, are not independent."""
    if not len(values):
        return Estimate(np.nan, np.nan, np.nan)
    everyone = np.ones(len(values), bool)
    trials = Clusters.of(units, ~everyone).trials(values, everyone)
    low, high = intervals.rate(values.mean() * trials, trials)
    return Estimate(float(values.mean()), float(low), float(high))


def mean(values: np.ndarray, units: np.ndarray) -> Estimate:
    """Returns the mean of `(n,)`, with an interval from resamples of the units; without one for fewer than two."""
    if not len(values):
        return Estimate(np.nan, np.nan, np.nan)
    clusters = Clusters.of(units, np.zeros(len(values), bool))
    value, count = float(values.mean()), clusters.count
    if count < 2:
        return Estimate(value, np.nan, np.nan)
    resampled = replicates(lambda weights: (weights @ values / weights.sum(axis=1))[:, None], clusters)
    # A resample of k units spreads like one of k - 1 does in truth, and few units leave the spread itself uncertain.
    half = stats.t.ppf(0.975, count - 1) * resampled.std() * np.sqrt(count / (count - 1))
    return Estimate(value, float(value - half), float(value + half))


def _similarities(faces: Faces, images: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the mean similarity `(n,)` of images made from the faces to the person of each (`own`), to the `source`
    side and to the `target` side; not a number where there is nothing to compare with."""
    own = np.full(len(images), np.nan)
    for person in np.unique(faces.identity):
        at = np.flatnonzero(faces.identity == person)
        compared = faces.copy[at][:, None] != faces.copy[at]
        counts = compared.sum(axis=1)
        totals = ((images[at] @ faces.real[at].T) * compared).sum(axis=1)
        own[at] = np.divide(totals, counts, out=np.full(len(at), np.nan), where=counts > 0)
    same, other = (_to_side(faces, images, target=target) for target in (False, True))
    return {"own": own, "source": same if faces.kind == "groups" else own, "target": other}


def _to_side(faces: Faces, images: np.ndarray, *, target: bool) -> np.ndarray:
    """Returns the similarity `(n,)` to the persons of the target's or the source's label, but the source person."""
    cells, index = np.unique(np.stack([faces.identity, faces.label], axis=1), axis=0, return_inverse=True)
    index = index.reshape(-1)
    counts = np.bincount(index)[:, None]
    centres = np.stack([np.bincount(index, weights=column) for column in faces.real.T], axis=1) / counts
    compared = (cells[:, 1] != faces.label[:, None]) == target
    compared &= cells[:, 0] != faces.identity[:, None]
    counts = compared.sum(axis=1)
    totals = ((images @ centres.T) * compared).sum(axis=1)
    return np.divide(totals, counts, out=np.full(len(images), np.nan), where=counts > 0)
