"""A run's images as folders of PNG files, as other tools read them, with a card that says what they are."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.store import png
from benchmark.store.out_folder import new_folder
from benchmark.use import data_card
from benchmark.use.cards import croissant
from benchmark.use.stored_run import StoredRun
from data.errors import UserError
from data.names import short

FOLDERS = {"detector-train": "train", "detector-validation": "validation", "test": "test"}
COLUMNS = (
    "file_name", "label", "is_fake", "generator", "training_seed", "checkpoint", "part", "image_id", "group", "class",
    "sha256",
)  # fmt: skip


def export(
    run: str | Path,
    *,
    out: str | Path,
    generators: Sequence[str] | None = None,
    force: bool = False,
    store: str | Path | None = None,
) -> dict[str, dict[str, int]]:
    """Writes the real and fake images of every part that a detector sees as PNG files.

    `train/`, `validation/` and `test/` each hold `real/`, `fake/` and `metadata.csv`, one row per image; `images.csv`
    has the rows of all three, and `croissant.json` says what it holds to loaders of data sets. `README.md` says how
    the images were made. Real and fake images have had the same last steps, are written by the same encoder with the
    same settings, and hold no metadata: what an image is stands in its folder's name and in `metadata.csv` only.

    Args:
        run: The run folder.
        out: Where they go, a new or empty folder.
        generators: Whose fakes. Defaults to `None`, those of every generator that is no control.
        force: Whether to export although the run's audit has an alarm; the card then says so. Defaults to `False`.
        store: The run's store. Defaults to `None`, `.store` beside the run folder.

    Returns:
        Part -> "real" or the generator -> number of images.

    Raises:
        UserError: If the audit has an alarm, a generator is unknown or copies reals, or the store no longer holds it.
    """
    opened = StoredRun(run, store)
    chosen = _chosen(opened, generators)
    alarms = _alarms(opened, force)
    banks = {(name, seed): opened.bank(name, seed) for name in chosen for seed in opened.training_seeds}
    counts: dict[str, dict[str, int]] = {}
    with new_folder(Path(out)) as folder:
        for part, place in FOLDERS.items():
            counts[place] = _write_part(folder / place, opened, part, banks)
        _join(folder)
        croissant.write(folder, opened, chosen)
        text = data_card.text(opened, counts, list(banks), alarms)
        (folder / "README.md").write_text(text, encoding="utf-8")
    return counts


def _join(folder: Path) -> None:
    """Writes the rows of all parts as one table, with the files' places from here."""
    with open(folder / croissant.TABLE, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for place in FOLDERS.values():
            with open(folder / place / "metadata.csv", newline="", encoding="utf-8") as part:
                for row in csv.DictReader(part):
                    table.writerow(row | {"file_name": f"{place}/{row['file_name']}"})


def _chosen(opened: StoredRun, names: Sequence[str] | None) -> list[str]:
    rows = [opened.generator_row(name) for name in opened.generators]
    if not names:
        names = [row["id"] for row in rows if not row["control"]]
    if not names:
        raise UserError(
            f"{opened.folder} holds controls only. Name one with --generator: {', '.join(opened.generators)}."
        )
    for name in names:
        if opened.generator_row(name)["control"] == "real-copy":
            raise UserError(f"The fakes of '{name}' are real images: there is nothing to export of it.")
    return list(dict.fromkeys(names))


def _alarms(opened: StoredRun, force: bool) -> list[str]:
    """Returns the names of the audit's alarms, if they are to be passed over."""
    audit = opened.audit
    rows = audit[audit["verdict"] == "alarm"]
    if len(rows) and not force:
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        raise UserError(
            f"The audit of {opened.folder} has an alarm, '{rows['name'].iloc[0]}'{more}: "
            f"{str(rows['advice'].iloc[0]).rstrip('.')}. --force exports all the same, and the card says so."
        )
    return [str(name) for name in rows["name"]]


def _write_part(folder: Path, opened: StoredRun, part: str, banks: dict[tuple[str, int], Path]) -> dict[str, int]:
    """Writes one part, image by image, and returns how many there are of each kind."""
    for kind in ("real", "fake"):
        (folder / kind).mkdir(parents=True)
    counts = {"real": 0, **{name: 0 for name, _ in banks}}
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for image, row in _images(opened, part, banks):
            content = png.plain(image)
            (folder / row["file_name"]).write_bytes(content)
            table.writerow(row | {"sha256": hashlib.sha256(content).hexdigest()})
            counts[row["generator"] or "real"] += 1
    return counts


def _images(
    opened: StoredRun, part: str, banks: dict[tuple[str, int], Path]
) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """Yields each image of a part with its row; they stay on disk until then."""
    images = opened.images
    for i, at in enumerate(opened.ledger.parts[part]):
        yield images.images[at], {
            "file_name": f"real/{i:06d}.png", "label": "real", "is_fake": 0, "generator": "", "training_seed": "",
            "checkpoint": "", "part": part, "image_id": images.ids[at], "class": images.classes[images.labels[at]],
            "group": "" if images.groups is None else _named(images.groups[at]),
        }  # fmt: skip
    stems = _stems(list(banks))
    for (name, seed), folder in banks.items():
        record = opened.bank_record(name, seed)
        asked, owners = _beside(folder / f"{part}.labels.npy"), _beside(folder / f"{part}.groups.npy")
        for i, image in enumerate(np.load(folder / f"{part}.npy", mmap_mode="r")):
            yield image, {
                "file_name": f"fake/{stems[name, seed]}-{i:06d}.png", "label": "fake", "is_fake": 1,
                "generator": name, "training_seed": seed, "checkpoint": record["checkpoint"], "part": part,
                "image_id": f"fake/{part}/{i:06d}", "class": "" if asked is None else images.classes[int(asked[i])],
                "group": "" if owners is None else _named(owners[i]),
            }  # fmt: skip


def _named(group: float) -> int | str:
    return int(group) if group >= 0 else ""  # of no group


def _beside(path: Path) -> np.ndarray | None:
    return np.load(path) if path.exists() else None


def _stems(banks: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Returns what the names of each bank's files begin with: safe on every system, and no two alike."""
    stems: dict[tuple[str, int], str] = {}
    for name, seed in banks:
        stem = f"{short(re.sub(r'[^A-Za-z0-9_.-]', '-', name).lstrip('.')) or 'generator'}-seed{seed}"
        taken = {other.lower() for other in stems.values()}  # some systems do not tell A from a
        while stem.lower() in taken:
            stem += "x"
        stems[name, seed] = stem
    return stems
