"""The plan: a spec as a graph of stages, each with its key, and the cells that the benchmark reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.machine import runtime
from benchmark.plan import explain as plan_explain
from benchmark.plan import lessons as plan_lessons
from benchmark.plan import quality as plan_quality
from benchmark.plan import warm
from benchmark.plan.specs import ALL, PluginSpec, Spec
from benchmark.plan.stage import Row, Stage, params_of, portable, where_of
from benchmark.plugins import describe
from benchmark.plugins import resolve as plugins
from benchmark.processes import apart
from benchmark.store import digest
from data.errors import UserError


@dataclass(frozen=True)
class Cell:
    """One row of `cells.csv`: a detector's training and one set of test images.

    `train_generator` says whose fakes the detector was trained on: the tested generator's own, or `"all"`.
    """

    generator: str
    generator_seed: int
    detector: str
    detector_seed: int
    control: str | None
    train_generator: str
    bank: Stage
    trained: Stage
    scored: Stage
    measured: Stage

    @property
    def name(self) -> str:
        """The cell's id."""
        return f"{self.generator}/{self.generator_seed}/{self.detector}/{self.detector_seed}"


@dataclass(frozen=True)
class Plan:
    """Every stage of a run, each after what it reads, and its cells."""

    spec: Spec
    generators: list[Row]
    detectors: list[Row]
    prepared: Stage
    audited: Stage
    trainings: dict[tuple[str, int], Stage]
    banks: dict[tuple[str, int], Stage]
    cells: list[Cell]
    qualities: dict[tuple[str, int], Stage] = field(default_factory=dict)
    inceptions: dict[tuple[str, int], Stage] = field(default_factory=dict)
    identities: dict[tuple[str, int], Stage] = field(default_factory=dict)
    explanations: dict[str, Stage] = field(default_factory=dict)
    spectra: dict[tuple[str, int], Stage] = field(default_factory=dict)

    @cached_property
    def stages(self) -> list[Stage]:
        """The stages, without repetition; trainings first, since they take longest."""
        chosen: dict[str, Stage] = {}
        for stage in self._walk():
            chosen.setdefault(stage.key, stage)
        return list(chosen.values())

    def _walk(self) -> Iterator[Stage]:
        yield from (self.prepared, self.audited)
        yield from self.trainings.values()
        yield from self.banks.values()
        for cell in self.cells:
            yield from (cell.trained.inputs[need] for need in plan_lessons.NEEDS if need in cell.trained.inputs)
            yield from (cell.trained, cell.scored, cell.measured)
        for quality in self.qualities.values():
            yield from (quality.inputs["extractor"], quality)
        for inception in self.inceptions.values():
            yield from (inception.inputs["reals"], inception)
        for identity in self.identities.values():
            yield from (identity.inputs["embedding"], identity)
        yield from self.explanations.values()
        yield from self.spectra.values()


def plan(
    spec: Spec, *, folders: list[Path], base: Path | None = None, smoke: bool = False,
    weights: tuple[Path, str] | None = None,
) -> Plan:  # fmt: skip
    """Turns a checked spec into stages.

    Args:
        spec: The spec.
        folders: Where data files are looked for, in this order.
        base: The folder that relative plug-in paths start from. Defaults to the current one.
        smoke: Whether every part and training is shrunk to seconds. Defaults to `False`.
        weights: The file of Inception weights that the spec names, found good, and its sha256, see
            `benchmark.quality.inception.weights.named`. Defaults to `None`, FID and KID are not measured.

    Raises:
        UserError: For an unknown plug-in or option, or missing or damaged data files.
    """
    environment = runtime.environment(spec.protocol.threads)
    generators, detectors = _rows(spec, base, smoke)
    prepared = _prepare(spec, folders, base, smoke, any(row.trains for row in generators))
    audited = Stage("audit ledger", "audit", {}, {"prepared": prepared})
    trainings, banks, cells = {}, {}, []
    for row in generators:
        for seed in spec.protocol.generator_seeds:
            name = f"{row.id} seed {seed}"
            learned = _without_sampling(row)
            params, where = params_of(learned, seed, environment), where_of(learned)
            trained = Stage(f"train_generator {name}", "train_generator", params, {"prepared": prepared}, where)
            sampling = params_of(row, seed, environment) | {"checkpoint": "last"}
            inputs = {"prepared": prepared, "trained": trained}
            trainings[row.id, seed] = trained
            banks[row.id, seed] = Stage(f"sample {name}", "sample", sampling, inputs, where_of(row))
    extractor = plan_quality.extractor(spec, prepared, environment, smoke)
    lessons = plan_lessons.Lessons(spec, generators, prepared, trainings, banks, extractor, environment)
    for row in generators:
        for seed in spec.protocol.generator_seeds:
            for detector in detectors:
                for detector_seed in spec.protocol.detector_seeds:
                    if lessons.possible(detector, row):
                        trained = lessons.training(detector, detector_seed, row, seed)
                        cells.append(_cell(row, seed, detector, detector_seed, trained, banks[row.id, seed]))
    qualities = plan_quality.qualities(spec, generators, prepared, trainings, extractor, environment)
    inceptions = plan_quality.inceptions(weights, qualities, environment)
    identities = plan_quality.identities(spec, generators, prepared, trainings, environment, smoke)
    explanations, spectra = plan_explain.explanations(cells), plan_explain.spectra(cells, environment)
    return Plan(
        spec, generators, detectors, prepared, audited, trainings, banks, cells, qualities, inceptions, identities,
        explanations, spectra,
    )  # fmt: skip


