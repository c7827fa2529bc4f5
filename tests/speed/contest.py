"""Who takes part in a comparison of speed, in which order, for how long, and what the figures say."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

RIVALS = {"train_on_batch": 1.3, "fit": 1.2, "pytorch": 1.0}  # how many times as fast ours is meant to be
TWINS = {  # in the same precision and with the same recipe
    "ours alternating bfloat16": "pytorch bfloat16",
    "ours alternating stable": "pytorch stable",
    "ours alternating stable bfloat16": "pytorch stable bfloat16",
}
PRECISIONS = {  # the instruction sets of oneDNN that a precision is computed with, and the share that ours is to reach
    "float32": {"AVX2": 0.8, "AVX512_CORE": 0.8},
    "bfloat16": {"AVX512_CORE_BF16": 0.75, "AVX512_CORE_AMX": 0.4},
}
PEAK_FLOP = 2 * 2048**3  # of one product of matrices
STARTS = 0.6  # share of the time after which nobody else is started
ENDING = 10.0  # seconds that remain when the last turn should be over


def sets(reached: Sequence[str]) -> list[tuple[str, str]]:
    """Returns `(precision, instruction set)` for each set that this processor has, the best of a precision first."""
    return [(name, level) for name, levels in PRECISIONS.items() for level in reversed(levels) if level in reached]


def names(pairs: Sequence[tuple[str, str]], torch: bool) -> list[str]:
    """Returns the contestants, those first that matter most: who does not fit into the time is at the end."""
    shares = []
    for precision, level in pairs:
        half = " bfloat16" if precision == "bfloat16" else ""
        shares += [f"peak {precision} @{level}", f"ours simultaneous{half} @{level}"]
    known = {precision for precision, _ in pairs}
    own = [name for name in TWINS if "bfloat16" not in name or "bfloat16" in known]
    duels = [["ours alternating", "pytorch"], *([name, TWINS[name]] for name in own)]
    found = [name for duel in duels for name in duel if torch or not name.startswith("pytorch")]
    return [*found, *shares, "train_on_batch", "fit", "ours alone", "ours beside"]


def turn(left: float, contestants: int, rounds: int) -> tuple[int, float]:
    """Returns how many rounds fit into the seconds that are left, and how long a turn is, 0.5 to 3 seconds."""
    each = left / max(1, contestants)
    fitting = max(1, min(rounds, int(each / 0.5)))
    return fitting, min(3.0, max(0.5, each / fitting))


def table(batch: int, rates: Mapping[str, Sequence[float]], facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Returns the lines of the result.

    Args:
        batch: Images of a step.
        rates: Steps a second in each round, by contestant; of `peak`, products.
        facts: What a contestant says of itself.
    """
    rounds = max(map(len, rates.values()))
    lines = [f"batch {batch}, {rounds} rounds, real images per second: median (lowest to highest)"]
    for name, found in rates.items():
        if found and not name.startswith("peak"):
            low, middle, high = (batch * f(found) for f in (min, statistics.median, max))
            note = f"  {facts[name]['trainable']:,} weights" if "trainable" in facts.get(name, {}) else ""
            lines.append(f"  {name:40s} {middle:7.0f}  ({low:.0f} to {high:.0f}){note}")
    pairs = [("ours alternating", rival, goal) for rival, goal in RIVALS.items()]
    pairs += [(ours, theirs, 1.0) for ours, theirs in TWINS.items()]
    lines += [_ratio(f"{a} / {b}", rates[a], rates[b], goal) for a, b, goal in pairs if rates.get(a) and rates.get(b)]
    for name, found in rates.items():
        if name.startswith("peak") and found:
            lines += _shares(batch, name, rates, facts)
    if rates.get("two jobs"):
        lines.append(_ratio("two jobs of one thread each / one of them", rates["two jobs"], rates["ours alone"], None))
    return lines


def _shares(batch: int, peak: str, rates: Mapping[str, Sequence[float]], facts: Mapping[str, Any]) -> list[str]:
    _, precision, level = peak.replace("@", "").split()
    speed = statistics.median(rates[peak]) * PEAK_FLOP / 1e9
    lines = [f"  peak of {precision} products on {level}: {speed:,.0f} GFLOP/s"]
    ours = f"ours simultaneous{' bfloat16' if precision == 'bfloat16' else ''} @{level}"
    if rates.get(ours):
        work = facts[ours]["mflop"] * 1e6 * batch / PEAK_FLOP  # products that a step is worth
        share = [work * rate for rate in rates[ours]]
        what = f"{ours}: {facts[ours]['mflop']:.0f} MFLOP an image, of that peak"
        lines.append(_ratio(what, share, rates[peak], PRECISIONS[precision][level]))
    return lines


def _ratio(what: str, ours: Sequence[float], theirs: Sequence[float], goal: float | None) -> str:
    ratios = [a / b for a, b in zip(ours, theirs, strict=False)]
    middle = statistics.median(ratios)
    judged = "" if goal is None else f"  goal {goal}: {'met' if middle >= goal else 'MISSED'}"
    return f"  {what}: {middle:.2f}  ({min(ratios):.2f} to {max(ratios):.2f}){judged}"
