"""What a shell completes: presets and spec files, run folders, plug-ins, and what is in the run that was named.

A completion must answer at once and never fail: nothing heavy is imported, no plug-in is run, and what cannot be read
is left out.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

RUNS = Path("runs")
DESCRIBED = {"flow": 32, "autoencoder": 64}  # what `describe` takes beside architectures of dcgan, with its own size
MANIFEST = "manifest.json"
LINES = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")  # where shells say what has been typed


def specs(incomplete: str) -> list[str]:
    """Returns presets, and TOML files and folders that begin so."""
    presets = Path(__file__).parents[1] / "plan" / "presets"
    known = sorted(path.stem for path in presets.glob("*.toml"))
    return [*(name for name in known if name.startswith(incomplete)), *_files(incomplete, ".toml")]


def run_folders(incomplete: str) -> list[str]:
    """Returns finished runs: those in `runs/`, and in the folder that is being typed."""
    typed = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    places = {place.as_posix(): place for place in (RUNS, typed)}
    found = {path.parent.as_posix() for place in places.values() for path in _glob(place, f"*/{MANIFEST}")}
    return sorted(name for name in found if name.startswith(incomplete))


def plugins(ctx: Any, incomplete: str) -> list[str]:
    """Returns the built-in and installed plug-ins of the group that was named before."""
    from benchmark.plugins import resolve

    group = f"{ctx.params.get('group')}s"
    if group not in resolve.NOUNS:
        return []
    return sorted(name for name in {*resolve.builtins(group), *resolve.installed(group)} if name.startswith(incomplete))


def datasets(incomplete: str) -> list[str]:
    """Returns the data sets."""
    from benchmark.plugins import resolve

    return sorted(name for name in resolve.builtins("datasets") if name.startswith(incomplete))


def architectures(incomplete: str) -> list[str]:
    """Returns the named architectures, and the generators that have one alone."""
    from generation.dcgan import studies

    return sorted(name for name in (*studies.STUDIES, *DESCRIBED) if name.startswith(incomplete))


def generators(incomplete: str) -> list[str]:
    """Returns the generators of the run that was named before."""
    return _ids("generators", incomplete)


def detectors(incomplete: str) -> list[str]:
    """Returns the detectors of the run that was named before."""
    return _ids("detectors", incomplete)


def compared_metrics(incomplete: str) -> list[str]:
    """Returns what runs may be compared by."""
    from benchmark.use.compare import comparison

    return sorted(name for name in comparison.METRICS if name.startswith(incomplete))


def _ids(group: str, incomplete: str) -> list[str]:
    """Returns ids of the run whose folder stands in the line; what the parser knows of it lacks the arguments here."""
    found: set[str] = set()
    for word in next(filter(None, map(os.environ.get, LINES)), "").split():
        try:
            rows = json.loads((Path(word) / MANIFEST).read_text(encoding="utf-8"))[group]
            found |= {row["id"] for row in rows if row["id"].startswith(incomplete) and row["id"].isprintable()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return sorted(found)


def _files(incomplete: str, ending: str) -> list[str]:
    """Returns files of an ending, and folders, whose names begin so."""
    start = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    found = [path for path in _glob(start, "*") if path.suffix == ending or path.is_dir()]
    names = [path.as_posix() + "/" * path.is_dir() for path in found if not path.name.startswith(".")]
    return sorted(name for name in names if name.startswith(incomplete) and name.isprintable())


def _glob(folder: Path, pattern: str) -> list[Path]:
    try:
        return list(folder.glob(pattern))
    except OSError:
        return []
