"""What a finished run says of its generators and detectors, and where its store has the files of each stage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.plugins import describe, nested
from benchmark.plugins import resolve as plugins
from benchmark.store import received
from benchmark.store.store import Store
from data.errors import UserError, unknown
from data.reading import paths
from data.run_folder import checked

MOST_THREADS = 64  # as a spec takes them


class StoredStages:
    """Opens a run folder and its store.

    Args:
        folder: The run folder.
        store: Its store. Defaults to `None`, `.store` beside the run folder.

    Raises:
        UserError: If the folder is none of a run, or of a version that wrote other things.
    """

    def __init__(self, folder: str | Path, store: str | Path | None = None) -> None:
        self.folder = paths.place(folder, "run folder")
        whole = checked(self.folder)
        self.store = Store(Path(store) if store else self.folder.resolve().parent / ".store")
        try:
            self.manifest = received.values(whole)
            self.threads, self.smoke = int(self.manifest["threads"]), bool(self.manifest["smoke"])
            if not 1 <= self.threads <= MOST_THREADS:
                raise ValueError(f"threads={self.threads}")
            self._rows = {row["id"]: row for row in self.manifest["generators"]}
            self._stages = {(row["stage"], row["id"]): row for row in self.manifest["stages"]}
            self._detectors = {row["id"]: row for row in self.manifest["detectors"]}
            self._prepare = f"prepare {self.manifest['spec']['dataset']['name']}"
            self._raw = {
                group: {row["id"]: row["kind"] for row in self.manifest["spec"][noun]}
                for group, noun in plugins.NOUNS.items()
                if group != "datasets"
            }
            self.training_seeds = [int(seed) for seed in self.manifest["seeds"]["generator"]]
            self.detector_seeds = [int(seed) for seed in self.manifest["seeds"]["detector"]]
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

    @property
    def detectors(self) -> list[str]:
        """The ids of all detectors, sentinels too."""
        return list(self._detectors)

    def detector_row(self, name: str) -> dict[str, Any]:
        """Returns what the manifest says of a detector: id, kind, options, sentinel.

        Raises:
            UserError: If there is none of this name, with the nearest one.
        """
        if name not in self._detectors:
            raise unknown("detector", name, self._detectors, f"in {self.folder}")
        return dict(self._detectors[name])

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

    def detector_seed(self, seed: int | None) -> int:
        """Returns the seed of a detector's trainings: the one given, or the run's first.

        Raises:
            UserError: If the run has no training of that seed.
        """
        if seed is None:
            return self.detector_seeds[0]
        if seed not in self.detector_seeds:
            known = ", ".join(map(str, self.detector_seeds))
            raise UserError(f"{self.folder} holds detectors of seed {known}. Received: {seed}.")
        return seed

    def stage_names(self, function: str) -> list[str]:
        """Returns the names of the run's stages of one kind, such as `"sample"`; equal stages are listed once."""
        return [name for stage, name in self._stages if stage == function]

    def place(self, function: str, names: Iterable[str]) -> Path:
        """Returns where the store has a stage's files; the first of its names that is in the run.

        Raises:
            UserError: If none is in the run, it did not finish, or the store does not hold it.
        """
        names = list(names)
        found = next((self._stages[function, one] for one in names if (function, one) in self._stages), None)
        if found is None:
            raise UserError(
                f"{self.folder} has no stage '{names[0]}': it was written by another version. Run it again."
            )
        if found["status"] not in ("done", "cached"):
            error = str(found["error"]).rstrip(".")
            raise UserError(f"'{found['id']}' did not finish in this run, so there is nothing to take: {error}.")
        return self._kept(function, found["key"], found["id"])

    @cached_property
    def prepared(self) -> Path:
        """The folder of the stage `prepare`; of several ledger seeds that of the first, as all that is opened here.

        Names of stages of another split say so, and so none that is looked for by generator and seed is found.
        """
        return self._place("prepare", self._prepare)

    def training(self, name: str, seed: int) -> Path:
        """Returns the folder of a generator's training."""
        return self._place("train_generator", name, seed)

    def inputs(self, function: str, folder: Path) -> dict[str, str]:
        """Returns what a stage's files were made from: the input's name -> its key."""
        record = self.store.record(function, folder.name) or {}
        return dict(record.get("inputs", {}))

    def _kept(self, function: str, key: str, what: str) -> Path:
        received.check_key(key, self.folder / "manifest.json")
        """Returns where the store has a stage's files, which are read once to compare them with what was recorded."""
        if why := self.store.damage(function, key):
            raise UserError(
                f"The store {self.store.root} holds '{what}' of {self.folder} damaged: {why}. "
                f"Compute it again: {self.manifest['command']}."
            )
        if not self.store.has(function, key):
            raise UserError(
                f"The store {self.store.root} does not hold '{what}' of {self.folder}: it was pruned "
                f"or is elsewhere. Give its place with --store, or compute it again: {self.manifest['command']}."
            )
        return self.store.path(function, key)

    def twins(self, name: str, function: str) -> Iterator[str]:
        """Yields a generator's name, then those of equal ones: stages that are equal are listed once, under the first.

        Of generators that differ in nothing but how they sample, the training is one stage.
        """
        row = self.generator_row(name)
        yield name
        alike = [it for it in self._rows.values() if all(it[key] == row[key] for key in ("kind", "digest"))]
        others = [it for it in alike if it["id"] != name]
        trains = function == "train_generator" and others
        unused = self.known("generators", row).attribute("sampling_options", ()) if trains else ()
        options = _without(row["options"], unused)
        yield from (it["id"] for it in others if _without(it["options"], unused) == options)

    def detector_twins(self, name: str) -> Iterator[str]:
        """Yields a detector's name, then those of equal ones."""
        row, spec = self.detector_row(name), {row["id"]: row for row in self.manifest["spec"]["detector"]}
        yield name
        for other, it in self._detectors.items():
            alike = all(it[key] == row[key] for key in ("kind", "digest", "options"))
            if other != name and alike and spec[other].get("train_on") == spec[name].get("train_on"):
                yield other

    def plugin(self, group: str, row: dict[str, Any]) -> plugins.Plugin:
        """Finds the plug-in of a generator or detector, to be run in this process.

        Raises:
            UserError: If it is nowhere, or does not import.
        """
        return plugins.resolve(group, self._kind(group, row))

    def known(self, group: str, row: dict[str, Any]) -> plugins.Plugin:
        """Returns what is known of the plug-in of a generator or detector; one that is foreign is not run here.

        Raises:
            UserError: If it is nowhere, or does not import.
        """
        return describe.known(group, self._kind(group, row))

    def is_foreign(self, group: str, row: dict[str, Any]) -> bool:
        """Says whether a generator or detector runs code that is not ours or scikit-learn's."""
        return describe.is_foreign(group, self._raw[group].get(row["id"], row["kind"]), row["options"])

    def _kind(self, group: str, row: dict[str, Any]) -> str:
        """Returns the kind of a plug-in, if it may be run; one in a file is looked for from here, and where it was."""
        raw = str(self._raw[group].get(row["id"], row["kind"]))
        owner = f"{plugins.NOUNS[group].capitalize()} '{row['id']}'"
        file, _, name = raw.rpartition(":")
        if not file.endswith(".py"):
            received.check_kind(raw, self._places, owner)
            return raw
        here, there = paths.place(file, "plug-in file"), Path(row["origin"].rpartition(":")[0])
        for path in (here, there):
            if path.is_file():
                kind = f"{path.resolve()}:{name}"
                received.check_kind(kind, self._places, owner)
                return kind
        raise UserError(f"{owner} needs the plug-in file {here}, which is neither here nor at {there}.")

    def options(self, group: str, row: dict[str, Any]) -> dict[str, Any]:
        """Returns the options of a generator or detector, the files of objects in them looked for from here.

        Raises:
            UserError: If an object in them is of a file that may be another's.
        """
        options = nested.found(row["options"])
        for kind in nested.kinds(options):
            received.check_kind(kind, self._places, f"{plugins.NOUNS[group].capitalize()} '{row['id']}'")
        return options

    def _place(self, function: str, name: str, seed: int | None = None) -> Path:
        """Returns where the store has a stage's files, of a generator or of none."""
        if seed is None:
            return self.place(function, [name])
        return self.place(function, (f"{function} {twin} seed {seed}" for twin in self.twins(name, function)))

    @property
    def _places(self) -> tuple[Path, Path]:
        """What came from elsewhere if the run did: nothing in there is run."""
        return self.folder, self.store.root


def _without(options: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}
