"""What killed processes leave behind, found by locks that the system has released with them.

A process that is killed cleans nothing up. So what exists only while somebody needs it is locked by that process: the
nursery's temporary folder here, and the store's lock files. What nobody holds is removed, and nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "fauxbench-"
OWNER = ".fauxbench-processes"  # the file by which a temporary folder is known, and locked


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Gives a temporary folder that ends with this process; removes those of earlier ones that were killed."""
    sweep()
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        with _held(folder / OWNER, create=True) as mine:
            if not mine:  # another process has just taken it for a leftover
                continue
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            return


def sweep() -> None:
    """Removes the temporary folders of killed processes of this user."""
    for owner in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{OWNER}"):
        with _held(owner) as mine:
            if mine:
                shutil.rmtree(owner.parent, ignore_errors=True)


def unlock(store: str | Path) -> None:
    """Removes a store's lock files that nobody holds; who waits for one sees that it is gone and makes another."""
    for path in Path(store, "locks").glob("*"):
        with _held(path) as mine:
            if mine:
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def _held(path: Path, create: bool = False) -> Iterator[bool]:
    """Says whether a file is this user's, nobody held it, and this process does now."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
    except OSError:
        yield False
        return
    try:
        yield _taken(path, handle)
    finally:
        os.close(handle)


def _taken(path: Path, handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = os.fstat(handle)
        # after the lock: until then another process may have removed the file and made a new one
        return found.st_uid == os.getuid() and os.path.samestat(path.lstat(), found)
    except OSError:
        return False
