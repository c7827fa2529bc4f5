"""A finished run with the store that holds its parts: real images, trained generators, and banks of fakes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.machine import runtime
from benchmark.plan.stored_stages import StoredStages
from benchmark.plugins import adapt
from benchmark.plugins import resolve as plugins
from benchmark.store import digest, received
from benchmark.store.checkpoints import Checkpoints
from data.errors import UserError, unknown

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.use.stored_detector import TrainedDetector
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


class StoredRun(StoredStages):
    """The images, trained generators and trained detectors of a run; the arguments are those of `StoredStages`."""

    def trained_detector(self, name: str | None = None, **wanted: Any) -> TrainedDetector:
        """Loads a trained detector; the arguments are those of `benchmark.use.stored_detector.trained_detector`."""
        from benchmark.use import stored_detector

        return stored_detector.trained_detector(self, name, **wanted)

    @cached_property
    def audit(self) -> pd.DataFrame:
        """Every leak and shortcut check of the run, with its verdict."""
        import pandas as pd

        return pd.read_csv(self.folder / "audit.csv")

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
                generator, _, rest = name.removeprefix("sample ").rpartition(" seed ")
                seed, *other = rest.split(" ledger ")
                if other:
                    raise UserError(f"{folder} is a bank of ledger seed {other[0]}. Expected one of the run's first.")
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
        plugin = self.plugin("generators", row)
        empty = plugins.make(plugin, self.options("generators", row), seed, f"generator '{name}'")
        code_changed = plugin.digest != row["digest"]
        more = plugins.CHANGED if code_changed else ""
        with plugins.blamed(f"Generator '{name}' cannot be loaded from {folder}", more):
            generator = adapt.load(empty, folder)
        return Trained(
            generator, name, row["kind"], row["options"], seed, folder.name, place.name, digest.of_path(folder),
            code_changed,
        )  # fmt: skip

    @contextlib.contextmanager
    def computing(self) -> Iterator[None]:
        """Fixes the threads as they were in the run: others might give other bytes."""
        runtime.configure(self.threads)
        import scipy.linalg  # noqa: F401  its BLAS must be there before it can be limited
        from threadpoolctl import threadpool_limits

        with threadpool_limits(self.threads):
            yield

    def banks(self, trained: Path) -> list[Path]:
        """Returns the folders of the banks that a detector was trained on, of the folder of its training.

        Raises:
            UserError: If the store does not hold one.
        """
        inputs = sorted(self.inputs("train_detector", trained).items())
        keys = [key for name, key in inputs if name.split()[0] == "bank"]
        return [self._kept("sample", key, "the fakes that the detector was trained on") for key in keys]


def open_run(run: str | Path | StoredRun, store: str | Path | None = None) -> StoredRun:
    """Returns a run opened, itself if it is open already; the arguments are else those of `StoredRun`."""
    return run if isinstance(run, StoredRun) else StoredRun(run, store)


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
    return dict(received.values(value))
