"""The commands that look at what there is: `describe`, `data` and `doctor`."""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer

from benchmark.cli import completion, screen
from benchmark.cli.command import print_json
from benchmark.cli.images import JsonOption
from benchmark.cli.running.options import DataOption
from data.errors import unknown


def describe(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ARCHITECTURE",
            help="Such as mnist-1d, baseline, tuned or flow.",
            autocompletion=completion.architectures,
        ),
    ],
    size: Annotated[
        int | None, typer.Option(min=1, max=4096, help="Image height and width. [default: the architecture's own]")
    ] = None,
    channels: Annotated[int | None, typer.Option(min=1, help="1 or 3. [default: the architecture's own]")] = None,
) -> None:
    """Print the Keras summaries of a named architecture of dcgan (generator, discriminator, and both combined), or of
    the networks of flow or autoencoder."""
    from benchmark.machine import runtime
    from generation import BUILTINS
    from generation.dcgan import studies

    runtime.configure()
    if name not in (*studies.STUDIES, *completion.DESCRIBED):
        raise unknown("architecture", name, [*studies.STUDIES, *completion.DESCRIBED])
    if name in completion.DESCRIBED:
        module, _, kind = BUILTINS[name].partition(":")
        generator, least = getattr(importlib.import_module(module), kind)(), size or completion.DESCRIBED[name]
        wanted = (least, least, 3 if channels is None else channels)
        generator.check_shape(wanted)  # refuses a size before Keras is imported
        typer.echo(generator.describe(wanted))
        return
    own = studies.STUDIES[name].image_shape
    side = own[:2] if size is None else (size, size)
    shape = (*side, own[2] if channels is None else channels)
    studies.doublings(name, studies.STUDIES[name], shape)  # refuses a size before Keras is imported
    from generation.dcgan.generator import DCGAN

    options: dict[str, Any] = {"architecture": name}
    typer.echo(DCGAN(**options).describe(shape))


def show_data(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATASET]", help="Fetch and check one. [default: list all]", autocompletion=completion.datasets
        ),
    ] = None,
    data: DataOption = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="An option of the data set. May be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show which data sets there are, or read one (downloading what can be) and deal it into its parts."""
    from benchmark.cli import catalogue

    if name is None:
        found = catalogue.datasets(data)
        print_json(found) if as_json else catalogue.show_datasets(found)
        return
    facts = catalogue.read_dataset(name, data, changes or ())
    print_json(facts) if as_json else screen.table(facts.items(), screen.Column(whole=True), screen.Column())


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check this machine: versions, backend, threads, disk, data, and the packages' own names."""
    from benchmark.cli import doctor as checks

    found = checks.examine(data)
    if as_json:
        print_json(found)
    else:
        rows = [(row["verdict"], row["name"], row["value"]) for row in found]
        screen.table(rows, screen.Column(whole=True, verdict=True), screen.Column(), screen.Column())
    if any(row["verdict"] == "wrong" for row in found):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command()(describe)
    app.command(name="data")(show_data)
    app.command()(doctor)
