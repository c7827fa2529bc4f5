"""A stage: one node of the plan's graph, and its key; and the plug-ins that stages are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from benchmark.machine import device, processor
from benchmark.plugins import nested
from benchmark.plugins import resolve as plugins
from benchmark.plugins.describe import Description
from benchmark.store import digest

# Options that say where a file is, whose content is in the fingerprint.
PLACES = ("path", "groups_csv", "warm_start", "reflow")
# Raise a stage's number when its code changes what it writes; the digests of plug-ins cover their own code.
# What a stage runs of this package beside its function, which the stage's number stands for.
MODULES = {
    "train_generator": ("plugins/adapt.py",),
    "sample": ("stages/bank.py",),
    "train_extractor": ("quality/lesson.py",),
    "discriminator": ("plugins/adapt.py",),
    "train_detector": ("plugins/adapt.py", "stages/bank.py", "stages/mixed.py", "stages/threshold.py"),
    "score": ("plugins/adapt.py", "stages/bank.py", "stages/mixed.py"),
    "measure": (
        "statistics/cells/metrics.py",
        "statistics/cells/roc.py",
        "statistics/cells/ranked.py",
        "statistics/cells/rates.py",
        "statistics/cells/probabilities.py",
    ),
}
VERSIONS = {
    "prepare": 4,
    "audit": 3,
    "train_generator": 4,
    "sample": 3,
    "train_extractor": 1,
    "discriminator": 1,
    "train_detector": 3,
    "score": 4,
    "measure": 3,
}


SCORES = frozenset({"score", "gap", "format_bias"})  # the stages that ask a trained detector for scores of images
APPLY = SCORES | {"explain"}  # and those that ask it for anything: a stranger's may change by more than scores


@dataclass(frozen=True)
class Stage:
    """One node of the graph.

    Attributes:
        name: For people, such as `"train_generator tuned seed 0"`.
        function: The function in `benchmark.stages.line` that does it.
        params: What it is told; JSON values, part of the key.
        inputs: What it reads: a name -> the stage that wrote it.
        where: Where things lie on this machine; JSON values, not part of the key.
        code: Files of `benchmark/` whose code decides what it writes; `None` for those that `MODULES` lists.
        version: To be raised when it writes something else; `None` for that in `VERSIONS`.
    """

    name: str
    function: str
    params: dict[str, Any]
    inputs: dict[str, Stage] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    code: tuple[str, ...] | None = None
    version: int | None = None

    @cached_property
    def key(self) -> str:
        """The digest of everything that can change the bytes that the stage writes."""
        inputs = {name: stage.key for name, stage in self.inputs.items()}
        version = VERSIONS[self.function] if self.version is None else self.version
        code = MODULES.get(self.function, ()) if self.code is None else self.code
        return digest.of_value([self.function, version, [_code(name) for name in code], self.params, inputs])

    @property
    def foreign(self) -> bool:
        """Whether it runs code that is not ours or scikit-learn's, and so has a process of its own."""
        return bool(self.where.get("foreign"))

    @property
    def detector(self) -> str | None:
        """The key of the trained detector that it applies, if that is what it does, and nothing else."""
        return self.inputs["trained"].key if _applies(self) else None

    def as_json(self) -> dict[str, Any]:
        """Returns what a worker needs to do the stage, keys in place of the stages that it reads."""
        inputs = {name: [stage.function, stage.key] for name, stage in self.inputs.items()}
        return {
            "name": self.name, "function": self.function, "key": self.key,
            "params": self.params, "inputs": inputs, "where": self.where,
        }  # fmt: skip


@dataclass(frozen=True)
class Work:
    """A stage as `Stage.as_json` gives it to those who do it."""

    given: dict[str, Any]

    @property
    def key(self) -> str:
        """Its key."""
        return str(self.given["key"])

    @property
    def function(self) -> str:
        """As of `Stage`."""
        return str(self.given["function"])

    @property
    def foreign(self) -> bool:
        """As of `Stage`."""
        return bool(self.given["where"].get("foreign"))

    @property
    def detector(self) -> str | None:
        """As of `Stage`."""
        return str(self.given["inputs"]["trained"][1]) if _applies(self) else None

    def as_json(self) -> dict[str, Any]:
        """As of `Stage`."""
        return self.given


def _applies(stage: Stage | Work) -> bool:
    """Says whether it applies a trained detector that others may apply after it."""
    return stage.function in (SCORES if stage.foreign else APPLY)


@dataclass(frozen=True)
class Row:
    """A generator or detector of the spec: its id, its plug-in with what is known of it, and whose fakes it learns.

    `grid` says the values that a grid gave it; they are among its options, and in no key of their own. A `rung` is a
    detector that the ladder has added.
    """

    id: str
    about: Description
    train_on: str = "each"
    grid: dict[str, Any] = field(default_factory=dict)
    rung: bool = False

    @property
    def plugin(self) -> plugins.Plugin:
        """Its plug-in."""
        return self.about.plugin

    @property
    def options(self) -> dict[str, Any]:
        """Its options."""
        return self.about.options

    @property
    def trains(self) -> bool:
        """Whether a generator learns from images; one of finished images says that it does not."""
        return bool(self.plugin.attribute("trains", True))


def params_of(row: Row, seed: int, environment: dict[str, str]) -> dict[str, Any]:
    """Returns what a stage is told of a plug-in; all of it is part of the key.

    Raises:
        UserError: If the backend would end the process for what the plug-in is asked.
    """
    about = row.about
    if environment.get("device") == device.CPU:
        processor.check_precision(row.options, f"'{row.id}'", environment["backend"])
    return {
        "plugin": about.plugin.name, "code": about.code,
        "options": portable(about.options, about.fingerprint), "fingerprint": about.fingerprint,
        "seed": seed, "environment": environment,
    }  # fmt: skip


def where_of(row: Row) -> dict[str, Any]:
    """Returns where a plug-in and its files lie on this machine, and whether its code is a stranger's."""
    about = row.about
    found = {"kind": about.plugin.kind, "options": about.options, "seen": list(about.seen), "foreign": about.foreign}
    return found if about.broken is None else found | {"broken": about.broken}


def portable(options: dict[str, Any], fingerprint: str | None) -> dict[str, Any]:
    """Drops a file's place from the key where its content is in it already."""
    kept = {name: value for name, value in options.items() if name not in PLACES or fingerprint is None}
    return nested.named(kept)


@cache
def _code(name: str) -> str:
    return digest.of_code(digest.HOUSE / "benchmark" / name)
