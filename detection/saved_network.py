"""Networks as `.keras` files: Keras' own format, read in its safe mode, and the same bytes for the same network.

What Keras writes differs from one process to the next: dates, names that count what was built before, addresses of
objects. The file is rewritten without them, and stays one that `keras.saving.load_model` reads.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from data.errors import UserError

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
THEN = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can hold
UNREADABLE = (OSError, EOFError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, zipfile.BadZipFile)


def save(network: Any, path: Path) -> None:
    """Writes a network, without the state of its training.

    Args:
        network: A Keras model, functional or sequential. Layers of its own must be registered with Keras.
        path: A file whose name ends in `.keras`.
    """
    import keras

    bare = keras.Model(network.input, network.output, name=network.name) if network.compiled else network
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "network.keras"
        bare.save(written)
        with zipfile.ZipFile(written) as archive:
            files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    files[CONFIG] = json.dumps(_without_chance(json.loads(files[CONFIG]))).encode()
    files[METADATA] = json.dumps(json.loads(files[METADATA]) | {"date_saved": "1980-01-01@00:00:00"}).encode()
    files[WEIGHTS] = _without_names(files[WEIGHTS])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, THEN), content)


def load(path: Path) -> Any:
    """Reads a network, uncompiled, in Keras' safe mode: nothing in the file is run.

    Raises:
        UserError: If the file is missing, damaged, or holds what safe mode refuses.
    """
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except UNREADABLE as error:
        words = " ".join(str(error).split())
        raise UserError(f"No network can be read from {path}: {words[:300] or type(error).__name__}") from None


def _without_chance(config: dict[str, Any]) -> dict[str, Any]:
    """Returns a network's config with names that Keras gave counted anew, and objects numbered in order."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    objects: dict[int, int] = {}

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            name = (node.get("config") or {}).get("name") if isinstance(node.get("config"), dict) else None
            if isinstance(name, str) and name not in names and _is_automatic(name, str(node.get("class_name"))):
                stem = re.sub(r"_\d+$", "", name)
                names[name] = f"{stem}_{counts[stem]}" if counts.get(stem) else stem
                counts[stem] = counts.get(stem, 0) + 1
        for child in _children(node):
            collect(child)

    def renamed(node: Any, key: str = "") -> Any:
        if isinstance(node, dict):
            shared = "shared_object_id"
            # Equal policies may or may not be one object, which changes nothing.
            kept = {k: v for k, v in node.items() if k != shared or node.get("class_name") != "DTypePolicy"}
            if shared in kept:
                kept[shared] = objects.setdefault(kept[shared], len(objects))
            return {k: renamed(v, k) for k, v in kept.items()}
        if isinstance(node, list):
            return [renamed(child, key) for child in node]
        is_name = key in ("name", "keras_history", "input_layers", "output_layers")
        return names.get(node, node) if is_name and isinstance(node, str) else node

    collect(config)
    return dict(renamed(config))


def _is_automatic(name: str, kind: str) -> bool:
    """Says whether Keras made a name from a class's: `re_lu_3` from `ReLU`."""
    return re.sub(r"_\d+$", "", name).replace("_", "") == kind.lower()


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _without_names(weights: bytes) -> bytes:
    """Returns the HDF5 file anew, without the layers' names: they stand beside each group and no one reads them."""
    import h5py

    out = io.BytesIO()
    with h5py.File(io.BytesIO(weights), "r") as source, h5py.File(out, "w") as target:

        def copy(path: str, item: Any) -> None:
            made = target.create_group(path) if isinstance(item, h5py.Group) else target.create_dataset(path, data=item)
            for key, value in item.attrs.items():
                if key != "name":
                    made.attrs[key] = value

        source.visititems(copy)
    return out.getvalue()
