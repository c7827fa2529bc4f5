from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.machine import stopwatch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: now[0])
    return now


def test_a_second_process_counts_on_from_the_last_note(tmp_path: Path, clock: list[float]) -> None:
    first = stopwatch.Stopwatch(tmp_path / "seconds")
    for _ in range(25):  # a call per second; it is killed after 25
        clock[0] += 1.0
        first.tick()
    clock[0] = 5000.0  # another process, whose clock began elsewhere
    second = stopwatch.Stopwatch(tmp_path / "seconds")
    clock[0] += 10.0
    assert 10.0 + 25.0 - stopwatch.EVERY <= second.stop() <= 35.0
    assert not list(tmp_path.iterdir())


def test_an_empty_note_counts_as_none(tmp_path: Path, clock: list[float]) -> None:
    (tmp_path / "seconds").write_text("")
    watch = stopwatch.Stopwatch(tmp_path / "seconds")
    clock[0] += 3.0
    assert watch.stop() == 3.0
