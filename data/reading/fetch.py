"""Where data files are looked for, and how those that are published at an address are fetched."""

from __future__ import annotations

import hashlib
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import platformdirs

from data.errors import UserError
from data.reading import paths
from data.reading.regular import open_regular

BLOCK = 2**20  # bytes
TIMEOUT = 30  # seconds without a byte
SETTLED = 2.0  # seconds after which a change of a file shows in its times
Progress = Callable[[int, int, str], None]
Found = TypeVar("Found")
_digests: dict[tuple[str | int, ...], str] = {}  # of files as they are now: a plan asks three times for the same


def data_folders(explicit: Path | str | None = None) -> list[Path]:
    """Returns the folders that are searched, in this order: the given one, `$FAUXBENCH_DATA`, the user's cache.

    The cache is where the system keeps such: on Linux `$XDG_CACHE_HOME/fauxbench/data` or `~/.cache/fauxbench/data`,
    which all systems used once, so files that lie there are found. Downloads go to the last folder.

    Raises:
        UserError: If the given folder does not exist, or there is no home for the cache.
    """
    folders = []
    if explicit is not None:
        folders.append(paths.place(explicit, "data folder"))
        if not folders[0].is_dir():
            raise UserError(f"There is no data folder {explicit}. Expected an existing folder.")
    if os.environ.get("FAUXBENCH_DATA"):
        folders.append(paths.place(os.environ["FAUXBENCH_DATA"], "data folder in FAUXBENCH_DATA"))
    try:
        cache = paths.place(platformdirs.user_cache_path("fauxbench", appauthor=False), "cache folder") / "data"
    except RuntimeError:
        raise UserError("There is no home folder for a cache. Set XDG_CACHE_HOME to the whole path of one.") from None
    once = paths.place(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "cache folder") / "fauxbench" / "data"
    return [*folders, *([once] if once != cache and once.is_dir() else []), cache]


def find(folders: Sequence[Path], dataset: str, names: Sequence[str]) -> Path | None:
    """Returns the first of `names` that exists in one of the `places` of a folder."""
    for folder in folders:
        for place in places(folder, dataset):
            for name in names:
                if (place / name).exists():
                    return place / name
    return None


def places(folder: Path, dataset: str) -> list[Path]:
    """Returns where a data set may lie in a folder: in one of its own, as its publisher lays it out, or as Keras."""
    return [Path(folder) / dataset, Path(folder), Path(folder) / "datasets"]


def locate(folders: Sequence[Path], look: Callable[[Path], Found | None]) -> Found | None:
    """Returns what the first folder holds of a data set, so that files of two folders are never mixed.

    Args:
        folders: In this order.
        look: Returns what it finds of the set in a folder, `None` for nothing, and raises what is missing where there
            is a part of it: then no later folder is looked at.
    """
    for folder in folders:
        if (found := look(Path(folder))) is not None:
            return found
    return None


def missing(dataset: str, folders: Sequence[Path], files: str) -> UserError:
    """Returns the error for data that are nowhere, which says what to put where."""
    places = ", ".join(str(Path(folder) / dataset) for folder in folders)
    return UserError(f"The data of '{dataset}' were not found. Expected {files} in one of: {places}.")


def check_file(path: Path, checksum: str) -> None:
    """Compares a file with its published checksum, `"md5:<hex>"` or `"sha256:<hex>"`.

    Raises:
        UserError: If they differ or the file cannot be read.
    """
    kind, wanted = checksum.split(":")
    received = digest(path, kind)
    if received != wanted:
        raise UserError(
            f"{path} is not the published file. Expected {kind} {wanted}. Received: {received}.{_hint(path)}"
        )


def check_content(data: bytes, checksum: str, name: str) -> None:
    """Compares the content of a file as `check_file` does.

    Raises:
        UserError: If they differ.
    """
    kind, wanted = checksum.split(":")
    # the checksums are published as md5, which some systems refuse where it is to protect
    received = hashlib.new(kind, data, usedforsecurity=False).hexdigest()
    if received != wanted:
        raise UserError(f"{name} is not the published file. Expected {kind} {wanted}. Received: {received}.")


def digest(path: Path, kind: str = "sha256") -> str:
    """Returns the hex digest of a file's content.

    Raises:
        UserError: If the file cannot be read.
    """
    try:
        with open_regular(path) as file:
            now = os.fstat(file.fileno())
            state = (kind, now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
            if state in _digests:
                return _digests[state]
            found = hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    if time.time() - max(now.st_mtime, now.st_ctime) > SETTLED:
        _digests[state] = found
    return found


def fingerprint(paths: Iterable[Path]) -> str:
    """Returns the sha256 over the names and contents of files, in their order."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(f"{path.name} {digest(path)}\n".encode())
    return sha.hexdigest()


def download(url: str, target: Path, checksum: str, *, progress: Progress | None = None, attempts: int = 3) -> Path:
    """Fetches a file once, checks it, and only then gives it its name; what a broken connection left is continued.

    Args:
        url: An http or https address.
        target: The file to make. Beside it, `NAME.part` holds what has come so far.
        checksum: `"md5:<hex>"` or `"sha256:<hex>"`.
        progress: Called with bytes so far, all bytes (0 if not told), and a text.
        attempts: How often a broken connection is taken up again. Defaults to `3`.

    Raises:
        UserError: If it cannot be fetched or written, or is not the published file.
    """
    if not url.startswith(("https://", "http://")):
        raise UserError(f"Only http and https addresses are fetched. Received: {url}.")
    if os.environ.get("FAUXBENCH_OFFLINE"):
        raise UserError(f"{target.name} can be fetched from {url} (not now: FAUXBENCH_OFFLINE is set).")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(attempts):
            try:
                _continue(url, part, progress)
                break
            except (urllib.error.URLError, TimeoutError, ConnectionError, _Cut) as error:
                hopeless = isinstance(error, urllib.error.HTTPError) and error.code < 500
                if hopeless or attempt == attempts - 1:
                    raise UserError(f"{url} cannot be fetched ({' '.join(str(error).split())}).") from None
        received = digest(part, checksum.split(":")[0])
        if received != checksum.split(":")[1]:
            hint = _hint(part)
            part.unlink()
            raise UserError(f"{url} did not send the published file. Expected {checksum}. Received: {received}.{hint}")
        os.replace(part, target)
    except OSError as error:
        raise UserError(f"{target} cannot be written ({error.strerror or error}).") from None
    return target


class _Cut(Exception):
    """The connection ended before the file did."""


def _continue(url: str, part: Path, progress: Progress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "fauxbench"})  # noqa: S310 - the scheme was checked
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing after what is there: complete, or of another file; the checksum says
            return
        raise
    with response:
        if response.status != 206:
            have = 0  # the server sends the whole file again
        length = int(response.headers.get("Content-Length") or 0)
        total = have + length if length else 0
        with open(part, "ab" if have else "wb", opener=_no_link) as file:
            while block := response.read(BLOCK):
                file.write(block)
                have += len(block)
                if progress is not None:
                    progress(have, total, f"fetching {part.name.removesuffix('.part')}")
    if total and have < total:
        raise _Cut(f"it ended after {have:,} of {total:,} bytes; the next try goes on from there")


def _no_link(path: str, flags: int) -> int:
    """Opens a file in a folder that others may write to, unless it is a link to somewhere else."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def _hint(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(256).lstrip().lower()
    return " It is a web page." if start.startswith((b"<!doctype html", b"<html")) else ""
