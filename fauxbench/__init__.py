"""The public name: `import fauxbench` for notebooks and scripts, `python -m fauxbench` for a shell.

Stands on top of the five packages and imports what it offers when it is asked for. Open `runs` first: what `run` and
`load` return. Then `comparison`, and `displays/`, the figures, each a frame and a plot.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.errors import UserError
    from fauxbench.comparison import Comparison, compare, index
    from fauxbench.runs import Run, load, run

__all__ = ["Comparison", "Run", "UserError", "compare", "index", "load", "run"]
_HOUSE = Path(__file__).resolve().parents[1] / "benchmark" / "machine" / "house.py"


def _stranger() -> str | None:
    """Returns the line that says which module of the user's hides a package of ours, or `None`."""
    spec = importlib.util.spec_from_file_location("_fauxbench_house", _HOUSE)
    if spec is None or spec.loader is None:
        return f"fauxbench is not whole: expected {_HOUSE}. Install it again."
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    return str(message) if (message := house.stranger()) else None


# While `python -m fauxbench` starts, and in the command's own script, `__main__` says it, in one line.
if Path([*getattr(sys, "argv", []), ""][0]).name not in ("-m", "fauxbench"):
    if _message := _stranger():
        raise ImportError(_message)
    import benchmark as _  # noqa: F401 - it holds the processor at its level before anything loads NumPy


def __getattr__(name: str) -> Any:  # lazy, so that the import costs next to nothing
    if name in (*__all__, "__version__") and (message := _stranger()):
        raise ImportError(message)
    if name == "__version__":
        from benchmark.machine import runtime

        return runtime.version("fauxbench")
    if name == "UserError":
        from data.errors import UserError

        return UserError
    if name in ("Comparison", "compare", "index"):
        from fauxbench import comparison

        return getattr(comparison, name)
    if name in __all__:
        from fauxbench import runs

        return getattr(runs, name)
    raise AttributeError(f"module 'fauxbench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", "__doc__", "__name__"])
