"""Trained plug-ins that have no `save` and `load` of their own: scikit-learn's in a format that runs no code when read.

Estimators go through skops, whose files name the types that they are made of; only those of SciPy and NumPy that skops
knows, and scikit-learn's own, are made again. What holds other types, such as a class from a
plug-in's file, is pickled: reading that runs code, so it is read in the store of the machine that wrote it only.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

from data.errors import UserError

SKOPS = "plugin.skops"
PICKLE = "plugin.cloudpickle"
SCHEMA = "schema.json"
OLDEST = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can hold


def save(plugin: Any, folder: Path) -> None:
    """Writes `plugin.skops`, or `plugin.cloudpickle` for what is made of more than scikit-learn's types."""
    content = _skops(plugin)
    if content is not None:
        (folder / SKOPS).write_bytes(content)
        return
    import cloudpickle

    (folder / PICKLE).write_bytes(cloudpickle.dumps(plugin))


def load(folder: Path) -> Any | None:
    """Returns what `save` wrote, or `None` if there is nothing of it.

    Raises:
        UserError: If a skops file is damaged or holds types that are not scikit-learn's.
    """
    if (folder / SKOPS).exists():
        return _from_skops((folder / SKOPS).read_bytes(), folder / SKOPS)
    if (folder / PICKLE).exists():
        import cloudpickle

        return cloudpickle.loads((folder / PICKLE).read_bytes())
    return None


def _skops(plugin: Any) -> bytes | None:
    """Returns an estimator in skops' format, or `None` if that cannot hold it or would not read it back."""
    if not hasattr(plugin, "get_params"):
        return None
    from skops import io as skops

    try:
        content = _repeatable(skops.dumps(plugin))
        return content if not _strange(content) else None
    except Exception:  # skops has no one error for what it cannot hold; a pickle can
        return None


def _from_skops(content: bytes, path: Path) -> Any:
    from skops import io as skops

    try:
        strange = _strange(content)
        if not strange:
            return skops.loads(content, trusted=skops.get_untrusted_types(data=content))
    except Exception as error:
        raise UserError(f"{path} holds no readable estimator ({' '.join(str(error).split())}).") from error
    raise UserError(f"{path} holds types that are not scikit-learn's, and is not read: {', '.join(strange)}.")


def _strange(content: bytes) -> list[str]:
    """Returns the types in a skops file that neither skops knows to be harmless nor scikit-learn defines."""
    from skops import io as skops

    return [name for name in skops.get_untrusted_types(data=content) if not name.startswith("sklearn.")]


def _repeatable(content: bytes) -> bytes:
    """Gives equal estimators equal bytes: skops numbers objects by their place in memory, and dates its files."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return found[1] + numbers.setdefault(found[2], str(len(numbers) + 1)) + found[3]

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        text = json.dumps(json.loads(old.read(SCHEMA)), indent=1)
        text = re.sub(r'("__id__": )(\d+)()', number, text)
        text = re.sub(r'("file": ")(\d+)(\.np[yz]")', number, text)
        names = {f"{was}{end}": f"{now}{end}" for was, now in numbers.items() for end in (".npy", ".npz")}
        entries = {names.get(name, name): old.read(name) for name in old.namelist() if name != SCHEMA}
        for name, data in [(SCHEMA, text.encode()), *sorted(entries.items())]:
            new.writestr(zipfile.ZipInfo(name, OLDEST), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
