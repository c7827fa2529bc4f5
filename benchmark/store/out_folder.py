"""A folder of files, or one file, that appears whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmark.store.folder_lock import make, only_writer, unmake
from benchmark.store.store import writable, written
from data.errors import UserError

PART = ".fauxbench-part-"  # how the name of a folder begins that becomes an output folder


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Gives a temporary folder beside `out`, which becomes `out` when all has been written.

    The temporary folder bears a name of its own for each `out`, and its lock keeps others from the same `out`. What a
    killed process has left in it is cleared by the next one; nothing else is ever removed but what was made here.

    Raises:
        UserError: If `out` holds anything, cannot be written, or another process is writing it.
    """
    _check_new(out)
    writable(out, "output folder")
    place = out.resolve()
    work = _work(place)
    with written(out):
        made = make(place.parent)
        try:
            with only_writer(work, f"output folder {out}"):
                _check_new(out)  # again: another process may have finished it meanwhile
                _check_own(work)
                _clear(work)
                try:
                    yield work
                    os.replace(work, place)
                except BaseException:
                    _clear(work)
                    work.rmdir()
                    raise
        except BaseException:
            unmake(made)
            raise


def clear_abandoned(out: Path) -> None:
    """Removes what a process that has ended had begun to write for `out`; nothing of one that is still at work."""
    work = _work(out.resolve())
    if work.is_dir() and not work.is_symlink():
        with contextlib.suppress(UserError, OSError), only_writer(work, f"output folder {out}"):
            _clear(work)
            work.rmdir()


def _work(place: Path) -> Path:
    return place.with_name(PART + hashlib.sha256(os.fsencode(place.name)).hexdigest()[:16])


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Gives a temporary file beside `path`, which takes its place when all has been written.

    What is no plain file, such as a pipe or `/dev/stdout`, is given itself.

    Raises:
        UserError: If it cannot be written.
    """
    place = path.resolve()
    try:
        if place.exists() and not place.is_file():
            yield place
            return
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".fauxbench-")
        os.close(handle)
        try:
            yield Path(name)
            # mkstemp lets this user alone read it
            os.chmod(name, place.stat().st_mode & 0o777 if place.exists() else 0o644)
            os.replace(name, place)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}).") from None


def _check_new(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        state = "is not empty" if out.is_dir() else "is a file"
        raise UserError(f"The output folder must be new or empty. Received: {out}, which {state}.")


def _check_own(work: Path) -> None:
    """Checks that nobody else has put a folder or a link where this process is going to write."""
    if work.is_symlink() or work.stat().st_uid != os.geteuid():
        raise UserError(f"{work} is in the way: it is a link, or another user's. Remove it, or choose another folder.")


def _clear(folder: Path) -> None:
    """Empties a folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
