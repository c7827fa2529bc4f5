"""Leaderboards over a folder of runs: whose images are the hardest to detect, with intervals and tied groups.

One board is of one set of real test images: equal data, split and units. A configuration stands there with the AUC of
the detector that was strongest on the validation images of its own generator, so nothing is chosen on test images; it
is chosen among the detectors that have judged every configuration of the board, since one that met fewer detectors
would look harder for that alone; configurations that no detector has met with the others stand on a board of their own.
Several trainings are one configuration. All pairs are tested on the reals that they share, stepping down, as in
`ranks.csv`; a board that is saturated is not ranked.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plan.cell import LAST, UNTOUCHED
from benchmark.plan.specs import ALL
from benchmark.statistics.columns import ranks as ranking
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.statistics.delong import components
from benchmark.statistics.ranking import Ranking
from benchmark.use.compare.alike import identities
from benchmark.use.compare.opened import Opened

COLUMNS = [
    "dataset", "digest", "ledger_seed", "generator", "kind", "options", "runs", "trainings", "detector",
    "validation_auc", "auc", "low", "high", "compared", "rank_low", "rank_high", "group", "note",
]  # fmt: skip
NO_RESULT = "no detector has a result in every training"
LEVEL = 0.95
Cells = dict[str, dict[int, list[dict[str, Any]]]]  # detector -> training seed -> the cells of its own trainings


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    Attributes:
        dataset: Name of the real images.
        digest: Of them.
        ledger_seed: Of the split.
        n_real: How many real test images there are.
        detectors: Those that the strongest were chosen among.
        note: Why nothing can be ranked, else "".
        rows: A row for each configuration, the hardest to detect first, with the columns in `COLUMNS`; rank 1 is the
            hardest, and configurations that share a letter of `group` are not told apart; `runs` lists whose they are.
    """

    dataset: str
    digest: str
    ledger_seed: int
    n_real: int
    detectors: list[str]
    note: str
    rows: pd.DataFrame


@dataclass
class _Entry:
    """A configuration of a run, and the cells that judge it."""

    run: Opened
    generator: dict[str, Any]
    ledger_seed: int
    cells: Cells
    runs: list[str]

    def detectors(self) -> dict[str, str]:
        """Returns the detectors that have judged all of its trainings -> what each is, whatever it is called."""
        seeds = max((len(by_seed) for by_seed in self.cells.values()), default=0)
        known = identities(self.run, "detectors")
        return {
            name: known[name]
            for name, by_seed in self.cells.items()
            if len(by_seed) == seeds and all(cell["status"] == "done" for mine in by_seed.values() for cell in mine)
        }

    def scores(self, detector: str) -> list[list[Any]]:
        """Returns the test scores of each training of the generator, one for each training of the detector."""
        by_seed = self.cells[detector]
        return [[self.run.scores[cell["cell"]].run for cell in by_seed[seed]] for seed in sorted(by_seed)]

    def validation(self, detector: str) -> float:
        """Returns the mean AUC of a detector on the validation images; NaN where there are none."""
        cells = [cell["cell"] for mine in self.cells[detector].values() for cell in mine]
        parts = [self.run.validation.get(cell) for cell in cells]
        known = [components(Ranking.of(part.scores, part.is_fake)).auc for part in parts if part is not None]
        return float(np.mean(known)) if len(known) == len(cells) else float("nan")


def boards(runs: Sequence[Opened]) -> list[Board]:
    """Returns the leaderboards of runs; smoke runs and controls are in none.

    Args:
        runs: The runs.
    """
    found: dict[tuple[Any, ...], list[_Entry]] = {}
    for run in runs:
        if not run.smoke and run.digest:
            for entry in _entries(run):
                found.setdefault((run.digest, entry.ledger_seed, _test_images(entry)), []).append(entry)
    made = [_board(entries) for one in found.values() for entries in _judged_alike(one)]
    return sorted(made, key=lambda board: (board.dataset, -len(board.rows), board.digest, board.ledger_seed))


def of_whole(runs: Sequence[Any]) -> list[Board]:
    """Returns the leaderboards of runs that were found whole: each has a `name`, a `folder` and a `manifest`."""
    return boards([Opened(run.name, run.folder, run.manifest) for run in runs])


def table(found: Sequence[Board]) -> pd.DataFrame:
    """Returns all boards as one frame, the names of runs as text."""
    frames = [board.rows.assign(runs=board.rows["runs"].map(", ".join)) for board in found]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)


def _entries(run: Opened) -> Iterator[_Entry]:
    """Yields the configurations of a run, for each split of the real images."""
    cells = run.cells
    main = (cells["table"].isin(["", "own"])) & (cells["purpose"] != "control")
    main &= cells["asked_checkpoint"].isin(["", LAST]) & cells["perturbation"].isin(["", UNTOUCHED])
    main &= cells["train_perturbation"].isin(["", UNTOUCHED]) & cells["train_n"].isna()
    main &= (cells["train_generator"] == cells["generator"]) | (cells["train_generator"] == ALL)
    watching = {row["id"] for row in run.manifest["detectors"] if row.get("sentinel")}
    cells = cells[main & ~cells["detector"].isin(watching)]
    for row in run.manifest["generators"]:
        mine = cells[cells["generator"] == row["id"]]
        if not row.get("trains"):  # its seeds are no training runs
            mine = mine[mine["generator_seed"] == mine["generator_seed"].min()]
        for seed, same in mine.groupby("ledger_seed"):
            yield _Entry(run, row, int(str(seed).partition(".")[0]), _by_detector(same), [run.name])


