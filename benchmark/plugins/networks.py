"""Which built-in plug-ins compute with Keras: those that do share its import, and all others need not wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.plugins import nested
from benchmark.plugins import resolve as plugins
from benchmark.store import imports

LIBRARIES = ("keras", "tensorflow", "jax")


def needs_keras(group: str, kind: str, options: Mapping[str, Any]) -> bool:
    """Says whether our code of a plug-in, or of an object in its options, imports Keras or a backend somewhere.

    It is read and not run. A stranger's code is not even read: it may import what it likes, in processes of its own.

    Args:
        group: `"datasets"`, `"generators"` or `"detectors"`.
        kind: The plug-in's name as a spec gives it.
        options: Its options.

    Example:
        >>> needs_keras("detectors", "linear-pixel", {}), needs_keras("detectors", "cnn", {})
        (False, True)
    """
    targets = [plugins.builtins(group).get(kind, kind), *nested.kinds(options)]
    return any(imports.reaches(target.rpartition(":")[0], LIBRARIES) for target in targets)
