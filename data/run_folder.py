"""What a run folder holds, and whether one is whole. Everything that opens a run folder goes through `checked`.

The manifest is written last and names every other file with its size and SHA-256, so what stands beside it is what the
run wrote. `report.html`, `report.pdf` and `figures/` are not among them: they are drawn from the others, and may be
drawn again. A run folder is whole with them and without; a new result takes those of the one before away.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from data.errors import UserError

FORMAT = 5
HIDDEN = ".fauxbench-"  # how the names of files begin that exist only while a run writes
WORK = f"{HIDDEN}part"  # how the name of the folder begins that a run writes into first
MANIFEST = "manifest.json"
PAGE, PDF, FIGURES = "report.html", "report.pdf", "figures"
CARD = "card.json"  # what was paired with what; runs of earlier versions have none
FIGURE_ENDINGS = (".svg", ".png", ".csv")  # the files of each figure
TABLES = {  # the columns that each has, whatever was run; it may have more
    "cells.csv": "cell dataset generator generator_seed checkpoint train_generator detector detector_seed purpose "
    "perturbation status error",
    "metrics.csv": "scope cell generator generator_seed checkpoint detector metric value low high n_real n_fake note",
    "comparisons.csv": "generator generator_seed checkpoint detector best difference low high p p_holm",
    "ranks.csv": "table scope generator generator_seed detector name value compared rank_low rank_high group "
    "may_be_best best_low best_high p_chance p_chance_holm tells note",
    "roc.csv": "cell fpr tpr threshold",
    "reliability.csv": "cell bin n probability share low high",
    "training.csv": "generator generator_seed",
    "components.csv": "generator detector component levels variance sd low high note",
    "over_runs.csv": "generator measure runs value low high note",
    "histories.csv": "generator generator_seed detector detector_seed",
    "generators.csv": "generator generator_seed checkpoint kind",
    "classes.csv": "generator generator_seed checkpoint class",
    "reconstruction.csv": "generator generator_seed",
    "identity.csv": "generator generator_seed checkpoint direction",
    "audit.csv": "finding name about value low high smallest verdict advice",
    "scores.parquet": "cell part image_id unit is_fake score",
    "images/index.csv": "file kind generator generator_seed checkpoint rows columns height width",
    "explanations/index.csv": "file data kind generator detector rows columns height width low high limit",
    "explanations/picks.csv": "generator detector kind row column image_id is_fake score",
    "explanations/spectra.csv": "generator radius frequency real fake difference",
}
FACTS: dict[str, type] = {
    "name": str, "command": str, "smoke": bool, "ignored": list, "result": str, "spec": dict, "threads": int,
    "seeds": dict, "dataset": dict, "generators": list, "detectors": list, "stages": list, "failures": list,
    "files": dict,
}  # fmt: skip
ROWS = {"generators": ("id", "kind"), "detectors": ("id", "kind"), "stages": ("id", "stage", "key", "status")}


class Damaged(UserError):
    """A run folder is not, or no longer, what its run wrote."""


def checked(folder: str | Path) -> dict[str, Any]:
    """Checks that a folder is a whole run's, and returns its manifest.

    Every file that the manifest names is read once, at about a gigabyte per second.

    Args:
        folder: The run folder.

    Raises:
        Damaged: If a file is missing, is no plain file, has other bytes than the manifest says or lacks a column.
        UserError: If the folder is none of a run, or of one that another version wrote.
    """
    folder = Path(folder)
    manifest = _manifest(folder)
    for name in TABLES.keys() - manifest["files"].keys():
        raise _damaged(folder, f"its manifest does not name {name}")
    for name, recorded in sorted(manifest["files"].items()):
        _check_file(folder, name, recorded)
    for name, columns in TABLES.items():
        if lacking := [column for column in columns.split() if column not in _columns(folder, name)]:
            raise _damaged(folder, f"{name} has no column '{lacking[0]}'")
    return manifest


def seal(folder: Path, facts: dict[str, Any]) -> None:
    """Writes the manifest of a run folder, once everything else is there, whose files it then names.

    Args:
        folder: The folder.
        facts: What is known about the run; `format` and `files` are added.
    """
    paths = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    kept = {inside: path for inside, path in paths.items() if inside.parts[0] not in (MANIFEST, PAGE, PDF, FIGURES)}
    files = {inside.as_posix(): (path.stat().st_size, _digest(path)) for inside, path in kept.items()}
    text = json.dumps({"format": FORMAT, **facts, "files": files}, indent=1, default=str)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def named(folder: Path) -> set[str]:
    """Returns the files inside a folder that its manifest names; none, if it cannot be read."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return {name for name in files if _is_inside(name) and not (folder / name).is_dir()}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def halves(folder: Path) -> Iterator[Path]:
    """Yields what killed processes have left of writing into a run folder; it also says that the folder is one."""
    return folder.glob(f"{WORK}*")


