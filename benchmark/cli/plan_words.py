"""What `fauxbench plan` says: what would be run, what is kept already, how long it takes, what it can show."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmark.cli.progress import duration
from benchmark.execute.time_left import TimeLeft
from benchmark.plan import questions, resolution
from benchmark.plan.planner import Plan
from benchmark.store.store import Store


def summary(planned: Plan, kept: Store, seen: dict[str, Any]) -> Iterator[str]:
    """Yields sentences.

    Args:
        planned: The plan.
        kept: The store that is asked.
        seen: What can be seen, see `benchmark.plan.resolution.of`.
    """
    spec = planned.spec
    rows = (
        f"{spec.name}: {_rows(planned.generators, 'generator', 'control')} and "
        f"{_rows(planned.detectors, 'detector', 'sentinel')} on {spec.dataset.name}"
    )
    seeds = spec.protocol
    counts = (
        (len(seeds.ledgers), "split"),
        (len(seeds.generator_seeds), "generator seed"),
        (len(seeds.detector_seeds), "detector seed"),
    )
    yield f"{rows}; {', '.join(_count(*pair) for pair in counts)}: {_count(len(planned.cells), 'cell')}."
    yield from _beside(planned)
    stored = {stage.key for stage in planned.stages if kept.has(stage.function, stage.key)}
    todo = [stage for stage in planned.stages if stage.key not in stored]
    yield f"{len(stored)} of {_count(len(planned.stages), 'stage')} are in the store {kept.root}."
    if todo:
        kinds = Counter(stage.function for stage in todo)
        yield f"To do: {', '.join(f'{count} {function}' for function, count in kinds.items())}."
        yield _cost(TimeLeft(kept, todo), kept)
    yield from resolution.sentences(seen)


def _beside(planned: Plan) -> Iterator[str]:
    """Says what each question beside the main table adds: its cells, and trainings of detectors that it alone needs."""
    usual = {cell.trained.key for cell in planned.cells if questions.table(cell.question) == questions.USUAL}
    for name in questions.names():
        mine = [cell for cell in planned.cells if cell.question == name]
        if name == questions.USUAL or name not in planned.spec.protocol.ask:
            continue
        more = len({cell.trained.key for cell in mine} - usual)
        adds = f"{_count(len(mine), 'cell')}, {_count(more, 'more training')} of detectors"
        yield f"Question {name}: {adds if mine else 'no cells of its own'}."


def _cost(times: TimeLeft, kept: Store) -> str:
    """Says how long it takes and what it adds to the disk, as far as stages like these were done before."""
    seconds, size = times.left(), times.bytes_left()
    place = next(folder for folder in (kept.root, *kept.root.parents) if folder.exists())
    free = f"{shutil.disk_usage(place).free / 1e9:.1f} GB are free"
    if seconds is None or size is None:
        return f"Time and disk: not known, since this store has no stage of some of these kinds yet; {free}."
    by = "what such stages took before"
    if not times.alike:
        by = "what stages of these kinds took before, some with other images or options, so it may be far more"
    return (
        f"Time: about {duration(seconds)}, one stage after the other. Disk: about {size / 1e6:,.0f} MB more; {free}. "
        f"Both by {by}."
    )


def _rows(rows: list[Any], noun: str, role: str) -> str:
    special = sum(row.plugin.attribute(role) is not None for row in rows)
    return f"{_count(len(rows), noun)} ({_count(special, role)})" if special else _count(len(rows), noun)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
