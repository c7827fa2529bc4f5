"""From a spec to a run folder: plan, stages, scores, metrics and intervals; the Python API and the command line."""

from __future__ import annotations

from typing import Any

from benchmark.machine import processor

processor.hold()  # before anything loads NumPy

__all__ = ["Run", "load", "run"]


def __getattr__(name: str) -> Any:  # lazy, so that `fauxbench --help` does not pay for pandas
    if name in __all__:
        from benchmark.machine import house

        if message := house.stranger():
            raise ImportError(message)
        from benchmark.use import api

        return getattr(api, name)
    raise AttributeError(f"module 'benchmark' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
