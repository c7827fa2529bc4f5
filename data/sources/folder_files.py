"""Which files a folder of images gives, with their labels, and the digest of them."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from pathlib import Path

import numpy as np

from data.errors import UserError, printable
from data.reading import paths
from data.reading.bad_files import BadFiles
from data.reading.regular import read_file
from data.reading.safe_image import FORMATS
from data.reading.walk import ANIMATIONS, IMAGES, Skipped, walk


def digest_of(path: str | Path, *, limit: int | None = None, animations: bool = False) -> str:
    """Returns the sha256 over the names and contents of the files that `read_images` would read.

    Raises:
        UserError: As `list_images`, or if files cannot be read.
    """
    sha = hashlib.sha256()
    root = paths.place(path, "folder of images")
    names, bad = list_images(root, limit=limit, animations=animations)[0], BadFiles(root)
    for name in names:
        try:
            content = hashlib.sha256(read_file(within(root, name))).hexdigest()
        except UserError as error:
            bad.add(name, error, within(root, name))
            continue
        sha.update(_raw(f"{name}\n{content}\n"))
    bad.check(len(names))
    return sha.hexdigest()


def list_images(
    root: Path, *, limit: int | None = None, animations: bool = False
) -> tuple[list[str], np.ndarray, tuple[str, ...], Skipped]:
    """Returns the images below a folder, sorted: relative names, int64 labels, class names, and what was left out.

    With `animations`, `root` may be a single file too.

    Raises:
        UserError: If there is no such folder, no image in it, or something in it cannot be looked at.
    """
    if animations and root.is_file():
        return [root.name], np.zeros(1, np.int64), (printable(root.stem),), Skipped()
    if not root.is_dir():
        raise UserError(f"There is no folder {root}. Expected a folder of {', '.join(FORMATS)} files.")
    endings = (*IMAGES, *ANIMATIONS) if animations else IMAGES
    searched, bad = walk(root, endings), BadFiles(root)
    for name, reason in searched.unreadable:
        bad.add(name or str(root), f"{root / name} cannot be read ({reason}).", root / name)
    bad.check(len(searched.files) + len(searched.unreadable))
    found, skipped = searched.files, searched.skipped
    if not found:
        others = "".join(f" {sentence}" for sentence in skipped.sentences)
        raise UserError(f"There is no image in {root}. Expected files ending in {', '.join(endings)}.{others}")
    by_class: dict[str, list[str]] = {}
    for name in sorted(found):
        by_class.setdefault(name.split("/")[0] if "/" in name else "", []).append(name)
    if "" in by_class and len(by_class) > 1:
        raise UserError(
            f"{root} holds images both beside and in sub-folders, which are the labels. Received: {by_class[''][0]}."
        )
    if limit is not None:  # alternate, so that a short list still has every label
        turns = itertools.zip_longest(*by_class.values())
        kept = set(itertools.islice((n for turn in turns for n in turn if n), limit))
        by_class = {label: [n for n in names if n in kept] for label, names in by_class.items()}
    labels = np.repeat(np.arange(len(by_class)), [len(names) for names in by_class.values()]).astype(np.int64)
    classes = tuple(printable(label or root.resolve().name) for label in by_class)
    return [name for names in by_class.values() for name in names], labels, classes, skipped


def within(root: Path, name: str) -> Path:
    return root if root.is_file() else root / name


def texts_of(names: list[str]) -> list[str]:
    """Returns names that every table takes, no two alike."""
    texts = [printable(name) for name in names]
    counts = Counter(texts)
    return [
        text if text == name or counts[text] == 1 else f"{text}~{hashlib.sha256(_raw(name)).hexdigest()[:8]}"
        for name, text in zip(names, texts, strict=True)
    ]


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
