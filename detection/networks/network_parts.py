"""What a `.keras` file may be made of, looked at before Keras reads it.

Keras' safe mode refuses functions that a file brings along. What else a file may name differs from one version to the
next: layers that load another file or wrap another framework, any class that a package registered. Here it is a list.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}
MODULES = (
    "keras",
    "keras.activations",
    "keras.constraints",
    "keras.initializers",
    "keras.layers",
    "keras.regularizers",
)
INSIDE = ("keras.dtype_policies", "keras.src.dtype_policies", "keras.src.layers", "keras.src.models", "keras.src.ops")
CODE = {"FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper"}  # layers of Keras' own that run others
VALUES = {"__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__"}  # constants
OURS = "fauxbench>"
MOST = 100_000_000  # bytes of the config


def check(path: Path) -> None:
    """Checks that a file holds a network of Keras' own layers and operations, and of this project's.

    Raises:
        ValueError: If it names anything else, with what.
    """
    with zipfile.ZipFile(path) as archive:
        odd = sorted(set(archive.namelist()) - MEMBERS)
        if odd:
            raise ValueError(f"it holds {odd[0]!r} beside a network")
        if archive.getinfo("config.json").file_size > MOST:
            raise ValueError("its config is too large")
        config = json.loads(archive.read("config.json"))
    for part in _parts(config):
        if not _is_known(part):
            named = f"{part.get('module')}.{part['class_name']} ({part.get('registered_name')})"
            raise ValueError(f"it is made of {named}, which is no layer of Keras' own that only computes")


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "class_name" in node:
            yield node
        for child in node.values():
            yield from _parts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _parts(child)


def _is_known(part: dict[str, Any]) -> bool:
    import keras

    kind, module, registered = part["class_name"], part.get("module"), part.get("registered_name") or ""
    if not isinstance(kind, str) or not isinstance(registered, str) or kind in CODE:
        return False
    if ">" in registered:
        return registered.startswith(OURS) and keras.saving.get_registered_object(registered) is not None
    if kind in VALUES:
        return True
    inside = isinstance(module, str) and any(module == name or module.startswith(f"{name}.") for name in INSIDE)
    return (module in MODULES or inside) and not kind.startswith("_") and kind != "function"
