"""The answer of a run in a few plain words: whose images are easily told from real ones, and whose are harder.

*Easy* and *hard* speak of the detector that is best, whichever that is: their intervals hold for all detectors of a
column together (`best_low` and `best_high` of ranks.csv), so that to have picked the highest costs nothing. *Harder* is
what every detector that can rank the generators says with 95 % confidence; if only some do, it is said of those alone.
Over several trainings a word must hold in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.load import CLEAN, Run
from reports.words import claims
from reports.words.verdicts import Verdict

EASY, HARD = 0.9, 0.7  # the AUC from which on the best detector finds it easy, and up to which it finds it hard
WORDS = {  # what is said of images, and what it means
    "easy to detect": f"The best detector has an AUC of at least {EASY}, at 95 % confidence over all detectors: a fake "
    "scores above a real image in nine of ten pairs or more.",
    "hard to detect": f"No detector has an AUC above {HARD}, at 95 % confidence over all detectors.",
    "detectable, neither easy nor hard": "Some detector tells the images from real ones, but the best AUC is not shown "
    f"to be at least {EASY}, nor at most {HARD}.",
    "not shown to be detectable": "No detector is shown to tell the images from real ones; that is no proof that none "
    "can.",
    "without an answer": "No detector has both a result and a test.",
}
TOLD, OPEN, NOTHING = "detectable, neither easy nor hard", "not shown to be detectable", "without an answer"
Part = tuple[bool, str]  # whether it is a name, and the text


@dataclass(frozen=True)
class Ease:
    """How easily the images of one generator are detected.

    Attributes:
        generator: Its id.
        word: A key of `WORDS`.
        low: Lower end of the interval of the best detector's AUC, the lowest of all trainings; NaN if unknown.
        high: Upper end, the highest of all trainings.
    """

    generator: str
    word: str
    low: float
    high: float


def ease(run: Run, found: Verdict) -> Ease:
    """Says how easily the images of a generator are detected, as far as tests have shown it."""
    name = found.generator.id
    telling = bool(found.claims.named(claims.TELLS))
    known = set(found.claims.of.values()) - {claims.FAILED, claims.ABSENT, claims.UNKNOWN}
    whole = known and not set(found.claims.of.values()) & {claims.FAILED, claims.ABSENT, claims.UNKNOWN}
    low, high = _ends(run, name, set(found.done))
    if not known:
        word = NOTHING
    elif telling and low >= EASY:
        word = "easy to detect"
    elif whole and not found.claims.partly and high <= HARD:
        word = "hard to detect"
    else:
        word = TOLD if telling else OPEN
    return Ease(name, word, low, high)


def _ends(run: Run, generator: str, detectors: set[str]) -> tuple[float, float]:
    """Returns an interval for the AUC of whichever detector is best, in the worst training for either end."""
    cells = run.main_cells
    cells = cells[(cells["generator"] == generator) & cells["detector"].isin(detectors) & (cells["status"] == "done")]
    trained = cells[["ledger_seed", "generator_seed"]].drop_duplicates()
    if len(detectors) == 1:
        rows = run.metrics[(run.metrics["scope"] == "cell") & (run.metrics["metric"] == "auc")]
        rows = rows[rows["cell"].isin(cells["cell"])].rename(columns={"low": "best_low", "high": "best_high"})
    else:
        rows = run.rankings
        rows = rows[(rows["scope"] == "detectors") & (rows["generator"] == generator)]
        rows = rows[rows["detector"].isin(detectors) & rows["checkpoint"].isin(cells["checkpoint"])]
        rows = rows[rows["perturbation"].isin(CLEAN) & rows["train_perturbation"].isin(CLEAN)]
    rows = rows[rows["generator_seed"].isin(trained["generator_seed"])]
    ends = []
    for _, mine in rows.groupby(["ledger_seed", "generator_seed"], dropna=False):
        if set(mine["detector"]) != detectors or mine[["best_low", "best_high"]].isna().to_numpy().any():
            return np.nan, np.nan
        worst = len(detectors) == 1  # several trainings of one detector: it must hold in each
        ends.append((mine["best_low"].min() if worst else mine["best_low"].max(), mine["best_high"].max()))
    if not ends or len(ends) < len(trained):
        return np.nan, np.nan
    return float(min(low for low, _ in ends)), float(max(high for _, high in ends))


@dataclass(frozen=True)
class Harder:
    """Which of several generators is the hardest to detect.

    Attributes:
        by: Generator -> the detectors that find it harder than each of the others; only those that have any.
        ranking: Detectors that can rank the generators.
        asked: All detectors that were compared on them.
        once: Whether a generator that trains was trained once.
    """

    by: Mapping[str, list[str]]
    ranking: list[str]
    asked: list[str]
    once: bool


def harder(run: Run, generators: list[str]) -> Harder:
    """Asks each detector which of some generators is the hardest, by rank intervals that hold for all of them together.

    Args:
        run: The run.
        generators: Ids of those that are compared; no controls.
    """
    rows = run.rankings
    rows = rows[(rows["scope"] == "configurations") & rows["generator"].isin(generators)]
    rows = rows[rows["perturbation"].isin(CLEAN) & rows["train_perturbation"].isin(CLEAN)]
    rows = rows[rows["asked_checkpoint"].isin(["", "last"])]
    rows = rows[~rows["detector"].isin([detector.id for detector in run.detectors if detector.role])]
    by: dict[str, list[str]] = {}
    asked, ranking = [], []
    for detector, mine in rows.groupby("detector", sort=False):
        said = [_hardest(column, generators) for _, column in mine.groupby("ledger_seed", dropna=False)]
        asked.append(str(detector))
        if all(one is not None for one in said):
            ranking.append(str(detector))
            if len(set(said)) == 1 and said[0]:
                by.setdefault(str(said[0]), []).append(str(detector))
    once = bool(len(rows)) and rows["note"].str.contains("one training run").any()
    return Harder(by, ranking, asked, bool(once))


def _hardest(column: pd.DataFrame, generators: list[str]) -> str | None:
    """Returns the one whose last rank is certain, `""` where none is, and `None` where they cannot be ranked."""
    ranked = column.dropna(subset=["rank_low", "rank_high"])
    if len(ranked) < len(generators) or ranked["generator"].duplicated().any():
        return None
    last = ranked[ranked["rank_low"] == len(generators)]
    return str(last["generator"].iloc[0]) if len(last) == 1 else ""


def headline(run: Run, verdicts: list[Verdict]) -> list[list[Part]]:
    """Returns the answer as sentences, in parts of which some are names.

    Args:
        run: The run.
        verdicts: Of all generators that are no controls.
    """
    said = [ease(run, one) for one in verdicts]
    sentences = []
    for word in WORDS:
        names = [one.generator for one in said if one.word == word]
        if names:
            sentences.append([(False, "Fakes of "), *_listed(names), (False, f" are {word}.")])
    doubtful = [one.generator.id for one in verdicts if one.doubts]
    if doubtful:
        verb = "stands" if len(doubtful) == 1 else "stand"
        sentences.append([(False, "Doubtful: "), *_listed(doubtful), (False, f" {verb} under an alarm.")])
    known = [one.generator.id for one in verdicts if one.done]
    if len(known) > 1:
        sentences.append(_compared(harder(run, known), len(known)))
    return sentences


def text(sentences: list[list[Part]]) -> str:
    """The answer as plain text."""
    return " ".join("".join(part for _, part in sentence) for sentence in sentences)


def _compared(found: Harder, n: int) -> list[Part]:
    the = "harder" if n == 2 else "the hardest"
    trained = ", as trained here" if found.once else ""
    of = len(found.ranking)
    if not found.asked:
        return [(False, f"Which of them is {the} to detect was not compared.")]
    if not of:
        return [(False, f"Which of them is {the} cannot be told: no detector can rank them.")]
    first, *others = sorted(found.by, key=lambda name: -len(found.by[name])) or [""]
    wins = len(found.by.get(first, []))
    cannot = f" that can rank them, of {len(found.asked)}" if of < len(found.asked) else ""
    if not wins:
        each = "one from the other" if n == 2 else "one from all others"
        return [(False, f"Which of them is {the} cannot be told: no detector separates {each} (paired tests at 95 %).")]
    if wins == of:
        who = "the one detector" if of == 1 else f"all {of} detectors"
        return [(True, first), (False, f" is {the}{trained}, for {who}{cannot} (paired tests at 95 %).")]
    aside = f"{trained}," if trained else ""
    start = [(False, f"Which of them is {the}{aside} depends on the detector: "), (True, first)]
    more = [part for name in others for part in ((False, ", "), (True, name), (False, f" for {len(found.by[name])}"))]
    left = of - sum(map(len, found.by.values()))
    rest = f"; {left} {'does' if left == 1 else 'do'} not separate {'them' if n == 2 else 'one from all others'}"
    tail = f"{rest if left else ''} (paired tests, each at 95 %)."
    return [*start, (False, f" for {wins} of {of}{cannot}"), *more, (False, tail)]


def _listed(names: list[str], most: int = 4) -> list[Part]:
    shown = names if len(names) <= most + 1 else names[:most]
    rest = len(names) - len(shown)
    parts: list[Part] = [(True, shown[0])]
    for name in shown[1:-1] if not rest else shown[1:]:
        parts += [(False, ", "), (True, name)]
    if rest:
        return [*parts, (False, f" and {rest} more")]
    return [*parts, (False, " and "), (True, shown[-1])] if len(shown) > 1 else parts
