"""How often the verdict on `real-copy` raises a false alarm, over ledger seeds of the digits.

    python tests/statistics/real_copy.py --seeds 200            all detectors of the preset
    python tests/statistics/real_copy.py --seeds 200 --no-cnn   without the network, which takes most of the time

Nothing tells reals from reals, so every alarm is false. The verdict is family-wise at 99 %: about 1 in 100 is expected.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.machine import runtime
from benchmark.plan import specs
from benchmark.plugins import adapt
from benchmark.plugins import resolve as plugins
from benchmark.results import findings as verdicts
from benchmark.stages import bank
from benchmark.statistics.chance import p_chance
from benchmark.statistics.ranking import Ranking
from data.duplicates import Copies
from data.imageset import ImageSet


def detectors(cnn: bool) -> list[str]:
    """Returns the kinds of the default preset's detectors."""
    return [row.kind for row in specs.load("digits").detector if cnn or row.kind != "cnn"]


@cache
def digits() -> tuple[ImageSet, Copies]:
    """Returns the images and their copies, which are the same for each ledger seed."""
    from data.duplicates import find_copies
    from data.sources.digits import Digits

    images = Digits().load([])
    return images, find_copies(images.images)


def verdict(seed: int, kinds: Sequence[str]) -> dict[str, Any]:
    """Deals the digits by a seed, makes the control's banks, trains every detector on them, and judges."""
    from data.ledger import split

    images, copies = digits()
    ledger = split(images, seed=seed, copies=copies)
    generator = plugins.make(plugins.resolve("generators", "real-copy"), {}, seed)
    generator.fit(images.images)
    p_values = {}
    with tempfile.TemporaryDirectory() as folder:
        bank.write(Path(folder), generator, images, ledger, seed=seed, checkpoint="final", traced=False)
        train, validation, test = (bank.labelled(Path(folder), images, ledger, part) for part in bank.DETECTOR_PARTS)
    for kind in kinds:
        detector = adapt.DetectorAdapter(plugins.make(plugins.resolve("detectors", kind), {}, seed))
        detector.fit(train.images, train.is_fake, (validation.images, validation.is_fake), None)
        p_values[kind] = p_chance(Ranking.of(detector.scores(test.images), test.is_fake))
    return verdicts.real_copy_verdict(p_values, int((~test.is_fake).sum()), int(test.is_fake.sum()))


def main() -> None:
    """Prints every alarm and the share of seeds that had one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--no-cnn", action="store_true")
    arguments = parser.parse_args()
    kinds, alarms = detectors(not arguments.no_cnn), 0
    for done, seed in enumerate(range(arguments.first, arguments.first + arguments.seeds), start=1):
        found = verdict(seed, kinds)
        if found["verdict"] == "alarm":
            alarms += 1
            print(f"seed {seed}: p {found['value']:.4f}: {found['advice']}", flush=True)
        if done % 20 == 0:
            print(f"{alarms} alarms in {done} seeds with {len(kinds)} detectors: {alarms / done:.1%}", flush=True)


if __name__ == "__main__":
    runtime.configure()
    main()
