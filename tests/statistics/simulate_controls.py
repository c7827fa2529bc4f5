"""How often the controls raise a false alarm, and how often they find what they are for.

    python tests/statistics/simulate_controls.py --draws 2000 --workers 16 --out controls.csv

Each draw deals scikit-learn's digits anew by the ledger, so all that is drawn is drawn from real images. With
`$FAUXBENCH_DATA` a tenth of the draws is repeated on the dogs of CIFAR-10. Rows: the finding, what was planted, the
draws, the share of alarms with its exact interval, the mean of the smallest effect that passes said they would have
seen, and how often the interval of the share held what was planted.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmark.quality import closest, copying, membership
from benchmark.results import gap
from benchmark.stages.measurements.gap import compared
from benchmark.statistics import shuffled
from benchmark.statistics.intervals import clopper_pearson
from data.duplicates import Copies, find_copies
from data.imageset import ImageSet, snap
from data.ledger import split
from data.sources.digits import Digits
from detection.features.content_cues import content_cues
from detection.features.frequency import log_dct, planes
from generation.gaussian import Gaussian

NOISE = 6  # grey levels of standard deviation: a copy that was made noisy, and mirrored
UNEQUAL = "digits in units of 2 and 60"
TITLES = {
    "FB012": "membership", "FB013": "memorisation gap", "FB014": "shuffled null", "FB015": "memorisation",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What is simulated: `draw(seed)` gives a finding and whether its interval holds the truth, or `None`."""

    number: str
    planted: str
    draw: Callable[[int], tuple[dict[str, Any], bool | None]]
    part: float = 1.0  # of the draws


@cache
def source(name: str) -> ImageSet:
    """Returns the images; the units of a seed's ledger never depend on the seed."""
    if name == "digits":
        return Digits().load([])
    if name == UNEQUAL:
        return in_units(Digits().load([]))
    from data.sources.cifar10 import Cifar10

    return Cifar10(classes=["dog"]).load([Path(os.environ["FAUXBENCH_DATA"])])


def in_units(images: ImageSet) -> ImageSet:
    """Returns digits whose units are alike, nine in ten of them of 2 images and the others of 60."""
    outlines = closest.outlines(images.images).reshape(images.n, -1)
    order = np.lexsort((outlines[:, 1], images.labels))
    sizes = np.where(np.random.default_rng(0).random(images.n) < 0.1, 60, 2)
    groups = np.empty(images.n, np.int64)
    groups[order] = np.repeat(np.arange(images.n), sizes)[: images.n]
    return replace(images, groups=groups)


@cache
def dealt_alike(name: str) -> Copies:
    """Returns the copies among the images, which are the same for each ledger seed."""
    return find_copies(source(name).images, alike=source(name).groups is not None)


@cache
def features(name: str) -> np.ndarray:
    """Returns what the shuffled null's detector sees of each image."""
    images = source(name).images
    return np.column_stack([content_cues(images), log_dct(planes(images, "grey")).reshape(len(images), -1)])


def copies(images: np.ndarray, rng: np.random.Generator, *, mirrored: bool = True) -> np.ndarray:
    """Returns mirrored, noisy copies."""
    turned = images[:, :, ::-1] if mirrored else images
    return np.clip(np.rint(turned + rng.normal(0, NOISE, images.shape)), 0, 255).astype(np.uint8)


def members(seed: int, *, name: str, share: float) -> tuple[dict[str, Any], bool | None]:
    """FB012: a share of the test part is copies of the detectors' training part."""
    rng, images = np.random.default_rng(seed), source(name)
    ledger = split(images, seed=seed, copies=dealt_alike(name))
    test, train = ledger.parts["test"], ledger.parts["detector-train"]
    n = min(round(share * len(test)), len(train))
    changed = np.array(images.images)
    changed[rng.choice(test, n, replace=False)] = copies(changed[rng.choice(train, n, replace=False)], rng)
    row = membership.finding(replace(images, images=changed), ledger.parts, ledger.units)
    return row, bool(row["low"] <= n / len(test) <= row["high"]) if share else None


def copied(seed: int, *, name: str, share: float, kind: str) -> tuple[dict[str, Any], bool | None]:
    """FB015: a share of the fakes is copies of training images; the others are new reals, or a Gaussian's."""
    rng, images = np.random.default_rng(seed), source(name)
    ledger = split(images, seed=seed, copies=dealt_alike(name))
    trained = ledger.parts["generator-train"]
    held = np.concatenate([ledger.parts[part] for part in ("detector-train", "detector-validation")])
    at = np.concatenate([trained, held])
    if kind == "reals":
        fakes = np.array(images.images[ledger.parts["test"]])
    else:
        fitted = Gaussian(random_state=seed).fit(images.images[trained], images.labels[trained])
        fakes = snap(fitted.sample(len(held), seed=seed), images.value_grid)
    n = round(share * len(fakes))
    fakes[:n] = copies(images.images[rng.choice(trained, n, replace=False)], rng, mirrored=False)
    near = closest.by_outline(closest.outlines(fakes), closest.outlines(images.images[at]))
    seen = np.arange(len(at)) < len(trained)
    row = copying.finding(near, seen, ledger.units[at], images.labels[at], by="pixels")
    return row, bool(row["low"] <= n / len(fakes) <= row["high"]) if share else None


