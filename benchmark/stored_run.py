"""A finished run with the store that holds its parts: real images, trained generators, and banks of fakes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark import adapt, api, digest, plugins, runtime
from benchmark.checkpoints import Checkpoints
from benchmark.store import Store
from data.errors import UserError, unknown

if TYPE_CHECKING:
    from data.imageset import ImageSet
    from data.ledger import Ledger


@dataclass(frozen=True)
class Trained:
    """A generator as it was at one checkpoint.

    Attributes:
        generator: The loaded plug-in.
        id: Its name in the run.
        kind: Its plug-in.
        options: Its options.
        seed: Of its training.
        checkpoint: The checkpoint's name.
        key: The store's key of the training.
        weights: A digest of the checkpoint's files.
        code_changed: Whether the plug-in's code is not the one that was trained, so that it may sample otherwise.
    """

    generator: Any
    id: str
    kind: str
    options: dict[str, Any]
    seed: int
    checkpoint: str
    key: str
    weights: str
    code_changed: bool

    @property
    def about(self) -> dict[str, Any]:
        """What a manifest says of it, as JSON values."""
        return {
            "id": self.id, "kind": self.kind, "options": self.options, "training_seed": self.seed,
            "checkpoint": self.checkpoint, "store_key": self.key, "weights": self.weights,
        }  # fmt: skip


class StoredRun:
    """Opens a run folder and its store.

    Args:
        folder: The run folder.
        store: Its store. Defaults to `None`, `.store` beside the run folder.

    Raises:
        UserError: If the folder is none of a run, or of a version that wrote other things.
    """

    def __init__(self, folder: str | Path, store: str | Path | None = None) -> None:
        self.run = api.load(folder)
        self.folder = self.run.folder
        self.store = Store(Path(store) if store else self.folder.resolve().parent / ".store")
        try:
            self.manifest = self.run.manifest
            self.threads, self.smoke = int(self.manifest["threads"]), bool(self.manifest["smoke"])
            self._rows = {row["id"]: row for row in self.manifest["generators"]}
            self._stages = {(row["stage"], row["id"]): row for row in self.manifest["stages"]}
            self._raw = {row["id"]: row["kind"] for row in self.manifest["spec"]["generator"]}
            self.training_seeds = [int(seed) for seed in self.manifest["seeds"]["generator"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{self.folder / 'manifest.json'} is damaged, or of another version ({error!r}).") from None

    @property
    def generators(self) -> list[str]:
        """The ids of all generators, controls too."""
        return list(self._rows)

    def generator_row(self, name: str) -> dict[str, Any]:
        """Returns what the manifest says of a generator: id, kind, options, control.

        Raises:
            UserError: If there is none of this name, with the nearest one.
        """
        if name not in self._rows:
            raise unknown("generator", name, self._rows, f"in {self.folder}")
        return dict(self._rows[name])

    def training_seed(self, seed: int | None) -> int:
        """Returns a training's seed: the one given, or the run's first.

        Raises:
            UserError: If the run has no training of that seed.
        """
        if seed is None:
            return self.training_seeds[0]
        if seed not in self.training_seeds:
            known = ", ".join(map(str, self.training_seeds))
            raise UserError(f"{self.folder} holds trainings of seed {known}. Received: {seed}.")
        return seed

    @cached_property
    def prepared(self) -> Path:
        """The folder of the stage `prepare`."""
        return self._place("prepare", next((name for stage, name in self._stages if stage == "prepare"), "prepare"))

    @cached_property
    def images(self) -> ImageSet:
        """The real images, which stay on disk."""
        from data.imageset import ImageSet

        return ImageSet.load(self.prepared / "images")

    @cached_property
    def ledger(self) -> Ledger:
        """Which of them served which part."""
        from data.ledger import Ledger

        return Ledger.load(self.prepared, self.images)

    def training(self, name: str, seed: int) -> Path:
        """Returns the folder of a generator's training."""
        return self._place("train_generator", name, seed)

    def bank(self, name: str, seed: int) -> Path:
        """Returns the folder of a generator's bank."""
        return self._place("sample", name, seed)

    def bank_owner(self, folder: Path) -> tuple[str, int]:
        """Returns the generator and the training seed that a bank's folder in the store is of.

        Raises:
            UserError: If it is not one of this run's banks, in this run's store.
        """
        for (function, name), row in self._stages.items():
            if function == "sample" and self.store.path(function, row["key"]).resolve() == folder.resolve():
                generator, _, seed = name.removeprefix("sample ").rpartition(" seed ")
                return generator, int(seed)
        raise UserError(f"{folder} is not a bank of {self.folder} in the store {self.store.root}.")

    def bank_record(self, name: str, seed: int) -> dict[str, Any]:
        """Returns what `bank.json` says of it: checkpoint, seeds, counts, digests."""
        return read_json(self.bank(name, seed) / "bank.json", "Record")

    def trained(self, name: str, seed: int, checkpoint: str = "last") -> Trained:
        """Loads a generator as it was at a checkpoint.

        Raises:
            UserError: If there is no such generator, checkpoint, or the store no longer holds it, or it cannot be read.
        """
        row = self.generator_row(name)
        place = self.training(name, seed)
        checkpoints = Checkpoints(place)
        if checkpoint != "last" and checkpoint not in checkpoints.names:
            raise unknown("checkpoint", checkpoint, [*checkpoints.names, "last"], f"of generator '{name}'")
        folder = checkpoints.folder(checkpoint)
        plugin = self._plugin(row)
        empty = plugins.make(plugin, row["options"], seed, f"generator '{name}'")
        try:
            generator = adapt.load(empty, folder)
        except UserError:
            raise
        except Exception as error:  # a plug-in's own
            words = " ".join(str(error).split())
            raise UserError(
                f"Generator '{name}' cannot be loaded from {folder}: {type(error).__name__}: {words}."
            ) from error
        return Trained(
            generator, name, row["kind"], row["options"], seed, folder.name, place.name, digest.of_path(folder),
            plugin.digest != row["digest"],
        )  # fmt: skip

    @contextlib.contextmanager
    def computing(self) -> Iterator[None]:
        """Fixes the threads as they were in the run: others might give other bytes."""
        runtime.configure(self.threads)
        import scipy.linalg  # noqa: F401  its BLAS must be there before it can be limited
        from threadpoolctl import threadpool_limits

        with threadpool_limits(self.threads):
            yield

    def _place(self, function: str, name: str, seed: int | None = None) -> Path:
        """Returns where the store has a stage's files, if it has them."""
        twins = [name] if seed is None else self._twins(name, function)
        names = (name if seed is None else f"{function} {twin} seed {seed}" for twin in twins)
        found = next((self._stages[function, one] for one in names if (function, one) in self._stages), None)
        if found is None:
            own = name if seed is None else f"{function} {name} seed {seed}"
            raise UserError(f"{self.folder} has no stage '{own}': it was written by another version. Run it again.")
        if found["status"] not in ("done", "cached"):
            error = str(found["error"]).rstrip(".")
            raise UserError(f"'{found['id']}' did not finish in this run, so there is nothing to take: {error}.")
        if not self.store.has(function, found["key"]):
            raise UserError(
                f"The store {self.store.root} does not hold '{found['id']}' of {self.folder}: it was pruned, damaged "
                f"or is elsewhere. Give its place with --store, or compute it again: {self.manifest['command']}."
            )
        return self.store.path(function, found["key"])

    def _twins(self, name: str, function: str) -> Iterator[str]:
        """Yields a generator's name, then those of equal ones: stages that are equal are listed once, under the first.

        Of generators that differ in nothing but how they sample, the training is one stage.
        """
        row = self.generator_row(name)
        yield name
        alike = [it for it in self._rows.values() if all(it[key] == row[key] for key in ("kind", "digest"))]
        others = [it for it in alike if it["id"] != name]
        trains = function == "train_generator" and others
        unused = self._plugin(row).attribute("sampling_options", ()) if trains else ()
        options = _without(row["options"], unused)
        yield from (it["id"] for it in others if _without(it["options"], unused) == options)

    def _plugin(self, row: dict[str, Any]) -> plugins.Plugin:
        """Finds a generator's plug-in: one in a file is looked for from here, and where it was."""
        raw = self._raw.get(row["id"], row["kind"])
        file, _, name = raw.rpartition(":")
        if not file.endswith(".py"):
            return plugins.resolve("generators", raw)
        here, there = Path(file).expanduser(), Path(row["origin"].rpartition(":")[0])
        for path in (here, there):
            if path.is_file():
                return plugins.resolve("generators", f"{path.resolve()}:{name}")
        raise UserError(f"Generator '{row['id']}' needs the plug-in file {here}, which is neither here nor at {there}.")


def _without(options: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


def read_json(path: Path, what: str) -> dict[str, Any]:
    """Returns a JSON object from a file.

    Raises:
        UserError: If there is none.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{what} {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise UserError(f"{what} {path} is not JSON ({error}).") from None
    if not isinstance(value, dict):
        raise UserError(f"{what} {path} must hold an object. Received: {type(value).__name__}.")
    return value
