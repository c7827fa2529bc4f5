"""A run's trained detector: which training, its threshold, and what it did on its validation images."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.plan.specs import ALL
from benchmark.plugins import adapt, nested
from benchmark.plugins import resolve as plugins
from benchmark.stages import bank
from data.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.use.stored_run import StoredRun


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
        threshold: An image with this score or a higher one is called fake; chosen on the validation images.
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
    threshold: float
    code_changed: bool

    @cached_property
    def rates(self) -> dict[str, Any]:
        """What the threshold does on the validation images that it was chosen on: counts, and rates in [0, 1]."""
        import pandas as pd

        table: pd.DataFrame = pd.read_parquet(self.folder / "validation.parquet")
        is_fake, called = table["is_fake"].to_numpy(bool), table["score"].to_numpy() >= self.threshold
        fpr, tpr = float(called[~is_fake].mean()), float(called[is_fake].mean())
        counts = {"n_real": int((~is_fake).sum()), "n_fake": int(is_fake.sum())}
        return {**counts, "fpr": fpr, "tpr": tpr, "balanced_accuracy": (1 - fpr + tpr) / 2}

    @property
    def about(self) -> dict[str, Any]:
        """What a result says of it, as JSON values."""
        return {
            "id": self.id, "kind": self.kind, "seed": self.seed, "generator": self.generator,
            "training_seed": self.training_seed, "control": self.control, "store_key": self.folder.name,
            "threshold": self.threshold, "threshold_from": "the best balanced accuracy on validation images",
            "validation": self.rates, "code_changed": self.code_changed,
        }  # fmt: skip

    def seen(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns images of a part and which are fake: uint8 `(n, h, w, c)`, bool `(n,)`.

        Of a detector trained on all generators, the fakes are an equal share of each one's.

        Raises:
            UserError: If the store no longer holds them.
        """
        banks = self.run.banks(self.folder)
        sets = [bank.labelled(folder, self.run.images, self.run.ledger, part) for folder in banks]
        reals = sets[0].images[~sets[0].is_fake]
        fakes = [one.images[one.is_fake][:: len(sets)] for one in sets]
        is_fake = np.repeat([False, True], [len(reals), sum(map(len, fakes))])
        return np.concatenate([reals, *fakes]), is_fake


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
    row = run.detector_row(name if name is not None else only(run))
    training_seed = run.training_seed(training_seed)
    seed = run.detector_seed(seed)
    twins = list(run.detector_twins(row["id"]))
    places = {}
    for known in [*run.generators, ALL]:
        alike = [known] if known == ALL else list(run.twins(known, "sample"))
        places[known] = [
            f"train_detector {one} seed {seed} on {it} seed {training_seed}" for one in twins for it in alike
        ]
    stages = set(run.stage_names("train_detector"))
    there = [known for known, names in places.items() if stages.intersection(names)]
    taught = _chosen(run, row["id"], generator, there)
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
        threshold = float(json.loads((folder / "facts.json").read_text())["threshold"])
    control = None if taught == ALL else run.generator_row(taught)["control"]
    return TrainedDetector(
        run, loaded, row["id"], row["kind"], seed, taught, training_seed, control, folder, threshold,
        code_changed,
    )  # fmt: skip


def only(run: StoredRun) -> str:
    """Returns the id of a run's only detector that is no sentinel.

    Raises:
        UserError: If it has another number of them.
    """
    own = [name for name in run.detectors if not run.detector_row(name).get("sentinel")]
    if len(own) != 1:
        raise UserError(f"--detector is needed: {run.folder} holds {', '.join(own) or 'sentinels only'}.")
    return own[0]


def _chosen(run: StoredRun, detector: str, generator: str | None, there: list[str]) -> str:
    """Returns whose fakes the wanted training is on, of those that there are trainings on."""
    listed = ", ".join(there) or "none"
    if generator is not None:
        if generator != ALL:
            run.generator_row(generator)  # an unknown name gets its own error
        if generator not in there:
            raise UserError(f"Detector '{detector}' was not trained on '{generator}' in {run.folder}. Known: {listed}.")
        return generator
    if ALL in there:
        return ALL
    own = [name for name in there if not run.generator_row(name)["control"]]
    if len(own) != 1:
        raise UserError(
            f"--generator is needed: detector '{detector}' of {run.folder} has a training on each of {listed}. One "
            'that learns from all generators together is a [[detector]] with train_on = "all".'
        )
    return own[0]