def check_folder(folder: Path, store: Path) -> None:
    """Checks that a run may write into a folder: it is new, empty but for the store, or an earlier run's.

    Raises:
        UserError: If it holds anything else.
    """
    if not folder.is_dir() or (folder / MANIFEST).exists() or any(halves(folder)):
        return
    others = [path for path in folder.iterdir() if not store.is_relative_to(path.resolve())]
    if any(not path.name.startswith(HIDDEN) for path in others):
        raise UserError(f"{folder} holds files that are not a run's. Give --out a new folder.")


def sweep(folder: Path) -> None:
    """Removes `halves`; the caller holds the folder as its only writer."""
    for half in halves(folder):
        shutil.rmtree(half, ignore_errors=True)


def figures_place(folder: Path) -> Path:
    """Returns the folder of the figures of a run folder, whether it is there or not.

    Raises:
        UserError: If something else is in its place, such as a link that leads elsewhere.
    """
    place = folder / FIGURES
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise UserError(f"{place} is no folder: figures would not be written into the run folder. Remove it.")
    return place


def figure_files(place: Path) -> set[str]:
    """Returns the names of the files that were drawn into a folder of figures, as its index has them."""
    try:
        with open(place / "index.csv", encoding="utf-8", newline="") as file:
            names = [str(row.get("name") or "") for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error):
        return set()
    files = {f"{name}{ending}" for name in names for ending in FIGURE_ENDINGS}
    return {name for name in files if Path(name).name == name and "\0" not in name} | {"index.csv"}


def page_is_current(folder: Path) -> bool:
    """Says whether a run folder's page is of the very results that it holds, by when they were written."""
    return _is_of_these_results(folder, folder / PAGE)


def figures_are_current(folder: Path) -> bool:
    """Says whether all of a run folder's figures are there, and of the very results that it holds."""
    files = [folder / FIGURES / name for name in figure_files(folder / FIGURES)]
    return bool(files) and all(_is_of_these_results(folder, file) for file in files)


def _is_of_these_results(folder: Path, drawn: Path) -> bool:
    return drawn.is_file() and drawn.stat().st_mtime_ns >= (folder / MANIFEST).stat().st_mtime_ns


def forget_drawn(folder: Path) -> None:
    """Removes what was drawn of the results before: the page, and figures but not what a user has put beside them."""
    for name in (PAGE, PDF):
        (folder / name).unlink(missing_ok=True)
    place = folder / FIGURES
    if place.is_symlink() or not place.is_dir():
        return
    for name in figure_files(place):
        with contextlib.suppress(OSError):  # a folder of this name is none of ours
            (place / name).unlink()
    with contextlib.suppress(OSError):  # not empty
        place.rmdir()


def _is_inside(name: str) -> bool:
    place = PurePosixPath(name)
    return bool(place.parts) and not place.is_absolute() and ".." not in place.parts and "\0" not in name


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        if not path.is_file():
            raise UserError(f"{folder} is not a run folder: it has no {MANIFEST}.")
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise _damaged(folder, f"{MANIFEST} is not JSON") from None
    if not isinstance(value, dict) or not value:
        raise _damaged(folder, f"{MANIFEST} holds no facts")
    if value.get("format") != FORMAT:
        raise UserError(
            f"{folder} was written by another version of fauxbench. Expected format {FORMAT}. Received: "
            f"{value.get('format')}. Run it again."
        )
    for name, kind in FACTS.items():
        if type(value.get(name)) is not kind:
            raise _damaged(folder, f"{MANIFEST} has no {name}")
    for name, keys in ROWS.items():
        if not all(isinstance(row, dict) and all(isinstance(row.get(key), str) for key in keys) for row in value[name]):
            raise _damaged(folder, f"{MANIFEST} lists {name} that lack one of {', '.join(keys)}")
    return value


def _check_file(folder: Path, name: str, recorded: Any) -> None:
    match recorded:
        case [int(size), str(digest)]:
            pass
        case _:
            raise _damaged(folder, f"{MANIFEST} has no size and digest of {name}")
    if not _is_inside(name):
        raise _damaged(folder, f"{MANIFEST} names a file outside: {name}")
    path = folder / name
    try:
        about = os.lstat(path)
        if not stat.S_ISREG(about.st_mode):  # a link, or what would never end
            raise _damaged(folder, f"{name} is no plain file")
        same = about.st_size == size and _digest(path) == digest
    except OSError as error:
        raise _damaged(folder, f"{name} cannot be read ({error.strerror})") from None
    if not same:
        raise _damaged(folder, f"{name} is not what the run wrote")


def _columns(folder: Path, name: str) -> list[str]:
    """Returns the columns of a table without reading its rows."""
    try:
        if name.endswith(".parquet"):
            from pyarrow import parquet

            return list(parquet.read_schema(folder / name).names)
        with open(folder / name, encoding="utf-8", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, ValueError, csv.Error):  # pyarrow's own errors are such
        raise _damaged(folder, f"{name} is no table") from None


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(folder: Path, what: str) -> Damaged:
    return Damaged(f"{folder} is damaged: {what}. Run it again.")
