"""Folders of several sizes are answered by the whole command that works, for both sides at once."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def folder(place: Path, sizes: list[tuple[int, int]], seed: int, kind: str = "png") -> Path:
    place.mkdir()
    rng = np.random.default_rng(seed)
    for at in range(40):
        width, height = sizes[at % len(sizes)]
        ending = kind if at % 3 else "png"
        Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(place / f"{at}.{ending}")
    return place


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reals", "fakes", "kind"),
    [
        ([(12, 12), (16, 14)], [(12, 12)], "png"),
        ([(16, 16)], [(20, 11), (16, 16)], "bmp"),
    ],
    ids=["mixed reals", "mixed fakes of two kinds"],
)
def test_the_command_that_is_told_works(reals, fakes, kind, call):
    folder(Path("my reals"), reals, 0)
    folder(Path("fakes"), fakes, 1, kind)
    few = ["--set", "quality.enabled=false", "--set", 'detector=[{kind="linear-pixel"}]']
    given = ["run", "--real", "my reals", "--fake", "fakes", "--out", "run", *few]
    refused = call(*given)
    assert refused.code in (1, 2)
    told = next(line for line in refused.err.splitlines() if "For both sides at once: " in line)
    command = shlex.split(told.partition("For both sides at once: ")[2])
    side = str(min(min(size) for size in (*reals, *fakes)))
    assert command[: len(given) + 1] == ["fauxbench", *given]
    assert f"dataset.size={side}" in command
    assert f"generator.*.size={side}" in command
    done = call(*command[1:])
    assert done.code == 0, done.err
