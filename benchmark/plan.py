"""The plan: a spec as a graph of stages, each with its key, and the cells that the benchmark reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from benchmark import digest, plugins, runtime
from benchmark.specs import PluginSpec, Spec
from data.errors import UserError
from data.options import accepts

# Raise a stage's number when its code changes what it writes; the digests of plug-ins cover their own code.
# What a stage runs of this package beside its function, which the stage's number stands for.
MODULES = {
    "train_generator": ("adapt.py",),
    "sample": ("bank.py",),
    "train_extractor": ("quality/lesson.py",),
    "quality": ("quality/fakes.py", "quality/measures.py"),
    "inception_reals": ("quality/inception.py", "quality/references.py"),
    "inception_quality": ("quality/inception.py", "quality/fakes.py"),
    "train_embedding": ("quality/persons.py", "quality/verification.py"),
    "score_identity": ("adapt.py", "quality/identity.py", "quality/persons.py"),
    "train_detector": ("bank.py", "threshold.py"),
    "score": ("bank.py",),
    "measure": ("metrics.py", "roc.py"),
}
VERSIONS = {
    "prepare": 1,
    "audit": 1,
    "train_generator": 1,
    "sample": 1,
    "train_extractor": 1,
    "quality": 1,
    "inception_reals": 1,
    "inception_quality": 1,
    "train_embedding": 1,
    "score_identity": 1,
    "train_detector": 1,
    "score": 1,
    "measure": 1,
}


@dataclass(frozen=True)
class Stage:
    """One node of the graph.

    Attributes:
        name: For people, such as `"train_generator tuned seed 0"`.
        function: The function in `benchmark.stages` that does it.
        params: What it is told; JSON values, part of the key.
        inputs: What it reads: a name -> the stage that wrote it.
        where: Where things lie on this machine; JSON values, not part of the key.
    """

    name: str
    function: str
    params: dict[str, Any]
    inputs: dict[str, Stage] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """The digest of everything that can change the bytes that the stage writes."""
        inputs = {name: stage.key for name, stage in self.inputs.items()}
        return digest.of_value([self.function, VERSIONS[self.function], _code(self.function), self.params, inputs])

    def as_json(self) -> dict[str, Any]:
        """Returns what a worker needs to do the stage, keys in place of the stages that it reads."""
        inputs = {name: [stage.function, stage.key] for name, stage in self.inputs.items()}
        return {
            "name": self.name, "function": self.function, "key": self.key,
            "params": self.params, "inputs": inputs, "where": self.where,
        }  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One row of `cells.csv`: a detector's training and one set of test images."""

    generator: str
    generator_seed: int
    detector: str
    detector_seed: int
    control: str | None
    bank: Stage
    trained: Stage
    scored: Stage
    measured: Stage

    @property
    def name(self) -> str:
        """The cell's id."""
        return f"{self.generator}/{self.generator_seed}/{self.detector}/{self.detector_seed}"


@dataclass(frozen=True)
class Row:
    """A generator or detector of the spec with its resolved plug-in and options."""

    id: str
    plugin: plugins.Plugin
    options: dict[str, Any]
    fingerprint: str | None = None  # of the files that the plug-in reads itself
    seen: tuple[str, ...] = ()  # what a warm start has seen, see `benchmark.warm`

    @property
    def trains(self) -> bool:
        """Whether a generator learns from images; one of finished images says that it does not."""
        return bool(self.plugin.attribute("trains", True))


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
            yield from (cell.trained, cell.scored, cell.measured)
        for quality in self.qualities.values():
            yield from (quality.inputs["extractor"], quality)
        for inception in self.inceptions.values():
            yield from (inception.inputs["reals"], inception)
        for identity in self.identities.values():
            yield from (identity.inputs["embedding"], identity)


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
    weights = _inception_weights(spec, base)
    generators = [_row("generators", row, base, spec, smoke) for row in spec.generator]
    detectors = [_row("detectors", row, base, spec, smoke) for row in spec.detector]
    prepared = _prepare(spec, folders, base, smoke, any(row.trains for row in generators))
    audited = Stage("audit ledger", "audit", {}, {"prepared": prepared})
    trainings, banks, cells = {}, {}, []
    for row in generators:
        for seed in spec.protocol.generator_seeds:
            name = f"{row.id} seed {seed}"
            learned = _without_sampling(row)
            params, where = _params(learned, seed, environment), _where(learned)
            trained = Stage(f"train_generator {name}", "train_generator", params, {"prepared": prepared}, where)
            sampling = _params(row, seed, environment) | {"checkpoint": "last"}
            inputs = {"prepared": prepared, "trained": trained}
            trainings[row.id, seed] = trained
            banks[row.id, seed] = Stage(f"sample {name}", "sample", sampling, inputs, _where(row))
    for row in generators:
        for seed in spec.protocol.generator_seeds:
            for detector in detectors:
                for detector_seed in spec.protocol.detector_seeds:
                    bank = banks[row.id, seed]
                    cells.append(_cell(row, seed, detector, detector_seed, prepared, bank, environment))
    qualities = _qualities(spec, generators, prepared, trainings, environment, smoke)
    inceptions = _inceptions(weights, qualities, environment)
    identities = _identities(spec, generators, prepared, trainings, environment, smoke)
    return Plan(
        spec, generators, detectors, prepared, audited, trainings, banks, cells, qualities, inceptions, identities
    )


