"""What each section of the page shows, as plain data for the template."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from reports import numbers
from reports.figures import svg
from reports.figures.losses import PANELS, LossFigure
from reports.figures.reliability import ReliabilityFigure
from reports.figures.roc import RocFigure
from reports.figures.scores import ScoreFigure
from reports.figures.seeds import SeedFigure
from reports.load import Run
from reports.sections import (
    classes,
    explain,
    grid_options,
    identity,
    inception,
    measured,
    over_seeds,
    pictures,
    provenance,
    quality,
    ranks,
    summary,
    tables,
)
from reports.sections.tables import Entry

VERDICTS = {
    "alarm": ("alarm", "▲", "alarm"),
    "cannot tell": ("unknown", "?", "cannot tell"),
    "note": ("note", "●", "note"),
    "pass": ("pass", "✓", "passed"),
}


def everything(run: Run) -> dict[str, Any]:
    """All the template needs."""
    entries = tables.table(run)
    return {
        "run": run,
        "title": str(run.manifest.get("name") or run.folder.resolve().name),
        "subtitle": summary.scope(run),
        "when": numbers.moment(str(run.manifest.get("finished") or run.manifest.get("started") or "")),
        "stamps": summary.stamps(run),
        "smoke": bool(run.manifest.get("smoke")),
        "cards": _cards(run, entries),
        "controls": summary.controls(run, entries),
        "limits": summary.limits(run, entries),
        "audit": _audit(run),
        "matrices": [_matrix(run, metric) for metric in tables.metric_names(run)],
        "ranks": ranks.section(run),
        "legend": _legend(run),
        "rocs": _rocs(run, entries),
        "several_runs": len(run.main_cells[["ledger_seed", "generator_seed"]].drop_duplicates()) > 1,
        "losses": _losses(run),
        "loss_names": {panel: [(label, colour == svg.FAKE) for _, label, colour in PANELS[panel]] for panel in PANELS},
        "quality": quality.section(run),
        "inception": inception.section(run),
        "classes": classes.section(run),
        "identity": identity.section(run),
        "explain": explain.section(run),
        "measured": measured.sections(run),
        "grids": pictures.grids(run),
        "films": pictures.films(run),
        "evolution": pictures.evolution(run),
        "picture_notes": pictures.notes(run),
        "histograms": _histograms(run, entries),
        "configurations": _configurations(run),
        "grid_options": grid_options.columns(run),
        "seeds": _seeds(run),
        "over_seeds": over_seeds.section(run),
        "failures": provenance.failures(run),
        "provenance": provenance.provenance(run),
    }


def _cards(run: Run, entries: dict[tuple[str, str], Entry]) -> list[dict[str, Any]]:
    legend = _legend(run)
    cards = []
    for generator in run.generators:
        if generator.role:
            continue
        found = summary.verdict(run, generator, entries)
        cards.append(
            {
                "generator": generator,
                "verdict": found,
                "tied": numbers.listed(found.tied, most=5),
                "sentences": summary.details(found),
                "best": _shown(found.ranked[found.best], "auc") if found.best else None,
                "dots": [
                    _shown(entry, "auc") | {"detector": name, "series": legend[name]["series"]}
                    for name, entry in reversed(found.ranked.items())
                ],
            }
        )
    return cards


def _audit(run: Run) -> dict[str, list[dict[str, Any]]]:
    roles = ("real-copy", "noise", "sentinel")
    controls = {generator.id: generator.role for generator in run.generators if generator.role}
    rows = [
        {
            "number": row.finding,
            "name": row.name,
            "ignored": row.finding in run.ignored,
            "smallest": numbers.number(row.smallest) if row.smallest > 0 else "",
            "value": _checked(row, controls),
            "interval": numbers.interval(row.low, row.high),
            "verdict": VERDICTS.get(row.verdict, ("note", "●", row.verdict or "no verdict")),
            "advice": row.advice,
            "known": row.name.startswith((*roles, *controls)),
        }
        for row in run.audit.itertuples(index=False)
    ]
    order = [kind for kind, *_ in VERDICTS.values()]
    rows.sort(key=lambda row: (row["ignored"], order.index(row["verdict"][0])))
    folded = [row for row in rows if not row["known"] and row["verdict"][0] == "pass"]
    return {"open": [row for row in rows if row not in folded], "folded": folded}


def _checked(row: Any, controls: dict[str, str]) -> str:
    """The value of a check, with what it is where that is known: the smallest p-value for copies of reals."""
    if np.isnan(row.value):
        return ""
    if row.name in controls or row.name.startswith("sentinel"):
        what = "p" if controls.get(row.name) == "real-copy" else "AUC"
        return f"{what} {numbers.number(row.value)}"
    if float(row.value).is_integer() and np.isnan(row.low):
        return numbers.count(float(row.value))
    return numbers.number(row.value, bounded=0 <= row.value <= 1)


def _matrix(run: Run, metric: str) -> dict[str, Any]:
    entries = tables.table(run, metric)
    title, explanation = tables.METRICS.get(metric, (metric, ""))
    generators = sorted(run.generators, key=lambda generator: bool(generator.role))
    detectors = [[d for d in run.detectors if not d.role], [d for d in run.detectors if d.role]]
    return {
        "metric": metric,
        "title": title,
        "explanation": explanation,
        "lower": metric in tables.LOWER_IS_BETTER,
        "generators": generators,
        "groups": [
            [(detector, [_shown(entries[detector.id, g.id], metric) for g in generators]) for detector in group]
            for group in detectors
            if group
        ],
    }


def _shown(entry: Entry, metric: str) -> dict[str, Any]:
    """An entry as the page writes it; positions on the track run from 0.5 (guessing) to 1 for rank metrics."""
    bounded = numbers.is_bounded(metric)
    start = 0.5 if metric in ("auc", "accuracy", "average_precision", "accuracy_at_half") else 0.0
    done = entry.status == "done"

    def place(value: float) -> str:
        share = (value - start) / (1 - start) if value == value else 0.0
        return f"{100 * min(max(share, 0), 1):.1f}"

    ranged = done and bounded and entry.low == entry.low and entry.high == entry.high
    return {
        "entry": entry,
        "status": entry.status,
        "text": tables.text(entry, metric),
        "interval": numbers.interval(entry.low, entry.high, bounded=bounded) if done else "",
        "sort": f"{entry.value:.9g}" if done else "",
        "at": place(entry.value) if done and bounded else "",
        "from": place(entry.low) if ranged else "",
        "width": f"{float(place(entry.high)) - float(place(entry.low)):.1f}" if ranged else "",
        "runs": [place(value) for value in entry.each] if done and bounded and len(entry.each) > 1 else [],
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
    rocs = []
    for position, generator in enumerate(sorted(run.generators, key=lambda generator: bool(generator.role))):
        figure = RocFigure(run, generator.id)
        if figure.detectors:
            ranked = sorted(figure.detectors, key=lambda name: -np.nan_to_num(entries[name, generator.id].value))
            rocs.append(
                {
                    "generator": generator,
                    "plain": Markup(figure.svg(name=f"roc{position}")),  # noqa: S704 - escaped where it is made
                    "log": Markup(figure.svg(name=f"roc{position}l", log=True)),  # noqa: S704
                    "keys": [(name, _shown(entries[name, generator.id], "auc")) for name in ranked],
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
            "panels": [
                (panel, Markup(figure.svg(panel, name=f"loss{position}{panel}", limits=limits[panel])))  # noqa: S704
                for panel in PANELS
                if figure.has(panel)
            ],
        }
        for position, (generator, figure) in enumerate(figures)
    ]


def _histograms(run: Run, entries: dict[tuple[str, str], Entry]) -> list[dict[str, Any]]:
    figure, reliability = ScoreFigure(run), ReliabilityFigure(run)
    rows = []
    for row, generator in enumerate(sorted(run.generators, key=lambda generator: bool(generator.role))):
        panels = []
        for column, detector in enumerate(run.detectors):
            title = f"Scores of {detector.id} on real images and on fakes of {generator.id}"
            drawing = figure.svg(detector.id, generator.id, name=f"scores{row}-{column}", title=title)
            title = f"Share of fakes by probability of {detector.id}, on fakes of {generator.id}"
            drawing += reliability.svg(detector.id, generator.id, name=f"reliable{row}-{column}", title=title)
            shown = _shown(entries[detector.id, generator.id], "auc")
            if drawing or shown["status"] == "failed":
                panels.append((detector, Markup(drawing), shown))  # noqa: S704
        if panels:
            rows.append({"generator": generator, "panels": panels})
    return rows


def _configurations(run: Run) -> list[dict[str, Any]]:
    rows = tables.configurations(run, "auc")
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


def _seeds(run: Run) -> list[tuple[str, Markup]]:
    figure = SeedFigure(run)
    return [
        (generator, Markup(figure.svg(generator, name=f"seeds{position}")))  # noqa: S704 - escaped where it is made
        for position, generator in enumerate(figure.generators)
    ]
