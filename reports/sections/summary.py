"""The answer of a run in sentences, shared by the page and the command line."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from reports import numbers
from reports.load import MAIN, Plugin, Run
from reports.sections.tables import Entry, table
from reports.words import sets, verdicts

GENERATORS = ("generator configuration", "generator without training", "folder of fakes")
MANY = {"generator without training": "generators without training", "folder of fakes": "folders of fakes"}


def sentences(run: Run) -> list[str]:
    """Says what was run and what came out.

    Args:
        run: A run, as reports read it.

    Returns:
        Plain text sentences: state of the run, what was run, one paragraph per generator, controls, limits.
    """
    entries = table(run)
    generators = [generator for generator in run.generators if not generator.role]
    return [
        *stamps(run),
        scope(run),
        *(verdicts.answer(verdicts.verdict(run, generator, entries)) for generator in generators),
        *controls(run, entries),
        *limits(run, entries),
    ]


def stamps(run: Run) -> list[str]:
    """What a reader must know before any number: a smoke run, failures, alarms."""
    out = []
    if run.manifest.get("smoke"):
        out.append(
            "Smoke run, not a result: everything was shrunk to see that it runs. Most detectors are tried on one "
            "generator, and curves are drawn of two; what is left out has not failed."
        )
    if (run.cells["status"] == "failed").any():
        out.append(f"In part failed: {_failed(run)}.")
    elif run.manifest.get("failures"):
        out.append(f"In part failed: {numbers.plural(len(run.manifest['failures']), 'stage')} failed.")
    alarms = run.audit[run.audit["verdict"] == "alarm"]
    if ringing := _called(alarms[~alarms["finding"].isin(run.ignored)]):
        out.append(f"Alarm: {numbers.listed(ringing)}. Read the advice before the numbers.")
    if silenced := _called(alarms[alarms["finding"].isin(run.ignored)]):
        out.append(f"Ignored as asked, though it alarms: {numbers.listed(silenced)}.")
    return out


def _failed(run: Run) -> str:
    """Says how many cells failed: those that every run has, and those of each question beside them, by its name."""
    cells = run.cells.assign(question=run.cells["question"].where(~run.cells["question"].isin(MAIN), ""))
    parts = []
    for question, mine in cells.groupby("question"):  # the usual one first, whose name is empty
        n = int((mine["status"] == "failed").sum())
        of = f" of the question {question}".replace("_", " ") if question else ""
        if n:
            parts.append(f"{n} of {numbers.plural(len(mine), 'cell')}{of}")
    usual = cells.loc[cells["question"] == "", "status"]
    rest = "" if (usual == "failed").any() else ", and none of the main table"
    return f"{numbers.listed(parts)} failed{rest}"


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
    words = Counter(generator.word for generator in run.generators)
    roles = Counter("sentinel" if detector.role else "detector" for detector in run.detectors)
    counts = [(words[word], word) for word in GENERATORS if words[word]] or [(0, GENERATORS[0])]
    counts += [(roles["detector"], "detector"), (words["control"], "control"), (roles["sentinel"], "sentinel")]
    parts = [
        numbers.plural(n, word, MANY.get(word, "")) for n, word in counts if n or word in (GENERATORS[0], "detector")
    ]
    return f"On {what}: {numbers.listed(parts)}."


def controls(run: Run, entries: dict[tuple[str, str], Entry]) -> list[str]:
    """Whether the controls came out as they must, by the findings that judge them."""
    out = []
    sentinels = {detector.id for detector in run.detectors if detector.role}
    for generator in run.generators:
        column = {detector.id: entries[detector.id, generator.id] for detector in run.detectors}
        seen = {name: entry.value for name, entry in column.items() if entry.status == "done"}
        if not generator.role:
            continue
        verdict, said = _judged(run, generator)
        test, what = CONTROLS.get(generator.role, ("", "AUCs"))
        start = f"Control {generator.id} {said}{f' ({test})' if test and verdict in ('pass', 'alarm') else ''}"
        values = {name: value for name, value in seen.items() if generator.role == "real-copy" or name not in sentinels}
        if not values:
            out.append(f"{start}: no detector has a result on it.")
        elif generator.role == "noise":
            best = max(values, key=lambda name: values[name])
            out.append(f"{start}: the best detector, {best}, reaches {numbers.number(values[best])}.")
        else:
            span = " and ".join(numbers.number(pick(values.values())) for pick in (min, max))
            out.append(f"{start}: {what} of {_counted(list(values), sentinels)} lie between {span}.")
    return out


# What judges each kind of control, and what its numbers are.
CONTROLS = {
    "real-copy": ("family-wise at 99 % over all detectors and sentinels, Holm", "on real images called fake, AUCs"),
    "noise": ("at least one detector must reach 0.99", "AUCs"),
}


def _judged(run: Run, generator: Plugin) -> tuple[str, str]:
    """Returns the verdict on a control, and what is said of it."""
    about = "" if generator.id == generator.role else generator.id
    name = f"{generator.role} / {about}" if about else generator.role
    rows = run.audit[(run.audit["name"] == name) & (run.audit["about"] == about)]
    if rows.empty:
        return "", "is without a verdict"
    verdict, smallest = rows["verdict"].iloc[0], rows["smallest"].iloc[0]
    said = {"pass": "held", "alarm": "FAILED", "cannot tell": "cannot tell"}.get(verdict, "is without a verdict")
    if verdict == "pass" and smallest > 0:
        said += f" and could have seen an AUC of {numbers.number(smallest)}"
    return verdict, said + (" (ignored)" if rows["finding"].iloc[0] in run.ignored else "")


def _counted(names: list[str], sentinels: set[str]) -> str:
    """`7 detectors and 2 sentinels`."""
    n = sum(name in sentinels for name in names)
    parts = [(len(names) - n, "detector"), (n, "sentinel")]
    return numbers.listed([numbers.plural(count, what) for count, what in parts if count])


def limits(run: Run, entries: dict[tuple[str, str], Entry]) -> list[str]:
    """What the numbers cannot say."""
    out = sets.unequal(run)
    tested = run.main_cells[run.main_cells["purpose"] != "control"]
    n_real, n_fake = (tested[f"n_test_{side}"].min() for side in ("real", "fake"))
    n = min(n_real, n_fake)
    if n > 0:
        independent = int(min(n, _independent(run, set(tested["cell"]))))
        what = "unit (a person, a source, copies)", "units (persons, sources, copies)"
        of = f" of {numbers.plural(independent, *what)}"
        sides = f"{numbers.plural(int(n_real), 'test real')} and {numbers.plural(int(n_fake), 'test fake')}"
        images = f"{numbers.plural(int(n), 'test image')} of a class" if n_real == n_fake else sides
        out.append(
            f"With {images}{of if independent < n else ''}, even a detector "
            f"without an error is only known to have an AUC of at least {numbers.number(0.05 ** (1 / independent))}."
        )
    full = [
        generator.id
        for generator in run.generators
        if not generator.role
        and (found := verdicts.verdict(run, generator, entries)).best
        and found.done[found.best].high >= 0.9995
    ]
    if len(full) > 1:
        out.append(f"On {numbers.listed(full)} the best AUC may be 1: it cannot say which of them is harder to detect.")
    return out + _replicates(run)


def _replicates(run: Run) -> list[str]:
    """What the seeds of the generators are replicates of."""
    trained = [generator.id for generator in run.generators if generator.trains and not generator.role]
    out = [
        f"{name}: its {seeds} seeds gave the same images and scores: one result"
        + (f", not {seeds} training runs." if name in trained else ".")
        for name, seeds in run.repeated.items()
    ]
    once = set(run.main_cells["generator"]) & set(trained) - set(run.repeated)
    runs = run.main_cells[["generator", "ledger_seed", "generator_seed"]].drop_duplicates()
    seeds = runs.groupby("generator").size()
    once = {name for name in once if seeds[name] == 1}
    if once:
        of = "per configuration" if once == set(trained) else f"of {numbers.listed(sorted(once))}"
        out.append(f"One training run {of}: the intervals cover other test images, not another training.")
    return out


def _independent(run: Run, cells: set[str]) -> float:
    """Fewest independent test images that a cell has of one class: images of one unit count once."""
    scores = run.scores
    scores = scores[(scores["part"] == "test") & scores["cell"].isin(cells)]
    fewest = float("inf")
    for _, found in scores.groupby(["cell", "is_fake"], observed=True)["unit"]:
        fewest = min(fewest, found.nunique())
    return fewest
