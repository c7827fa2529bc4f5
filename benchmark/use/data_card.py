"""The card of an export: what the images are, how many, how they were made, and what may be done with them."""

from __future__ import annotations

import json

from benchmark.machine import runtime
from benchmark.results.cards.markdown import table, terms
from benchmark.use.stored_run import StoredRun

TEMPLATE = """# {title}

Real images and generated ones, for training and testing detectors, exported from a run of fauxbench.
{warnings}
## Counts

{counts}

Each of `train/`, `validation/` and `test/` holds `real/`, `fake/` and `metadata.csv`: one row per image with its file,
label, generator, training seed, checkpoint, part, id, group (images of one group show the same person or come from one
source), class and the SHA-256 of the file. `images.csv` has the rows of all three, and `croissant.json` describes
them to loaders of data sets (MLCommons Croissant 1.0).

## How they were made

The real images are `{dataset}` (digest `{digest}`), {size}, {levels} grey levels.

{notes}
The fakes are of:

{generators}

No real image of these folders was seen by a generator that the run trained, and no {apart} is in two parts.
Real and fake images have had the same last steps (size, channels, 8 bits, grey levels of the reals) and were
written by the same PNG encoder with the same settings. The files hold no metadata, so that none can give the answer
away: that an image is synthetic stands in the name of its folder and in `metadata.csv` only. Keep both with the images.

## Audit

{audit}

## Terms

{terms} The fakes are synthetic images, learned from the real ones where their generator trains: the same terms may hold
for them. Do not present them as real.

## Provenance

Made with {versions}; run `{run}`, store keys: {keys}.
"""


def text(opened: StoredRun, counts: dict[str, dict[str, int]], banks: list[tuple[str, int]], alarms: list[str]) -> str:
    """Returns the card as Markdown.

    Args:
        opened: The run.
        counts: Part -> "real" or generator -> number of images.
        banks: Whose fakes: generator and training seed.
        alarms: Of the audit, that were passed over.
    """
    images, manifest = opened.images, opened.manifest
    height, width, channels = images.shape
    return TEMPLATE.format(
        title=f"{manifest['name']}: real and generated images",
        warnings=_warnings(opened, alarms),
        counts=table(["part", *next(iter(counts.values()))], [[part, *row.values()] for part, row in counts.items()]),
        dataset=images.name, digest=images.digest[:16], size=f"{width} x {height} px, {_channels(channels)}",
        levels=len(images.value_grid),
        notes="".join(f"- {note}\n" for note in images.notes),
        generators="\n".join(_generator(opened, name, seed) for name, seed in banks),
        audit=_audit(opened),
        apart="image or copy of one" if images.groups is None else "image, copy or identity",
        terms=terms(manifest["spec"]["dataset"]["name"]),
        versions=", ".join(f"{name} {runtime.version(name)}" for name in ("fauxbench", "numpy", "pillow")),
        run=manifest["name"],
        keys=", ".join(f"`{opened.training(name, seed).name[:16]}` ({name}, seed {seed})" for name, seed in banks),
    )  # fmt: skip


def _channels(channels: int) -> str:
    return "grey" if channels == 1 else "colour"


def _warnings(opened: StoredRun, alarms: list[str]) -> str:
    lines = []
    if opened.smoke:
        lines.append("**From a smoke run: everything was shrunk to seconds, so these images show nothing.**")
    if alarms:
        lines.append(
            f"**Exported with --force although the audit has an alarm: {', '.join(alarms)}. A detector may learn that "
            "and not the pictures.**"
        )
    return "".join(f"\n{line}\n" for line in lines)


def _generator(opened: StoredRun, name: str, seed: int) -> str:
    row, bank = opened.generator_row(name), opened.bank_record(name, seed)
    options = json.dumps({key: value for key, value in row["options"].items() if key != "path"})
    moved = max(bank["snapped"].values())
    return (
        f"- `{name}`: {row['kind']}, options `{options}`, training seed {seed}, checkpoint `{bank['checkpoint']}`; "
        f"{moved:.1%} of its values were moved to the reals' grey levels."
    )


def _audit(opened: StoredRun) -> str:
    rows = opened.audit[["name", "verdict", "advice"]].fillna("").to_numpy().tolist()
    return table(["check", "verdict", "what to do"], rows)
