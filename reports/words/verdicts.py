"""How well the images of one generator can be told from real ones: what is said of it, and on what it rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reports import numbers
from reports.load import Plugin, Run
from reports.words import claims, doubts
from reports.words.claims import Claims, Entries, Measured

PAIRED = "paired test at 95 %, corrected for the column"


@dataclass(frozen=True)
class Verdict:
    """What is known of one generator's images.

    A detector here is a row that is judged: sentinels are named apart and counted nowhere.

    Attributes:
        generator: The generator.
        done: Detector -> entry of all that have a result, from the highest AUC down.
        claims: The word that each detector bears, and its test.
        tied: What a paired test cannot separate from the highest.
        compared: Whether the highest was compared with the others, on the same images.
        cheap: Sentences on what sentinels for content see.
        doubts: The alarms under which all of this stands.
        best_interval: An interval that holds for the one that was picked as the highest; NaN where none is known.
        smoke: Whether it is of a smoke run, which leaves most detectors out.
    """

    generator: Plugin
    done: dict[str, Measured]
    claims: Claims
    tied: list[str]
    compared: bool
    cheap: list[str]
    doubts: list[str]
    best_interval: tuple[float, float]
    smoke: bool = False

    @property
    def best(self) -> str:
        """Id of the detector with the highest AUC; empty when none has a result."""
        return next(iter(self.done), "")

    @property
    def weakest(self) -> str:
        """Id of the detector with the lowest AUC; empty when there are fewer than two."""
        return list(self.done)[-1] if len(self.done) > 1 else ""


def verdict(run: Run, generator: Plugin, entries: Entries) -> Verdict:
    """Puts together what is known of one generator.

    Args:
        run: The run.
        generator: One of `run.generators`.
        entries: `tables.table(run)`.
    """
    column = {detector.id: entries[detector.id, generator.id] for detector in run.detectors if not detector.role}
    have = {name: entry for name, entry in column.items() if entry.status == "done"}
    done = dict(sorted(have.items(), key=lambda item: (-item[1].value, not item[1].best)))
    first = next(iter(done), "")
    rows = run.comparisons[(run.comparisons["generator"] == generator.id) & run.comparisons["detector"].isin(done)]
    compared = bool(first) and done[first].best and set(rows["detector"]) | {first} >= set(done)
    return Verdict(
        generator=generator,
        done=done,
        claims=claims.claims(run, generator.id, entries),
        tied=[name for name, entry in done.items() if entry.tied and name != first] if compared else [],
        compared=compared,
        cheap=_cheap(run, generator, entries, first),
        doubts=doubts.doubts(run).get(generator.id, []),
        best_interval=_of_the_picked(run, generator.id, first),
        smoke=bool(run.manifest.get("smoke")),
    )


def _of_the_picked(run: Run, generator: str, best: str) -> tuple[float, float]:
    """Returns the interval of ranks.csv that holds for whichever detector was picked, of one training run."""
    rankings = run.rankings
    if rankings.empty or not best:
        return np.nan, np.nan
    cells = run.main_cells
    mine = cells[(cells["generator"] == generator) & (cells["detector"] == best) & (cells["status"] == "done")]
    rows = rankings[
        (rankings["scope"] == "detectors") & (rankings["generator"] == generator) & (rankings["detector"] == best)
    ]
    rows = rows[rows["checkpoint"].isin(mine["checkpoint"]) & rows["generator_seed"].isin(mine["generator_seed"])]
    if len(mine) != 1 or len(rows) != 1:
        return np.nan, np.nan
    return float(rows["best_low"].iloc[0]), float(rows["best_high"].iloc[0])


def _cheap(run: Run, generator: Plugin, entries: Entries, best: str) -> list[str]:
    """Says what statistics of colour and contrast see by themselves, where they beat chance: that is a finding."""
    out = []
    for sentinel in [detector.id for detector in run.detectors if detector.role == "content"]:
        entry = entries[sentinel, generator.id]
        if entry.status != "done" or not entry.low > 0.5 or not _beats_chance(run, sentinel, generator.id):
            continue
        reach = f"Cheap image statistics alone ({sentinel}) beat chance (family-wise at 99 %): {value(entry)}"
        against = _against(run, generator.id, sentinel, best)
        out.append(f"{reach}{against}.")
    return out


def _beats_chance(run: Run, sentinel: str, generator: str) -> bool:
    """Whether every finding on this sentinel and this generator says so."""
    rows = run.audit[run.audit["finding"] == "FB021"]
    other = [each.id for each in run.detectors if each.role == "content" and each.id != sentinel]
    of = rows["about"].map(lambda about: generator in doubts.named(about, [each.id for each in run.generators]))
    mine = rows[of.astype(bool) & ~rows["about"].map(lambda about: bool(doubts.named(about, other))).astype(bool)]
    return len(mine) > 0 and bool(mine["verdict"].isin(["note", "alarm"]).all())


def _against(run: Run, generator: str, sentinel: str, best: str) -> str:
    """What a paired test says of a sentinel and the best detector; nothing where none was made."""
    rows = run.comparisons[run.comparisons["generator"] == generator]
    pairs = rows[(rows["best"] == best) & (rows["detector"] == sentinel)]
    if not best or pairs.empty:
        return ""
    if not pairs["separable"].all():
        return f", not separable from {best} (paired test at 95 %)"
    return ", more than any detector (paired test at 95 %)" if (pairs["difference"] < 0).all() else ""


def answer(found: Verdict) -> str:
    """A verdict in a paragraph, for a terminal."""
    name = f"{found.generator.id}:"
    told, *rest = details(found)
    return " ".join([name, told, *([best(found)] if found.best else []), *rest])


def best(found: Verdict) -> str:
    """Which detector has the highest AUC, and what is not separable from it."""
    leader = found.best
    shown = f"{leader}, AUC {value(found.done[leader])}"
    if found.doubts:
        shown += ", DOUBTFUL"
    if len(found.done) == 1:
        return f"{'It' if len(_counted(found)) == 1 else 'The only one with a result'} is {shown}."
    low, high = found.best_interval
    if low == low and high == high:
        shown += f" (as the best of {len(found.done)}: {numbers.interval(low, high)})"
    if not found.compared:
        return f"Highest is {shown}; not compared with the others."
    if found.tied:
        return f"Highest is {shown}, not separable from {numbers.listed(found.tied)} ({PAIRED})."
    return f"Best is {shown} ({PAIRED})."


def details(found: Verdict) -> list[str]:
    """A verdict in sentences, without the best."""
    out = [_told(found), *([f"Doubtful: it stands under {_alarms(found.doubts)}."] if found.doubts else [])]
    weakest = found.weakest
    if weakest and found.done[weakest].value < found.done[found.best].value:
        out.append(f"Lowest is {weakest}, {value(found.done[weakest])}.")
    for word, title in (
        (claims.BACKWARDS, "Ranks backwards, reals above fakes"),
        (claims.GUESSING, "Not separable from guessing"),
        (claims.UNKNOWN, "Cannot tell, for want of an interval or a test"),
        (claims.FAILED, "Failed"),
        (claims.ABSENT, "Left out by --smoke" if found.smoke else "Not run"),
    ):
        if names := found.claims.named(word):
            out.append(f"{title} ({len(names)}): {numbers.listed(names)}.")
    if partly := found.claims.partly:
        out.append(f"Failed in part ({len(partly)}): {numbers.listed(partly)}.")
    return out + found.cheap


def _counted(found: Verdict) -> list[str]:
    """What is claimed of its detectors, but for those that a smoke run has left out."""
    return [word for word in found.claims.of.values() if not (found.smoke and word == claims.ABSENT)]


def _told(found: Verdict) -> str:
    """The first sentence: how many of the detectors tell, and by which test."""
    said, counted = found.claims, _counted(found)
    total, telling = len(counted), len(said.named(claims.TELLS))
    tried = " tried" if total < len(said.of) else ""
    if not found.done:
        return "No detector has a result." if total else "No detector was run on it."
    if all(word in (claims.UNKNOWN, claims.FAILED, claims.ABSENT) for word in counted):
        return f"Cannot tell: none of {numbers.plural(total, 'detector')}{tried} has both an interval and a test."
    each = f", in each of {said.runs} trainings" if said.runs > 1 else ""
    each = ", in each training that finished" if said.partly else each
    if total == 1:
        verb = "tells" if telling else "is not shown to tell"
        return f"The one detector{tried} {verb} its images from real ones{each}, {said.test}."
    who = (
        f"All {total} detectors{tried} tell"
        if telling == total
        else f"{telling} of {total} detectors{tried} {'tells' if telling == 1 else 'tell'}"
    )
    if not telling:
        who = f"None of {total} detectors{tried} is shown to tell"
    return f"{who} its images from real ones{each}, {said.test}."


def _alarms(names: list[str]) -> str:
    return f"the alarm {names[0]}" if len(names) == 1 else f"the alarms {numbers.listed(names)}"


def value(entry: Any) -> str:
    """`0.997 [0.991, 0.999]`."""
    return numbers.with_interval(entry.value, entry.low, entry.high)
