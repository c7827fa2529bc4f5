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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.errors import UserError
from detection.networks import network_parts

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
REFERENCES = ("name", "keras_history", "input_layers", "output_layers")  # where a config names its parts
SHARED = "shared_object_id"
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
    """Reads a network, uncompiled, in Keras' safe mode and of listed parts: nothing in the file is run.

    Raises:
        UserError: If the file is missing, damaged, or holds what safe mode or `network_parts` refuses.
    """
    import keras

    try:
        network_parts.check(path)
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except UNREADABLE as error:
        words = " ".join(str(error).split())
        raise UserError(f"No network can be read from {path}: {words[:300] or type(error).__name__}") from None


def _without_chance(config: dict[str, Any]) -> dict[str, Any]:
    """Returns a network's config with the names that Keras gave counted anew, and shared objects numbered in order."""
    names = _new_names(config)
    objects: dict[int, int] = {}

    def rewritten(node: Any, key: str = "") -> Any:
        if isinstance(node, list):
            return [rewritten(child, key) for child in node]
        if not isinstance(node, dict):
            return names.get(node, node) if key in REFERENCES and isinstance(node, str) else node
        kept = dict(node)
        if SHARED in kept and kept.get("class_name") == "DTypePolicy":
            del kept[SHARED]  # equal policies may or may not be one object, which changes nothing
        if SHARED in kept:
            kept[SHARED] = objects.setdefault(kept[SHARED], len(objects))
        return {name: rewritten(child, name) for name, child in kept.items()}

    return dict(rewritten(config))


def _new_names(config: dict[str, Any]) -> dict[str, str]:
    """Returns a new name for each that Keras made from a class's, such as `re_lu_3` from `ReLU`: counted from this
    network's first one, in the order of its parts, around the names that an author gave."""
    found = list(dict.fromkeys(_named(config)))
    automatic = [name for name, kind in found if _stem(name).replace("_", "") == kind.lower()]
    taken = {name for name, _ in found} - set(automatic)
    names: dict[str, str] = {}
    for name in automatic:
        count = 0
        new = stem = _stem(name)
        while new in taken:
            count += 1
            new = f"{stem}_{count}"
        taken.add(new)
        names[name] = new
    return names


def _named(node: Any) -> Iterator[tuple[str, str]]:
    """Yields the name and the class of each part of a config, in its order."""
    if isinstance(node, dict):
        about = node.get("config")
        if isinstance(about, dict) and isinstance(about.get("name"), str):
            yield about["name"], str(node.get("class_name"))
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _named(child)


def _stem(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


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
