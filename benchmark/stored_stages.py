"""What a finished run says of its generators and detectors, and where its store has the files of each stage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmark import api, plugins
from benchmark.store import Store
from data.errors import UserError, unknown


class StoredStages:
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
            self._detectors = {row["id"]: row for row in self.manifest["detectors"]}
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

    def inputs(self, function: str, folder: Path) -> dict[str, str]:
        """Returns what a stage's files were made from: the input's name -> its key."""
        record = self.store.record(function, folder.name) or {}
        return dict(record.get("inputs", {}))

    def _kept(self, function: str, key: str, what: str) -> Path:
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
        unused = self.plugin("generators", row).attribute("sampling_options", ()) if trains else ()
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
        """Finds the plug-in of a generator or detector: one in a file is looked for from here, and where it was.

        Raises:
            UserError: If it is nowhere, or does not import.
        """
        raw = self._raw[group].get(row["id"], row["kind"])
        file, _, name = raw.rpartition(":")
        if not file.endswith(".py"):
            return plugins.resolve(group, raw)
        here, there = Path(file).expanduser(), Path(row["origin"].rpartition(":")[0])
        for path in (here, there):
            if path.is_file():
                return plugins.resolve(group, f"{path.resolve()}:{name}")
        owner = f"{plugins.NOUNS[group].capitalize()} '{row['id']}'"
        raise UserError(f"{owner} needs the plug-in file {here}, which is neither here nor at {there}.")


def _without(options: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}