def _row(group: str, row: PluginSpec, base: Path | None, spec: Spec, smoke: bool) -> Row:
    plugin = plugins.resolve(group, row.kind, base)
    options = _located(row.options, base)
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
    return Row(row.id, plugin, options, _fingerprint(instance, options))


def _without_sampling(row: Row) -> Row:
    """Leaves out the options that change a generator's samples and not its training, which is then not done again."""
    unused = row.plugin.attribute("sampling_options", ())
    return replace(row, options={name: value for name, value in row.options.items() if name not in unused})


def _located(options: dict[str, Any], base: Path | None) -> dict[str, Any]:
    """Makes the option `path` absolute, since a worker may have another current folder."""
    if not isinstance(options.get("path"), str):
        return dict(options)
    return options | {"path": str(((base or Path.cwd()) / options["path"]).expanduser().resolve())}


def _fingerprint(instance: Any, options: dict[str, Any]) -> str | None:
    """Returns a digest of the files that a plug-in reads by its option `path`, or `None` if there is none."""
    if hasattr(instance, "fingerprint"):
        return str(instance.fingerprint())
    path = Path(options["path"]) if isinstance(options.get("path"), str) else None
    return digest.of_path(path) if path is not None and path.exists() else None


def _prepare(spec: Spec, folders: list[Path], base: Path | None, smoke: bool, trains: bool) -> Stage:
    plugin = plugins.resolve("datasets", spec.dataset.name, base)
    options = _located(spec.dataset.model_extra or {}, base)
    source = plugins.make(plugin, options, None, f"dataset '{spec.dataset.name}'")
    fingerprint = source.fingerprint(folders) if hasattr(source, "fingerprint") else source.load(folders).digest
    params = {
        "plugin": plugin.name, "code": plugin.digest, "fingerprint": fingerprint,
        "options": _portable(options, fingerprint),
        "ledger_seed": spec.protocol.ledger_seed, "parts": spec.protocol.parts, "trains": trains, "smoke": smoke,
        "ledger_code": digest.of_code(digest.HOUSE / "data" / "ledger.py"),
        "environment": {name: runtime.version(name) for name in ("numpy", "pillow")},
    }  # fmt: skip
    where = {"kind": plugin.kind, "folders": [str(folder) for folder in folders], "options": options}
    return Stage(f"prepare {spec.dataset.name}", "prepare", params, {}, where)


def _params(row: Row, seed: int, environment: dict[str, str]) -> dict[str, Any]:
    return {
        "plugin": row.plugin.name, "code": row.plugin.digest, "options": _portable(row.options, row.fingerprint),
        "fingerprint": row.fingerprint, "seed": seed, "environment": environment,
    }  # fmt: skip


def _where(row: Row) -> dict[str, Any]:
    return {"kind": row.plugin.kind, "options": row.options, "seen": list(row.seen)}


def _cell(
    row: Row, seed: int, detector: Row, detector_seed: int, prepared: Stage, bank: Stage, environment: dict[str, str]
) -> Cell:
    name = f"{detector.id} seed {detector_seed} on {row.id} seed {seed}"
    params = _params(detector, detector_seed, environment)
    inputs = {"prepared": prepared, "bank": bank}
    where = _where(detector)
    trained = Stage(f"train_detector {name}", "train_detector", params, inputs, where)
    scored = Stage(f"score {name}", "score", params, {**inputs, "trained": trained}, where)
    measured = Stage(f"measure {name}", "measure", {}, {"scored": scored})
    control = row.plugin.attribute("control")
    return Cell(row.id, seed, detector.id, detector_seed, control, bank, trained, scored, measured)


