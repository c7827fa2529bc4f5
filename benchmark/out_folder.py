"""A folder of files that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmark.store import missing, writable, written
from data.errors import UserError


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Gives a temporary folder beside `out`, which becomes `out` when all has been written.

    Raises:
        UserError: If `out` holds anything, or cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        state = "is not empty" if out.is_dir() else "is a file"
        raise UserError(f"The output folder must be new or empty. Received: {out}, which {state}.")
    writable(out, "output folder")
    place = out.resolve()
    made, work = missing(place.parent), place.with_name(f".{place.name}.part")
    with written(out):
        try:
            shutil.rmtree(work, ignore_errors=True)  # of a run that was killed
            work.mkdir(parents=True)
            yield work
            os.replace(work, place)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)
            raise
