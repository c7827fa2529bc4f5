"""Images made once more from their record alone, and compared bit for bit."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.store.out_folder import new_folder
from benchmark.use.generate import generate
from benchmark.use.own_process import if_foreign
from benchmark.use.stored_run import StoredRun, open_run, read_json
from data.errors import UserError


@dataclass(frozen=True)
class Again:
    """What came of generating images again.

    Attributes:
        record: The new manifest.
        differ: The files whose bytes are not those of the manifest given.
        pixels: Whether the images themselves are the same; then only their encoding can differ.
    """

    record: dict[str, Any]
    differ: list[str]
    pixels: bool


def again(
    manifest: str | Path, *, out: str | Path, run: str | Path | None = None, store: str | Path | None = None
) -> Again:
    """Generates images again from their `manifest.json`, and compares them with what it says.

    Args:
        manifest: The file.
        out: Where the new images go, a new or empty folder.
        run: The run folder. Defaults to `None`, the one that the manifest names.
        store: The run's store. Defaults to `None`, `.store` beside the run folder.

    Raises:
        UserError: If the manifest is none, or the run is not the one that it names.
    """
    path = Path(manifest)
    old = read_json(path, "Manifest")
    try:
        about, sampling = old["generator"], old["sampling"]
        given = {
            "generator": about["id"], "training_seed": about["training_seed"], "checkpoint": about["checkpoint"],
            "n": sampling["n"], "seed": sampling["seed"], "labels": sampling["labels"],
            "interpolate": sampling["interpolate"], "size": old["size"]["asked"],
        }  # fmt: skip
        place = Path(run) if run else Path(old["run"]["folder"])
        hashes, key = {row["file"]: row["sha256"] for row in old["files"]}, about["store_key"]
    except (KeyError, TypeError) as error:
        raise UserError(f"{path} is no manifest of generated images: it lacks {error}.") from None
    opened = StoredRun(place, store)
    found = opened.training(given["generator"], given["training_seed"]).name
    if found != key:
        raise UserError(f"{place} holds another training than {path} was made with: {found[:12]}, not {key[:12]}.")
    record = generate(opened, out=out, **given)
    new = {row["file"]: row["sha256"] for row in record["files"]}
    differ = sorted(name for name in {*new, *hashes} if new.get(name) != hashes.get(name))
    return Again(record, differ, record["pixels"] == old.get("pixels"))


def bank_file_again(
    record: str | Path, *, run: str | Path | None, out: str | Path, store: str | Path | None = None
) -> dict[str, bool]:
    """Does what `bank_again` does for the bank that a `bank.json` stands in.

    Args:
        record: The file, in a store: `STORE/sample/KEY/bank.json`.
        run: The folder of a run that has the bank; the record does not name one.
        out: Where the new bank goes, a new or empty folder.
        store: The store. Defaults to `None`, the one that the file is in.

    Raises:
        UserError: If no run is given, or it has another bank.
    """
    folder = Path(record).resolve().parent
    if run is None:
        raise UserError(f"{record} is a bank's and names no run: give a RUN_FOLDER too.")
    opened = StoredRun(run, store or folder.parent.parent)
    generator, seed = opened.bank_owner(folder)
    return bank_again(opened, generator, training_seed=seed, out=out)


@if_foreign("generators", lambda opened, given: str(given["generator"]))
def bank_again(
    run: str | Path | StoredRun,
    generator: str,
    *,
    training_seed: int | None = None,
    out: str | Path | None = None,
    store: str | Path | None = None,
) -> dict[str, bool]:
    """Samples a bank of the store again from what its `bank.json` records, and compares the images.

    Args:
        run: The run folder, or the run opened.
        generator: The generator's id.
        training_seed: Which of its trainings. Defaults to `None`, the first.
        out: Where the new bank goes, a new or empty folder. Defaults to `None`, it is not kept.
        store: The run's store. Defaults to `None`, `.store` beside the run folder.

    Returns:
        Part -> whether the fakes that the store holds are, byte for byte, those that the checkpoint gives again.

    Raises:
        UserError: If the store no longer holds the bank, the generator or the real images.
    """
    from benchmark.stages import bank

    opened = open_run(run, store)
    seed = opened.training_seed(training_seed)
    folder = opened.bank(generator, seed)
    record = json.loads((folder / "bank.json").read_text())
    place = tempfile.TemporaryDirectory() if out is None else new_folder(Path(out))
    with opened.computing(), place as work:
        trained = opened.trained(generator, seed, record["checkpoint"])
        keywords = {"seed": record["seed"], "checkpoint": trained.checkpoint}
        bank.write(Path(work), trained.generator, opened.images, opened.ledger, **keywords)
        new = json.loads((Path(work) / "bank.json").read_text())
    kept = {part: hashlib.sha256(np.load(folder / f"{part}.npy").tobytes()).hexdigest() for part in record["counts"]}
    return {
        part: digest == new["digests"][part] == kept[part] and record["counts"] == new["counts"]
        for part, digest in record["digests"].items()
    }
