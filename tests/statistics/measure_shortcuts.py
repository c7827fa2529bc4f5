"""How often the shortcut audit alarms on clean sets, and which planted traces it finds: the tables of the protocol.

`--clean` counts alarms of halves of the reals (`real-copy`) and of `gaussian` over ledger seeds, with the exact upper
bound (Clopper, Pearson). `--traces` plants traces in the fakes or the reals of `real-copy`, in all images or a part.

    python -m tests.statistics.measure_shortcuts --clean --draws 200 --first 2000 --workers 16 --data DIR
    python -m tests.statistics.measure_shortcuts --clean --draws 200 --first 2000 --pool 1800 --sources mnist --data DIR
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from scipy import stats
from threadpoolctl import threadpool_limits

from benchmark.results.shortcuts import trace_verdicts
from benchmark.stages.shortcuts.audit import traces
from data import perturb
from detection.features.traces import chroma, jpeg
from generation.gaussian import Gaussian

SOURCES = ("digits", "mnist", "cifar10", "celeba")
SHARES = {"train": 0.3, "test": 0.2}  # of a source, for detectors; gaussian learns from the rest
MOST = 3000  # images of a source that a draw uses
FACES = 3000  # of CelebA that are read


@cache
def source(name: str, folder: Path) -> np.ndarray:
    """Returns the images of a source: of CIFAR-10 the dogs, which no limit was set on."""
    if name == "digits":
        from data.sources.digits import Digits as Source

        options: dict = {}
    elif name == "mnist":
        from data.sources.mnist import Mnist as Source

        options = {}
    elif name == "cifar10":
        from data.sources.cifar10 import Cifar10 as Source

        options = {"classes": ["dog"]}
    else:
        from data.sources.celeba import CelebA as Source

        options = {"limit": FACES}
    return np.asarray(Source(**options).load([folder]).images)


@cache
def pool(name: str, folder: Path, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns some images of a source, the same for all draws, and as many samples of a Gaussian of all others."""
    images = source(name, folder)
    order = np.random.default_rng(size).permutation(len(images))
    made = Gaussian(random_state=0).fit(images[np.sort(order[size:])[:MOST]])
    return images[np.sort(order[:size])], np.asarray(made.sample(size, seed=0))


