"""Reads a run folder into frames, once it has been found whole."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from data.run_folder import checked

QUALITY = ("fd", "kd", "precision", "recall", "density", "coverage", "memorisation")  # columns of generators.csv
DISTANCES = ("fid", "kid")  # columns of generators.csv, where the run was given Inception's weights
IDENTITY = (  # columns of identity.csv
    "transfer", "transfer_reconstruction", "transfer_real", "retention", "retention_reconstruction", "retention_real",
    "retention_other", "similarity_source", "similarity_target",
)  # fmt: skip
TEXT = {
    "cells": "cell question table dataset generator checkpoint asked_checkpoint train_generator train_checkpoint "
    "train_perturbation detector "
    "perturbation purpose status error",
    "metrics": "scope cell question table generator checkpoint detector perturbation class metric note",
    "comparisons": "table generator checkpoint detector best",
    "ranks": "table scope generator checkpoint asked_checkpoint perturbation train_generator train_perturbation "
    "detector name group note",
    "roc": "cell",
    "reliability": "cell",
    "training": "generator",
    "generators": "generator checkpoint kind control extractor extractor_digest quality_note inception inception_note",
    "classes": "generator checkpoint class",
    "identity": "generator checkpoint direction source target kind embedding embedding_digest identity_note",
    "components": "table generator asked_checkpoint train_generator train_perturbation perturbation detector "
    "component note",
    "over_runs": "generator measure note",
    "audit": "finding name about verdict advice",
    "images": "file kind generator checkpoint note",
    "explanations": "file data kind generator detector",
    "picks": "generator detector kind image_id is_fake",
    "spectra": "generator",
}
NUMBERS = {
    "cells": "ledger_seed generator_seed train_n train_draw n_train_real n_train_fake n_test_real n_test_fake "
    "detector_seed seconds",
    "metrics": "ledger_seed generator_seed detector_seed value low high n_real n_fake",
    "comparisons": "generator_seed difference low high p p_holm",
    "ranks": "ledger_seed generator_seed train_n train_draw value compared rank_low rank_high margin_low margin_high "
    "best_low best_high p_chance p_chance_holm",
    "roc": "fpr tpr threshold tpr_low tpr_high",
    "reliability": "bin n probability share low high",
    "training": "ledger_seed generator_seed step epoch d_loss g_loss d_real d_fake images_per_second",
    "generators": "ledger_seed generator_seed parameters seconds images_per_second n_quality extractor_accuracy n_fid "
    + " ".join(f"{name}{end}" for name in QUALITY + DISTANCES for end in ("", "_low", "_high", "_floor")),
    "classes": "ledger_seed generator_seed d_accuracy_real d_accuracy_fake d_loss_real d_loss_fake n recognised "
    "recognised_low recognised_high recognised_real n_recognised",
    "identity": "ledger_seed generator_seed n_swaps n_persons n_learned verification verification_low "
    "verification_high " + " ".join(f"{name}{end}" for name in IDENTITY for end in ("", "_low", "_high")),
    "components": "train_n train_draw levels variance sd low high",
    "over_runs": "runs value low high",
    "audit": "value low high smallest",
    "images": "generator_seed rows columns height width",
    "explanations": "generator_seed detector_seed rows columns height width low high limit",
    "picks": "generator_seed detector_seed row column label score probability threshold",
    "spectra": "generator_seed radius frequency real fake difference real_se fake_se n_real n_fake",
}
FILES = {name: f"{name}.csv" for name in TEXT} | {
    "images": "images/index.csv",
    "explanations": "explanations/index.csv",
    "picks": "explanations/picks.csv",
    "spectra": "explanations/spectra.csv",
}
HUES = 7  # colours that tell detectors apart
CLEAN = ("", "none", "clean")
SMOKE_DRAWN = 2  # generators whose curves the page of a smoke run draws: drawings take most of its time
MAIN = ("", "own")  # the table of the question `own`; other questions have sections of their own


@dataclass(frozen=True)
class Plugin:
    """A generator or a detector as the run names it.

    Attributes:
        id: The row's name, chosen by the user; never trusted as markup.
        kind: The plug-in behind it.
        role: `""`, a control (`"real-copy"`, `"noise"`) or a sentinel (`"format"`, `"content"`).
        options: The constructor keywords, as JSON values.
        origin: Where the code that ran lies.
        grid: The options that a grid gave it, each with its value as text.
        trains: A generator that learns from images: its seeds are training runs of a configuration. A folder of
            finished images, say, has none.
    """

    id: str
    kind: str = ""
    role: str = ""
    options: str = ""
    origin: str = ""
    grid: tuple[tuple[str, str], ...] = ()
    trains: bool = True

    @property
    def word(self) -> str:
        """What a generator is called in sentences."""
        if self.role:
            return "control"
        if self.kind == "folder":
            return "folder of fakes"
        return "generator configuration" if self.trains else "generator without training"


@dataclass(frozen=True)
class Run:
    """Everything a report needs, in memory. Frames have all their columns even when they are empty.

    Of a run with several ledger seeds `training`, `generators_frame`, `classes` and `identity` are of the first; all
    checkpoints stand in `every_checkpoint`.
    """

    folder: Path
    manifest: dict[str, Any]
    cells: pd.DataFrame
    metrics: pd.DataFrame
    comparisons: pd.DataFrame
    rankings: pd.DataFrame
    roc: pd.DataFrame
    reliability: pd.DataFrame
    training: pd.DataFrame
    generators_frame: pd.DataFrame
    every_checkpoint: pd.DataFrame
    components: pd.DataFrame
    over_runs: pd.DataFrame
    classes: pd.DataFrame
    identity: pd.DataFrame
    audit: pd.DataFrame
    images: pd.DataFrame
    explanations: pd.DataFrame
    picks: pd.DataFrame
    spectra: pd.DataFrame
    scores: pd.DataFrame

    @cached_property
    def generators(self) -> list[Plugin]:
        """All generators in the order of the manifest, then those that only the cells know."""
        return _plugins(self.manifest.get("generators"), "control", self.cells["generator"])

    @cached_property
    def detectors(self) -> list[Plugin]:
        """All detectors in the order of the manifest, then those that only the cells know."""
        return _plugins(self.manifest.get("detectors"), "sentinel", self.cells["detector"])

    @cached_property
    def ranks(self) -> dict[str, tuple[int, bool]]:
        """Detector id -> (its position among its like, whether it is a sentinel)."""
        ranks: dict[str, tuple[int, bool]] = {}
        judged = [d for d in self.detectors if not d.role]
        if len(judged) > HUES:  # the best then have colours of their own, and not a dash of one that another has too
            judged.sort(key=lambda detector: -self._mean_auc.get(detector.id, -1.0))
        for group in (judged, [d for d in self.detectors if d.role]):
            ranks |= {detector.id: (position, bool(detector.role)) for position, detector in enumerate(group)}
        return ranks

    @cached_property
    def _mean_auc(self) -> dict[str, float]:
        """Detector -> its mean AUC over the main cells of all generators but controls."""
        controls = {generator.id for generator in self.generators if generator.role}
        values = {row["cell"]: row["value"] for row in self.metric_rows.get("auc", []) if row["scope"] == "cell"}
        found: dict[str, list[float]] = defaultdict(list)
        for cell in self.main_rows:
            value = values.get(cell["cell"], float("nan"))
            if cell["generator"] not in controls and value == value:
                found[cell["detector"]].append(value)
        return {name: sum(known) / len(known) for name, known in found.items()}

    @property
    def most_drawn(self) -> int | None:
        """How many generators have curves of their own on the page; `None` for all: a smoke run draws a few."""
        return SMOKE_DRAWN if self.manifest.get("smoke") else None

    @cached_property
    def ignored(self) -> list[str]:
        """Numbers of the findings that the run was told to ignore."""
        return [str(number) for number in self.manifest.get("ignored") or []]

    @cached_property
    def dataset(self) -> dict[str, Any]:
        """The manifest's description of the image set, or an empty dictionary."""
        return _mapping(self.manifest.get("dataset"))

    @cached_property
    def main_cells(self) -> pd.DataFrame:
        """The cells of the main table: unprocessed images, last checkpoint, trained on the same generator or on all.

        Of a generator whose seeds change nothing, those of the first seed.
        """
        cells = self._last_cells
        first = cells["generator_seed"] == cells.groupby("generator")["generator_seed"].transform("min")
        return cells[~cells["generator"].isin(self.repeated) | first]

    @cached_property
    def main_rows(self) -> list[dict[str, Any]]:
        """The same cells as dictionaries."""
        return [{str(name): value for name, value in row.items()} for row in self.main_cells.to_dict("records")]

    def answer(self, question: str, *, text: str = "", numbers: str = "") -> pd.DataFrame:
        """Returns the answer to a question beside the usual one, `answers/NAME.csv`; no rows where it was not asked.

        Args:
            question: Its name.
            text: Names of the columns that are text, with blanks between; all not in `numbers` are read as text too.
            numbers: Names of those that are numbers.
        """
        path = self.folder / "answers" / f"{question}.csv"
        asked = f"answers/{question}.csv" in (self.manifest.get("files") or {}) and path.is_file()
        frame = _read_csv(path, numbers.split()) if asked else pd.DataFrame()
        return _complete(frame, text.split(), numbers.split())

    @cached_property
    def metric_rows(self) -> dict[str, list[dict[str, Any]]]:
        """Metric -> its rows of `metrics.csv` but those of classes; taken apart once for all tables of the page."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.metrics[self.metrics["scope"] != "class"].to_dict("records"):
            found[row["metric"]].append({str(name): value for name, value in row.items()})
        return dict(found)

    @cached_property
    def repeated(self) -> dict[str, int]:
        """Generator -> its seeds, where they gave the same images again: equal scores and equal sample grids."""
        cells = self._last_cells
        done = cells[cells["status"] == "done"]
        counts = done.groupby("generator")["generator_seed"].nunique()
        several = done[done["generator"].isin(counts[counts > 1].index)]
        mine = self.scores[self.scores["cell"].astype(str).isin(several["cell"])]
        scores = {str(cell): rows["score"].to_numpy().tobytes() for cell, rows in mine.groupby("cell", observed=True)}
        found = {}
        for generator, rows in several.groupby("generator"):
            same = rows.groupby(["detector", "detector_seed"], dropna=False)["cell"]
            if all(len({scores.get(cell, b"") for cell in group}) == 1 for _, group in same) and self._drawn_alike(
                str(generator)
            ):
                found[str(generator)] = int(counts[generator])
        return found

    def _drawn_alike(self, generator: str) -> bool:
        """Whether the sample grids of all seeds are one picture, as far as there are any."""
        grids = self.images[(self.images["generator"] == generator) & (self.images["kind"] == "grid")]
        last = max(grids["checkpoint"], key=natural, default="")
        names = grids.loc[grids["checkpoint"] == last, "file"]
        files = self.manifest.get("files") or {}
        return len({str(files.get(f"images/{name}")) for name in names}) <= 1

    @cached_property
    def _last_cells(self) -> pd.DataFrame:
        cells = self.cells[self.cells["purpose"].isin(["main", "control", ""]) & self.cells["table"].isin(MAIN)]
        clean = cells[cells["perturbation"].isin(CLEAN)]
        cells = cells if clean.empty else clean
        same = cells["train_generator"].isin(["", "all", *CLEAN]) | (cells["train_generator"] == cells["generator"])
        cells = cells[same]
        if cells.empty:
            return cells
        order = cells["checkpoint"].map(natural)
        run = [cells["generator"], cells["generator_seed"].fillna(0), cells["ledger_seed"].fillna(0)]
        last = order.groupby(run).transform("max")
        # A cell that failed early knows no checkpoint; it must not vanish beside those that do.
        return cells[(order == last) | ((cells["checkpoint"] == "") & (cells["status"] != "done"))]


def load(folder: Path) -> Run:
    """Reads `folder`.

    Args:
        folder: A run folder.

    Returns:
        A `Run`; what a table lacks of the columns that a report knows is empty.

    Raises:
        UserError: `folder` is no run folder, of another version or damaged, see `data.run_folder`.
    """
    folder = Path(folder)
    manifest = checked(folder)
    frames = {name: table(folder, name) for name in TEXT}
    frames["every_checkpoint"] = frames["generators"]
    first = _mapping(manifest.get("dataset")).get("ledger_seed")
    for name in ("training", "generators", "classes", "identity"):
        frames[name] = _of_split(frames[name], first)
    frames["generators_frame"] = frames.pop("generators")
    metrics, compared, ranked = frames["metrics"], frames["comparisons"], frames.pop("ranks")
    frames["metrics"] = metrics[(metrics["scope"] != "configuration") | metrics["table"].isin(MAIN)]
    by_class = frames["metrics"]["scope"] == "class"
    one = _of_split(frames["metrics"][by_class], first)
    frames["metrics"] = pd.concat([frames["metrics"][~by_class], one]).sort_index()
    frames["comparisons"] = compared[compared["table"].isin(MAIN)]
    frames["rankings"] = ranked[ranked["table"].isin(MAIN)]
    return Run(folder=folder, manifest=manifest, scores=_scores(folder), **frames)


def _of_split(frame: pd.DataFrame, ledger_seed: Any) -> pd.DataFrame:
    """The rows of one split of the real images, where a table has several."""
    return frame if frame["ledger_seed"].nunique() < 2 else frame[frame["ledger_seed"] == ledger_seed]


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sorting key under which `epoch-2` comes before `epoch-10`."""
    parts = re.split(r"(\d+)", str(text))
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part)


