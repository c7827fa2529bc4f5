"""What a comparison reads of a run folder: its manifest, its cells, and the test scores of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmark.results import held
from benchmark.stages.threshold import best_threshold
from data.errors import printable
from data.reading import paths
from data.run_folder import CARD, checked

NUMBERS = ["ledger_seed", "generator_seed", "detector_seed", "train_n"]
# What tells a cell from the others of its run, whichever split of the real images it is of.
IDENTITY = [name for name in held.IDENTITY if name not in ("dataset", "table", "ledger_seed")]
SCORES = ["cell", "part", "image_id", "unit", "is_fake", "score"]
Key = tuple[Any, ...]


class Scored(NamedTuple):
    """Scores of the images of a cell's part, reals first, each side in the order of its images' names.

    Attributes:
        ids: str `(n,)`, the names of the images.
        units: int `(n,)`.
        is_fake: bool `(n,)`.
        scores: float `(n,)`.
    """

    ids: np.ndarray
    units: np.ndarray
    is_fake: np.ndarray
    scores: np.ndarray

    @property
    def n_real(self) -> int:
        """How many of them are real."""
        return len(self.is_fake) - int(self.is_fake.sum())

    @property
    def run(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scores, which are of fakes, and the units of their images, as statistics take them."""
        return self.scores, self.is_fake, self.units


@dataclass(frozen=True)
class Opened:
    """A run, as far as comparisons need it.

    Attributes:
        name: What tables call it: the name of its folder, or its path where two have one name.
        folder: The run folder.
        manifest: What its manifest says.
    """

    name: str
    folder: Path
    manifest: dict[str, Any] = field(repr=False)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Its cells, names as text and seeds as numbers."""
        frame = pd.read_csv(self.folder / "cells.csv", dtype=str, keep_default_na=False, encoding="utf-8")
        frame = frame.reindex(columns=[*dict.fromkeys([*frame.columns, *held.IDENTITY])], fill_value="")
        numbers = {name: pd.to_numeric(frame[name], errors="coerce") for name in NUMBERS}
        numbers |= {name: numbers[name].fillna(0) for name in NUMBERS if name.endswith("_seed")}
        return frame.assign(**numbers)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The same, each as a dictionary."""
        return [{str(name): value for name, value in row.items()} for row in self.cells.to_dict("records")]

    @cached_property
    def scores(self) -> dict[str, Scored]:
        """The test images of each cell."""
        return self._scores("test")

    @cached_property
    def validation(self) -> dict[str, Scored]:
        """The validation images of each cell."""
        return self._scores("detector-validation")

    @cached_property
    def thresholds(self) -> dict[str, float]:
        """The threshold of each cell, which its validation images have chosen."""
        parts = self.validation.items()
        able = {cell: part for cell, part in parts if 0 < part.n_real < len(part.ids)}
        return {cell: best_threshold(part.scores, part.is_fake) for cell, part in able.items()}

    @cached_property
    def quality(self) -> dict[Key, dict[str, str]]:
        """What is known of the images of each checkpoint, as text: by its split, generator, training seed and name."""
        frame = pd.read_csv(self.folder / "generators.csv", dtype=str, keep_default_na=False, encoding="utf-8")
        frame = frame if "ledger_seed" in frame else frame.assign(ledger_seed="0")  # earlier versions had one split
        rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
        return {measured_at(row): row for row in rows}

    @cached_property
    def fakes(self) -> dict[Key, str]:
        """A digest of the test fakes of each exam, as far as the run's card has it."""
        try:
            banks = json.loads((self.folder / CARD).read_text(encoding="utf-8"))["banks"]
            return {_exam(bank): str(bank["digests"]["test"]) for bank in banks if "digests" in bank}
        except (OSError, ValueError, KeyError, TypeError):  # of a version that wrote none
            return {}

    def fakes_of(self, cell: dict[str, Any]) -> str | None:
        """Returns the digest of the fakes that a cell is tested on; `None` if it is not known."""
        return self.fakes.get(_exam(cell))

    @property
    def digest(self) -> str:
        """The digest of its real images; empty if they were never read."""
        return str(self.manifest["dataset"].get("digest") or "")

    @property
    def smoke(self) -> bool:
        """Whether it is a smoke run, whose numbers are no result."""
        return bool(self.manifest["smoke"])

    def _scores(self, part: str) -> dict[str, Scored]:
        frame = pd.read_parquet(self.folder / "scores.parquet", columns=SCORES, filters=[("part", "==", part)])
        frame = frame.sort_values(["is_fake", "image_id"], kind="stable")
        ids, is_fake = frame["image_id"].to_numpy(object), frame["is_fake"].to_numpy(bool)
        units, scores = frame["unit"].to_numpy(), frame["score"].to_numpy(float)
        places = frame.reset_index(drop=True).groupby("cell", observed=True, sort=False).indices
        return {str(cell): Scored(ids[at], units[at], is_fake[at], scores[at]) for cell, at in places.items()}


def opened(folders: Sequence[str | Path]) -> list[Opened]:
    """Opens run folders, each of which is found whole first.

    Raises:
        UserError: If one is no run folder, or damaged.
    """
    places = [paths.place(folder, "run folder") for folder in folders]
    return [Opened(name, place, checked(place)) for name, place in zip(names(places), places, strict=True)]


def names(places: Sequence[Path]) -> list[str]:
    """Returns what to call folders: by their own names, where these differ, else by their paths, numbered if equal."""
    short = [printable(place.name or str(place)) for place in places]
    found: list[str] = []
    for name, place in zip(short, places, strict=True):
        name = name if short.count(name) == 1 else printable(str(place))
        again = sum(other == name or other.startswith(f"{name} (") for other in found)
        found.append(f"{name} ({again + 1})" if again else name)
    return found


def key(cell: dict[str, Any], names: Sequence[str] = IDENTITY) -> Key:
    """Returns a cell's identity within a split: its lesson, its detector with its seed, and its exam."""
    found = dict(cell, train_sources=joined(sources(cell)))
    return tuple(None if value != value else value for value in (found[name] for name in names))


def sources(cell: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns whose fakes a cell's lesson has: `(generator, seed)` of each training run; no id has a slash."""
    return re.findall(r"(.+?)/(\d+)(?: \+ |$)", cell["train_sources"])


def measured_at(row: dict[str, Any]) -> Key:
    """Returns which images a row of `cells.csv` or `generators.csv` is of: of which checkpoint."""
    seeds = [float("nan" if row[name] == "" else row[name]) for name in ("ledger_seed", "generator_seed")]
    return seeds[0], str(row["generator"]), seeds[1], str(row["checkpoint"])


def joined(found: Iterable[tuple[str, str]]) -> str:
    """Returns training runs as `cells.csv` has them, in the order of their ids."""
    return " + ".join(f"{name}/{seed}" for name, seed in sorted(found))


def _exam(row: dict[str, Any]) -> Key:
    return (int(row["ledger_seed"]), str(row["generator"]), int(row["generator_seed"]), str(row["asked_checkpoint"]))
