"""Every chart of the page as a figure of its own; see `sheet` for its style, and `reports.paper` for the files."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.figures import curves, losses, quality_runs, reliability, scores, svg
from reports.figures.aucs import AucFigure
from reports.figures.look import paper
from reports.figures.losses import LossFigure
from reports.figures.quality import QualityFigure
from reports.figures.reliability import ReliabilityFigure
from reports.figures.roc import RocFigure
from reports.figures.scores import ScoreFigure
from reports.figures.sheet import COLUMN, NAME, PAGE, Chart
from reports.figures.spectra import SpectrumFigure
from reports.load import DISTANCES, QUALITY, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNITS = {
    "fd": "FD (Fréchet distance, no unit)", "kd": "KD (kernel distance, no unit)", "precision": "precision (share)",
    "recall": "recall (share)", "density": "density (ratio)", "coverage": "coverage (share)",
    "memorisation": "nearer to training (share)", "fid": "FID (no unit)", "kid": "KID (no unit)",
}  # fmt: skip
Legend = Mapping[str, curves.Style] | list[tuple[str, curves.Style]] | None


def charts(run: Run) -> Iterator[Chart]:
    """Yields all charts of a run, each complete outside the page."""
    for make in (_aucs, _rocs, _losses, _quality, _runs, _spectra, _scores, _reliability):
        yield from make(run)


def stem(kind: str, name: str = "") -> str:
    """A file's name, without its ending, for a figure of what a user named.

    Args:
        kind: Of the figure; distinct, and the beginning of no other that is followed by a hyphen.
        name: Whatever the user wrote.

    Returns:
        ASCII letters, digits, dots, hyphens and underscores, at most 60; a name that these cannot write has a digest
        of its own, so that no two names share a file.
    """
    if not name:
        return kind
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9._-]+", "-", folded).strip(".-_")[:36]
    if plain != name:
        plain = f"{plain}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".lstrip("-")
    return f"{kind}-{plain}"


def _shown(name: str) -> str:
    return svg.label(name, NAME)


def _ordered(run: Run) -> list[str]:
    return [generator.id for generator in sorted(run.generators, key=lambda generator: bool(generator.role))]


def _aucs(run: Run) -> Iterator[Chart]:
    figure = AucFigure(run)
    for name in figure.generators:
        rows = figure.of(name)
        size = (COLUMN, 0.1 + 0.16 * len(figure.order(name)))
        what = f"AUC on {_shown(name)}, 95 % intervals"
        draw = partial(figure.draw, generator=name, look=paper())
        yield Chart(stem("auc", name), what, name, draw, rows.copy, "AUC (0.5 is guessing)", size=size, left=1.35)
    if figure.generators:
        size = (PAGE, 0.1 + 0.2 * len(run.detectors))
        yield Chart(
            "auc", "AUC of detectors by generators", "", partial(figure.table, look=paper()), figure.frame,
            "generator", size=size, left=1.5, below=0.42 if len(figure.generators) < 6 else 1.3,
        )  # fmt: skip


def _rocs(run: Run) -> Iterator[Chart]:
    for name in _ordered(run):
        figure = RocFigure(run, name)
        if not figure.detectors:
            continue
        for kind, log in (("roc", False), ("log-roc", True)):
            x = "false positive rate: reals called fake" + (", logarithmic" if log else "")
            title = f"ROC on {_shown(name)}"
            draw = partial(_roc, figure, log)
            y = "true positive rate: fakes found"
            yield Chart(stem(kind, name), title, name, draw, figure.frame, x, y, size=(COLUMN, 2.5), left=0.62)


def _roc(figure: RocFigure, log: bool, axes: Axes) -> Legend:
    look, rest = paper(), figure.rest
    figure.draw(axes, look, log=log)
    named = [(name, figure.style(name, look)) for name in figure.ranked if name not in rest]
    legend = [(f"{_brief(name)} {figure.auc(name):.3f}", style) for name, style in named]
    return legend + [(f"{len(rest)} others, in the CSV", curves.Style(look.rest))] * bool(rest)


def _brief(name: str) -> str:
    """Both ends of a long name: kin often begin alike."""
    text = svg.plain(name)
    return text if len(text) <= 18 else f"{text[:9]}…{text[-8:]}"


def _losses(run: Run) -> Iterator[Chart]:
    figures = [(generator.id, LossFigure(run, generator.id)) for generator in run.generators]
    for panel in losses.PANELS:
        known = [(name, figure) for name, figure in figures if figure.has(panel)]
        limits = [figure.limits(panel) for _, figure in known]
        for name, figure in known:
            shared = min(low for low, _ in limits), max(high for _, high in limits)
            draw = partial(figure.draw, panel=panel, look=paper(), limits=shared)
            what, y = ("Losses", "loss (nats)") if panel == "loss" else ("Discriminator", "output (probability)")
            title = f"{what} while training {_shown(name)}"
            yield Chart(stem(panel, name), title, name, draw, figure.frame, "", y)


def _quality(run: Run) -> Iterator[Chart]:
    for measure in QUALITY:
        figure = QualityFigure(run, measure)
        if figure.generators:
            draw = partial(figure.draw, look=paper())
            title = f"{measure} along the training, 95 % intervals"
            yield Chart(stem("quality", measure), title, "", draw, figure.frame, "", UNITS[measure])


def _runs(run: Run) -> Iterator[Chart]:
    for measure in (*QUALITY, *DISTANCES):
        figure = quality_runs.QualityRunsFigure(run, measure)
        if figure.generators:
            size = (COLUMN, 0.1 + 0.18 * len(figure.generators))
            draw = partial(figure.draw, look=paper())
            title = f"{measure} of every training run, and mean"
            yield Chart(
                stem("runs", measure), title, "", draw, figure.frame, UNITS[measure], size=size, left=1.35
            )  # fmt: skip


def _spectra(run: Run) -> Iterator[Chart]:
    figure = SpectrumFigure(run)
    x = "spatial frequency (cycles per pixel)"
    for name in figure.generators:
        mine = partial(_only, figure.frame, name)
        draw: Callable[[Axes], Any] = partial(figure.draw_profile, generator=name, look=paper())
        title = f"Mean spectra, fakes of {_shown(name)}"
        yield Chart(stem("spectrum", name), title, name, draw, mine, x, "power (dB)")
        draw = partial(figure.draw_difference, generator=name, look=paper())
        title = f"Fake minus real, {_shown(name)}"
        yield Chart(stem("difference", name), title, name, draw, mine, x, "difference of power (dB)")


def _only(frame: Callable[[], pd.DataFrame], generator: str) -> pd.DataFrame:
    rows = frame()
    return rows[rows["generator"] == generator]


def _scores(run: Run) -> Iterator[Chart]:
    figure = ScoreFigure(run)
    for name in _ordered(run):
        known = [detector.id for detector in run.detectors if (detector.id, name) in figure.densities]
        if known:
            draw = partial(_histograms, figure, name, known)
            title = f"Scores of the test images, real and fakes of {_shown(name)}"
            yield Chart(
                stem("scores", name), title, name, draw, partial(_only, figure.frame, name),
                "score (the detector's own scale; higher is more likely fake)", "share of images", (PAGE, 0.8),
                panels=known,
            )  # fmt: skip


def _histograms(figure: ScoreFigure, generator: str, detectors: list[str], panels: list[Axes]) -> Legend:
    look = paper()
    for detector, axes in zip(detectors, panels, strict=True):
        edges, real, fake = figure.densities[detector, generator]
        scores.draw(axes, real, fake, look)
        axes.set_xticks([0, scores.BINS], [f"{edges[0]:.3g}", f"{edges[-1]:.3g}"])
        first, last = axes.get_xticklabels()  # those of panels side by side would run into each other
        first.set_horizontalalignment("left")
        last.set_horizontalalignment("right")
        axes.locator_params(axis="y", nbins=3)
    return {"real": curves.Style(look.real), "fake": curves.Style(look.fake, (0, (2.5, 1.2)))}


def _reliability(run: Run) -> Iterator[Chart]:
    figure = ReliabilityFigure(run)
    frame = figure.frame()
    for name in _ordered(run):
        mine = frame[frame["generator"] == name]
        known = [detector.id for detector in run.detectors if (mine["detector"] == detector.id).any()]
        if known:
            draw = partial(_bins, mine, known)
            title = f"Reliability on {_shown(name)}, 95 % intervals"
            yield Chart(
                stem("reliability", name), title, name, draw, mine.copy, "probability of a fake",
                "share of fakes", (PAGE, 1.1), panels=known,
            )  # fmt: skip


def _bins(rows: pd.DataFrame, detectors: list[str], panels: list[Axes]) -> Legend:
    for detector, axes in zip(detectors, panels, strict=True):
        reliability.ground(axes, paper())
        reliability.draw(axes, rows[rows["detector"] == detector], paper())
        axes.set(xticks=np.linspace(0, 1, 3), yticks=np.linspace(0, 1, 3))
    return None
