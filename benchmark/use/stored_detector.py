"""A run's trained detector: which training, what it has seen, and its scores on validation and test images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmark.plan.specs import ALL
from benchmark.plugins import adapt, nested
from benchmark.plugins import resolve as plugins
from benchmark.stages import bank
from benchmark.use.verdicts import asked

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.use.stored_run import StoredRun


class Seen(NamedTuple):
    """Images that a detector has seen: uint8 `(n, h, w, c)`, which are fakes, bool `(n,)`, and their units, int."""

    images: np.ndarray
    is_fake: np.ndarray
    units: np.ndarray


@dataclass(frozen=True)
class TrainedDetector:
    """A detector as one training left it.

    Attributes:
        run: The run that it is of.
        detector: The loaded plug-in, with `scores` and `probabilities`.
        id: Its name in the run.
        kind: Its plug-in.
        seed: Of its training.
        generator: Whose fakes it was trained on, `"all"` for those of all together.
        training_seed: Of the training of that generator.
        control: The kind of control that this generator is, or `None`.
        folder: What the store has of the training.
        code_changed: Whether the plug-in's code is not the one that was trained, so that it may score otherwise.
    """

    run: StoredRun
    detector: adapt.DetectorAdapter
    id: str
    kind: str
    seed: int
    generator: str
    training_seed: int
    control: str | None
    folder: Path
    code_changed: bool

    @cached_property
    def validation(self) -> pd.DataFrame:
        """The validation images: `score`, `is_fake`, `unit`."""
        import pandas as pd

        return pd.read_parquet(self.folder / "validation.parquet", columns=["score", "is_fake", "unit"])

    def tested(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yields the generators that it learned from and was tested on in the run, and the test images' scores.

        Of a detector that learned from all generators together, controls are left out. Nothing, if the run has none.
        """
        import pandas as pd

        cells = pd.read_csv(self.run.folder / "cells.csv", dtype={"perturbation": str, "train_perturbation": str})
        own = {
            "detector": self.id, "detector_seed": self.seed, "train_generator": self.generator, "status": "done",
            "asked_checkpoint": "last", "perturbation": "none", "train_perturbation": "none",
            "generator_seed": self.training_seed,
        }  # fmt: skip
        here = cells["train_n"].isna() & cells[list(own)].eq(pd.Series(own)).all(axis=1)
        here &= cells.get("train_checkpoint", pd.Series("last", cells.index)).eq("last")
        cells = cells[here].drop_duplicates("generator")
        for cell, generator in zip(cells["cell"], cells["generator"], strict=True):
            if generator == self.generator or (self.generator == ALL and not self._is_control(generator)):
                names = ["score", "is_fake", "unit", "part"]
                scores = pd.read_parquet(
                    self.run.folder / "scores.parquet",
                    columns=["cell", *names], filters=[("cell", "==", cell), ("part", "==", "test")],
                )  # fmt: skip
                if len(scores):
                    yield generator, scores[names]

    def _is_control(self, generator: str) -> bool:
        return bool(self.run.generator_row(generator)["control"])

    @property
    def about(self) -> dict[str, Any]:
        """What a result says of it, as JSON values."""
        return {
            "id": self.id, "kind": self.kind, "seed": self.seed, "generator": self.generator,
            "training_seed": self.training_seed, "control": self.control, "store_key": self.folder.name,
            "code_changed": self.code_changed,
        }  # fmt: skip

    def seen(self, part: str) -> Seen:
        """Returns images of a part, reals first.

        Of a detector trained on all generators, the fakes are an equal share of each one's.

        Raises:
            UserError: If the store no longer holds them.
        """
        banks = self.run.banks(self.folder)
        sets = [bank.labelled(folder, self.run.images, self.run.ledger, part) for folder in banks]
        real = ~sets[0].is_fake
        images, units = [sets[0].images[real]], [sets[0].index["unit"].to_numpy()[real]]
        beyond = 0  # each bank counts the units of its own fakes from the number of reals on
        for one in sets:
            images.append(one.images[one.is_fake][:: len(sets)])
            of = one.index["unit"].to_numpy()[one.is_fake][:: len(sets)]
            units.append(np.where(of >= self.run.images.n, of + beyond, of))
            beyond += int(of.max(initial=-1)) + 1
        is_fake = np.repeat([False, True], [len(images[0]), sum(map(len, images[1:]))])
        return Seen(np.concatenate(images), is_fake, np.concatenate(units))


def trained_detector(
    run: StoredRun,
    name: str | None = None,
    *,
    generator: str | None = None,
    training_seed: int | None = None,
    seed: int | None = None,
) -> TrainedDetector:
    """Loads a detector of a run as one training left it.

    Args:
        run: The opened run.
        name: The detector's id. Defaults to `None`, the only one that is no sentinel.
        generator: Whose fakes it was trained on; `"all"` for those of all generators together. Defaults to `None`: all
            together if there is such a training, else the only generator that is no control.
        training_seed: Of that generator's training. Defaults to `None`, the first.
        seed: Of the detector's training. Defaults to `None`, the first.

    Raises:
        UserError: If there is no such training, the store no longer holds it, or it cannot be read.
    """
    row = run.detector_row(name if name is not None else asked.only(run))
    training_seed = run.training_seed(training_seed)
    seed = run.detector_seed(seed)
    places, there = asked.trainings(run, row["id"], training_seed, seed)
    taught = asked.chosen(run, row["id"], generator, there)
    folder = run.place("train_detector", places[taught])
    plugin = run.plugin("detectors", row)
    options = run.options("detectors", row)
    empty = plugins.make(plugin, options, seed, f"detector '{row['id']}'")
    code = (run.store.record("train_detector", folder.name) or {}).get("params", {}).get("code")
    code_changed = nested.code(plugin, options) != code
    with plugins.blamed(
        f"Detector '{row['id']}' cannot be loaded from {folder}", plugins.CHANGED if code_changed else ""
    ):
        loaded = adapt.DetectorAdapter(empty)
        loaded.detector = adapt.load(empty, folder / "model")
    control = None if taught == ALL else run.generator_row(taught)["control"]
    return TrainedDetector(
        run, loaded, row["id"], row["kind"], seed, taught, training_seed, control, folder, code_changed,
    )  # fmt: skip