def remembered(of: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Returns a function of images, one by one, that remembers what it gave for each: draws share their images."""
    known: dict[tuple, Any] = {}

    def again(images: np.ndarray, *given: tuple) -> np.ndarray:
        keys = [(image.tobytes(), *given) for image in images]
        new = [at for at, key in enumerate(keys) if key not in known]
        if new:
            known.update(zip((keys[at] for at in new), of(images[new], *given).tolist(), strict=True))
        return np.array([known[key] for key in keys])

    return again


def remember() -> None:
    """Makes the dear descriptors of images be found once for all draws of a pool."""
    for module, name in ((jpeg, "jpeg_quality"), (jpeg, "shows"), (chroma, "chroma_halved")):
        setattr(module, name, remembered(getattr(module, name)))


def parts(images: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Deals images into `generator`, `train` and `test` by chance."""
    order = np.random.default_rng([seed, 0x1ED]).permutation(len(images))[:MOST]
    cuts = np.cumsum([int(SHARES["test"] * len(order)), int(SHARES["train"] * len(order))])
    test, train, generator = np.split(order, cuts)
    return {"generator": images[generator], "train": images[train], "test": images[test]}


def halves(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns two halves of images that are in random order."""
    return images[::2], images[1::2]


def findings(reals: dict[str, np.ndarray], fakes: dict[str, np.ndarray], seed: int) -> list[dict]:
    """Audits the reals and fakes of the parts `train` and `test`, each image alone."""
    pairs = []
    for part in ("train", "test"):
        units = np.arange(len(reals[part]) + len(fakes[part]))
        pairs.append(((reals[part], units[: len(reals[part])]), (fakes[part], units[len(reals[part]) :])))
    return trace_verdicts({"made": traces(*pairs, seed=seed)})


def clean(job: tuple[str, str, int], folder: Path, size: int = 0) -> dict:
    """Returns how many alarms and notes one clean set raises; with a size, of a pool of so many images."""
    name, control, seed = job
    known, samples = pool(name, folder, size) if size else (source(name, folder), None)
    dealt = parts(known, seed)
    if control == "real-copy":
        both = {part: halves(dealt[part]) for part in ("train", "test")}
        reals, fakes = ({part: pair[side] for part, pair in both.items()} for side in (0, 1))
    elif samples is not None:
        reals = {part: dealt[part] for part in ("train", "test")}
        fakes = parts(samples, seed + 1)
    else:
        reals = {part: dealt[part] for part in ("train", "test")}
        made = Gaussian(random_state=seed).fit(dealt["generator"])
        drawn = made.sample(sum(map(len, reals.values())), seed=seed)
        fakes = {"train": drawn[: len(reals["train"])], "test": drawn[len(reals["train"]) :]}
    rows = findings(reals, fakes, seed)
    said = {verdict: [row["about"] for row in rows if row["verdict"] == verdict] for verdict in ("alarm", "note")}
    return {"source": name, "fakes": control, "seed": seed, **{key: "; ".join(value) for key, value in said.items()}}


def level(images: np.ndarray) -> np.ndarray:
    """Moves the middle level that occurs to the next."""
    out, levels = images.copy(), np.unique(images)
    out[out == levels[len(levels) // 2]] = levels[len(levels) // 2 + 1]
    return out


def constant(images: np.ndarray, value: int, *places: slice | int) -> np.ndarray:
    """Sets one place to a value."""
    out = images.copy()
    out[(slice(None), *places)] = value
    return out


def repeated(images: np.ndarray, line: int) -> np.ndarray:
    """Makes the upper border another line."""
    out = images.copy()
    out[:, 0] = out[:, line]
    return out


def each(images: np.ndarray, change: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """Changes each image by itself."""
    flat = [image[..., 0] if image.shape[-1] == 1 else image for image in images]
    return np.stack([np.asarray(change(Image.fromarray(image))) for image in flat]).reshape(images.shape)


def resized(image: Image.Image) -> Image.Image:
    """Reduces to half the side and enlarges again."""
    small = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
    return small.resize(image.size, Image.Resampling.BICUBIC)


def half_colour(image: Image.Image) -> Image.Image:
    """Stores colour at half the resolution, luminance as it is."""
    light, *colour = image.convert("YCbCr").split()
    half = (image.width // 2, image.height // 2)
    small = [plane.resize(half, Image.Resampling.BOX) for plane in colour]
    large = [plane.resize(image.size, Image.Resampling.BILINEAR) for plane in small]
    return Image.merge("YCbCr", [light, *large]).convert("RGB")


def smooth(images: np.ndarray) -> np.ndarray:
    """Leaves no energy above half of the highest frequency."""
    spectrum = np.fft.fft2(images.astype(float), axes=(1, 2))
    rows, columns = (np.abs(np.fft.fftfreq(side)) for side in images.shape[1:3])
    spectrum[:, (rows[:, None] > 0.25) | (columns[None] > 0.25)] = 0
    return np.clip(np.fft.ifft2(spectrum, axes=(1, 2)).real.round(), 0, 255).astype(np.uint8)


PLANTED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "level moved": level,
    "even levels only": lambda images: images // 2 * 2,
    "pixel constant at 128": lambda images: constant(images, 128, images.shape[1] // 2, images.shape[2] // 2),
    "corner constant at 255": lambda images: constant(images, 255, 0, 0),
    "border black": lambda images: constant(images, 0, slice(None), -1),
    "border at 200": lambda images: constant(images, 200, slice(None), -1),
    "border repeats the next line": partial(repeated, line=1),
    "border reflects": partial(repeated, line=2),
    **{f"JPEG {quality}": partial(perturb.jpeg, quality=quality) for quality in (75, 85, 90, 95)},
    "chroma halved": partial(each, change=half_colour),
    "no level above 250": lambda images: np.minimum(images, 250),
    "nothing above 0.25 cycles/px": smooth,
    "resized down and up": partial(each, change=resized),
}


def planted(job: tuple[str, str, str, float, int], folder: Path) -> dict:
    """Returns what is said of one planted trace."""
    name, trace, side, share, seed = job
    dealt = parts(source(name, folder), seed)
    both: dict[str, dict[str, np.ndarray]] = {"reals": {}, "fakes": {}}
    for part in ("train", "test"):
        both["reals"][part], both["fakes"][part] = halves(dealt[part])
    rng = np.random.default_rng([seed, 0x91A])
    for part, images in both[side].items():
        carry = rng.random(len(images)) < share
        changed = images.copy()
        changed[carry] = PLANTED[trace](images[carry])
        both[side][part] = changed
    rows = findings(both["reals"], both["fakes"], seed)
    verdicts = {row["verdict"] for row in rows if row["value"] == row["value"]}
    found = "found" if "alarm" in verdicts else "said" if "note" in verdicts else "missed"
    named = "; ".join(row["about"].removesuffix(", made") for row in rows if row["verdict"] in ("alarm", "note"))
    return {"source": name, "trace": trace, "side": side, "share": share, "seed": seed, "verdict": found, "by": named}


def main() -> None:
    """Prints the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clean", action="store_true", help="alarms on clean sets")
    parser.add_argument("--traces", action="store_true", help="planted traces")
    parser.add_argument("--sources", nargs="+", choices=SOURCES, default=SOURCES)
    parser.add_argument("--draws", type=int, help="ledger seeds: 200 with --clean, 5 with --traces")
    parser.add_argument("--first", type=int, default=0, help="first ledger seed; limits were set below 1100")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("FAUXBENCH_DATA", ".")))
    parser.add_argument("--out", type=Path, help="a CSV file of every draw")
    parser.add_argument("--pool", type=int, default=0, help="images of a source that all draws deal anew, else all")
    asked = parser.parse_args()
    if asked.pool:
        remember()
    with get_context("fork").Pool(asked.workers, threadpool_limits, (1,)) as workers:
        if asked.clean:
            seeds = range(asked.first, asked.first + (asked.draws or 200))
            jobs = [
                (name, fakes, seed) for name in asked.sources for fakes in ("real-copy", "gaussian") for seed in seeds
            ]
            table = pd.DataFrame(workers.imap(partial(clean, folder=asked.data, size=asked.pool), jobs))
            print(*_bounds(table), sep="\n")
        if asked.traces:
            seeds = range(asked.first, asked.first + (asked.draws or 5))
            jobs = [
                (name, trace, side, share, seed)
                for name in asked.sources for trace in PLANTED for side in ("reals", "fakes") for share in (1.0, 0.3)
                for seed in seeds if name in ("cifar10", "celeba") or trace != "chroma halved"
            ]  # fmt: skip
            table = pd.DataFrame(workers.imap_unordered(partial(planted, folder=asked.data), jobs))
            print(*_shown(table), sep="\n")
    if asked.out:
        table.sort_values(list(table.columns[:-2])).to_csv(asked.out, index=False)


