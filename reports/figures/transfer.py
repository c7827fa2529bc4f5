"""What detectors find of configurations that they have not learned from: lessons by exams, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.figures import seeds, svg
from reports.figures.aucs import DARK, MAP
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT = "scope part cell own_cell lesson train_sources generator detector measure note"
NUMBERS = "ledger_seed generator_seed detector_seed cells value low high p"
# Lessons that are another one for each exam: the part of the question -> what the row of the map is called.
SEVERAL = {"leave-one-out": "all the others", "next": "those before it", "runs": "another run of it"}
COLUMNS = ["detector", "part", "lesson", "generator", "runs"]
MEASURES = ("auc", "own_auc", "difference", "shift_real", "shift_fake", "fpr", "tpr")


class TransferFigure:
    """Each detector's AUC after each lesson, on each exam.

    Args:
        run: A run.
    """

    def __init__(self, run: Run) -> None:
        self.answer = run.answer("transfer", text=TEXT, numbers=NUMBERS)
        self.rows = _wide(self.answer)
        tested = set(self.rows["generator"])
        self.generators = [generator.id for generator in run.generators if generator.id in tested]
        asked = set(self.rows["detector"])
        known = [detector for detector in run.detectors if detector.id in asked]
        self._sentinels = [detector.id for detector in known if detector.role]
        unseen = self.mean_unseen()
        order = sorted(known, key=lambda detector: (bool(detector.role), -unseen.get(detector.id, -1.0)))
        self.detectors = [detector.id for detector in order]  # the one that carries best first, sentinels last

    @property
    def judged(self) -> list[str]:
        """The detectors that are no sentinels, or all where nothing else was asked."""
        return [name for name in self.detectors if name not in self._sentinels] or self.detectors

    def mean_unseen(self) -> dict[str, float]:
        """Each detector's mean AUC over the exams on what it has not learned from: all but one, else each pair."""
        whole = self.rows[self.rows["part"] == "leave-one-out"]
        shown = whole if len(whole) else self.rows
        return {str(name): float(value) for name, value in shown.groupby("detector")["auc"].mean().dropna().items()}

    def of(self, detector: str) -> pd.DataFrame:
        """The rows behind a detector's map: part, lesson, generator, and each measure with its interval."""
        return self.rows[self.rows["detector"] == detector]

    def matrix(self, detector: str) -> pd.DataFrame:
        """AUCs: a row for each lesson, a column for each exam; where both are one, that of the usual lesson."""
        mine = self.of(detector)
        values = mine.assign(row=[SEVERAL.get(part, lesson) for part, lesson in zip(mine["part"], mine["lesson"])])  # noqa: B905
        whole = values.drop_duplicates(["row", "generator"]).pivot(index="row", columns="generator", values="auc")
        named = [name for name in self.generators if name in whole.index]
        rows = [*named, *(name for name in SEVERAL.values() if name in whole.index)]
        whole = whole.reindex(index=rows, columns=self.generators)
        own = mine.drop_duplicates("generator").set_index("generator")["own_auc"]
        for name in named:
            whole.loc[name, name] = own.get(name, np.nan)
        return whole

    def size(self, detector: str) -> tuple[float, float]:
        """Inches that its axes need."""
        values = self.matrix(detector)
        return 1.6 + 0.55 * len(values.columns), 0.1 + 0.2 * len(values)

    def draw(self, axes: Axes, detector: str, look: Look = PAGE) -> None:
        """Draws a detector's map, with its numbers."""
        values = self.matrix(detector)
        numbers = values.to_numpy(float)
        low = min(0.5, float(np.nanmin(numbers))) if np.isfinite(numbers).any() else 0.5
        axes.pcolormesh(numbers, cmap=MAP, vmin=low, vmax=1, edgecolors="white", linewidth=0.8)
        axes.grid(False)
        for (row, column), value in np.ndenumerate(numbers):
            pale = value == value and (value - low) / (1 - low) < DARK
            own = values.index[row] == values.columns[column]
            axes.text(
                column + 0.5, row + 0.5, f"{value:.3f}" if value == value else "none", ha="center", va="center",
                size=6.5, color="white" if pale else look.ink, style="italic" if own else "normal",
            )  # fmt: skip
        turned = 90 if len(values.columns) >= 5 else 0
        axes.set_xticks(np.arange(len(values.columns)) + 0.5, [svg.label(name, 14) for name in values], rotation=turned)
        axes.set_yticks(np.arange(len(values)) + 0.5, [svg.label(name, seeds.LONGEST) for name in values.index])
        axes.set(ylim=(len(values), 0), xlim=(0, len(values.columns)))
        axes.tick_params(length=0)


def _wide(answer: pd.DataFrame) -> pd.DataFrame:
    """One row for each detector, part, lesson and exam: means over training runs where there are several."""
    rows = answer[answer["scope"].isin(["cell", "configuration"])]
    key = ["detector", "part", "lesson", "generator"]
    means = rows[rows["scope"] == "configuration"]
    several = pd.MultiIndex.from_frame(means[key])
    alone = rows[(rows["scope"] == "cell") & ~pd.MultiIndex.from_frame(rows[key]).isin(several)]
    shown = pd.concat([alone, means]).drop_duplicates([*key, "measure"])
    columns = [*COLUMNS, *(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")), "note"]
    found = []
    for about, mine in shown.groupby(key, sort=False):
        row = dict(zip(key, about, strict=True)) | {"runs": mine["cells"].max()}
        row["note"] = next((note for note in mine.loc[mine["measure"] == "auc", "note"]), "")
        for one in mine.to_dict("records"):
            row |= {f"{one['measure']}{end}": one[f"{end[1:] or 'value'}"] for end in ("", "_low", "_high")}
        found.append(row)
    return pd.DataFrame(found, columns=columns)
