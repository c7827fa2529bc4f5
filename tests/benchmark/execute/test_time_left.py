"""The time that is left, from what the store has recorded of stages of the same kind."""

from __future__ import annotations

import json
import os
from pathlib import Path

from benchmark.execute import time_left
from benchmark.execute.time_left import TimeLeft
from benchmark.plan.stage import Stage
from benchmark.store.store import Store


def recorded(root: Path, name: str, plugin: str, seconds: object, prepared: str = "", **options: object) -> None:
    folder = root / "sample" / name
    folder.mkdir(parents=True)
    params, inputs = {"plugin": plugin, "options": options or None}, {"prepared": prepared}
    record = {"stage": "sample", "params": params, "inputs": inputs, "seconds": seconds, "files": {"a": [10, "x"]}}
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


def test_the_same_images_and_options_count_before_others(tmp_path):
    dogs, faces = (Stage(f"prepare {name}", "prepare", {"plugin": name}) for name in ("dogs", "faces"))
    recorded(tmp_path, "faces", "dcgan", 90.0, faces.key, epochs=40)
    recorded(tmp_path, "dogs", "dcgan", 8.0, dogs.key, epochs=2)
    stages = [
        Stage(f"sample {name}", "sample", {"plugin": "dcgan", "options": {"epochs": epochs}}, inputs={"prepared": of})
        for name, of, epochs in (("a", faces, 40), ("b", faces, 40), ("c", dogs, 40))
    ]
    assert TimeLeft(Store(tmp_path), stages[:2]).left() == 180.0
    assert TimeLeft(Store(tmp_path), stages[:2]).alike
    others = TimeLeft(Store(tmp_path), stages[2:])
    assert (others.left(), others.alike) == (49.0, False)
    others = TimeLeft(Store(tmp_path), stages)
    assert (others.left(), others.alike) == (229.0, False)
    others.heard(stages[2], 30.0)
    assert (others.left(), others.alike) == (180.0, True)
    recorded(tmp_path, "quick", "noise", 0.0)
    assert TimeLeft(Store(tmp_path), [Stage("sample", "sample", {"plugin": "noise"})]).alike, "it takes no time"


def test_of_many_records_the_newest_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(time_left, "MOST", 3)
    for at in range(9):
        recorded(tmp_path, str(at), "dcgan", float(at))
        os.utime(tmp_path / "sample" / str(at) / "key.json", (1000 + at, 1000 + at))
    assert TimeLeft(Store(tmp_path), [Stage("sample", "sample", {"plugin": "dcgan"})]).left() == 7.0
