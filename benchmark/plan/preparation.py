"""The stages that everything else reads: the real images with their split, and the feature extractor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.machine import runtime
from benchmark.plan.specs import Spec
from benchmark.plan.stage import Row, Stage, portable
from benchmark.plugins import describe
from benchmark.plugins import resolve as plugins
from benchmark.processes import apart
from benchmark.store import digest
from data.apportion import part_sizes
from data.errors import UserError

SMOKE_IMAGES = 400  # of each official part: enough for all parts of a smoke run
SMOKE_PARTS = {"generator-train": 80, "detector-train": 24, "detector-validation": 24, "test": 32}
SMOKE_STRANGERS = 128  # images for a generator that says nothing of its batches
NO_TRAINING_PARTS = {"generator-train": 0.0, "detector-train": 0.5, "detector-validation": 0.2, "test": 0.3}
LEARNED = ("detector-train", "detector-validation")  # the parts whose labels a detector gets
BATCH = 32  # of built-in generators that are not told another
_counts: dict[str, dict[str, int]] = {}  # images by official part, of data sets that were counted


def prepare(spec: Spec, folders: list[Path], base: Path | None, smoke: bool, generators: Sequence[Row]) -> list[Stage]:
    """Returns the stages that read the real images and deal them to the parts, one for each ledger seed.

    Args:
        spec: The spec.
        folders: Where data files are looked for, in this order.
        base: The folder that relative plug-in paths start from; `None` for the current one.
        smoke: Whether every part is shrunk.
        generators: Where one learns from images, some are set apart for it.

    Raises:
        UserError: For an unknown plug-in or option, or missing or damaged data files.
    """
    kind, owner = spec.dataset.name, f"dataset '{spec.dataset.name}'"
    (about,) = describe.described([describe.Wanted("datasets", kind, spec.dataset.model_extra or {}, base, owner)])
    if about.broken is not None:
        raise UserError(f"{owner} cannot be used: {about.broken}")
    plugin = about.plugin
    options = _few(about, spec) if smoke else about.options
    asked = (plugin.kind, options, folders, base, kind)
    if about.foreign:
        with plugins.blamed(f"{owner} cannot be used"):
            fingerprint = apart.call("benchmark.plan.preparation:fingerprint_of_data", *asked)
    else:
        fingerprint = fingerprint_of_data(*asked)
    params = {
        "plugin": plugin.name, "code": plugin.digest, "fingerprint": fingerprint,
        "options": portable(options, fingerprint),
        "parts": spec.protocol.parts, "trains": any(row.trains for row in generators),
        "smoke": smoke and smoke_parts(generators),
        "ledger_code": digest.of_code(digest.HOUSE / "data" / "ledger.py"),
        "environment": {name: runtime.version(name) for name in ("numpy", "pillow")},
    }  # fmt: skip
    where = {
        "kind": plugin.kind, "folders": [str(folder) for folder in folders], "options": options,
        "foreign": about.foreign,
    }  # fmt: skip
    name = f"prepare {spec.dataset.name}"
    return [Stage(name, "prepare", params | {"ledger_seed": seed}, {}, where) for seed in spec.protocol.ledgers]


def smoke_parts(generators: Sequence[Row]) -> dict[str, int]:
    """Returns how many images each part of a smoke run has: a generator learns two batches and a few images, or one of
    its batches where these are large."""
    steps = [
        int(row.options.get("batch_size") or BATCH) * int(row.options.get("discriminator_steps") or 1)
        for row in generators
        if row.trains and row.about.broken is None
    ]
    foreign = any(row.about.foreign for row in generators)
    least = SMOKE_STRANGERS if foreign else SMOKE_PARTS["generator-train"]
    return SMOKE_PARTS | {"generator-train": max(least, *steps, 0)}


def _few(about: describe.Description, spec: Spec) -> dict[str, Any]:
    """Returns the options with which a source reads as many images as a smoke run needs, if its first stand for all.

    Where parts are counted, all are read: whether there are as many is found out.
    """
    counted = any(isinstance(size, int) and size for size in (spec.protocol.parts or {}).values())
    if counted or not about.plugin.attribute("unordered", False):
        return about.options
    return about.options | {"limit": min(about.options.get("limit") or SMOKE_IMAGES, SMOKE_IMAGES)}


def extractor(spec: Spec, prepared: Stage, environment: dict[str, str], smoke: bool) -> Stage:
    """Returns the stage that trains the feature extractor, for quality and for the detectors that need it."""
    params = {
        "n": spec.quality.n, "smoke": smoke, "code": prepared.params["code"], "environment": environment,
    }  # fmt: skip
    return Stage("train_extractor", "train_extractor", params, {"prepared": prepared}, prepared.where)


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


def learnable(prepared: Stage) -> int:
    """Returns how many real images detectors may learn from, validation included, before any are dealt.

    Where the spec counts these parts, that is their number. Else the images are counted, which reads them; copies in
    different official parts, which are dropped, may leave a few less.

    Args:
        prepared: The stage that reads the real images and deals them.

    Raises:
        UserError: If the parts cannot be had, or the images not be read.
    """
    params = prepared.params
    parts = params["parts"] or (None if params["trains"] else NO_TRAINING_PARTS)
    sizes: list[Any] = [(parts or {}).get(part) for part in LEARNED]
    if not all(isinstance(size, int) for size in sizes):
        dealt = part_sizes(_available(prepared), parts)
        sizes = [dealt[part][1] for part in LEARNED]
    if params["smoke"]:
        sizes = [min(size, params["smoke"][part]) for size, part in zip(sizes, LEARNED, strict=True)]
    return sum(sizes)


def _available(prepared: Stage) -> dict[str, int]:
    """Returns how many images each official part has; one set is read once."""
    params, where = prepared.params, prepared.where
    key = digest.of_value([params["code"], params["fingerprint"], params["options"]])
    if key not in _counts:
        asked = (where["kind"], where["options"], where["folders"])
        with plugins.blamed(f"dataset '{where['kind']}' cannot be used"):
            of = "benchmark.plan.preparation:count"
            _counts[key] = apart.call(of, *asked) if where["foreign"] else count(*asked)
    return _counts[key]


def count(kind: str, options: dict[str, Any], folders: list[str]) -> dict[str, int]:
    """Reads a data set and returns how many images each official part has; all are "train" where it has none."""
    images = plugins.make(plugins.resolve("datasets", kind), options, None).load([Path(folder) for folder in folders])
    return dict(Counter(["train"] * images.n if images.official is None else images.official.tolist()))
