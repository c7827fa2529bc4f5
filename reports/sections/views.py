"""What each section of the page shows, as plain data for the template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from reports import numbers
from reports.embed.data import packed
from reports.figures import svg
from reports.figures.losses import PANELS, LossFigure
from reports.figures.reliability import ReliabilityFigure
from reports.figures.roc import RocFigure
from reports.figures.scores import ScoreFigure
from reports.figures.seeds import SeedFigure
from reports.load import Run
from reports.sections import (
    explain,
    grid_options,
    inception,
    measured,
    over_seeds,
    pictures,
    provenance,
    quality,
    questions,
    ranks,
    steps,
    summary,
    tables,
)
from reports.sections.questions import profile
from reports.sections.tables import Entry
from reports.words import answers, verdicts
from reports.words.doubts import doubts

VERDICTS = {
    "alarm": ("alarm", "▲", "alarm"),
    "cannot tell": ("unknown", "?", "cannot tell"),
    "note": ("note", "●", "note"),
    "pass": ("pass", "✓", "passed"),
}


DRAWN = 60  # panels of scores in the page; with more, each generator has those of its highest detectors


def everything(run: Run) -> dict[str, Any]:
    """All the template needs."""
    entries = tables.table(run)
    found = [verdicts.verdict(run, generator, entries) for generator in run.generators if not generator.role]
    shown = {
        "run": run,
        "title": str(run.manifest.get("name") or run.folder.resolve().name),
        "subtitle": summary.scope(run),
        "when": numbers.moment(str(run.manifest.get("finished") or run.manifest.get("started") or "")),
        "stamps": summary.stamps(run),
        "smoke": bool(run.manifest.get("smoke")),
        "headline": answers.headline(run, found),
        "words": answers.WORDS,
        "used": {answers.ease(run, one).word for one in found},
        "profile": profile.first(run),
        "lineup": _lineup(run, found),
        "cards": _cards(run, entries, found),
        "controls": summary.controls(run, entries),
        "limits": summary.limits(run, entries),
        "audit": _audit(run),
        "matrices": [_matrix(run, metric) for metric in tables.metric_names(run)],
        "ranks": ranks.section(run),
        "legend": _legend(run),
        "rocs": _rocs(run, entries),
        "several_runs": _several(run),
        "doubts": doubts(run),
        "repeated": run.repeated,
        "losses": _losses(run),
        "loss_names": {panel: [(label, colour == svg.FAKE) for _, label, colour in PANELS[panel]] for panel in PANELS},
        "quality": quality.section(run),
        "inception": inception.section(run),
        "explain": explain.section(run),
        "questions": questions.asked(run),
        "measured": measured.sections(run),
        "grids": pictures.grids(run),
        "nearest": pictures.nearest(run),
        "films": pictures.films(run),
        "steps": steps.section(run),
        "picture_notes": pictures.notes(run),
        "histograms": _histograms(run, entries),
        "configurations": _configurations(run),
        "grid_options": grid_options.columns(run),
        "over_seeds": over_seeds.section(run),
        "failures": provenance.failures(run),
        "provenance": provenance.provenance(run),
    }
    shown |= _seeds(run)
    return shown | {"contents": _contents(shown)}


def _contents(shown: dict[str, Any]) -> list[tuple[str, str]]:
    """(id, title) of the sections that the page has, in their order."""
    known = [
        ("answer", "Answer", True),
        ("table", "Detectors by generators", True),
        ("checks", "Findings", True),
        ("failures", "Failures", shown["failures"]),
        ("images", "Pictures", shown["grids"]),
        ("configurations", "Grids and runs", shown["configurations"]),
        ("over-seeds", "What seeds change", shown["over_seeds"]),
        ("ranks", "Ranks", shown["ranks"]),
        *[(one.name, one.title, True) for one in shown["questions"]],
        *[(f"measured-{part['name']}", part["title"], True) for part in shown["measured"]],
        ("roc", "ROC curves", shown["rocs"]),
        ("scores", "Scores", shown["histograms"]),
        ("explain", "Evidence", shown["explain"]),
        ("training", "Training", shown["losses"]),
        ("quality", "Quality", shown["quality"]),
        ("inception", "FID and KID", shown["inception"]),
        ("reading", "How to read", True),
        ("provenance", "Provenance", True),
    ]
    return [(name, title) for name, title, there in known if there]


def _lineup(run: Run, found: list[verdicts.Verdict]) -> list[tuple[str, pictures.Picture, str]]:
    """(generator id or "", a few of its images, how detectable they are)."""
    said = {one.generator.id: answers.ease(run, one).word for one in found}
    best = {one.generator.id: f", AUC {numbers.number(one.done[one.best].value)}" for one in found if one.best}
    return [
        (name, picture, f"{said[name]}{best.get(name, '')}" if name in said else "")
        for name, picture in pictures.lineup(run)
    ]


def _several(run: Run) -> bool:
    """Whether any pair of detector and generator was trained more than once, so that figures show the first."""
    pairs = run.main_cells.groupby(["detector", "generator"])
    return bool(len(pairs) and pairs["cell"].count().max() > 1)


def _cards(run: Run, entries: dict[tuple[str, str], Entry], found: list[verdicts.Verdict]) -> list[dict[str, Any]]:
    legend = _legend(run)
    seen = {generator.id: _dots(run, generator.id, entries) for generator in run.generators if not generator.role}
    start = _start([entry for dots in seen.values() for _, entry in dots], ends=False)
    return [
        {
            "generator": one.generator,
            "verdict": one,
            "tied": numbers.listed(one.tied, most=5),
            "word": "AUC" if len(one.done) == 1 else "best AUC" if one.compared and not one.tied else "highest AUC",
            "picked": numbers.interval(*one.best_interval),
            "sentences": verdicts.details(one),
            "best": _shown(entries[one.best, one.generator.id], "auc", start) if one.best else None,
            "start": f"{start:.1f}",
            "guessing": _place(0.5, start),
            "dots": [
                _shown(entry, "auc", start) | {"detector": name, "series": legend[name]["series"]}
                for name, entry in seen[one.generator.id]
            ],
        }
        for one in found
    ]


def _dots(run: Run, generator: str, entries: dict[tuple[str, str], Entry]) -> list[tuple[str, Entry]]:
    """All that a card shows as dots, the highest last and so on top: detectors, and the sentinel for content."""
    shown = [detector.id for detector in run.detectors if detector.role in ("", "content")]
    dots = [(name, entries[name, generator]) for name in shown]
    return sorted([(name, entry) for name, entry in dots if entry.status == "done"], key=lambda dot: dot[1].value)


def _audit(run: Run) -> dict[str, list[dict[str, Any]]]:
    roles = ("real-copy", "noise", "sentinel")
    controls = tuple(generator.id for generator in run.generators if generator.role)
    rows = [
        {
            "number": row.finding,
            "name": row.name,
            "ignored": row.finding in run.ignored,
            "smallest": _smallest(row),
            "value": _checked(row),
            "interval": numbers.interval(row.low, row.high),
            "verdict": VERDICTS.get(row.verdict, ("note", "●", row.verdict or "no verdict")),
            "advice": row.advice,
            "known": row.name.startswith((*roles, *controls)),
        }
        for row in run.audit.itertuples(index=False)
    ]
    order = [kind for kind, *_ in VERDICTS.values()]
    rows.sort(key=lambda row: (row["ignored"], order.index(row["verdict"][0]), row["number"]))
    folded = [row for row in rows if not row["known"] and row["verdict"][0] == "pass"]
    return {"open": [row for row in rows if row not in folded], "folded": folded}


# What the value of a finding is, and what its smallest effect is, where a bare number would not say it.
UNITS = {"FB010": ("p", "AUC"), "FB011": ("AUC", "AUC"), "FB020": ("AUC", "AUC"), "FB021": ("AUC", "AUC")}


def _smallest(row: Any) -> str:
    what = UNITS.get(row.finding, ("", ""))[1]
    return f"{what} {numbers.number(row.smallest, bounded=row.smallest <= 1)}".strip() if row.smallest > 0 else ""


def _checked(row: Any) -> str:
    """The value of a check, with what it is where that is known: the smallest adjusted p-value for copies of reals."""
    if np.isnan(row.value):
        return ""
    if row.finding in UNITS:
        return f"{UNITS[row.finding][0]} {numbers.number(row.value)}"
    if float(row.value).is_integer() and np.isnan(row.low):
        return numbers.count(float(row.value))
    return numbers.number(row.value, bounded=0 <= row.value <= 1)


def _matrix(run: Run, metric: str) -> dict[str, Any]:
    entries, beside = tables.table(run, metric), tables.balanced(run, metric)
    title, explanation = tables.METRICS.get(metric, (metric, ""))
    generators = sorted(run.generators, key=lambda generator: bool(generator.role))
    detectors = [[d for d in run.detectors if not d.role], [d for d in run.detectors if d.role]]
    start = _start(entries.values()) if metric in FROM_HALF else 0.0

    def shown(pair: tuple[str, str]) -> dict[str, Any]:
        more = beside.get(pair, Entry())
        text = f"balanced {verdicts.value(more)}" if more.status == "done" else ""
        return _shown(entries[pair], metric, start) | {"beside": text} | _heat(entries[pair], metric)

    return {
        "metric": metric,
        "title": title,
        "explanation": explanation,
        "lower": metric in tables.LOWER_IS_BETTER,
        "scale": f"Bars run from {start:.1f} to 1." if metric == "auc" else "",
        "generators": generators,
        "groups": [
            [(detector, [shown((detector.id, g.id)) for g in generators]) for detector in group]
            for group in detectors
            if group
        ],
    }


FROM_HALF = ("auc", "accuracy", "balanced_accuracy", "average_precision", "accuracy_at_half")


def _heat(entry: Entry, metric: str) -> dict[str, Any]:
    """How dark a place is, in per cent, and whether it lies on the other side of guessing; empty without a shade."""
    lowest = 0.5 if metric in FROM_HALF else 0.0 if metric.startswith(("tpr", "accuracy_")) else None
    if entry.status != "done" or lowest is None:
        return {"heat": "", "cold": False}
    share = (entry.value - lowest) / (1 - lowest)
    return {"heat": f"{46 * min(abs(share), 1.0):.0f}", "cold": share < 0}


def _start(entries: Iterable[Entry], *, ends: bool = True) -> float:
    """Where a track begins: at 0.5, or lower where a value or an end lies lower, so that each stands where it is."""
    found = [value for e in entries if e.status == "done" for value in ((e.value, e.low) if ends else (e.value,))]
    lowest = min((value for value in found if value == value), default=0.5)
    return min(0.5, max(np.floor(10 * lowest) / 10, 0.0))


def _place(value: float, start: float) -> str:
    """Returns how far along a track from `start` to 1 a value lies, in per cent."""
    return f"{100 * min(max((value - start) / (1 - start), 0.0), 1.0):.1f}"


def _shown(entry: Entry, metric: str, start: float = 0.0) -> dict[str, Any]:
    """An entry as the page writes it, with its place on a track from `start` to 1."""
    bounded = numbers.is_bounded(metric)
    done = entry.status == "done"
    ranged = done and bounded and entry.low == entry.low and entry.high == entry.high
    return {
        "entry": entry,
        "status": entry.status,
        "text": tables.text(entry, metric),
        "interval": numbers.interval(entry.low, entry.high, bounded=bounded) if done else "",
        "sort": f"{entry.value:.9g}" if done else "",
        "at": _place(entry.value, start) if done and bounded else "",
        "from": _place(entry.low, start) if ranged else "",
        "width": f"{float(_place(entry.high, start)) - float(_place(entry.low, start)):.1f}" if ranged else "",
        "runs": [_place(value, start) for value in entry.each] if done and bounded and len(entry.each) > 1 else [],
    }


def _legend(run: Run) -> dict[str, dict[str, Any]]:
    """Detector id -> its position, its colour and its dash pattern in all figures."""
    legend = {}
    for position, detector in enumerate(run.detectors):
        rank, sentinel = run.ranks[detector.id]
        hue, pattern = svg.series(rank, sentinel=sentinel)
        dash = svg.DASHES[pattern]
        array = "" if isinstance(dash, str) else " ".join(f"{2 * length:g}" for length in dash[1])
        legend[detector.id] = {"position": position, "series": hue, "dash": array}
    return legend


def _rocs(run: Run, entries: dict[tuple[str, str], Entry]) -> list[dict[str, Any]]:
    rocs, cells = [], tables.first_cells(run)
    for position, generator in enumerate(sorted(run.generators, key=lambda generator: bool(generator.role))):
        figure = RocFigure(run, generator.id)
        if figure.detectors:
            rocs.append(
                {
                    "generator": generator,
                    "data": packed(figure.frame(), by="detector"),
                    "plain": Markup(figure.svg(name=f"roc{position}")),  # noqa: S704 - escaped where it is made
                    "log": Markup(figure.svg(name=f"roc{position}l", log=True)),  # noqa: S704
                    "keys": [(name, _shown(cells[name, generator.id], "auc")) for name in figure.ranked],
                    "rest": figure.rest,
                    "without": [
                        (detector.id, _shown(entries[detector.id, generator.id], "auc"))
                        for detector in run.detectors
                        if entries[detector.id, generator.id].status == "failed"
                    ],
                }
            )
    return rocs


def _losses(run: Run) -> list[dict[str, Any]]:
    figures = [
        (generator, figure)
        for generator in run.generators
        if (figure := LossFigure(run, generator.id)).has("loss") or figure.has("output")
    ]
    limits = {}
    for panel in PANELS:
        seen = [figure.limits(panel) for _, figure in figures if figure.has(panel)]
        limits[panel] = (min(low for low, _ in seen), max(high for _, high in seen)) if seen else None
    return [
        {
            "generator": generator,
            "data": packed(figure.frame(), by="generator"),
            "panels": [
                (panel, Markup(figure.svg(panel, name=f"loss{position}{panel}", limits=limits[panel])))  # noqa: S704
                for panel in PANELS
                if figure.has(panel)
            ],
        }
        for position, (generator, figure) in enumerate(figures)
    ]


def _histograms(run: Run, entries: dict[tuple[str, str], Entry]) -> list[dict[str, Any]]:
    figure, reliability, cells = ScoreFigure(run), ReliabilityFigure(run), tables.first_cells(run)
    bins, bands = (_by_pair(one.frame()) for one in (figure, reliability))
    most = max(DRAWN // max(len(run.generators), 1), 3)
    rows = []
    for row, generator in enumerate(sorted(run.generators, key=lambda generator: bool(generator.role))):
        panels = []
        drawn = _highest(cells, generator.id, most)
        for column, detector in enumerate(run.detectors):
            pair = detector.id, generator.id
            drawings = []
            if detector.id in drawn:
                title = f"Scores of {detector.id} on real images and on fakes of {generator.id}"
                one = figure.svg(*pair, name=f"scores{row}-{column}", title=title)
                title = f"Share of fakes by probability of {detector.id}, on fakes of {generator.id}"
                other = reliability.svg(*pair, name=f"reliable{row}-{column}", title=title)
                drawings = [(Markup(one), bins.get(pair, "")), (Markup(other), bands.get(pair, ""))]  # noqa: S704
                drawings = [(drawing, data) for drawing, data in drawings if drawing]
            shown = _shown((cells if drawings else entries)[pair], "auc")
            if drawings or shown["status"] == "failed":
                panels.append((detector, drawings, shown))
        if panels:
            rows.append({"generator": generator, "panels": panels, "left_out": _done(cells, generator.id) - len(drawn)})
    return rows


def _by_pair(frame: pd.DataFrame) -> dict[tuple[str, str], str]:
    return {tuple(pair): packed(rows) for pair, rows in frame.groupby(["detector", "generator"], sort=False)}


def _done(cells: dict[tuple[str, str], Entry], generator: str) -> int:
    return sum(of == generator for _, of in cells)


def _highest(cells: dict[tuple[str, str], Entry], generator: str, most: int) -> list[str]:
    """The detectors of a generator whose scores are drawn: those with the highest AUC."""
    known = [(name, entry.value) for (name, of), entry in cells.items() if of == generator]
    return [name for name, _ in sorted(known, key=lambda one: -np.nan_to_num(one[1], nan=-1.0))[:most]]


def _configurations(run: Run) -> list[dict[str, Any]]:
    rows = tables.configurations(run, "auc")
    rows = rows[~rows["generator"].isin(run.repeated)]  # one result, not several training runs
    return [
        {
            "generator": row.generator,
            "detector": row.detector,
            "grid": grid_options.values(run, generator=row.generator, detector=row.detector),
            "metric": tables.METRICS.get(row.metric, (row.metric, ""))[0],
            "text": numbers.number(row.value, bounded=numbers.is_bounded(row.metric)),
            "interval": numbers.interval(row.low, row.high, bounded=numbers.is_bounded(row.metric)),
            "note": row.note,
        }
        for row in rows.itertuples(index=False)
    ]


def _seeds(run: Run) -> dict[str, Any]:
    figure = SeedFigure(run)
    drawings = [
        (generator, Markup(figure.svg(generator, name=f"seeds{position}")))  # noqa: S704 - escaped where it is made
        for position, generator in enumerate(figure.generators)
    ]
    return {"seeds": drawings, "seeds_data": packed(figure.frame()) if drawings else ""}
