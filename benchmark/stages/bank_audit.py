"""Checks of one bank against the reals: files of another kind, and fakes that are copies of real images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmark.findings.finding import found
from benchmark.quality.planted import SMALL, needed, plant
from data.copies_between import between
from data.near_duplicates import SIDE

LEVEL = 0.01  # a difference that chance alone makes in one of a hundred runs or fewer is an alarm
PLANTED = 5  # copies of each kind of change
RARE = 5  # kinds of file that are rarer than this are counted together: the test needs a few of each


def file_facts(reals: pd.DataFrame | None, fakes: pd.DataFrame) -> dict[str, Any]:
    """Compares the original files of both sides: a detector must not tell the classes apart by them.

    The images themselves have been decoded to one size, but an earlier resize or JPEG compression of one side only
    leaves traces that a detector reads more easily than the picture. Compared are the size before processing, the
    format, the mode (grey, RGB, palette), and for formats that both sides use the JPEG quality, estimated from the
    quantisation tables, and the coding (chroma subsampling, lossy or lossless).

    Args:
        reals: A frame with columns width, height, format and mode, and quality and coding if they are known; or `None`
            if the reals did not come from files.
        fakes: The same of the fakes' files.

    Returns:
        A row of the audit; its value is the largest total variation distance of a fact between the two, in [0, 1].
        The advice names every fact that differs, with what both sides are.
    """
    if reals is None:
        advice = f"The reals are not single files, the fakes are {_kinds(fakes)}: formats could not be compared."
        return found("FB023", "cannot tell", advice=advice)
    pairs = dict(_pairs(reals, fakes))
    apart = {name: _distance(*pair) for name, pair in pairs.items()}
    value = max(distance for distance, _ in apart.values())
    # Bonferroni's bound: as many tests as facts
    differ = [name for name, (_, p) in apart.items() if p < LEVEL / len(apart)]
    if not differ:
        return found("FB023", "pass", value=value, smallest=_smallest(len(reals), len(fakes), LEVEL / len(apart)))
    said = [f"{name}: reals {_values(pairs[name][0])}, fakes {_values(pairs[name][1])}" for name in differ]
    advice = (
        f"The files differ in {'; '.join(said)}. A detector may be reading that, not the picture: make both sides from "
        "originals of one size, with the same last steps, in one format and quality."
    )
    return found("FB023", "alarm", value=value, advice=advice)


def _smallest(n_real: int, n_fake: int, level: float) -> float:
    """Returns the difference of a share of one half that a test of this level sees in four of five draws."""
    from scipy import stats

    both = stats.norm.isf(level / 2) + stats.norm.isf(0.2)
    return float(min(1.0, both * np.sqrt(0.25 / n_real + 0.25 / n_fake)))


def _pairs(reals: pd.DataFrame, fakes: pd.DataFrame) -> Iterator[tuple[str, tuple[pd.Series, pd.Series]]]:
    """Yields each fact's name and its values on both sides."""
    yield "size before processing", (_sizes(reals), _sizes(fakes))
    for name in ("format", "mode"):
        yield name, (reals[name].astype(str), fakes[name].astype(str))
    for kind in sorted(set(reals["format"]) & set(fakes["format"])):
        mine = [facts[facts["format"] == kind] for facts in (reals, fakes)]
        for name in ("quality", "coding"):
            if all(name in facts for facts in mine) and any(facts[name].astype(bool).any() for facts in mine):
                yield f"{kind} {name}", (mine[0][name], mine[1][name])


def _sizes(facts: pd.DataFrame) -> pd.Series:
    return facts["width"].astype(str) + "x" + facts["height"].astype(str)


def _distance(reals: pd.Series, fakes: pd.Series) -> tuple[float, float]:
    """Returns the total variation distance between two sets of values, and the p-value that chance alone made it."""
    from scipy import stats

    counts = pd.concat([reals.value_counts(), fakes.value_counts()], axis=1).fillna(0).to_numpy()
    distance = float(np.abs(counts[:, 0] / counts[:, 0].sum() - counts[:, 1] / counts[:, 1].sum()).sum() / 2)
    rare = counts.sum(axis=1) < RARE
    merged = np.concatenate([counts[~rare], counts[rare].sum(axis=0, keepdims=True)]) if rare.any() else counts
    p = 1.0 if len(merged) == 1 else float(stats.chi2_contingency(merged).pvalue)
    ranked = _ranks(reals, fakes) if rare.any() else None
    if ranked is not None:  # photographs of a hundred sizes: are those of one side larger?
        # twice the smaller one, since these are two tests
        p = min(1.0, 2 * min(p, float(stats.mannwhitneyu(*ranked).pvalue)))
    return distance, p


def _ranks(reals: pd.Series, fakes: pd.Series) -> list[np.ndarray] | None:
    """Returns qualities, or pixels of sizes such as `"64x48"`, as numbers; `None` for other values."""
    if pd.api.types.is_numeric_dtype(reals):
        return [reals.to_numpy(), fakes.to_numpy()]
    if not reals.astype(str).str.fullmatch(r"\d+x\d+").all():
        return None
    return [side.str.split("x", expand=True).astype(int).prod(axis=1).to_numpy() for side in (reals, fakes)]


