"""The ladder: all built-in detectors that need nothing but the images, added to any spec."""

from __future__ import annotations

import tomllib
from pathlib import Path

from benchmark.plan.lessons import has_discriminator
from benchmark.plan.spec.names import ADDED
from benchmark.plan.specs import ALL, DetectorSpec, Spec
from benchmark.plugins import describe
from benchmark.plugins import resolve as plugins

FILE = Path(__file__).with_name("ladder.toml")


def rungs() -> list[DetectorSpec]:
    """Returns the rows of the ladder, the trivial ones first; built-in ones that its file does not name come last."""
    ladder = tomllib.loads(FILE.read_text(encoding="utf-8"))
    named = {row["kind"] for row in ladder["detector"]} | set(ladder["left_out"])
    others = [{"kind": kind} for kind in plugins.builtins("detectors") if kind not in named and not _is_sentinel(kind)]
    return [DetectorSpec.model_validate(row) for row in [*ladder["detector"], *others]]


def climbed(spec: Spec, base: Path | None = None) -> tuple[Spec, list[str]]:
    """Returns a spec with every rung that it does not have yet and that can run, and a sentence on each left out.

    Left out is what needs an extractor where no generator trains, a discriminator where there is none, larger images
    than the data set is known to have, and, where only controls are tested, what learns from all generators.

    Args:
        spec: The spec.
        base: The folder that relative plug-in paths start from. Defaults to the current one.
    """
    generators = [(row, describe.known("generators", row.kind, base)) for row in spec.generator]
    lacking = {}
    if not any(plugin.attribute("trains", True) for _, plugin in generators):
        lacking["extractor"] = "no generator trains, so no real images are set apart for a feature extractor"
    if not any(has_discriminator(plugin, row.options) for row, plugin in generators):
        lacking["discriminator"] = "no generator has a discriminator that takes images alone"
    if all(plugin.attribute("control") for _, plugin in generators):
        lacking[ALL] = "there are controls only"
    side, named = _side(spec, base), {row.id for row in spec.detector}
    added, notes = [], []
    for row in rungs():
        if row.id in named:
            continue
        plugin = plugins.resolve("detectors", row.kind)
        smallest = getattr(plugins.make(plugin, row.options, 0), "min_size", 1)
        reasons = [lacking[need] for need in (*plugin.attribute("needs", ()), row.train_on) if need in lacking]
        if side is not None and side < smallest:
            reasons.append(f"it needs images of at least {smallest} px, and these have {side}")
        if reasons:
            notes.append(f"--ladder leaves out '{row.id}': {reasons[0]}.")
        else:
            added.append(row.as_rung())
    return spec.model_copy(update={"detector": [*spec.detector, *added]}), notes


def _is_sentinel(kind: str) -> bool:
    return kind in ADDED["detector"]


def _side(spec: Spec, base: Path | None) -> int | None:
    """Returns the side of the images in pixels where the data set says it by an option or attribute `size`."""
    plugin = describe.known("datasets", spec.dataset.name, base)
    default = next((option.default for option in plugin.options if option.name == "size"), plugin.attribute("size"))
    size = (spec.dataset.model_extra or {}).get("size", default)
    return size if isinstance(size, int) else None
