"""An option that does not fit the data fails its own row, visibly, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HEAD = """
name = "misfits"
[dataset]
name = "digits"
limit = 200
[[detector]]
kind = "linear-pixel"
[quality]
enabled = false
"""
SHAPE = '[[generator]]\nid = "shape"\nkind = "dcgan"\narchitecture = "mnist-1d"\n'
WRONG = {  # row -> what is said of it
    "batch": "batch_size",
    "shape": "28x28",
    "few": "holds 2 images",
}
ROWS = (
    '[[generator]]\nkind = "gaussian"\nn_mixture = 1\n'
    '[[generator]]\nid = "batch"\nkind = "dcgan"\narchitecture = "small"\nbatch_size = 4096\nepochs = 1\n'
    f'{SHAPE}[[generator]]\nid = "few"\nkind = "folder"\npath = "pictures"\n'
)


@pytest.mark.slow
def test_each_fails_its_own_row(call: Callable[..., Any]) -> None:
    from benchmark.use import api

    few(Path("pictures"))
    Path("spec.toml").write_text(HEAD + ROWS)
    answer = call("run", "spec.toml", "--out", "out")
    assert answer.code == 1, answer.err
    run = api.load("out")
    for row, said in WRONG.items():
        mine = [one for one in run.failures if f" {row} seed" in one["stage"]]
        assert len({one["error"] for one in mine}) == 1
        assert said in mine[0]["error"]
        assert mine[0]["stage"].startswith((f"train_generator {row}", f"sample {row}"))
    status = run.cells.groupby("generator")["status"].unique()
    assert set(status["gaussian"]) == {"done"}
    assert set(status["noise"]) == {"done"}
    assert all("done" not in set(status[row]) for row in WRONG)


def test_without_any_generator_left_it_is_the_users_mistake(refused: Callable[..., str]) -> None:
    Path("spec.toml").write_text(HEAD + SHAPE)
    assert "28x28" in refused("run", "spec.toml")


def few(folder: Path) -> None:
    """Writes two images, which are not enough for any part."""
    import numpy as np
    from PIL import Image

    folder.mkdir()
    for i in range(2):
        Image.fromarray(np.full((8, 8), i, np.uint8)).save(folder / f"{i}.png")
