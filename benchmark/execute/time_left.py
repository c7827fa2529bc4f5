"""How long a run still takes, from the seconds that the store has recorded of stages like those that are left."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmark.plan.stage import Stage
from benchmark.store.stage_files import RECORD
from benchmark.store.store import Store

MOST = 200  # records of a kind of stage that are read
Kind = tuple[str, str]  # a stage's function and its plug-in


class TimeLeft:
    """Estimates by the mean of what stages of one function and plug-in took: in this run, since those of other runs may
    be of other images and sizes; as long as there is none, in earlier runs of the store.

    Args:
        store: The store.
        stages: Those that are to be done. Nothing is read of others, and of none nothing.
    """

    def __init__(self, store: Store, stages: Iterable[Stage]) -> None:
        self._waiting = Counter(_kind(stage.function, stage.params) for stage in stages)  # how many of each kind
        self._seen: dict[Kind, list[float]] = {}
        self._sizes: dict[Kind, list[int]] = {}
        self._heard: dict[Kind, list[float]] = {}
        for function in {function for function, _ in self._waiting}:
            for file in itertools.islice((store.root / function).glob(f"*/{RECORD}"), MOST):
                kind, seconds, size = _record(file)
                if kind in self._waiting:
                    self._seen.setdefault(kind, []).append(seconds)
                    self._sizes.setdefault(kind, []).append(size)

    def heard(self, stage: Stage, seconds: float | None) -> None:
        """Takes note that a stage has ended, and of what it took, `None` if it was not done."""
        kind = _kind(stage.function, stage.params)
        self._waiting[kind] -= 1
        if seconds is not None:
            self._heard.setdefault(kind, []).append(seconds)

    def left(self) -> float | None:
        """Returns the seconds of all stages that have not ended, done one after the other.

        `None` if nothing is known of some of them.
        """
        return self._sum(self._seen | self._heard)

    def bytes_left(self) -> float | None:
        """Returns the bytes that they will add to the store; `None` if nothing is known of some."""
        return self._sum(self._sizes)

    def _sum(self, seen: Mapping[Kind, Sequence[float]]) -> float | None:
        waiting = {kind: n for kind, n in self._waiting.items() if n > 0}
        if not waiting.keys() <= seen.keys():
            return None
        return sum(n * sum(seen[kind]) / len(seen[kind]) for kind, n in waiting.items())


def _kind(function: str, params: dict[str, object]) -> Kind:
    return function, str(params.get("plugin", ""))


def _record(file: Path) -> tuple[Kind, float, int]:
    """Returns what a stage's record says; a broken one is of no kind."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        size = sum(int(length) for length, _ in said["files"].values())
        return _kind(str(said["stage"]), said["params"]), float(said["seconds"]), size
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ("", ""), 0.0, 0
