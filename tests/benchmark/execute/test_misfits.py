"""An option that does not fit the data fails its own row, visibly, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SPEC = """
name = "misfits"
[dataset]
name = "digits"
limit = 200
[[generator]]
kind = "gaussian"
n_mixture = 1
[[generator]]
id = "wrong"
{wrong}
[[detector]]
kind = "linear-pixel"
[quality]
enabled = false
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('kind = "dcgan"\narchitecture = "small"\nbatch_size = 4096\nepochs = 1', "batch_size"),
        ('kind = "dcgan"\narchitecture = "mnist-1d"', "28x28"),
        ('kind = "folder"\npath = "few"', "few"),
    ],
    ids=["batch", "shape", "folder"],
)
def test_fails_its_own_row(call: Callable[..., Any], wrong: str, said: str) -> None:
    from benchmark.use import api

    few(Path("few"))
    Path("spec.toml").write_text(SPEC.format(wrong=wrong))
    answer = call("run", "spec.toml", "--out", "out")
    assert answer.code == 1, answer.err
    run = api.load("out")
    assert len({row["error"] for row in run.failures}) == 1
    assert said in run.failures[0]["error"]
    assert run.failures[0]["stage"].startswith(("train_generator wrong", "sample wrong"))
    status = run.cells.groupby("generator")["status"].unique()
    assert set(status["gaussian"]) == {"done"}
    assert set(status["noise"]) == {"done"}
    assert "done" not in set(status["wrong"])


def test_without_any_generator_left_it_is_the_users_mistake(refused: Callable[..., str]) -> None:
    text = SPEC.replace('[[generator]]\nkind = "gaussian"\nn_mixture = 1\n', "")
    Path("spec.toml").write_text(text.format(wrong='kind = "dcgan"\narchitecture = "mnist-1d"'))
    assert "28x28" in refused("run", "spec.toml")


def few(folder: Path) -> None:
    """Writes two images, which are not enough for any part."""
    import numpy as np
    from PIL import Image

    folder.mkdir()
    for i in range(2):
        Image.fromarray(np.full((8, 8), i, np.uint8)).save(folder / f"{i}.png")
