"""How long a run still takes, from the seconds that the store has recorded of stages like those that are left."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmark.plan.stage import Stage
from benchmark.store.stage_files import RECORD
from benchmark.store.store import Store

MOST = 200  # records of a kind of stage that are read, the newest
Kind = tuple[str, str, str, str]  # a stage's function, its plug-in, the plug-in's options, and the images


class TimeLeft:
    """Estimates by the mean of what stages of one function and plug-in took: of the same options and images where there
    are any, in this run rather than in earlier ones of the store; else of others, which may be far off.

    Args:
        store: The store.
        stages: Those that are to be done. Nothing is read of others, and of none nothing.
    """

    def __init__(self, store: Store, stages: Iterable[Stage]) -> None:
        self._waiting = Counter(map(_kind_of, stages))  # how many of each kind
        self._heard, self._seen, self._sizes = _Means(), _Means(), _Means()
        alike = {kind[:2] for kind in self._waiting}
        for function in {function for function, _ in alike}:
            for file in _newest((store.root / function).glob(f"*/{RECORD}")):
                kind, seconds, size = _record(file)
                if kind[:2] in alike:
                    self._seen.add(kind, seconds)
                    self._sizes.add(kind, size)

    def heard(self, stage: Stage, seconds: float | None) -> None:
        """Takes note that a stage has ended, and of what it took, `None` if it was not done."""
        kind = _kind_of(stage)
        self._waiting[kind] -= 1
        if seconds is not None:
            self._heard.add(kind, seconds)

    @property
    def alike(self) -> bool:
        """Whether stages of the same options and images are known of all that is left, not of others alone."""
        known = self._heard, self._seen
        return all(any(one.same(kind) is not None for one in known) for kind, n in self._waiting.items() if n > 0)

    def left(self) -> float | None:
        """Returns the seconds of all stages that have not ended, done one after the other.

        `None` if nothing is known of some of them.
        """
        return self._sum(self._heard, self._seen)

    def bytes_left(self) -> float | None:
        """Returns the bytes that they will add to the store; `None` if nothing is known of some."""
        return self._sum(self._sizes)

    def _sum(self, *known: _Means) -> float | None:
        total = 0.0
        for kind, n in self._waiting.items():
            if n > 0:
                looked = [*(one.same(kind) for one in known), *(one.like(kind) for one in known)]
                mean = next((found for found in looked if found is not None), None)
                if mean is None:
                    return None
                total += n * mean
        return total


class _Means:
    """Means of what is known of stages, by their kind, and by their function and plug-in alone."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, ...], tuple[int, float]] = {}

    def add(self, kind: Kind, value: float) -> None:
        for key in (kind, kind[:2]):
            n, total = self._of.get(key, (0, 0.0))
            self._of[key] = n + 1, total + value

    def same(self, kind: Kind) -> float | None:
        return self._mean(kind)

    def like(self, kind: Kind) -> float | None:
        return self._mean(kind[:2])

    def _mean(self, key: tuple[str, ...]) -> float | None:
        n, total = self._of.get(key, (0, 0.0))
        return total / n if n else None


def _kind_of(stage: Stage) -> Kind:
    prepared = stage.inputs.get("prepared")
    return _kind(stage.function, stage.params, {"prepared": prepared.key if prepared else ""})


def _kind(function: str, params: Mapping[str, object], inputs: Mapping[str, object]) -> Kind:
    options = json.dumps(params.get("options"), sort_keys=True, default=str)
    return function, str(params.get("plugin", "")), options, str(inputs.get("prepared", ""))


def _newest(files: Iterable[Path]) -> list[Path]:
    def changed(file: Path) -> float:
        try:
            return file.stat().st_mtime
        except OSError:  # a store is tidied while it is read
            return 0.0

    return heapq.nlargest(MOST, files, key=changed)


def _record(file: Path) -> tuple[Kind, float, int]:
    """Returns what a stage's record says; a broken one is of no kind."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        size = sum(int(length) for length, _ in said["files"].values())
        return _kind(str(said["stage"]), said["params"], said.get("inputs", {})), float(said["seconds"]), size
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ("", "", "", ""), 0.0, 0
