"""The time that is left, from what the store has recorded of stages of the same kind."""

from __future__ import annotations

import json
from pathlib import Path

from benchmark.execute.time_left import TimeLeft
from benchmark.plan.stage import Stage
from benchmark.store.store import Store


def recorded(root: Path, name: str, plugin: str, seconds: object) -> None:
    folder = root / "sample" / name
    folder.mkdir(parents=True)
    record = {"stage": "sample", "params": {"plugin": plugin}, "seconds": seconds, "files": {"a": [10, "x"]}}
    (folder / "key.json").write_text(json.dumps(record))


def test_by_the_mean_of_the_same_function_and_plugin(tmp_path):
    for at, (plugin, seconds) in enumerate([("dcgan", 4.0), ("dcgan", 6.0), ("noise", 0.5)]):
        recorded(tmp_path, str(at), plugin, seconds)
    recorded(tmp_path, "broken", "dcgan", None)
    stages = [Stage(f"sample {at}", "sample", {"plugin": "dcgan", "at": at}) for at in range(3)]
    times = TimeLeft(Store(tmp_path), stages)
    assert times.left() == 15.0
    assert times.bytes_left() == 30
    times.heard(stages[0], 11.0)  # of this run: those before may have been of other images
    assert times.left() == 22.0
    times.heard(stages[1], 9.0)
    assert times.left() == 10.0
    for stage in stages[2:]:
        times.heard(stage, None)
    assert times.left() == 0


def test_nothing_is_said_of_what_was_never_done(tmp_path):
    recorded(tmp_path, "one", "dcgan", 4.0)
    others = [Stage(f"sample other {at}", "sample", {"plugin": "other", "at": at}) for at in range(2)]
    times = TimeLeft(Store(tmp_path), others)
    assert times.left() is None
    assert times.bytes_left() is None
    times.heard(others[0], 2.0)
    assert times.left() == 2.0
