"""Locks that end with their process, however it ends, and folders of which only what was made here is removed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from data.errors import UserError

LOCK = ".fauxbench-lock-"  # only where the system cannot lock a folder itself
# what file systems answer that have no locks, or none on a folder opened for reading
UNLOCKABLE = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


class Held(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def lock_file(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Holds a lock by a file, which is there only while somebody holds or waits for it; links are not followed.

    Raises:
        Held: If another process holds it and `wait` is false.
    """
    handle = _locked(path, wait)
    while not _is_still(path, handle):  # its holder has removed it meanwhile
        os.close(handle)
        handle = _locked(path, wait)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # before the lock is released, so that one who waits for it sees it
        os.close(handle)


@contextlib.contextmanager
def only_writer(folder: Path, what: str) -> Iterator[None]:
    """Makes a folder if need be, and holds it as the only process that writes into it.

    The folder itself is locked, so nothing is left in it; where a file system locks no folders (NFS), a file beside it
    is. What a failure leaves empty, and was made here, is removed.

    Args:
        folder: The folder.
        what: What the error calls it, such as `"run folder runs/digits"`.

    Raises:
        UserError: If another process writes into it.
    """
    with contextlib.ExitStack() as stack:
        made: list[Path] = []
        try:
            handle, beside = -1, False
            while handle < 0 or not _is_still(folder, handle):  # its holder may have moved or removed it meanwhile
                made = make(folder) + made
                handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                stack.callback(os.close, handle)
                if not beside and not _flock(handle, wait=False):
                    beside = True
                    name = hashlib.sha256(os.fsencode(folder.resolve().name)).hexdigest()[:16]
                    stack.enter_context(lock_file(folder.resolve().with_name(LOCK + name), wait=False))
            yield
        except Held:
            unmake(made)
            raise UserError(f"Another process is writing into the {what}. Wait for it, or choose another.") from None
        except BaseException:
            unmake(made)
            raise


def make(folder: Path) -> list[Path]:
    """Makes a folder and those above it, and returns those that were not there, the innermost first."""
    made: list[Path] = []
    while not folder.is_dir():
        absent = folder
        while not absent.parent.exists():
            absent = absent.parent
        try:
            absent.mkdir()
        except FileNotFoundError:  # another process has just removed its empty folder
            continue
        except FileExistsError:
            if not absent.is_dir():
                raise
        else:
            made.insert(0, absent)
    return made


def unmake(made: list[Path]) -> None:
    """Removes those of the folders that are empty; what others have put there meanwhile stays."""
    for folder in made:
        with contextlib.suppress(OSError):
            folder.rmdir()


def is_held(path: Path) -> bool:
    """Says whether a living process holds the lock on a file that is there."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        _flock(handle, wait=False)
    except Held:
        return True
    finally:
        os.close(handle)
    return False


def _locked(path: Path, wait: bool) -> int:
    """Opens and locks a file, and returns its handle."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:  # another run has just removed the empty folder
            continue
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise UserError(f"{path} is a link, where a lock must be. Remove it.") from None
        try:
            if not _flock(handle, wait):
                raise UserError(f"The file system of {path.parent} has no locks. Choose a folder on another one.")
        except BaseException:
            os.close(handle)
            raise
        return handle


def _flock(handle: int, wait: bool) -> bool:
    """Locks what a handle is of, and returns whether the file system can do so at all.

    Raises:
        Held: If another process holds the lock and `wait` is false.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise Held from None
    except OSError as error:
        if error.errno not in UNLOCKABLE:
            raise
        return False
    return True


def _is_still(path: Path, handle: int) -> bool:
    """Says whether what was opened, and perhaps waited for, is still what is there by that name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
