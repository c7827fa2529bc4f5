"""What a store holds, whether it is whole, and what of it no run needs."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.store import run_register
from benchmark.store.folder_lock import Held, is_held
from benchmark.store.run_register import RUNS, Registration, Stages
from benchmark.store.store import Store, written
from data.errors import UserError

STAGE = re.compile(r"[a-z][a-z0-9_]*")
KEY = re.compile(r"[0-9a-f]{64}")
OTHERS = ("work", "locks", RUNS)  # folders of a store that hold no finished stages


@dataclass(frozen=True)
class Kept:
    """A finished stage in a store."""

    function: str
    key: str
    folder: Path

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return _size(self.folder)


@dataclass(frozen=True)
class Useless:
    """Something in a store that no run needs.

    Attributes:
        path: Where it is.
        what: Its kind: a stage's name, `"work"`, `"lock"` or `"registration"`.
        size: In bytes.
        lock: The name of the store's lock without which it is not removed.
    """

    path: Path
    what: str
    size: int
    lock: str


def opened(root: Path) -> Store:
    """Opens a store that is there.

    Raises:
        UserError: If there is none.
    """
    if not root.is_dir():
        raise UserError(f"There is no store at {root}. Give its place with --store.")
    store = Store(root)
    known = next(stages(store), None) or run_register.registrations(store) or _of_killed(store)
    if any(root.iterdir()) and not known and {path.name for path in root.iterdir()} - set(OTHERS):
        raise UserError(f"{root} is no store: it holds other things. Give the place of one with --store.")
    return store


def stages(store: Store) -> Iterator[Kept]:
    """Yields the finished stages, damaged ones too, by kind and key."""
    for kind in sorted(_folders(store.root)):
        if kind.name not in OTHERS and STAGE.fullmatch(kind.name):
            for folder in sorted(_folders(kind)):
                if KEY.fullmatch(folder.name):
                    yield Kept(kind.name, folder.name, folder)


def damaged(store: Store) -> Iterator[tuple[Kept, str | None]]:
    """Reads the files of every stage, and yields each with what is wrong with it, or `None`."""
    for stage in stages(store):
        yield stage, store.damage(stage.function, stage.key)


def useless(store: Store, keep: Sequence[Path] = ()) -> tuple[list[Useless], list[Registration]]:
    """Returns what no run needs, and the registered runs.

    A stage is needed if the manifest of a registered run folder names it, or of one in `keep`, or if a run under way
    has it in its plan. Work folders of other stages are of no use, unless a living process is at them; of killed
    trainings that no registered run needs they hold what those would have gone on from.

    Raises:
        UserError: If a folder to keep is no run folder.
    """
    known = run_register.registrations(store)
    needed: Stages = {stage for one in known if one.state != "gone" for stage in one.stages}
    for folder in keep:
        named = run_register.used_by(folder)
        if named is None:
            raise UserError(f"--keep takes run folders. Received: {folder}, whose manifest cannot be read.")
        needed |= named
    keys = {key for _, key in needed}
    found = [
        Useless(stage.folder, stage.function, stage.size, stage.key)
        for stage in stages(store)
        if (stage.function, stage.key) not in needed and not _is_held(store, stage.key)
    ]
    for folder in _of_killed(store):
        if folder.name not in keys and not _is_held(store, folder.name):
            found.append(Useless(folder, "work", _size(folder), folder.name))
    for lock in sorted(_files(store.root / "locks")):
        if (KEY.fullmatch(lock.name) or lock.name == run_register.LOCK) and not is_held(lock):
            found.append(Useless(lock, "lock", 0, lock.name))
    for half in sorted((store.root / RUNS).glob(f"{run_register.PART}*")):
        if not half.is_symlink() and not is_held(half):
            found.append(Useless(half, "registration", half.stat().st_size, run_register.LOCK))
    for one in known:
        if one.state == "gone":
            found.append(Useless(one.file, "registration", one.file.stat().st_size, run_register.LOCK))
    return found, known


def prune(store: Store, keep: Sequence[Path] = ()) -> list[Useless]:
    """Removes what no run needs, and returns it; no run can begin to need something meanwhile.

    Raises:
        UserError: If the store cannot be written.
    """
    removed = []
    with written(store.root), store.lock(run_register.LOCK):
        for one in useless(store, keep)[0]:
            mine = one.lock == run_register.LOCK
            with contextlib.suppress(Held), contextlib.nullcontext() if mine else store.lock(one.lock, wait=False):
                if mine and one.what == "lock":
                    continue  # this process holds it, and removes it in the end
                _remove(one.path)
                removed.append(one)
    for kind in _folders(store.root):
        with contextlib.suppress(OSError):
            kind.rmdir()  # of kinds that have no stage left
    return removed


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _of_killed(store: Store) -> list[Path]:
    """Returns the work folders, also those that a living process is at."""
    return sorted(folder for folder in _folders(store.root / "work") if KEY.fullmatch(folder.name))


def _is_held(store: Store, key: str) -> bool:
    return is_held(store.root / "locks" / key)


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()] if folder.is_dir() else []


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()] if folder.is_dir() else []


def _size(folder: Path) -> int:
    return sum(os.lstat(os.path.join(place, name)).st_size for place, _, names in os.walk(folder) for name in names)
