"""The store: finished stages, addressed by a digest of everything that can change their bytes.

    STORE/<stage>/<key>/    the files of one finished stage, with key.json beside them
    STORE/work/<key>/       a stage under way
    STORE/locks/<key>       held by the process that works on it

A stage writes into its work folder, which is renamed when it has finished; so what is at its final place is whole,
and killing the process at any moment loses at most the stages under way. Two runs may share a store.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from benchmark import digest
from data.errors import UserError

RECORD = "key.json"
STATE = "state"  # where a stage that resumes keeps what it goes on from
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class Store:
    """A folder of finished stages.

    Args:
        root: The folder; made when the first stage is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).resolve()

    def path(self, function: str, key: str) -> Path:
        """Returns where a stage's files are, or will be."""
        return self.root / function / key

    def has(self, function: str, key: str) -> bool:
        """Says whether a stage has finished and its files are there, at their recorded sizes."""
        return self.record(function, key) is not None

    def record(self, function: str, key: str) -> dict[str, Any] | None:
        """Returns what `key.json` says, or `None` if the stage has not finished or its files were damaged."""
        folder = self.path(function, key)
        try:
            record = json.loads((folder / RECORD).read_text())
            whole = all((folder / name).stat().st_size == size for name, (size, _) in record["files"].items())
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return record if whole else None

    def complete(
        self, function: str, key: str, facts: dict[str, Any], work: Callable[[Path], None], resumes: bool
    ) -> float:
        """Runs `work(folder)` and puts its files in place, unless another process has done so meanwhile.

        Args:
            function: The stage's name.
            key: Its digest.
            facts: What goes into `key.json` beside the key: parameters and inputs.
            work: Writes the stage's files into the folder that it is given.
            resumes: Whether `work` can go on from what a killed process left in that folder.

        Returns:
            The seconds that the work took; 0 if it was there already.
        """
        with self._lock(key):
            if self.has(function, key):
                return 0.0
            shutil.rmtree(self.path(function, key), ignore_errors=True)  # damaged: its files are not what was written
            folder = self.root / "work" / key
            if not resumes:
                shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            started = time.perf_counter()
            try:
                work(folder)
                seconds = time.perf_counter() - started
                self._finish(folder, function, key, facts | {"seconds": round(seconds, 3)})
            except Exception:  # what a kill leaves behind is cleared when the stage starts again
                if not resumes or not any((folder / STATE).rglob("*")):
                    shutil.rmtree(folder, ignore_errors=True)
                raise
        return seconds

    def tidy(self, made: Path | None) -> None:
        """Removes the empty folders that a run without any result has made, up to `made`, the outermost of them."""
        for folder in (self.root / "work", self.root / "locks"):
            with contextlib.suppress(OSError):
                folder.rmdir()
        for folder in (self.root, *self.root.parents) if made else ():
            try:
                folder.rmdir()
            except OSError:
                return
            if folder == made:
                return

    def _finish(self, folder: Path, function: str, key: str, facts: dict[str, Any]) -> None:
        files = {
            path.relative_to(folder).as_posix(): (path.stat().st_size, digest.of_file(path))
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        record = {"stage": function, "key": key, **facts, "files": files}
        with open(folder / RECORD, "w") as file:
            json.dump(record, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        final = self.path(function, key)
        final.parent.mkdir(parents=True, exist_ok=True)
        os.replace(folder, final)

    @contextlib.contextmanager
    def _lock(self, key: str) -> Iterator[None]:
        path = self.root / "locks" / key
        file = _locked(path)
        while not _is_still(path, file):
            file.close()
            file = _locked(path)
        with file:
            try:
                yield
            finally:
                path.unlink(missing_ok=True)  # before the lock is released, so that one who waits for it sees it


def _locked(path: Path) -> IO[str]:
    """Opens and locks a file; the system releases it when the process ends, however it ends."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = open(path, "w")  # noqa: SIM115 - the caller closes it
        except FileNotFoundError:  # another run has just removed the empty folder
            continue
        fcntl.flock(file, fcntl.LOCK_EX)
        return file


def _is_still(path: Path, file: IO[str]) -> bool:
    """Says whether a lock file that was waited for is still the one of that name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def missing(folder: Path) -> Path | None:
    """Returns the outermost folder of a path that does not exist yet, or `None` if all of it does."""
    absent = [place for place in (folder, *folder.parents) if not place.exists()]
    return absent[-1] if absent else None


def unwritable(error: BaseException) -> str | None:
    """Returns in words why nothing can be written at all, if that is what an error says, or `None`."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        return os.strerror(error.errno)
    for code in UNWRITABLE:  # some libraries wrap the system's error in their own
        if os.strerror(code) in text:
            return os.strerror(code)
    if isinstance(error, OSError) and re.search(r"\d+ requested and \d+ written", text):  # numpy, of a full disk
        return os.strerror(errno.ENOSPC)
    return None


@contextlib.contextmanager
def written(place: Path) -> Iterator[None]:
    """Turns a full or read-only disk into the user's error; the place is named, the rest is kept."""
    try:
        yield
    except OSError as error:
        reason = unwritable(error) or (error.strerror if isinstance(error, PermissionError) else None)
        if reason is None:
            raise
        raise UserError(
            f"{place} cannot be written: {reason}. What has finished is kept; run the same command to go on."
        ) from error


def writable(folder: Path, what: str) -> None:
    """Checks that files can be written below a folder, before any work is done.

    Raises:
        UserError: If not, with the reason.
    """
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise UserError(f"The {what} cannot be {folder}: {nearest} is a file.")
    probe = nearest / f".fauxbench-{os.getpid()}"
    try:
        with open(probe, "wb") as file:
            file.write(b"\0" * 4096)
        probe.unlink()
    except OSError as error:
        with contextlib.suppress(OSError):
            probe.unlink()
        raise UserError(f"The {what} {folder} cannot be written: {error.strerror}.") from error