def _judged_alike(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    """Yields the configurations that one detector has judged, the most first, until all have a place."""
    left = [(entry, set(entry.detectors().values())) for entry in entries]
    while left:
        counts = Counter(about for _, judges in left for about in sorted(judges))
        most = max(counts, key=lambda about: counts[about]) if counts else None
        yield [entry for entry, judges in left if most in judges or not judges]
        left = [(entry, judges) for entry, judges in left if judges and most not in judges]


def _by_detector(cells: pd.DataFrame) -> Cells:
    found: Cells = {}
    for row in cells.to_dict("records"):
        cell = {str(name): value for name, value in row.items()}
        found.setdefault(cell["detector"], {}).setdefault(int(cell["generator_seed"]), []).append(cell)
    return found


def _test_images(entry: _Entry) -> str:
    """Returns what two configurations share that were tested on the same real images, of the same units."""
    for name in entry.detectors():
        for mine in entry.cells[name].values():
            tested = entry.run.scores.get(mine[0]["cell"])
            if tested is not None:
                names, units = tested.ids[: tested.n_real].tolist(), tested.units[: tested.n_real]
                about = [names, pd.factorize(units)[0].tolist()]
                return hashlib.sha256(json.dumps(about).encode()).hexdigest()
    return ""


def _board(entries: list[_Entry]) -> Board:
    judged = [entry for entry in entries if entry.detectors()]
    everyone = [set(entry.detectors().values()) for entry in judged]
    common = set.intersection(*everyone) if everyone else set()
    rows = [_row(entry, common) for entry in judged]
    judged, rows = _merged(judged, rows)
    note = _rank(judged, rows) if rows else ""
    rows += [_about(entry) | {"note": NO_RESULT} for entry in entries if not entry.detectors()]
    first = entries[0]
    n_real = int((~judged[0].scores(rows[0]["detector"])[0][0][1]).sum()) if judged else 0
    frame = pd.DataFrame(rows, columns=COLUMNS).sort_values("auc", kind="stable", ignore_index=True)
    names = sorted({name for entry in judged for name, about in entry.detectors().items() if about in common})
    dataset = str(first.run.manifest["dataset"].get("name", ""))
    return Board(dataset, first.run.digest, first.ledger_seed, n_real, names, note, frame)


def _about(entry: _Entry) -> dict[str, Any]:
    row = entry.generator
    return {
        "dataset": str(entry.run.manifest["dataset"].get("name", "")), "digest": entry.run.digest,
        "ledger_seed": entry.ledger_seed, "generator": row["id"], "kind": row["kind"],
        "options": json.dumps(row.get("options", {}), sort_keys=True, default=str), "runs": entry.runs,
    }  # fmt: skip


def _row(entry: _Entry, common: set[str]) -> dict[str, Any]:
    """Chooses the detector that was strongest on validation images; of several, the first in the spec."""
    able = [name for name, about in entry.detectors().items() if about in common]
    strength = {name: entry.validation(name) for name in able}
    chosen = max(able, key=lambda name: -1.0 if np.isnan(strength[name]) else strength[name])
    seeds = len(entry.cells[chosen])
    once = "one training, and what is said is of that training, not of the configuration" if seeds == 1 else ""
    return _about(entry) | {
        "trainings": seeds, "detector": chosen, "validation_auc": strength[chosen],
        "note": once if entry.generator.get("trains") else "",
    }  # fmt: skip


def _merged(entries: list[_Entry], rows: list[dict[str, Any]]) -> tuple[list[_Entry], list[dict[str, Any]]]:
    """Joins what several runs have alike, image by image: it is one configuration, measured once."""
    seen: dict[bytes, int] = {}
    kept: list[tuple[_Entry, dict[str, Any]]] = []
    for entry, row in zip(entries, rows, strict=True):
        what = [identities(entry.run, "generators")[row["generator"]], entry.detectors()[row["detector"]]]
        sha = hashlib.sha256(json.dumps(what).encode())
        for trained in entry.scores(row["detector"]):
            for values, *_ in trained:
                sha.update(np.ascontiguousarray(values).tobytes())
        at = seen.get(sha.digest())
        if at is not None and entry.run.name not in kept[at][0].runs:  # two rows of one run stay two
            kept[at][0].runs.append(entry.run.name)
            continue
        seen[sha.digest()] = len(kept)
        kept.append((entry, row))
    return [entry for entry, _ in kept], [row for _, row in kept]


def _rank(entries: list[_Entry], rows: list[dict[str, Any]]) -> str:
    """Fills in AUCs, intervals and ranks, the hardest to detect first; returns why nothing can be ranked."""
    try:
        column = of_runs({str(at): entries[at].scores(row["detector"]) for at, row in enumerate(rows)})
    except ValueError as error:  # the reals were named alike and are others
        for row in rows:
            row["note"] = f"cannot tell: {error}"
        return f"cannot tell: {error}".rstrip(".")
    low, high = column.interval(LEVEL)
    for at, row in enumerate(rows):
        row.update(auc=float(column.values[at]), low=float(low[at]), high=float(high[at]), compared=len(rows))
    if len(rows) == 1:
        return ""
    found = ranking.ranks(column, level=LEVEL)
    if found.note:
        return found.note
    hardest = ranking.letters(column.p_adjusted < 1 - LEVEL, -column.values)
    for at, row in enumerate(rows):
        ends = len(rows) + 1 - int(found.high[at]), len(rows) + 1 - int(found.low[at])
        row.update(rank_low=ends[0], rank_high=ends[1], group=hardest[at])
    return ""