def _values(values: pd.Series) -> str:
    """Says what the values are, the commonest first, with shares if there are several."""
    shares = values.astype(str).value_counts(normalize=True, sort=True)
    if len(shares) == 1:
        return str(shares.index[0]) or "plain"
    named = ", ".join(f"{share:.0%} {value or 'plain'}" for value, share in shares.iloc[:3].items())
    return f"{named}, {len(shares) - 3} more" if len(shares) > 3 else named


def copies(
    reals: np.ndarray,
    fakes: np.ndarray,
    *,
    alike: bool = False,
    units: tuple[np.ndarray, np.ndarray] | None = None,
    base: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Counts fakes that are copies of real images of the run, near ones too; uint8 `(n, h, w, c)` both.

    An honest generator may come near a real image by chance, as real images come near each other: near copies are an
    alarm if they are more than that. Equal pixels always are.

    Args:
        reals: All real images of the run.
        fakes: The fakes of all parts.
        alike: Whether different images look much alike, as aligned faces do. Defaults to `False`.
        units: Those of the reals and of the fakes: an image made from a real one is of its unit, and may look like it.
            Defaults to `None`.
        base: How many reals have a near copy among the reals, and of how many. Defaults to `None`, none of them.

    Returns:
        A row of the audit; its value is the number of such fakes.
    """
    from scipy import stats

    pairs, least, tried = _between(reals, fakes, alike)
    if units is not None:
        own = units[0][pairs["first"]] == units[1][pairs["second"]]
        pairs = pairs[(pairs["how"] == "equal") | ~own]
    pairs = pairs.sort_values("how", key=lambda how: how != "equal", kind="stable").drop_duplicates("second")
    seen, equal = len(pairs), int((pairs["how"] == "equal").sum())
    if not seen:
        return found("FB003", "pass", value=0, smallest=least, advice=tried)
    near, n = base or (0, len(reals))
    p = stats.fisher_exact([[seen, len(fakes) - seen], [near, n - near]], alternative="greater").pvalue
    how = ", ".join(f"{count} {one}" for one, count in pairs["how"].value_counts().items())
    said = f"{seen} of {len(fakes)} fakes are real images: {how}. {tried}"
    if equal or p < LEVEL:
        said += " A generator that copies, or a folder with reals in it."
        return found("FB003", "alarm", value=seen, smallest=least, advice=said)
    said += f" {near} of {n} reals are as near to another one, so chance may make as many (p = {p:.2g}). Look at them."
    return found("FB003", "note", value=seen, smallest=least, advice=said)


def repeats(fakes: dict[str, np.ndarray], *, alike: bool = False) -> dict[str, Any]:
    """Counts the test fakes of which a copy, or a near one, stands in a training or validation part too.

    A folder may hold an image twice, and a collapsed generator draws one image again and again: either makes fakes
    easier to detect than new ones would be.

    Returns:
        A row of the audit; its value is the number of such fakes.
    """
    others = np.concatenate([images for part, images in fakes.items() if part != "test"])
    pairs, least, tried = _between(others, fakes["test"], alike)
    seen, equal = pairs["second"].nunique(), pairs.loc[pairs["how"] == "equal", "second"].nunique()
    if not seen:
        return found("FB004", "pass", value=0, smallest=least, advice=tried)
    advice = (
        f"{seen} of {len(fakes['test'])} test fakes are training or validation fakes too, {equal} of them byte for "
        f"byte: the AUC may flatter. {tried}"
    )
    return found("FB004", "note", value=seen, smallest=least, advice=advice)


def _between(images: np.ndarray, others: np.ndarray, alike: bool) -> tuple[pd.DataFrame, float, str]:
    """Returns copies between two sets, how many there must be to be seen, and what was seen of planted ones.

    The planted ones are changed copies of `images`. Equal pixels are always seen, also where no planted one is.
    """
    rng, small = np.random.default_rng(len(images)), min(images.shape[1:3]) < SIDE
    planted = list(plant(images, PLANTED, rng, small=small))
    sources, made = (np.concatenate([one[k] for one in planted]) for k in (1, 2))
    pairs = between(images, np.concatenate([others, made]), alike=alike)
    extra = pairs[pairs["second"] >= len(others)]
    own = extra["first"].to_numpy() == sources[extra["second"].to_numpy() - len(others)]
    seen = int(extra["second"][own].nunique())
    said = f"Of {len(sources)} planted copies {seen} were seen{SMALL if small else ''}."
    least = min(needed(seen, len(sources)), float(len(others)))
    return pairs[pairs["second"] < len(others)].reset_index(drop=True), least, said


def _kinds(facts: pd.DataFrame) -> str:
    sizes = facts.groupby(facts["format"].astype(str))[["width", "height"]].agg(["min", "max"])
    parts = []
    for kind in facts["format"].astype(str).value_counts().index[:3]:
        (w0, w1), (h0, h1) = sizes.loc[kind, "width"], sizes.loc[kind, "height"]
        size = f"{w0}x{h0}" if (w0, h0) == (w1, h1) else f"{w0}x{h0} to {w1}x{h1}"
        parts.append(f"{kind} of {size} px")
    return ", ".join(parts)