def gaps(seed: int, *, shift: float, units: int) -> tuple[dict[str, Any], None]:
    """FB013: four detectors of three training runs, alike by half; the first finds seen reals by so much."""
    rng, n = np.random.default_rng(seed), 400
    of = np.concatenate([np.sort(rng.choice(units, n, p=_sizes(units))) + side * units for side in (0, 1)])
    if units >= n:
        of = np.arange(2 * n)
    image = _of_units(rng, of)
    rows, cells = [], []
    for at in range(12):
        scores = image + _of_units(rng, of)
        scores[:n] += shift * (at == 0) * scores.std()
        name = f"g{at // 4}/0/d{at % 4}/0"
        rows.append({"cell": name} | compared(scores[:n], scores[n:], of[:n], of[n:]))
        row = {"generator": f"g{at // 4}", "generator_seed": 0, "detector": f"d{at % 4}"}
        cells.append({"cell": name, "ledger_seed": 0} | row)
    found = gap.findings(pd.DataFrame(rows), pd.DataFrame(cells))
    return next((row for row in found if row["verdict"] == "note"), found[0]), None


def null(seed: int, *, units: int, ignored: bool) -> tuple[dict[str, Any], None]:
    """FB014: digits in units of unequal size that look alike, which the ledger knows or not."""
    from benchmark.stages.measurements.shuffled import judged

    rng, images = np.random.default_rng(seed), source("digits")
    sides = []
    for _ in range(2):
        at = rng.choice(images.n, 360, replace=False)
        of = np.arange(360) if units >= 360 else np.r_[tuple(
            np.sort(rng.choice(units, 180, p=_sizes(units))) + side * units for side in (0, 1)
        )]  # fmt: skip
        seen = features("digits")[at]
        sides.append([seen + 2 * seen.std(axis=0) * _of_units(rng, of)[:, None], of])
    train, test = (shuffled.Side(seen, of, np.arange(360) >= 180) for seen, of in sides)
    if ignored:  # called fake by unit, as people or films are, and counted one by one
        found = shuffled.shuffled(train, test, seed=seed, counted=np.arange(360))
    else:
        found = shuffled.shuffled(train, test, seed=seed)
    return judged(found), None


def _sizes(units: int) -> np.ndarray:
    """Unequal: the largest of them is several times the smallest."""
    sizes = 1 / np.sqrt(np.arange(1, units + 1))
    return sizes / sizes.sum()


def _of_units(rng: np.random.Generator, of: np.ndarray) -> np.ndarray:
    return rng.normal(size=int(of.max()) + 1)[of] + 0.5 * rng.normal(size=len(of))


def cases(real: bool) -> Iterator[Case]:
    """Yields what is simulated; `real` for the dogs, too."""
    yield Case("FB012", f"{UNEQUAL}: nothing", partial(members, name=UNEQUAL, share=0.0))
    yield Case("FB015", f"{UNEQUAL}: nothing, reals", partial(copied, name=UNEQUAL, share=0.0, kind="reals"))
    for name in ("digits", *(["dogs"] if real else [])):
        part = 1.0 if name == "digits" else 0.1
        yield Case("FB012", f"{name}: nothing", partial(members, name=name, share=0.0), part)
        for share in (0.02, 0.03, 0.05, 0.1, 1.0):
            yield Case("FB012", f"{name}: {share:.0%} of test", partial(members, name=name, share=share), part / 10)
        for kind in ("reals", "gaussian"):
            yield Case("FB015", f"{name}: nothing, {kind}", partial(copied, name=name, share=0.0, kind=kind), part)
        for share in (0.02, 0.05, 0.1):
            one = partial(copied, name=name, share=share, kind="gaussian")
            yield Case("FB015", f"{name}: {share:.0%} copied, gaussian", one, part / 10)
    for units in (5, 20, 200, 400):
        yield Case("FB013", f"{units} units: nothing", partial(gaps, shift=0.0, units=units), 0.25)
        yield Case("FB013", f"{units} units: half a deviation", partial(gaps, shift=0.5, units=units), 0.1)
    for units in (5, 20, 200, 360):
        yield Case("FB014", f"{units} units", partial(null, units=units, ignored=False), 0.25)
    yield Case("FB014", "20 units that the ledger does not know", partial(null, units=20, ignored=True), 0.1)


def _one(task: tuple[Case, int]) -> tuple[str, float, bool | None]:
    case, seed = task
    with threadpool_limits(1):
        row, held = case.draw(seed)
    return row["verdict"], row["smallest"], held


def simulate(case: Case, draws: int, run: Callable[..., Any] = map) -> dict[str, Any]:
    """Returns the row of a case."""
    found = list(run(_one, [(case, seed) for seed in range(draws)]))
    verdicts = pd.Series([one[0] for one in found])
    smallest = [one[1] for one in found if not np.isnan(one[1])]
    held = [one[2] for one in found if one[2] is not None]
    said = "note" if case.number == "FB013" else "alarm"
    low, high = clopper_pearson((verdicts == said).sum(), draws)
    return {
        "finding": case.number, "name": TITLES[case.number], "planted": case.planted, "draws": draws, "said": said,
        "share": (verdicts == said).mean(), "low": float(low), "high": float(high),
        "notes": (verdicts == "note").mean(), "cannot_tell": (verdicts == "cannot tell").mean(),
        "smallest": np.mean(smallest) if smallest else np.nan, "held": np.mean(held) if held else np.nan,
    }  # fmt: skip


def main() -> None:
    """Prints the table and writes it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", default="", help="a finding, such as FB015")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = []
    with multiprocessing.get_context("fork").Pool(arguments.workers) as pool:
        for case in cases("FAUXBENCH_DATA" in os.environ):
            if case.number.startswith(arguments.only):
                rows.append(simulate(case, max(1, round(case.part * arguments.draws)), partial(pool.imap, chunksize=2)))
                print(pd.DataFrame(rows[-1:]).round(3).to_csv(index=False, header=len(rows) == 1).rstrip(), flush=True)
    if arguments.out is not None:
        pd.DataFrame(rows).round(4).to_csv(arguments.out, index=False)


if __name__ == "__main__":
    main()
