"""Which changed copies the ledger and its audit find, by kind of change, and which pairs of whole sets they merge.

    python tests/statistics/simulate_copies.py --data DIR --draws 2000 --workers 8 --out copies.md --sheets sheets
    python tests/statistics/simulate_copies.py --data DIR --clean 200 --sets digits dogs --out clean.md

Each kind of change is made of `--draws` images of a set, and the copies are looked for among these images. Then the
whole sets are searched as they are; the weakest pairs of each are drawn, to be looked at. The limits were set on
training images of CIFAR-10 of the classes airplane, automobile, bird, frog, horse and ship; dogs and cats are others.

`--clean` counts false alarms instead: of `FB002` over ledger seeds of a set as it is, of `FB003` where the fakes are
samples of a Gaussian, or the other half of the set, as if a perfect generator had drawn it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from functools import cache
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw
from scipy import stats

from benchmark.quality import across
from benchmark.quality.across import Look
from benchmark.quality.planted import changes
from benchmark.stages import bank_audit
from benchmark.stages.bank import near_reals
from data.copies.align import agreement
from data.copies.propose import proposed
from data.duplicates import Copies, find_copies
from data.imageset import ImageSet, snap
from data.ledger import Ledger, split
from data.near_duplicates import ALIKE, LIMIT, SIDE, reduced
from generation.gaussian import Gaussian

SETS = ("dogs", "cats", "celeba", "mnist", "digits")  # whose copies are looked for
WHOLE = ("cifar10", "celeba", "mnist", "digits")  # that are searched as they are
WEAKEST = 40  # pairs that are drawn
CLEAN = ("FB002", "FB003 gaussian", "FB003 other half")
FIRST = 2000  # ledger seed of clean draws; limits were not set on these


@cache
def images_of(name: str, data: Path) -> ImageSet:
    """Returns an image set by the name that it has here."""
    from data.sources.celeba import CelebA
    from data.sources.cifar10 import Cifar10
    from data.sources.digits import Digits
    from data.sources.mnist import Mnist

    make = {
        "dogs": lambda: Cifar10(classes=["dog"]), "cats": lambda: Cifar10(classes=["cat"]), "cifar10": Cifar10,
        "celeba": lambda: CelebA(size=64), "mnist": Mnist, "digits": Digits,
    }  # fmt: skip
    return make[name]().load([data])


def kinds(name: str) -> list[str]:
    """Returns the kinds of change that images of a set can have."""
    shape = {"mnist": (28, 28, 1), "digits": (8, 8, 1), "celeba": (64, 64, 3)}.get(name, (32, 32, 3))
    return list(changes(shape))


def one_kind(name: str, kind: str, draws: int, data: Path, seed: int = 0) -> dict[str, object]:
    """Returns the shares of changed copies that the ledger finds, chains to another picture, and the audit finds."""
    image_set = images_of(name, data)
    rng = np.random.default_rng([seed, draws])
    images = np.asarray(image_set.images)[np.sort(rng.permutation(image_set.n)[:draws])]
    n, alike = len(images), image_set.groups is not None
    copies = np.stack([changes(images.shape[1:])[kind](image, rng) for image in images])
    before, look, at = _before(name, draws, data, seed)
    near = find_copies(np.concatenate([images, copies]), alike=alike).near
    own = near[n:] == near[:n]
    wrong = sum(len(np.unique(before[near[:n] == unit])) > 1 for unit in np.unique(near[:n]))
    probes, source = reduced(copies)
    seen = look.near(probes)
    by_audit = np.unique(seen[source[seen[:, 0]] == at[seen[:, 1]], 0])
    return {
        "set": name, "change": kind, "n": n, "found": own.mean(), "joined wrongly": wrong,
        "found by the audit": len(by_audit) / n,
    }  # fmt: skip


@cache
def _before(name: str, draws: int, data: Path, seed: int) -> tuple[np.ndarray, Look, np.ndarray]:
    """Returns the copies among the images themselves, and how the audit looks among them: the same for each change."""
    image_set = images_of(name, data)
    chosen = np.sort(np.random.default_rng([seed, draws]).permutation(image_set.n)[:draws])
    images = np.asarray(image_set.images)[chosen]
    where, at = reduced(images)
    near = find_copies(images, alike=image_set.groups is not None).near
    return near, Look(where, small=min(images.shape[1:3]) < SIDE), at


@cache
def _copies_of(name: str, data: Path) -> Copies:
    """Returns the copies of a set as it is, which are the same for each ledger seed."""
    images = images_of(name, data)
    return find_copies(images.images, alike=images.groups is not None)


def whole_set(name: str, data: Path, sheets: Path | None) -> dict[str, object]:
    """Returns how many images of a set are copies as it is, and draws the weakest pairs."""
    image_set = images_of(name, data)
    images, alike = np.asarray(image_set.images), image_set.groups is not None
    started = time.process_time()
    copies = find_copies(images, alike=alike)
    seconds = time.process_time() - started
    here = np.arange(len(images))
    row = {
        "set": name, "images": len(images), "equal": int((copies.exact != here).sum()),
        "joined": int((copies.near != here).sum()), "largest unit": int(np.bincount(copies.near).max()),
        "seconds of one core": round(seconds, 1),
    }  # fmt: skip
    if sheets is not None and min(images.shape[1:3]) >= SIDE:
        grey, at = reduced(images)
        pairs = proposed(grey)
        score = agreement(grey, grey[:0], pairs)
        order = np.argsort(score, kind="stable")
        order = order[score[order] >= (ALIKE if alike else LIMIT)]
        row["pairs"] = len(order)
        drawn = [(images[at[pairs.first[k]]], images[at[pairs.second[k]]], score[k]) for k in order[:WEAKEST]]
        sheets.mkdir(parents=True, exist_ok=True)
        sheet(drawn).save(sheets / f"{name}.png")
    return row


def clean(name: str, what: str, seed: int, data: Path) -> str:
    """Returns the verdict of `FB002` or `FB003` on a draw in which nothing was copied."""
    images = images_of(name, data)
    if what == "FB002":
        return str(across.finding(images, split(images, seed=seed, copies=_copies_of(name, data)))["verdict"])
    mine, others = images, np.asarray(images.images)
    copies = None if what == "FB003 other half" else _copies_of(name, data)
    if what == "FB003 other half":
        at = np.random.default_rng(seed).permutation(images.n)
        half = np.sort(at[: images.n // 2])
        kept = {name: np.asarray(getattr(images, name))[half] for name in ("images", "labels", "ids")}
        groups = None if images.groups is None else np.asarray(images.groups)[half]
        mine = ImageSet(images.name, **kept, classes=images.classes, groups=groups)
        others = others[at[images.n // 2 :]]
    ledger = split(mine, seed=seed, copies=copies)
    if what == "FB003 gaussian":
        at = ledger.parts["generator-train"]
        fitted = Gaussian(random_state=seed).fit(mine.images[at], mine.labels[at])
        others = snap(fitted.sample(mine.n - len(at), seed=seed), mine.value_grid)
    return _of_reals(mine, ledger, others)


def _of_reals(images: ImageSet, ledger: Ledger, fakes: np.ndarray) -> str:
    base = near_reals(images, ledger)
    row = bank_audit.copies(np.asarray(images.images), fakes, alike=images.groups is not None, base=base)
    return str(row["verdict"])


def false_alarms(name: str, what: str, draws: int, data: Path) -> dict[str, object]:
    """Returns how many clean draws are alarms or notes, and how high the true rate of alarms may be."""
    said = [clean(name, what, FIRST + draw, data) for draw in range(draws)]
    alarms = said.count("alarm")
    most = stats.binomtest(alarms, draws, alternative="less").proportion_ci(0.95, method="exact").high
    return {
        "set": name, "finding": what, "draws": draws, "alarms": alarms, "true rate at most": float(most),
        "notes": said.count("note"), "cannot tell": said.count("cannot tell"),
    }  # fmt: skip


def sheet(pairs: Sequence[tuple[np.ndarray, np.ndarray, float]], columns: int = 8, side: int = 96) -> Image.Image:
    """Returns pairs of images side by side, each with its agreement."""
    out = Image.new("RGB", (columns * (2 * side + 12), -(-len(pairs) // columns) * (side + 16)), "white")
    pen = ImageDraw.Draw(out)
    for k, (first, second, value) in enumerate(pairs):
        left, top = k % columns * (2 * side + 12), k // columns * (side + 16)
        for offset, image in ((0, first), (side + 2, second)):
            picture = Image.fromarray(image.squeeze()).convert("RGB").resize((side, side), Image.Resampling.NEAREST)
            out.paste(picture, (left + offset, top + 12))
        pen.text((left, top), f"{value:.3f}", fill="black")
    return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints both tables, and writes them as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--whole", nargs="*", default=list(WHOLE))
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--clean", type=int, default=0, help="Ledger seeds of a clean set, in place of the tables.")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sheets", type=Path)
    asked = parser.parse_args(arguments)
    tables = _clean_tables(asked) if asked.clean else _tables(asked)
    text = "\n\n".join(_markdown(table) for table in tables)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n", encoding="utf-8")


def _clean_tables(asked: argparse.Namespace) -> list[pd.DataFrame]:
    tasks = [(name, what, asked.clean, asked.data) for name in asked.sets for what in CLEAN]
    with Pool(asked.workers) as pool:
        return [pd.DataFrame(pool.starmap(false_alarms, tasks, chunksize=1))]


def _tables(asked: argparse.Namespace) -> list[pd.DataFrame]:
    tasks = [(name, kind, asked.draws, asked.data) for name in asked.sets for kind in kinds(name)]
    wholes = [(name, asked.data, asked.sheets) for name in asked.whole]
    with Pool(asked.workers) as pool:
        large = pool.starmap_async(whole_set, wholes, chunksize=1)
        rows = pd.DataFrame(pool.starmap(one_kind, tasks, chunksize=1))
        tables = [pd.DataFrame(large.get())]
    if len(rows):
        order = list(dict.fromkeys(rows["change"]))
        for what in ("found", "found by the audit", "joined wrongly"):
            tables.append(rows.pivot(index="change", columns="set", values=what).loc[order])
            tables[-1].columns.name = None
            tables[-1].index.name = f"{what}, of {asked.draws:,}"
    return tables


def _markdown(table: pd.DataFrame) -> str:
    shown = table.reset_index() if table.index.name else table
    cells = [["" if pd.isna(x) else f"{x:.3f}" if isinstance(x, float) and x <= 1 else str(x) for x in row]
             for row in shown.itertuples(index=False)]  # fmt: skip
    lines = [[str(name) for name in shown.columns], ["---"] * len(shown.columns), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