def _rows(spec: Spec, base: Path | None, smoke: bool) -> tuple[list[Row], list[Row]]:
    """Returns the generators and the detectors, each described."""
    shown = {"display_interval": spec.protocol.display_interval}
    wanted = [_wanted("generators", row, base, smoke, shown) for row in spec.generator]
    wanted += [_wanted("detectors", row, base, smoke, {}) for row in spec.detector]
    found = iter(describe.described(wanted))
    generators = [Row(row.id, _warmed(next(found), base), grid=row.grid) for row in spec.generator]
    return generators, [Row(row.id, next(found), row.train_on, row.grid) for row in spec.detector]


def _wanted(group: str, row: PluginSpec, base: Path | None, smoke: bool, defaults: dict[str, Any]) -> describe.Wanted:
    owner = f"{plugins.NOUNS[group]} '{row.id}'"
    return describe.Wanted(group, row.kind, row.options, base, owner, defaults, {"epochs": 1} if smoke else {})


def _warmed(about: describe.Description, base: Path | None) -> describe.Description:
    """Puts in place of the run that a warm start names its networks, and what they have seen."""
    place = about.options.get("warm_start")
    if about.broken is not None or not isinstance(place, str) or not about.plugin.takes("warm_start"):
        return about
    start = warm.locate(place, base)
    options = about.options | {"warm_start": str(start.folder)}
    return replace(about, options=options, fingerprint=start.digest, seen=tuple(start.seen))


def _without_sampling(row: Row) -> Row:
    """Leaves out the options that change a generator's samples and not its training, which is then not done again."""
    unused = row.plugin.attribute("sampling_options", ())
    options = {name: value for name, value in row.options.items() if name not in unused}
    return replace(row, about=replace(row.about, options=options))


def fingerprint_of_data(kind: str, options: dict[str, Any], folders: list[Path], base: Path | None, name: str) -> str:
    """Returns a digest of the files that a data set reads; of the images themselves, if it cannot say."""
    source = plugins.make(plugins.resolve("datasets", kind, base), options, None, f"dataset '{name}'")
    if hasattr(source, "fingerprint"):
        return str(source.fingerprint(folders))
    for more in ("wider", "strangers"):  # images that `load` does not give: its digest would not know when they change
        if callable(getattr(source, more, None)):
            raise UserError(
                f"Data set '{name}' has a method {more}, so it needs one called fingerprint(folders), a digest "
                "of all files that it reads, by which results are kept. Received: a data set without one."
            )
    return str(source.load(folders).digest)


def _prepare(spec: Spec, folders: list[Path], base: Path | None, smoke: bool, trains: bool) -> Stage:
    kind, owner = spec.dataset.name, f"dataset '{spec.dataset.name}'"
    (about,) = describe.described([describe.Wanted("datasets", kind, spec.dataset.model_extra or {}, base, owner)])
    if about.broken is not None:
        raise UserError(f"{owner} cannot be used: {about.broken}")
    plugin = about.plugin
    asked = (plugin.kind, about.options, folders, base, kind)
    if about.foreign:
        with plugins.blamed(f"{owner} cannot be used"):
            fingerprint = apart.call("benchmark.plan.planner:fingerprint_of_data", *asked)
    else:
        fingerprint = fingerprint_of_data(*asked)
    params = {
        "plugin": plugin.name, "code": plugin.digest, "fingerprint": fingerprint,
        "options": portable(about.options, fingerprint),
        "ledger_seed": spec.protocol.ledger_seed, "parts": spec.protocol.parts, "trains": trains, "smoke": smoke,
        "ledger_code": digest.of_code(digest.HOUSE / "data" / "ledger.py"),
        "environment": {name: runtime.version(name) for name in ("numpy", "pillow")},
    }  # fmt: skip
    where = {
        "kind": plugin.kind, "folders": [str(folder) for folder in folders], "options": about.options,
        "foreign": about.foreign,
    }  # fmt: skip
    return Stage(f"prepare {spec.dataset.name}", "prepare", params, {}, where)


def _cell(row: Row, seed: int, detector: Row, detector_seed: int, trained: Stage, bank: Stage) -> Cell:
    name = f"{detector.id} seed {detector_seed} on {row.id} seed {seed}"
    inputs = {"prepared": trained.inputs["prepared"], "bank": bank, "trained": trained}
    scored = Stage(f"score {name}", "score", trained.params, inputs, trained.where)
    measured = Stage(f"measure {name}", "measure", {}, {"scored": scored})
    control = row.plugin.attribute("control")
    taught = ALL if detector.train_on == ALL else row.id
    return Cell(row.id, seed, detector.id, detector_seed, control, taught, bank, trained, scored, measured)
