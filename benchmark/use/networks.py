"""The networks of a run's trained generator as plain Keras files, which load without this project."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from benchmark.machine import runtime
from benchmark.store.out_folder import new_folder
from benchmark.use.generate import RECORD, chosen
from benchmark.use.own_process import if_foreign
from benchmark.use.stored_run import StoredRun, open_run
from data.errors import UserError

FORMAT = 1


@if_foreign("generators", lambda opened, given: chosen(opened, given.get("generator")))
def networks(
    run: str | Path | StoredRun,
    *,
    out: str | Path,
    generator: str | None = None,
    training_seed: int | None = None,
    checkpoint: str = "last",
    store: str | Path | None = None,
) -> dict[str, Any]:
    """Writes `generator.keras` and `discriminator.keras` of a checkpoint, or `velocity.keras` of a flow, with
    `manifest.json`.

    They are made of Keras' own layers: `keras.saving.load_model("discriminator.keras")` reads them where there is no
    fauxbench, in Keras' safe mode. The generator is what samples, so with a moving average it is the average; the
    discriminator's spectral normalisation is folded into its kernels.

    Args:
        run: The run folder, or the run opened.
        out: Where they go, a new or empty folder.
        generator: The generator's id. Defaults to `None`, the only one that is no control.
        training_seed: Which of its trainings. Defaults to `None`, the first.
        checkpoint: The checkpoint's name, such as `"epoch-0040"`. Defaults to `"last"`.
        store: The run's store. Defaults to `None`, `.store` beside the run folder.

    Returns:
        What `manifest.json` says: the generator, and for each file its sha256, what it takes and what it gives.

    Raises:
        UserError: If the generator has no such networks, or the store no longer holds it.
    """
    opened = open_run(run, store)
    name, seed = chosen(opened, generator), opened.training_seed(training_seed)
    with new_folder(Path(out)) as folder, opened.computing():
        trained = opened.trained(name, seed, checkpoint)
        if not callable(getattr(trained.generator, "plain_networks", None)):
            raise UserError(
                f"Generator '{name}' ({trained.kind}) has no networks of Keras' own layers. Expected one of kind dcgan "
                "or flow."
            )
        try:
            made = trained.generator.plain_networks()
        except RuntimeError as error:
            raise UserError(f"The networks of '{name}' cannot be written: {str(error).rstrip('.')}.") from error
        files = []
        for kind, (network, about) in made.items():
            path = folder / f"{kind}.keras"
            network.save(path)
            files.append({"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "about": about})
        versions = {name: runtime.version(name) for name in ("fauxbench", "keras", "tensorflow")}
        record = {
            "format": FORMAT, "what": "networks trained by fauxbench, as plain Keras files",
            "run": {"name": opened.manifest["name"], "smoke": opened.smoke},
            "generator": trained.about,
            "versions": versions | {"backend": runtime.backend()}, "files": files,
        }  # fmt: skip
        (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return record