def table(folder: Path, name: str) -> pd.DataFrame:
    """Reads one of the tables in `FILES`."""
    frame = _complete(_read_csv(folder / FILES[name], NUMBERS[name].split()), TEXT[name].split(), NUMBERS[name].split())
    if name == "comparisons":
        values = frame["separable"].str.lower() if "separable" in frame else pd.Series("true", frame.index)
        frame["separable"] = ~values.isin(["false", "0", "0.0", "no"])
    if name == "ranks":
        for column in ("may_be_best", "tells"):
            values = frame[column] if column in frame else pd.Series("", frame.index, dtype=str)
            frame[column] = values.str.lower().isin(["true", "1", "1.0", "yes"])
    return frame


def _complete(frame: pd.DataFrame, text: list[str], numbers: list[str]) -> pd.DataFrame:
    """Gives a frame all columns that a report knows, each of its kind."""
    for column in text:
        if column in frame and frame[column].hasnans:
            frame[column] = frame[column].fillna("")
    for column in numbers:
        if column in frame and frame[column].dtype != float:
            frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(float)
    missing = {column: pd.Series("", frame.index, dtype=str) for column in text if column not in frame}
    missing |= {c: pd.Series(index=frame.index, dtype=float) for c in numbers if c not in frame}
    return pd.concat([frame, pd.DataFrame(missing)], axis=1) if missing else frame


