"""The ladder: all built-in detectors that need nothing but the images, added to any spec."""

from __future__ import annotations

import tomllib
from pathlib import Path

from benchmark import plugins
from benchmark.specs import DetectorSpec, Spec

FILE = Path(__file__).with_name("ladder.toml")


def rungs() -> list[DetectorSpec]:
    """Returns the rows of the ladder, the trivial ones first."""
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["detector"]
    return [DetectorSpec.model_validate(row) for row in rows]


def climbed(spec: Spec, base: Path | None = None) -> Spec:
    """Returns a spec with every rung that it does not have yet, and that its generators allow.

    Left out is what needs an extractor where no generator trains, a discriminator where there is none, and, where only
    controls are tested, what learns from all generators.

    Args:
        spec: The spec.
        base: The folder that relative plug-in paths start from. Defaults to the current one.
    """
    generators = [plugins.resolve("generators", row.kind, base) for row in spec.generator]
    plain = [p for p, row in zip(generators, spec.generator, strict=True) if not row.options.get("condition")]
    met = {
        "extractor": any(plugin.attribute("trains", True) for plugin in generators),
        "discriminator": any(callable(plugin.attribute("plain_networks")) for plugin in plain),
    }
    mains = [plugin for plugin in generators if plugin.attribute("control") is None]
    named = {row.id for row in spec.detector}
    more = [
        row
        for row in rungs()
        if row.id not in named
        and all(met[need] for need in plugins.resolve("detectors", row.kind).attribute("needs", ()))
        and (row.train_on != "all" or mains)
    ]
    return spec.model_copy(update={"detector": [*spec.detector, *more]})
