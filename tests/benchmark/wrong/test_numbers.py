"""What is no number where one is asked for: in options of the command line, and in a spec."""

from __future__ import annotations

from collections.abc import Callable

import pytest

NONE = ("nan", "inf", "1e400", "1.5", "ten", "0x10", "9" * 5000)
OPTIONS = {
    "run --jobs": (*NONE, "0", "-1", "1000000", "9" * 400),
    "check detector cnn --limit": ("nan", "inf", "-inf", "1e400", "ten", "0", "-1"),
    "describe small --size": (*NONE, "0", "-8", "100000", "9" * 400),
    "describe small --channels": (*NONE, "0", "2", "-1"),
    "generate run --out new --n": NONE,
    "generate run --out new --seed": NONE,
    "generate run --out new --size": NONE,
    "generate run --out new --training-seed": NONE,
    "generate run --out new --interpolate": NONE,
    "generate run --out new --frames": NONE,
    "detect run a.png --training-seed": NONE,
    "detect run a.png --detector-seed": NONE,
    "networks run --out new --training-seed": NONE,
}
KEYS = {
    "dataset.limit": ("inf", "nan", "-1", "0", "1e400", "9" * 400, "1.5", "true"),
    "generator.gaussian.components": ("inf", "nan", "0", "1.5", "9" * 400),
    "protocol.ledger_seed": ("inf", "-1", "1.5", "4294967296", "9" * 400),
    "protocol.generator_seeds": ("[inf]", "[-1]", "[1.5]", "[0, 0]", "[4294967296]"),
    "protocol.detector_seeds": ("[nan]", "[-1]", "[0, 0]"),
    "protocol.display_interval": ("inf", "0", "1e3", "9" * 400),
    "protocol.threads": ("inf", "0", "65", "-1"),
    "protocol.parts": ("{test = inf}", "{test = nan}", "{test = -1}", "{test = 1e400}", "{test = -0.5}"),
    "quality.n": ("inf", "31", "1e400", "9" * 400),
}
INPUTS = [
    ([*option.split(), value], option.split()[-1].strip("-")) for option, values in OPTIONS.items() for value in values
] + [
    (["run", "spec.toml", "--set", f"{key}={value}"], key.split(".")[-1].rstrip("s"))
    for key, values in KEYS.items()
    for value in values
]


@pytest.mark.parametrize(
    ("arguments", "said"), INPUTS, ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else ""
)
def test_number(wrong: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in wrong(*arguments).lower()
