"""How long a run still takes, from the seconds that the store has recorded of stages like those that are left."""

from __future__ import annotations

import itertools
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path

from benchmark.plan.stage import Stage
from benchmark.store.stage_files import RECORD
from benchmark.store.store import Store

MOST = 200  # records of a kind of stage that are read
Kind = tuple[str, str]  # a stage's function and its plug-in


class TimeLeft:
    """Estimates by the mean of what stages of one function and plug-in took, here or in earlier runs of the store.

    Args:
        store: The store.
        stages: All stages of a plan.
    """

    def __init__(self, store: Store, stages: Iterable[Stage]) -> None:
        self._stages = {stage.key: _kind(stage.function, stage.params) for stage in stages}
        self._seen: dict[Kind, list[float]] = {}
        self._sizes: dict[Kind, list[int]] = {}
        wanted = set(self._stages.values())
        for function in {function for function, _ in wanted}:
            for file in itertools.islice((store.root / function).glob(f"*/{RECORD}"), MOST):
                kind, seconds, size = _record(file)
                if kind in wanted:
                    self._seen.setdefault(kind, []).append(seconds)
                    self._sizes.setdefault(kind, []).append(size)

    def heard(self, stage: Stage, seconds: float | None) -> None:
        """Takes note of what a stage took, `None` if it was not done."""
        if seconds is not None:
            self._seen.setdefault(self._stages[stage.key], []).append(seconds)

    def left(self, ended: Container[str]) -> float | None:
        """Returns the seconds of all stages whose keys are not among the ended ones, done one after the other.

        `None` if nothing is known of some of them.
        """
        return self._sum(self._seen, ended)

    def bytes_left(self, ended: Container[str]) -> float | None:
        """Returns the bytes that the other stages will add to the store; `None` if nothing is known of some."""
        return self._sum(self._sizes, ended)

    def _sum(self, seen: Mapping[Kind, Sequence[float]], ended: Container[str]) -> float | None:
        kinds = [kind for key, kind in self._stages.items() if key not in ended]
        if any(kind not in seen for kind in kinds):
            return None
        return sum(sum(seen[kind]) / len(seen[kind]) for kind in kinds)


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
