"""The store: finished stages, addressed by a digest of everything that can change their bytes.

    STORE/<stage>/<key>/    the files of one finished stage, with key.json beside them
    STORE/work/<key>/       a stage under way
    STORE/locks/<key>       held by the process that works on it
    STORE/runs/<id>.json    a run folder that uses the store, see `benchmark.store.run_register`

A stage writes into its work folder, which is renamed when it has finished; so what is at its final place is whole,
and killing the process at any moment loses at most the stages under way. Two runs may share a store.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmark.machine.blame import message_of
from benchmark.store import stage_files
from benchmark.store.folder_lock import lock_file, make, only_writer, unmake
from benchmark.store.stage_files import RECORD
from data.errors import UserError

STATE = "state"  # where a stage that resumes keeps what it goes on from
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
NAME = re.compile(r"[A-Za-z0-9_]+")  # of stages and keys: a manifest of others may say anything


class Store:
    """A folder of finished stages.

    `record` compares kinds and sizes of files, and what this process has read of them before; `verified` and `damage`
    read those that it has not. A stage's files are verified when they are used: as inputs, by the process that does
    the stage; when a run folder is written from them, which uses all stages of its plan; and when `detect`,
    `generate`, `export` or `networks` open them. A run whose folder is current uses nothing of the store, so it reads
    none of it; `plan` shows what `record` says. See `benchmark.store.stage_files` for what this can find, and what not.

    Args:
        root: The folder; made when the first stage is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).resolve()

    def path(self, function: str, key: str) -> Path:
        """Returns where a stage's files are, or will be.

        Raises:
            UserError: If one of them is no name, and might lead out of the store.
        """
        for name in (function, key):
            if not NAME.fullmatch(name):
                raise UserError(f"A stage's name and key have letters, digits and _ only. Received: {name!r}.")
        return self.root / function / key

    def has(self, function: str, key: str) -> bool:
        """Says whether a stage has finished and its files are there, at their recorded sizes."""
        return self.record(function, key) is not None

    def record(self, function: str, key: str) -> dict[str, Any] | None:
        """Returns what `key.json` says, or `None` if the stage has not finished or is known to be damaged."""
        return stage_files.look(self.path(function, key), function, key, read=False)[0]

    def verified(self, function: str, key: str) -> dict[str, Any] | None:
        """Returns what `record` does, once all of the stage's files have been read; a second call reads none."""
        return stage_files.look(self.path(function, key), function, key, read=True)[0]

    def damage(self, function: str, key: str) -> str | None:
        """Returns what is wrong with a stage's files, or `None` if nothing is or there are none; reads them."""
        return stage_files.look(self.path(function, key), function, key, read=True)[1]

    def opened(self, function: str, key: str) -> Path:
        """Returns where the files of a stage that has finished are, for the process that uses them now.

        Raises:
            RuntimeError: If they are damaged or not there; the next run computes them again.
        """
        if self.verified(function, key) is None:
            why = self.damage(function, key) or "it is not there"
            raise RuntimeError(f"Stage {function} {key[:12]} cannot be read from {self.root}: {why}.")
        return self.path(function, key)

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
        with self.lock(key):
            if self.verified(function, key):
                return 0.0
            _clear(self.path(function, key))  # damaged: its files are not what was written
            folder = self.root / "work" / key
            if not resumes or folder.is_symlink():
                _clear(folder)
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

    def lock(self, name: str, *, wait: bool = True) -> contextlib.AbstractContextManager[None]:
        """Holds a lock of the store, such as a stage's, whose name is its key; see `benchmark.store.folder_lock`."""
        return lock_file(self.root / "locks" / name, wait=wait)

    @contextlib.contextmanager
    def tidied(self) -> Iterator[None]:
        """Makes the store's folder, and removes what a run without any result has made of empty folders."""
        made = make(self.root)
        try:
            yield
        except BaseException:
            unmake([*(self.root / name for name in ("work", "locks", "runs")), *made])
            raise

    def _finish(self, folder: Path, function: str, key: str, facts: dict[str, Any]) -> None:
        (folder / RECORD).unlink(missing_ok=True)  # a plug-in's own file of that name
        record = {"stage": function, "key": key, **facts, "files": stage_files.written(folder)}
        with open(folder / RECORD, "x") as file:
            json.dump(record, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        # Renamed last, once the record is on the disk: what stands there is whole.
        final = self.path(function, key)
        final.parent.mkdir(parents=True, exist_ok=True)
        os.replace(folder, final)


def _clear(folder: Path) -> None:
    """Removes a stage's folder; of a link that stands in its place, the link alone."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def unwritable(error: BaseException) -> str | None:
    """Returns in words why nothing can be written at all, if that is what an error says, or `None`."""
    text = message_of(error)
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


@contextlib.contextmanager
def drawing(folder: Path, name: str) -> Iterator[None]:
    """Holds a run folder as its only writer while something in it is drawn of its files, such as its page."""
    with written(folder / name), only_writer(folder, f"run folder {folder}"):
        yield


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
    try:
        with tempfile.TemporaryFile(dir=nearest, buffering=0) as file:  # nobody can put a link in its place
            file.write(b"\0" * 4096)
    except OSError as error:
        raise UserError(f"The {what} {folder} cannot be written: {error.strerror}.") from error
