"""Where CelebA's files are, official or re-packed, and its images by name."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

from data.errors import UserError
from data.reading.bad_files import BadFiles
from data.reading.fetch import digest, locate, missing, places
from data.reading.regular import read_file
from data.reading.safe_read import open_zip, read_member
from data.reading.walk import Skipped, walk
from data.sources.celeba_lists import LISTS, TABLES

ZIP, EXTRACTED = "img_align_celeba.zip", "img_align_celeba"
FOLDERS = (f"{EXTRACTED}/{EXTRACTED}", EXTRACTED)
PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
FILES = f"{ZIP} (or the folder {EXTRACTED}/), {', '.join(LISTS)}"


class Images:
    """The JPEG files, in the official zip or in a folder, by name."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.archive: zipfile.ZipFile | None = None
        self.skipped = Skipped()
        if where.is_dir():
            found = walk(where, (".jpg",), deep=False)
            bad = BadFiles(where)
            for name, reason in found.unreadable:
                bad.add(name, f"{where / name} cannot be read ({reason}).", where / name)
            bad.check(len(found.files) + len(found.unreadable))
            self.names, self.skipped = {name: name for name in found.files}, found.skipped
        else:
            self.archive = open_zip(where)
            self.names = {}
            for member in self.archive.namelist():
                name = member.split("/")[-1]
                if "__MACOSX" in member or name.startswith("."):
                    self.skipped.add("hidden", member)
                elif name.lower().endswith(".jpg"):
                    self.names[name] = member
                elif name:
                    self.skipped.add("other", member)

    def read(self, name: str) -> bytes:
        if self.archive is not None:
            return read_member(self.archive, self.names[name])
        return read_file(self.where / name)


def files_in(folders: Sequence[Path]) -> tuple[list[Path | None], Path]:
    """Returns the lists of attributes, identities (`None` if they are missing) and parts, and where the images are.

    Raises:
        UserError: If the first folder that holds any of them does not hold all, or none does.
    """
    found = locate(folders, lambda folder: _look(folder, folders))
    if found is None:
        raise _lacking(folders, [*LISTS, ZIP])
    return found


def _look(folder: Path, folders: Sequence[Path]) -> tuple[list[Path | None], Path] | None:
    inside = [*places(folder, "celeba"), folder / "CelebA"]  # the last as its makers give it out
    lists = [_first(inside, names_of(number)) for number in range(len(LISTS))]
    images = _first(inside, [f"{at}{name}" for name in (ZIP, *FOLDERS) for at in ("", "Img/")])
    if images is None and not any(lists):
        return None
    absent = [name for name, path in zip([*LISTS, ZIP], [*lists, images], strict=True) if path is None]
    repacked = lists[0] is not None and lists[0].suffix == ".csv"
    if images is None or [name for name in absent if not (repacked and name == list(LISTS)[1])]:
        raise _lacking(folders, absent)
    return lists, images


def names_of(number: int) -> list[str]:
    """Returns where one of the lists may lie."""
    (text, folder), table = list(LISTS.items())[number], TABLES[number]
    return [text, f"{folder}/{text}", table, f"{folder}/{table}"]


def _first(inside: Sequence[Path], names: Sequence[str]) -> Path | None:
    return next((place / name for place in inside for name in names if (place / name).exists()), None)


def _lacking(folders: Sequence[Path], absent: Sequence[str]) -> UserError:
    return UserError(
        f"{missing('celeba', folders, FILES)} Missing: {', '.join(absent)}. Its makers give them out at {PAGE}."
    )


def fingerprint(folders: Sequence[Path]) -> str:
    """Returns the sha256 over the list files and the images: their CRCs in a zip, their contents in a folder."""
    sha = hashlib.sha256()
    lists, images = files_in(folders)
    for path in lists:
        if path is not None:
            sha.update(f"{path.name} {digest(path)}\n".encode())
    if images.is_dir():
        reader, bad = Images(images), BadFiles(images)
        for name in sorted(reader.names):
            try:
                sha.update(f"{name} {digest(images / name)}\n".encode("utf-8", "surrogateescape"))
            except UserError as error:
                bad.add(name, error, images / name)
        bad.check(len(reader.names))
    else:
        with open_zip(images) as archive:
            for member in sorted(archive.infolist(), key=lambda member: member.filename):
                sha.update(f"{member.filename} {member.file_size} {member.CRC}\n".encode("utf-8", "surrogateescape"))
    return sha.hexdigest()
