"""Which image files lie below a folder: the one way in which folders of images are searched."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from data.errors import UserError, printable
from data.reading.own_folders import own_folder

IMAGES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff")
ANIMATIONS = (".gif", ".apng")  # WebP and PNG files may be animated too
VIDEOS = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".flv", ".mpg", ".mpeg", ".ogv", ".3gp", ".mts", ".m2ts",
)  # fmt: skip
SYSTEM = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "system volume information"}
MAX_FOLDERS = 2**20  # links from folder to folder could make them endless
REASONS = {  # one, several
    "other": ("file with another ending was", "files with other endings were"),
    "video": ("video was", "videos were"),
    "hidden": ("hidden or system file or folder was", "hidden or system files and folders were"),
    "folder": ("sub-folder was", "sub-folders were"),
    "special": ("pipe, socket or device was", "pipes, sockets or devices were"),
    "link": ("link to nothing was", "links to nothing were"),
    "loop": ("link back to a folder above it was", "links back to folders above them were"),
    "run": ("run folder of fauxbench was", "run folders of fauxbench were"),
    "store": ("folder of a fauxbench store was", "folders of a fauxbench store were"),
    "maps": ("folder of heat maps of fauxbench was", "folders of heat maps of fauxbench were"),
}


class Skipped:
    """What was left out of a folder, by reason, see `REASONS`."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, None]] = {}

    def add(self, reason: str, name: str) -> None:
        """Counts a file or folder, once."""
        self._names.setdefault(reason, {})[name] = None

    def merge(self, other: Skipped, inside: Path, reasons: tuple[str, ...] = tuple(REASONS)) -> None:
        """Counts what was left out of a folder too, for these reasons."""
        for reason in reasons:
            for name in other._names.get(reason, ()):
                self.add(reason, os.path.abspath(inside / name))

    @property
    def counts(self) -> dict[str, int]:
        """How many there are for each reason that occurs."""
        return {reason: len(self._names[reason]) for reason in REASONS if reason in self._names}

    @property
    def sentences(self) -> tuple[str, ...]:
        """A sentence for each reason that occurs, with the first name."""
        told = []
        for reason, count in self.counts.items():
            first = printable(next(iter(self._names[reason])))
            told.append(
                f"1 {REASONS[reason][0]} left out: {first}."
                if count == 1
                else f"{count:,} {REASONS[reason][1]} left out, such as {first}."
            )
        return tuple(told)


@dataclass
class Walk:
    """What lies below a folder; all names are relative to it, with `/`, and as the system has them.

    Attributes:
        files: The image files: those of a folder sorted, before those of its sub-folders.
        folders: The sub-folders that were searched.
        unreadable: Files and folders that cannot be looked at, each with the reason; the folder itself is `""`.
        skipped: What was left out.
    """

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    skipped: Skipped = field(default_factory=Skipped)


def walk(root: Path, endings: tuple[str, ...] | None = IMAGES, *, deep: bool = True) -> Walk:
    """Searches a folder for regular files, following links, but never back to a folder that it is inside of.

    Hidden and system files and folders, what is neither file nor folder, links to nothing, and fauxbench's own folders
    (runs, stores, heat maps) are left out and counted.

    Args:
        root: The folder.
        endings: Of the files wanted, in lower case. `None` for all files.
        deep: Whether sub-folders are searched. Defaults to `True`.

    Raises:
        UserError: If there are more than 1,048,576 folders.
    """
    found = Walk()
    waiting: list[tuple[str, tuple[tuple[int, int], ...]]] = [("", _above(root))]
    for _ in range(MAX_FOLDERS):
        if not waiting:
            return found
        inside, above = waiting.pop()
        place = root / inside
        try:
            with os.scandir(place) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
            about = os.stat(place)
        except OSError as error:
            found.unreadable.append((inside, str(error.strerror)))
            continue
        own = own_folder(place if inside else place.absolute(), {entry.name for entry in entries})
        if own:
            found.skipped.add(own, inside or str(root))
            continue
        if inside:
            found.folders.append(inside)
        here = (*above, (about.st_dev, about.st_ino))
        below = list(_look(entries, inside, here, endings, found))
        # the last is searched next, so the first has to be last
        waiting += [(name, here) for name in reversed(below) if deep]
        for name in below if not deep else ():
            found.skipped.add("folder", name)
    raise UserError(f"{root} holds more than {MAX_FOLDERS:,} folders, or links make them so many.")


def _above(root: Path) -> tuple[tuple[int, int], ...]:
    """Returns the device and number of each folder that a folder is inside of."""
    known = []
    for folder in root.resolve().parents:
        with contextlib.suppress(OSError):
            about = os.stat(folder)
            known.append((about.st_dev, about.st_ino))
    return tuple(known)


def _look(
    entries: list[os.DirEntry[str]],
    inside: str,
    here: tuple[tuple[int, int], ...],
    endings: tuple[str, ...] | None,
    found: Walk,
) -> Iterator[str]:
    """Files away the files of a folder and yields its sub-folders."""
    for entry in entries:
        name = f"{inside}/{entry.name}" if inside else entry.name
        if entry.name.startswith(".") or entry.name.lower() in SYSTEM:
            found.skipped.add("hidden", name)
            continue
        try:
            about = entry.stat()
        except OSError as error:
            if entry.is_symlink() and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                found.skipped.add("link", name)
            else:
                found.unreadable.append((name, str(error.strerror)))
            continue
        if stat.S_ISDIR(about.st_mode):
            if (about.st_dev, about.st_ino) in here:
                found.skipped.add("loop", name)
            else:
                yield name
        elif not stat.S_ISREG(about.st_mode):
            found.skipped.add("special", name)
        elif endings is None or entry.name.lower().endswith(endings):
            found.files.append(name)
        else:
            found.skipped.add("video" if entry.name.lower().endswith(VIDEOS) else "other", name)