def _read_csv(path: Path, numbers: list[str]) -> pd.DataFrame:
    """Reads text as text, since a generator may be called "NA" or "007", and numbers as numbers."""
    kinds = defaultdict(lambda: "str", dict.fromkeys(numbers, "float64"))
    empty = {name: ["", "nan", "NaN"] for name in numbers}
    try:
        return pd.read_csv(path, dtype=kinds, na_values=empty, keep_default_na=False, encoding="utf-8")
    except ValueError:  # something else stands where a number should: the rest is still worth showing
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")


def read_text(folder: Path, name: str) -> pd.DataFrame | None:
    """Reads a table of the run folder that is not in `FILES`, all as text; `None` if there is none of this name."""
    path = folder / name
    if Path(name).name != name or path.suffix != ".csv" or not path.is_file():
        return None
    return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")


def _scores(folder: Path) -> pd.DataFrame:
    columns = ["cell", "part", "unit", "is_fake", "score"]
    return pd.read_parquet(folder / "scores.parquet", columns=columns, filters=[("part", "==", "test")])


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _plugins(rows: Any, role: str, seen: pd.Series) -> list[Plugin]:
    plugins = [
        Plugin(
            id=str(row["id"]),
            kind=str(row.get("kind") or ""),
            role=str(row.get(role) or ""),
            options=", ".join(f"{key} = {json.dumps(value)}" for key, value in _mapping(row.get("options")).items()),
            origin=str(row.get("origin") or ""),
            grid=tuple((str(key), _text(value)) for key, value in _mapping(row.get("grid")).items()),
            trains=bool(row.get("trains", row.get("kind") != "folder" and not row.get(role))),
        )
        for row in rows or []
        if isinstance(row, dict) and "id" in row
    ]
    known = {plugin.id for plugin in plugins}
    return plugins + [Plugin(id=name) for name in dict.fromkeys(seen) if name and name not in known]
