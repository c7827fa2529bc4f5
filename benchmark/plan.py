"""The plan: a spec as a graph of stages, each with its key, and the cells that the benchmark reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark import digest, nested, plan_explain, plan_lessons, plan_quality, plugins, runtime
from benchmark.specs import ALL, DetectorSpec, PluginSpec, Spec
from benchmark.stage import Row, Stage, params_of, portable, where_of
from data import paths
from data.errors import UserError
from data.options import accepts


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


def plan(spec: Spec, *, folders: list[Path], base: Path | None = None, smoke: bool = False) -> Plan:
    """Turns a checked spec into stages.

    Args:
        spec: The spec.
        folders: Where data files are looked for, in this order.
        base: The folder that relative plug-in paths start from. Defaults to the current one.
        smoke: Whether every part and training is shrunk to seconds. Defaults to `False`.

    Raises:
        UserError: For an unknown plug-in or option, or missing or damaged data files.
    """
    environment = runtime.environment(spec.protocol.threads)
    weights = plan_quality.weights(spec, base)
    generators = [_row("generators", row, base, spec, smoke) for row in spec.generator]
    detectors = [_row("detectors", row, base, spec, smoke) for row in spec.detector]
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


def _row(group: str, row: PluginSpec, base: Path | None, spec: Spec, smoke: bool) -> Row:
    plugin = plugins.resolve(group, row.kind, base)
    options = nested.located(_located(row.options, base), base)
    if group == "generators" and accepts(plugin.factory, "display_interval"):
        options.setdefault("display_interval", spec.protocol.display_interval)
    if smoke and accepts(plugin.factory, "epochs"):
        options |= {"epochs": 1}
    start = None
    if isinstance(options.get("warm_start"), str) and accepts(plugin.factory, "warm_start"):
        from benchmark import warm

        start = warm.locate(options["warm_start"], base)
        options["warm_start"] = str(start.folder)
    owner = f"{plugins.NOUNS[group]} '{row.id}'"
    instance = plugins.make(plugin, options, 0, owner)  # so that a wrong option is met before any work
    if start is not None:
        return Row(row.id, plugin, options, start.digest, tuple(start.seen))
    train_on = row.train_on if isinstance(row, DetectorSpec) else "each"
    return Row(row.id, plugin, options, _fingerprint(instance, options), train_on=train_on)


def _without_sampling(row: Row) -> Row:
    """Leaves out the options that change a generator's samples and not its training, which is then not done again."""
    unused = row.plugin.attribute("sampling_options", ())
    return replace(row, options={name: value for name, value in row.options.items() if name not in unused})


def _located(options: dict[str, Any], base: Path | None) -> dict[str, Any]:
    """Makes the option `path` absolute, since a worker may have another current folder."""
    if not isinstance(options.get("path"), str):
        return dict(options)
    return options | {"path": str(paths.place(options["path"], "option 'path'", base).resolve())}


def _fingerprint(instance: Any, options: dict[str, Any]) -> str | None:
    """Returns a digest of the files that a plug-in reads by its option `path`, or `None` if there is none."""
    if hasattr(instance, "fingerprint"):
        return str(instance.fingerprint())
    path = Path(options["path"]) if isinstance(options.get("path"), str) else None
    return digest.of_path(path) if path is not None and path.exists() else None


def _fingerprint_of_data(source: Any, folders: list[Path], name: str) -> str:
    """Returns a digest of the files that a data set reads; of the images themselves, if it cannot say."""
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
    plugin = plugins.resolve("datasets", spec.dataset.name, base)
    options = _located(spec.dataset.model_extra or {}, base)
    source = plugins.make(plugin, options, None, f"dataset '{spec.dataset.name}'")
    fingerprint = _fingerprint_of_data(source, folders, spec.dataset.name)
    params = {
        "plugin": plugin.name, "code": plugin.digest, "fingerprint": fingerprint,
        "options": portable(options, fingerprint),
        "ledger_seed": spec.protocol.ledger_seed, "parts": spec.protocol.parts, "trains": trains, "smoke": smoke,
        "ledger_code": digest.of_code(digest.HOUSE / "data" / "ledger.py"),
        "environment": {name: runtime.version(name) for name in ("numpy", "pillow")},
    }  # fmt: skip
    where = {"kind": plugin.kind, "folders": [str(folder) for folder in folders], "options": options}
    return Stage(f"prepare {spec.dataset.name}", "prepare", params, {}, where)


def _cell(row: Row, seed: int, detector: Row, detector_seed: int, trained: Stage, bank: Stage) -> Cell:
    name = f"{detector.id} seed {detector_seed} on {row.id} seed {seed}"
    inputs = {"prepared": trained.inputs["prepared"], "bank": bank, "trained": trained}
    scored = Stage(f"score {name}", "score", trained.params, inputs, trained.where)
    measured = Stage(f"measure {name}", "measure", {}, {"scored": scored})
    control = row.plugin.attribute("control")
    taught = ALL if detector.train_on == ALL else row.id
    return Cell(row.id, seed, detector.id, detector_seed, control, taught, bank, trained, scored, measured)
