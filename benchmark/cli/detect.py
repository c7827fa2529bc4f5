"""The command that uses a trained detector: `detect`. Nothing heavy is imported until it is called."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from benchmark.cli import completion, detect_words, screen
from benchmark.cli.command import print_json
from benchmark.cli.images import JsonOption, RunArgument, StoreOption, TrustOption
from benchmark.store import private
from data.errors import UserError
from data.names import as_text
from data.reading.paths import place

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.use.detect import Detection

EVERY = 10.0  # seconds between lines about the progress


def detect(
    folder: RunArgument,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Images, folders, and patterns such as 'shots/**/*.png'.")
    ],
    detector: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Which detector; given several times, several, which then share the rate of false alarms; all: every "
            "one that is no sentinel. [default: the only one that is no sentinel]",
            autocompletion=completion.detectors,
        ),
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Trained on whose fakes; all: on those of all together. [default: all, or the only one that is no "
            "control]",
            autocompletion=completion.generators,
        ),
    ] = None,
    training_seed: Annotated[
        int | None, typer.Option(metavar="N", help="Of the generator's training. [default: the first]")
    ] = None,
    detector_seed: Annotated[
        int | None, typer.Option(metavar="N", help="Of the detector's training. [default: the first]")
    ] = None,
    reals: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Set the limit of 'like the fakes' on these real images of your own, instead of on the run's "
            "validation images. Near copies count once, and copies of what is scored are left out.",
        ),
    ] = None,
    fpr: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            help="The share of images like those of --reals that may be called like the fakes. It takes 1 / RATE - 1 "
            "different images at least. [default: 0.05, with --reals]",
        ),
    ] = None,
    fit: Annotated[
        Literal["source", "resize", "crop", "exact"],
        typer.Option(
            help="Images of the trained size are taken as they are. Of others, resize reduces the middle square once "
            "(Lanczos), crop cuts out the middle without resampling, exact leaves them out, and source does what the "
            "run's data set did with its files: crop for a folder with mixed=center-crop, else resize. So a photograph "
            "is seen as the real images were; but reducing destroys the high frequencies that give a generator away, "
            "so judge a generator's images at the size at which it made them. Nothing is enlarged."
        ),
    ] = "source",
    pool: Annotated[
        bool,
        typer.Option(
            "--pool",
            help="Score each folder given, each of its sub-folders, and each animation as one source, by the mean "
            "score of its images.",
        ),
    ] = False,
    explain: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write heat maps there, a new or empty folder.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table there instead.")] = None,
    store: StoreOption = None,
    trust_store: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Score images with trained detectors of a run: PNG, JPEG, WebP, BMP or TIFF.

    A verdict is "like the fakes of" a generator, "not like them", or "undecided": where reals and fakes of the run
    score so, where neither does, and where an image is unlike what the detector was trained on, which is marked.
    Files that cannot be read are listed, the others are scored, and the exit code is 1. Colour becomes grey for a
    detector of grey images, and grey becomes colour for one of colour; transparent pixels are laid on white, an
    orientation mark is obeyed, 16 bits become 8. What a file says of how it was made (IPTC, C2PA, programs' texts) is
    said, not verified, and decides nothing.
    """
    private.trust(trust_store)
    if csv is not None and as_json:
        raise UserError("Give --json or --csv, not both.")
    if csv is not None and not csv.parent.is_dir():
        raise UserError(f"There is no folder {csv.parent} for {csv.name}.")
    from benchmark.use.detect import detect as score

    places = [place(path, "path of an image") for path in paths]
    found = score(
        folder, places, detector=detector or None, generator=generator, training_seed=training_seed,
        detector_seed=detector_seed, reals=reals, fpr=fpr, fit=fit, pool=pool,
        explain=explain, store=store, progress=_progress(),
    )  # fmt: skip
    if as_json:
        print_json(_as_json(found))
    else:
        for line in detect_words.header(found.about):
            screen.say(line)
        if csv is not None:
            _write(found.table, csv)
        else:
            screen.say("")
            show(found)
    _tell(found, explain, csv)
    if len(found.unreadable):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(detect)


