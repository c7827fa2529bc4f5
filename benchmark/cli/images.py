"""The commands that write what a run made: `generate`, `export`, `networks`. Nothing heavy is imported until one is
called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.cli import completion, screen
from benchmark.cli.command import print_json
from benchmark.store import private
from data.errors import UserError

RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN_FOLDER", help="A finished run.", autocompletion=completion.run_folders)
]
OutOption = Annotated[Path, typer.Option(metavar="DIR", help="Where the images go: a new or empty folder.")]
StoreOption = Annotated[
    Path | None, typer.Option("--store", metavar="DIR", help="The run's store. [default: .store beside the run folder]")
]
GeneratorOption = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="Which generator. [default: the only one that is no control]",
        autocompletion=completion.generators,
    ),
]
SeedOption = Annotated[int | None, typer.Option(metavar="N", help="Which of its trainings. [default: the first]")]
CheckpointOption = Annotated[str, typer.Option(metavar="NAME", help="Such as epoch-0040, or last.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust-store",
        help="Read pickles and run plug-in files that another user may have written, see docs/security.md.",
    ),
]


def generate(
    out: OutOption,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN_FOLDER]", help="A finished run; --again knows its own.", autocompletion=completion.run_folders
        ),
    ] = None,
    generator: GeneratorOption = None,
    training_seed: SeedOption = None,
    checkpoint: CheckpointOption = "last",
    n: Annotated[int | None, typer.Option("--n", metavar="N", help="How many images. [default: 64]")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the sampling.")] = 0,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="For a conditional generator: classes, or attributes joined by +, taken in turn."
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option(metavar="PX", help="Shorter side of the files. [default: as generated]")
    ] = None,
    interpolate: Annotated[
        int | None, typer.Option(metavar="K", help="Draw a closed way through K random images, also as WebP.")
    ] = None,
    frames: Annotated[
        int | None, typer.Option(metavar="N", help="Frames of the way, a multiple of K. [default: 8 for each]")
    ] = None,
    again: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="Make the images of a manifest, or of a store's bank.json, again, and compare."
        ),
    ] = None,
    store: StoreOption = None,
    trust_store: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write new images of a run's generator, marked as synthetic; the same command gives the same bytes."""
    private.trust(trust_store)
    if again is not None:
        given = [generator, training_seed, n, labels, size, interpolate, frames]
        if any(value is not None for value in given) or checkpoint != "last" or seed:
            raise UserError("--again takes everything but the folders from the manifest: give no other options.")
        _again(again, out, folder, store, as_json)
        return
    if folder is None:
        raise UserError("A RUN_FOLDER is needed, or --again MANIFEST.json.")
    if interpolate is None and frames is not None:
        raise UserError("--frames goes with --interpolate; --n is the number of images.")
    if interpolate is not None and n is not None:
        raise UserError("An interpolation has --frames, not --n.")
    from benchmark.use.generate import generate as write

    n = n if n is not None else 64
    if interpolate is not None:
        n = frames if frames is not None else 8 * interpolate
    record = write(
        folder, out=out, generator=generator, training_seed=training_seed, checkpoint=checkpoint, n=n, seed=seed,
        labels=labels, size=size, interpolate=interpolate, store=store,
    )  # fmt: skip
    _tell_written(record, out, as_json)


def export(
    folder: RunArgument,
    out: OutOption,
    generator: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Whose fakes; may be repeated. [default: all but controls]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Export although the audit has an alarm.")] = False,
    store: StoreOption = None,
    trust_store: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a run's real and fake images as folders of PNG files, for other tools."""
    private.trust(trust_store)
    from benchmark.use.export import export as write

    counts = write(folder, out=out, generators=generator, force=force, store=store)
    if as_json:
        print_json({"folder": str(out), "counts": counts})
        return
    rows = [(part, ", ".join(f"{count:,} {name}" for name, count in row.items())) for part, row in counts.items()]
    screen.table(rows, screen.Column(whole=True), screen.Column())
    screen.say(f"Card: {out / 'README.md'}")


def networks(
    folder: RunArgument,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the networks go: a new or empty folder.")],
    generator: GeneratorOption = None,
    training_seed: SeedOption = None,
    checkpoint: CheckpointOption = "last",
    store: StoreOption = None,
    trust_store: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a DCGAN's generator and discriminator as Keras files that load without fauxbench."""
    private.trust(trust_store)
    from benchmark.use.networks import networks as write

    record = write(
        folder, out=out, generator=generator, training_seed=training_seed, checkpoint=checkpoint, store=store
    )
    if as_json:
        print_json(record)
        return
    for row in record["files"]:
        screen.say(f"{out / row['file']}: {row['about']}")


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command()(generate)
    app.command()(export)
    app.command()(networks)


def _again(manifest: Path, out: Path, folder: Path | None, store: Path | None, as_json: bool) -> None:
    from benchmark.use.regenerate import again, bank_file_again
    from benchmark.use.stored_run import read_json

    if "digests" in read_json(manifest, "Manifest"):
        _tell_bank(bank_file_again(manifest, run=folder, out=out, store=store), out, as_json)
        return
    found = again(manifest, out=out, run=folder, store=store)
    total = len(found.record["files"])
    if as_json:
        print_json({"files": total, "differ": found.differ, "same_pixels": found.pixels})
    elif not found.differ:
        screen.say(f"{total} of {total} files are the same, byte for byte: {out}")
    else:
        why = "the pixels are the same: another Pillow or zlib wrote them" if found.pixels else "the pixels differ"
        screen.say(f"{len(found.differ)} of {total} files differ from {manifest}; {why}. First: {found.differ[0]}")
    if found.differ:
        raise typer.Exit(1)


def _tell_bank(same: dict[str, bool], out: Path, as_json: bool) -> None:
    differ = [part for part, equal in same.items() if not equal]
    if as_json:
        print_json({"parts": len(same), "differ": differ})
    elif not differ:
        screen.say(f"{len(same)} of {len(same)} parts of the bank are the same, byte for byte: {out}")
    else:
        screen.say(f"{len(differ)} of {len(same)} parts of the bank differ: {', '.join(differ)}")
    if differ:
        raise typer.Exit(1)


def _tell_written(record: dict[str, Any], out: Path, as_json: bool) -> None:
    if record["generator"]["code_changed"]:
        screen.say("The generator's code has changed since it was trained; it may draw other images now.", err=True)
    if as_json:
        print_json(record)
        return
    about, n = record["generator"], len(record["files"])
    screen.say(f"{n} files of {about['id']} (training seed {about['training_seed']}, {about['checkpoint']}): {out}")
