"""An earlier result of another question: it is kept under a name of its own before a run folder gets a new one.

A run folder of the same spec, or of one with more rows or seeds, is brought up to date in its place, since all that it
held is in it afterwards. Whatever else was there is another result, which no run may take the place of.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.store.out_folder import new_folder
from benchmark.store.run_register import registered, used_by
from benchmark.store.store import Store
from data.run_folder import FIGURES, MANIFEST, PAGE, named

ROWS = ("generator", "detector")
GROWS = ("ledger_seeds", "generator_seeds", "detector_seeds")  # lists to which more may be added
FREE = ("limit", "components")  # of a protocol: they change no number


@contextlib.contextmanager
def kept(folder: Path, store: Store, spec: Mapping[str, Any], *, smoke: bool) -> Iterator[Path | None]:
    """Copies the result that a run folder holds to a folder of its own, if the new one will not hold it.

    The copy is whole before anything is written into the run folder, and is registered in the store, so that pruning
    leaves its stages. If what is done meanwhile fails, the run folder is as it was, and the copy is removed.

    Args:
        folder: The run folder, whose only writer the caller is.
        store: The run's store.
        spec: The resolved spec of the new result.
        smoke: Whether the new result is of a smoke run.

    Yields:
        Where the earlier result is now, such as `runs/digits-2026-11-27`; `None` if there was none of another spec.
    """
    manifest = _manifest(folder)
    if manifest is None or (manifest.get("smoke") is smoke and holds(spec, manifest["spec"])):
        yield None
        return
    place = _place(folder, manifest)
    with registered(store, place, used_by(folder) or ()):
        copied = _manifest(place) != manifest  # else a run has kept it that was killed before it wrote anything
        if copied:
            with new_folder(place) as work:
                _copy(folder, work)
        try:
            yield place
        except BaseException:
            if copied and _manifest(folder) == manifest:
                shutil.rmtree(place, ignore_errors=True)
            raise


def holds(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Says whether the result of one spec holds that of another: the same question, of the same rows or more.

    Args:
        new: A resolved spec.
        old: Another one.

    Example:
        >>> old = {"dataset": {"name": "digits"}, "detector": [{"kind": "cnn", "id": "cnn"}]}
        >>> new = old | {"detector": [*old["detector"], {"kind": "npr", "id": "npr"}]}
        >>> holds(new, old), holds(old, new)
        (True, False)
    """
    if new.get("dataset") != old.get("dataset"):
        return False
    for table in ROWS:
        mine = {row.get("id"): row for row in new.get(table, [])}
        if any(mine.get(row.get("id")) != row for row in old.get(table, [])):
            return False
    if not _has(new.get("quality", {}), old.get("quality", {})):
        return False
    return _holds_protocol(_protocol(new), _protocol(old))


def _holds_protocol(new: dict[str, Any], old: dict[str, Any]) -> bool:
    grown = all(set(old.get(name, ())) <= set(new.get(name, ())) for name in GROWS)
    rest = [{name: value for name, value in one.items() if name not in (*GROWS, *FREE)} for one in (new, old)]
    return grown and rest[0] == rest[1]


def _protocol(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a spec's protocol, one seed of the ledger as a list of one."""
    values = dict(spec.get("protocol", {}))
    if "ledger_seed" in values:
        values["ledger_seeds"] = [values.pop("ledger_seed")]
    return values


def _has(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Says whether settings are the same, or something is measured that was not before."""
    return all(new.get(name) == value or value in (None, False) for name, value in old.items())


def _manifest(folder: Path) -> dict[str, Any] | None:
    """Returns what a run folder's manifest says, of whatever version; `None` if it says nothing of a spec."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    is_one = isinstance(manifest, dict) and isinstance(manifest.get("spec"), dict)
    return manifest if is_one and not any(_odd(manifest["spec"].get(table)) for table in ROWS) else None


def _odd(rows: Any) -> bool:
    return not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows)


def _place(folder: Path, manifest: Mapping[str, Any]) -> Path:
    """Returns the run folder's name with the date when its result was finished, which nothing but that result has."""
    try:
        date = datetime.fromisoformat(str(manifest.get("finished"))).date()
    except ValueError:
        date = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime, UTC).date()
    whole = folder.resolve() if folder.is_symlink() or not folder.name else folder
    name, count = f"{whole.name}-{date.isoformat()}", 1
    place = whole.with_name(name)
    while (place.exists() or place.is_symlink()) and _manifest(place) != manifest:
        count += 1
        place = whole.with_name(f"{name}-{count}")
    return place


def _copy(folder: Path, work: Path) -> None:
    """Copies a result with its page and its figures; the times go along, by which a page is known to be of it."""
    for name in sorted(named(folder)):
        if (folder / name).is_file() and not (folder / name).is_symlink():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, work / name)
    if (folder / FIGURES).is_dir() and not (folder / FIGURES).is_symlink():
        shutil.copytree(folder / FIGURES, work / FIGURES, symlinks=True, dirs_exist_ok=True)
    for name in (MANIFEST, PAGE):
        if (folder / name).is_file():
            shutil.copy2(folder / name, work / name)
