"""Checkpoints: in the order in which they were made, and none that is half-written."""

from __future__ import annotations

import pytest

from benchmark.store.checkpoints import Checkpoints


def made(checkpoints: Checkpoints, name: str) -> None:
    with checkpoints.writing(name) as folder:
        (folder / "weights").write_text(name)


def test_the_last_one_is_the_last_made_and_not_the_last_by_name(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for name in ("5", "9", "10"):
        made(checkpoints, name)
    assert Checkpoints(tmp_path).names == ["5", "9", "10"]
    assert (Checkpoints(tmp_path).folder("last") / "weights").read_text() == "10"


def test_one_that_was_cut_short_does_not_count_and_is_cleaned_away(tmp_path):
    checkpoints = Checkpoints(tmp_path)

    def is_killed() -> None:
        with checkpoints.writing("final") as folder:
            (folder / "weights").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        is_killed()
    assert checkpoints.names == []
    checkpoints.clean()
    assert not list(checkpoints.root.iterdir())


def test_one_made_again_after_a_kill_stands_once(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for name in ("a", "b", "b"):
        made(checkpoints, name)
    assert checkpoints.names == ["a", "b"]
