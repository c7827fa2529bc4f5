"""Warm starts, and flows that learn from flows: where an earlier run's networks lie, and what they have seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmark.plan.stored_stages import StoredStages
from benchmark.store import digest
from benchmark.store.checkpoints import Checkpoints
from data.errors import UserError
from data.reading import paths

OPTIONS = ("warm_start", "reflow")  # that name an earlier run; what it has seen, who follows it has seen
SEEN = "seen.json"  # in the folder of a training that was warm-started: what it saw by way of others


@dataclass(frozen=True)
class Warm:
    """An earlier run's networks.

    Attributes:
        folder: Of the checkpoint.
        digest: Of its files.
        seen: Folders of the stages `prepare` whose `generator-train` images it has seen, its own first.
    """

    folder: Path
    digest: str
    seen: list[str]

    def fingerprint(self, option: str) -> str:
        """Returns what stands in the keys for the option that names them: a reflow is another training."""
        return self.digest if option == "warm_start" else f"{option} {self.digest}"


def locate(place: str, base: Path | None = None, option: str = "warm_start") -> Warm:
    """Finds what the option `warm_start`, or `reflow`, names: `"RUN_FOLDER"` or `"RUN_FOLDER:GENERATOR"`.

    The run's only generator that is no control is meant when none is named; of several training runs the first, and of
    its checkpoints the last.

    Raises:
        UserError: If there is no such run or generator, or its store no longer holds it.
    """
    folder, name = _split(place, base, option)
    run = StoredStages(folder)
    if name is None:
        own = [row for row in run.generators if not run.generator_row(row).get("control")]
        if len(own) != 1:
            raise UserError(f'{folder} holds several generators: {option} = "{place}:GENERATOR", one of {own}.')
        (name,) = own
    trained = run.training(name, run.training_seed(None))
    checkpoint = Checkpoints(trained).folder()
    before = json.loads((trained / SEEN).read_text()) if (trained / SEEN).exists() else []
    return Warm(checkpoint, digest.of_path(checkpoint), [str(run.prepared), *before])


def _split(place: str, base: Path | None, option: str) -> tuple[Path, str | None]:
    whole = paths.place(place, f"run folder of {option}", base).resolve()
    if whole.is_dir():
        return whole, None
    folder, colon, name = place.rpartition(":")
    if not colon:
        raise UserError(f"{option}: there is no run folder {whole}.")
    return paths.place(folder, f"run folder of {option}", base).resolve(), name