def _bounds(table: pd.DataFrame) -> list[str]:
    """Returns a Markdown table of the sets that alarm, with the exact one-sided bound at 95 %."""
    lines = ["| set | draws | alarm | at most | note | by |", "|---|---|---|---|---|---|"]
    for (name, fakes), rows in table.groupby(["source", "fakes"], sort=False):
        count, n = int((rows["alarm"] != "").sum()), len(rows)
        bound = stats.beta.ppf(0.95, count + 1, n - count) if count < n else 1.0
        by = ", ".join(
            sorted({one.removesuffix(", made") for text in rows["alarm"] for one in text.split("; ") if one})
        )
        noted = (rows["note"] != "").mean()
        lines.append(f"| {name}, {fakes} | {n} | {count} | {bound:.1%} | {noted:.0%} | {by} |")
    return lines


def _shown(table: pd.DataFrame) -> list[str]:
    """Returns a Markdown table: found / said / missed in the draws, for each source, trace, side and share."""
    cases = [(side, share) for side in ("reals", "fakes") for share in (1.0, 0.3)]
    heads = " | ".join(f"{side}, {share:.0%}" for side, share in cases)
    lines = [f"| set | trace | {heads} |", "|---" * (2 + len(cases)) + "|"]
    for (name, trace), rows in table.groupby(["source", "trace"], sort=False):
        cells = []
        for side, share in cases:
            verdicts = rows.loc[(rows["side"] == side) & (rows["share"] == share), "verdict"]
            cells.append(" / ".join(str(int((verdicts == word).sum())) for word in ("found", "said", "missed")))
        lines.append(f"| {name} | {trace} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