def show(found: Detection) -> None:
    """Prints the table of what was scored, for people."""
    table = found.table
    good = table[table["error"] == ""]
    pooled, several = "frames" in table, len(found.about["detectors"]) > 1
    names = [one["id"] for one in found.about["detectors"]]
    numbers = ["score", "spread"] if pooled else ["score"]
    shown = [f"score: {name}" for name in names] if several else numbers
    columns = [screen.Column("source" if pooled else "path"), *([_right("frames")] if pooled else [])]
    columns += [_right(name) for name in shown] + ([] if several else [_right("p(fake)")])
    columns += [screen.Column("verdict"), screen.Column("why, warnings, marks")]
    rows = []
    for row in good.to_dict("records"):
        cells = [row["source"], str(row["frames"])] if pooled else [row["path"]]
        cells += [_number(row[name], ".4g") for name in shown]
        cells += [] if several else [_number(row["probability"], ".3f")]
        by = f" (by {row['called_by']})" if several and row["called_by"] else ""
        why = "" if row["why"] in row["warning"] else row["why"]  # the same words, with a number behind
        more = "; ".join(part for part in (why, row["warning"], row.get("note", ""), row["marks"]) if part)
        rows.append((*cells, row["verdict"] + by, more))
    screen.table(rows, *columns)


def _right(title: str) -> screen.Column:
    return screen.Column(title, right=True, whole=True)


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)


def _progress() -> Any:
    told = 0.0

    def tell(done: int, seconds: float) -> None:
        nonlocal told
        if seconds - told > EVERY:
            told = seconds
            screen.say(f"    {done:,} images, {done / max(seconds, 1e-9):,.0f} images/s", err=True)

    return tell


def _write(table: pd.DataFrame, path: Path) -> None:
    from benchmark.store.out_folder import new_file

    first = "source" if "frames" in table else "path"
    with new_file(path) as half:
        table.assign(**{first: table[first].map(as_text)}).to_csv(half, index=False)


def _as_json(found: Detection) -> dict[str, Any]:
    rows = [
        {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in found.table.to_dict("records")
    ]
    bad = found.unreadable[["path", "error"]].to_dict("records")
    rate = {"seconds": round(found.seconds, 3), "images_per_second": round(_rate(found), 1)}
    name = "images" if found.sources is None else "sources"
    return {**found.about, name: [row for row in rows if not row["error"]], "unreadable": bad, **rate}


def _rate(found: Detection) -> float:
    return (len(found.images) - len(found.unreadable)) / max(found.seconds, 1e-9)


def _tell(found: Detection, explain: Path | None, csv: Path | None) -> None:
    """Says on standard error what is no result: bad files, warnings in sum, and the rate."""
    bad, good = found.unreadable, found.images[found.images["error"] == ""]
    for row in bad.to_dict("records"):
        screen.say(f"not scored: {row['path']}: {row['error']}", err=True)
    if bad["error"].str.contains("is animated").any():
        screen.say("Animations are scored with --pool.", err=True)
    if reduced := int(good["warning"].str.contains("reduced:").sum()):
        screen.say(
            f"{reduced:,} of {_count(len(good), 'image')} reduced, which destroys high-frequency evidence; --fit crop "
            "and --fit exact do not.",
            err=True,
        )
    if unlike := int((good["unlike"] > 1).sum()):
        screen.say(f"{unlike:,} of {_count(len(good), 'image')} unlike the training images.", err=True)
    if marked := int((found.images["marks"] != "").sum()):
        screen.say(f"{marked:,} of {_count(len(found.images), 'file')} with marks. {detect_words.MARKS}", err=True)
    for sentence in (found.about["reals"] or {}).get("said", []):
        screen.say(sentence, err=True)
    for sentence in found.about["left_out_said"]:
        screen.say(sentence, err=True)
    if explain is not None:
        screen.say(f"Heat maps: {explain}", err=True)
    if csv is not None:
        screen.say(f"Table: {csv}", err=True)
    rate = f"{_rate(found):,.0f} images/s"
    screen.say(f"{_count(len(good), 'image')} in {found.seconds:.1f} s, {rate}; {len(bad):,} not scored.", err=True)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
