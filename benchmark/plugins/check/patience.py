"""How many images a plug-in gets to learn from: more, step by step, while the time for it lasts."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from benchmark.plugins.check.problems import N_TRAIN

STEPS = (N_TRAIN, 150, 600, 2400)  # images: three epochs of a small network learn from the last, not from the first
MOST = 2**25  # values of all images of one training
SHARE = 1 / 3  # of the limit that the next training may take; all of them together may take half


@dataclass
class Patience:
    """What the trainings of one check have cost, and whether the next one can be had.

    Args:
        limit: Seconds that the check may take.
    """

    limit: float
    costs: list[tuple[int, float]] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    def took(self, n: int, seconds: float) -> None:
        """Notes what a training on `n` images took."""
        self.costs.append((n, seconds))

    def lasts(self, n: int, values: int) -> bool:
        """Says whether a training on `n` images of so many values each stays well within the limit."""
        expected = self.expected(n)
        spent = time.perf_counter() - self.began
        return n * values <= MOST and expected <= SHARE * self.limit and spent + expected <= self.limit / 2

    def expected(self, n: int) -> float:
        """Returns the seconds that a training on `n` images would take, rather too many than too few."""
        if not self.costs:
            return 0.0
        many, seconds = self.costs[-1]
        if n <= many:
            return seconds
        if len(self.costs) == 1:
            return seconds * n / many
        few, before = self.costs[-2]
        power = math.log(max(seconds, 1e-3) / max(before, 1e-3)) / math.log(many / few)
        if power > 1:  # such as a kernel machine
            return float(seconds * (n / many) ** power)
        return seconds + max(0.0, seconds - before) / (many - few) * (n - many)