def _portable(options: dict[str, Any], fingerprint: str | None) -> dict[str, Any]:
    """Drops a file's place from the key where its content is in it already."""
    return {name: value for name, value in options.items() if name not in ("path", "warm_start") or fingerprint is None}


def _qualities(
    spec: Spec, rows: list[Row], prepared: Stage, trainings: dict[tuple[str, int], Stage],
    environment: dict[str, str], smoke: bool,
) -> dict[tuple[str, int], Stage]:  # fmt: skip
    """Returns the quality stages: of every generator but those that copy the reals, which the floor says all about.

    Where no generator trains, no image is set apart that an extractor could learn from, and there are none.
    """
    if not spec.quality.enabled or not any(row.trains for row in rows):
        return {}
    params = {
        "n": spec.quality.n, "smoke": smoke, "code": prepared.params["code"], "environment": environment,
    }  # fmt: skip
    extractor = Stage("train_extractor", "train_extractor", params, {"prepared": prepared}, prepared.where)
    inputs = {"prepared": prepared, "extractor": extractor}
    stages = {}
    for row in rows:
        if row.plugin.attribute("consumes_sources"):
            continue
        for seed in spec.protocol.generator_seeds:
            about = _params(row, seed, environment)
            given = inputs | {"trained": trainings[row.id, seed]}
            stages[row.id, seed] = Stage(f"quality {row.id} seed {seed}", "quality", about, given, _where(row))
    return stages


def _inception_weights(spec: Spec, base: Path | None) -> tuple[Path, str] | None:
    """Returns the file of Inception weights that a spec names, read and found good, and its sha256."""
    if spec.quality.inception_weights is None:
        return None
    if not spec.quality.enabled:
        raise UserError("quality.inception_weights needs quality.enabled = true. Received: enabled = false.")
    from benchmark.quality import inception_weights

    path = ((base or Path.cwd()) / Path(spec.quality.inception_weights).expanduser()).absolute()
    return path, inception_weights.read(path).sha256


def _inceptions(
    weights: tuple[Path, str] | None, qualities: dict[tuple[str, int], Stage], environment: dict[str, str]
) -> dict[tuple[str, int], Stage]:
    """Returns the stages of FID and KID, one beside every quality stage; the key knows the weights by their bytes."""
    if weights is None:
        return {}
    if not qualities:
        raise UserError(
            "quality.inception_weights needs a generator that trains: without one, no real images are set apart for it."
        )
    path, sha256 = weights
    own, where = {"sha256": sha256}, {"inception": str(path)}
    stages: dict[tuple[str, int], Stage] = {}
    for (name, seed), quality in qualities.items():
        both = {role: quality.inputs[role] for role in ("prepared", "extractor")}
        params = own | {"environment": environment}
        reals = Stage("inception_reals", "inception_reals", params, both, where)
        inputs = both | {"trained": quality.inputs["trained"], "reals": reals}
        title = f"inception_quality {name} seed {seed}"
        stages[name, seed] = Stage(title, "inception_quality", quality.params | own, inputs, quality.where | where)
    return stages


def _identities(
    spec: Spec, rows: list[Row], prepared: Stage, trainings: dict[tuple[str, int], Stage],
    environment: dict[str, str], smoke: bool,
) -> dict[tuple[str, int], Stage]:  # fmt: skip
    """Returns the stages that say what is left of a person: of the generators that make images from real ones."""
    swaps = [row for row in rows if row.plugin.attribute("uses_sources") and row.trains]
    if not spec.quality.enabled or not swaps:
        return {}
    params = {
        "n": spec.quality.n, "smoke": smoke, "code": prepared.params["code"], "environment": environment,
    }  # fmt: skip
    embedding = Stage("train_embedding", "train_embedding", params, {"prepared": prepared}, prepared.where)
    stages = {}
    for row in swaps:
        for seed in spec.protocol.generator_seeds:
            given = {"prepared": prepared, "embedding": embedding, "trained": trainings[row.id, seed]}
            about = _params(row, seed, environment)
            name = f"score_identity {row.id} seed {seed}"
            stages[row.id, seed] = Stage(name, "score_identity", about, given, _where(row))
    return stages


@cache
def _code(function: str) -> list[str]:
    return [digest.of_code(Path(__file__).parent / name) for name in MODULES.get(function, ())]
