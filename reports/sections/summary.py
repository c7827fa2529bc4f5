"""The answer of a run in sentences, shared by the page and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reports import numbers
from reports.load import Plugin, Run, load
from reports.sections.tables import Entry, table


def sentences(run_folder: Path) -> list[str]:
    """Says what was run and what came out.

    Args:
        run_folder: A run folder.

    Returns:
        Plain text sentences: state of the run, what was run, one per generator configuration, controls, limits.
    """
    run = load(run_folder)
    entries = table(run)
    configurations = [generator for generator in run.generators if not generator.role]
    return [
        *stamps(run),
        scope(run),
        *(answer(verdict(run, generator, entries)) for generator in configurations),
        *controls(run, entries),
        *limits(run, entries),
    ]


def stamps(run: Run) -> list[str]:
    """What a reader must know before any number: a smoke run, failures, alarms."""
    out = []
    if run.manifest.get("smoke"):
        out.append("Smoke run, not a result: everything was shrunk to see that it runs.")
    failed = run.cells[run.cells["status"] == "failed"]
    if len(failed):
        out.append(f"In part failed: {len(failed)} of {numbers.plural(len(run.cells), 'cell')} failed.")
    elif run.manifest.get("failures"):
        out.append(f"In part failed: {numbers.plural(len(run.manifest['failures']), 'stage')} failed.")
    alarms = run.audit[run.audit["verdict"] == "alarm"]
    if ringing := _called(alarms[~alarms["finding"].isin(run.ignored)]):
        out.append(f"Alarm: {numbers.listed(ringing)}. Read the advice before the numbers.")
    if silenced := _called(alarms[alarms["finding"].isin(run.ignored)]):
        out.append(f"Ignored as asked, though it alarms: {numbers.listed(silenced)}.")
    return out


def _called(findings: pd.DataFrame) -> list[str]:
    return [f"{row.name_} ({row.finding})" for row in findings.rename(columns={"name": "name_"}).itertuples()]


def scope(run: Run) -> str:
    """What was run, in one sentence."""
    dataset = run.dataset
    what = str(dataset.get("name") or run.manifest.get("name") or "an unnamed image set")
    if "height" in dataset:
        colour = "grey" if dataset.get("channels") == 1 else "colour"
        size = f"{dataset['height']} x {dataset['width']} pixels"
        what += f" ({numbers.count(dataset.get('n', '?'))} {colour} images of {size})"
    generators = [generator for generator in run.generators if not generator.role]
    detectors = [detector for detector in run.detectors if not detector.role]
    parts = [
        numbers.plural(len(generators), "generator configuration"),
        numbers.plural(len(detectors), "detector"),
    ]
    parts += [numbers.plural(len(run.generators) - len(generators), "control")] * (
        len(run.generators) > len(generators)
    )
    parts += [numbers.plural(len(run.detectors) - len(detectors), "sentinel")] * (len(run.detectors) > len(detectors))
    return f"On {what}: {numbers.listed(parts)}."


@dataclass(frozen=True)
class Verdict:
    """How well the images of one configuration can be told from real ones.

    Attributes:
        generator: The configuration.
        ranked: Id -> entry of all that have a result, from the best down: the detectors, and the sentinel for
            content, since what cheap statistics see counts as seen. What `sentinel-format` sees is an accident of
            the files and raises an alarm instead.
        done: The same without the sentinel.
        telling: Detectors whose interval lies above 0.5.
        blind: Detectors that have a result and are no better than guessing.
        failed: Detectors without a result.
        tied: What cannot be separated from the best.
    """

    generator: Plugin
    ranked: dict[str, Entry]
    done: dict[str, Entry]
    telling: list[str]
    blind: list[str]
    failed: list[str]
    tied: list[str]

    @property
    def best(self) -> str:
        """Id of the best; empty when none has a result."""
        return next(iter(self.ranked), "")

    @property
    def best_detector(self) -> str:
        """Id of the best that is no sentinel; empty when none has a result."""
        return next(iter(self.done), "")

    @property
    def weakest(self) -> str:
        """Id of the weakest detector that has a result; empty when there are fewer than two."""
        return list(self.done)[-1] if len(self.done) > 1 else ""


def verdict(run: Run, generator: Plugin, entries: dict[tuple[str, str], Entry]) -> Verdict:
    """Ranks the detectors on one generator.

    Args:
        run: The run.
        generator: One of `run.generators`.
        entries: `tables.table(run)`.
    """
    sentinels = [detector.id for detector in run.detectors if detector.role]
    column = {d.id: entries[d.id, generator.id] for d in run.detectors if d.role in ("", "content")}
    have = {name: entry for name, entry in column.items() if entry.status == "done"}
    ranked = dict(sorted(have.items(), key=lambda item: (-item[1].value, not item[1].best)))
    done = {name: entry for name, entry in ranked.items() if name not in sentinels}
    first = next(iter(ranked.values()), Entry())
    return Verdict(
        generator=generator,
        ranked=ranked,
        done=done,
        telling=[name for name, entry in done.items() if not entry.low <= 0.5],
        blind=[name for name, entry in done.items() if entry.low <= 0.5],
        failed=[name for name, entry in column.items() if entry.status == "failed" and name not in sentinels],
        tied=[name for name, entry in ranked.items() if entry.tied] if first.best else [],
    )


def answer(found: Verdict) -> str:
    """A verdict in a paragraph."""
    if not found.best:
        return f"{found.generator.id}: {' '.join(details(found))}"
    told, *rest = details(found)
    best = f"Best is {found.best}, AUC {value(found.ranked[found.best])}"
    best += f", not separable from {numbers.listed(found.tied)}." if found.tied else "."
    return " ".join([f"{found.generator.id}: {told}", best, *rest])


def details(found: Verdict) -> list[str]:
    """A verdict in sentences, without the best."""
    failed = [f"Failed: {numbers.listed(found.failed)}."] if found.failed else []
    if not found.done:
        return ["No detector has a result.", *failed]
    total = numbers.plural(len(found.done), "detector")
    if len(found.done) == 1 and found.telling:
        told = "The one detector tells its images from real ones."
    elif not found.blind:
        told = f"All {total}{' that finished' if found.failed else ''} tell its images from real ones."
    elif not found.telling:
        told = "No detector tells its images from real ones: every interval reaches 0.5."
    else:
        told = f"{len(found.telling)} of {total} tell its images from real ones."
    out = [told]
    leader, weakest = found.best_detector, found.weakest
    if leader != found.best:
        above = "as much as" if leader in found.tied else "more than"
        out.append(
            f"Cheap image statistics alone ({found.best}) see {above} any detector: the best detector, {leader}, "
            f"reaches {value(found.done[leader])}."
        )
    if weakest and found.done[weakest].value < found.done[leader].value:
        out.append(f"Weakest is {weakest}, {value(found.done[weakest])}.")
    if found.telling and set(found.blind) - {weakest}:
        out.append(f"No better than guessing: {numbers.listed(found.blind)}.")
    elif found.telling and found.blind:
        out[-1] = out[-1][:-1] + ", no better than guessing."
    return out + failed


def controls(run: Run, entries: dict[tuple[str, str], Entry]) -> list[str]:
    """Whether the controls came out as they must, and what the sentinels saw."""
    out = []
    verdicts = dict(zip(run.audit["name"].str.lower(), run.audit["verdict"], strict=True))
    for generator in run.generators:
        column = [entries[detector.id, generator.id] for detector in run.detectors]
        seen = [entry.value for entry in column if entry.status == "done"]
        if not generator.role or not seen:
            continue
        judged = verdicts.get(generator.id.lower()) or verdicts.get(generator.role.lower()) or ""
        if generator.role == "real-copy":
            result = {"pass": "held", "alarm": "FAILED"}.get(judged, "is without a verdict")
            span = f"{numbers.number(min(seen))} and {numbers.number(max(seen))}"
            out.append(f"Control {generator.id} {result}: on real images called fake, AUCs lie between {span}.")
        elif generator.role == "noise":
            result = {"pass": "held", "alarm": "FAILED"}.get(judged, "is without a verdict")
            out.append(f"Control {generator.id} {result}: the best detector reaches {numbers.number(max(seen))}.")
    for detector in run.detectors:
        if detector.role != "content":
            continue
        seen_by = {g.id: entries[detector.id, g.id] for g in run.generators if not g.role}
        seen_by = {g: e for g, e in seen_by.items() if e.status == "done" and e.low > 0.5 and not e.best}
        reached = [f"{value(e)} on {g}" for g, e in seen_by.items()]
        if reached:
            out.append(f"Cheap image statistics alone ({detector.id}) reach {numbers.listed(reached)}.")
    return out


def limits(run: Run, entries: dict[tuple[str, str], Entry]) -> list[str]:
    """What the numbers cannot say."""
    out = []
    tested = run.main_cells[run.main_cells["purpose"] != "control"]
    n = tested[["n_test_real", "n_test_fake"]].min().min()
    if n > 0:
        independent = int(min(n, _independent(run, set(tested["cell"]))))
        what = "unit (a person, a source, copies)", "units (persons, sources, copies)"
        of = f" of {numbers.plural(independent, *what)}"
        out.append(
            f"With {numbers.plural(int(n), 'test image')} of a class{of if independent < n else ''}, even a detector "
            f"without an error is only known to have an AUC of at least {numbers.number(0.05 ** (1 / independent))}."
        )
    full = [
        generator.id
        for generator in run.generators
        if not generator.role
        and (found := verdict(run, generator, entries)).best
        and found.ranked[found.best].high >= 0.9995
    ]
    if len(full) > 1:
        out.append(f"On {numbers.listed(full)} the best AUC may be 1: it cannot say which of them is harder to detect.")
    if len(run.main_cells[["ledger_seed", "generator_seed"]].drop_duplicates()) == 1:
        out.append("One training run per configuration: the intervals cover other test images, not another training.")
    return out


def _independent(run: Run, cells: set[str]) -> float:
    """Fewest independent test images that a cell has of one class: images of one unit count once."""
    scores = run.scores
    scores = scores[(scores["part"] == "test") & scores["cell"].isin(cells)]
    fewest = float("inf")
    for _, found in scores.groupby(["cell", "is_fake"], observed=True)["unit"]:
        fewest = min(fewest, found.nunique())
    return fewest


def value(entry: Entry) -> str:
    """`0.997 [0.991, 0.999]`."""
    return numbers.with_interval(entry.value, entry.low, entry.high)
