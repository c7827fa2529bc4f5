"""What each section of the page shows, as plain data for the template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reports import numbers
from reports.figures import curves, svg
from reports.figures.losses import PANELS
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
from reports.sections.shown import cards, evidence, findings, losses, matrix
from reports.words import answers, verdicts
from reports.words.doubts import doubts

Other = Callable[[], dict[str, Any] | None]


def half(run: Run, entries: dict[tuple[str, str], tables.Entry]) -> dict[str, Any]:
    """What takes about half of the time, and needs nothing of the rest; `entries` as of `tables.table`."""
    return {"rocs": evidence.rocs(run, entries), "questions": questions.asked(run)}


def everything(run: Run, other: Other | None = None) -> dict[str, Any]:
    """All the template needs.

    Args:
        run: The run.
        other: Returns what `half` does, done by another process, or `None` if it could not. It is asked last. Defaults
            to `None`: all is done here.
    """
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
        "lineup": cards.lineup(run, found),
        "cards": cards.cards(run, entries, found),
        "controls": summary.controls(run, entries),
        "limits": summary.limits(run, entries),
        "audit": findings.findings(run),
        "matrices": [matrix.matrix(run, metric) for metric in tables.metric_names(run)],
        "ranks": ranks.section(run),
        "legend": curves.of_detectors(run),
        "several_runs": _several(run),
        "doubts": doubts(run),
        "repeated": run.repeated,
        "losses": losses.losses(run),
        "loss_names": {panel: [(label, colour == svg.FAKE) for _, label, colour in PANELS[panel]] for panel in PANELS},
        "quality": quality.section(run),
        "inception": inception.section(run),
        "explain": explain.section(run),
        "measured": measured.sections(run),
        "grids": pictures.grids(run),
        "nearest": pictures.nearest(run),
        "films": pictures.films(run),
        "steps": steps.section(run),
        "picture_notes": pictures.notes(run),
        "histograms": evidence.histograms(run, entries),
        "configurations": _configurations(run),
        "grid_options": grid_options.columns(run),
        "over_seeds": over_seeds.section(run),
        "failures": provenance.failures(run),
        "provenance": provenance.provenance(run),
    }
    shown |= evidence.seeds(run)
    shown |= (other() if other is not None else None) or half(run, entries)
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


def _several(run: Run) -> bool:
    """Whether any pair of detector and generator was trained more than once, so that figures show the first."""
    pairs = run.main_cells.groupby(["detector", "generator"])
    return bool(len(pairs) and pairs["cell"].count().max() > 1)


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
