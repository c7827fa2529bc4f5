"""The part of the plan about what a detector learns from: whose fakes, and what else it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmark.plan.specs import ALL, Spec
from benchmark.plan.stage import Row, Stage, params_of, where_of
from benchmark.plugins.resolve import Plugin
from benchmark.plugins.traits import NEEDS as NEEDS
from data.errors import UserError


@dataclass
class Lessons:
    """Plans the trainings of detectors.

    A detector learns from the bank of the generator that it is tested on, or, with `train_on = "all"`, from an equal
    share of every generator that is no control. Its class attribute `needs` names what it is given beside images:
    `"extractor"`, the folder of the feature extractor, or `"discriminator"`, the file of the tested GAN's own one.
    """

    spec: Spec
    generators: list[Row]
    prepared: Stage
    trainings: dict[tuple[str, int], Stage]
    banks: dict[tuple[str, int], Stage]
    extractor: Stage
    environment: dict[str, str]
    discriminators: dict[tuple[str, int], Stage] = field(default_factory=dict)

    def possible(self, detector: Row, row: Row) -> bool:
        """Says whether a detector can be tried on a generator: one that needs its discriminator, only if it has one.

        Raises:
            UserError: If there is no generator that it can be tried on, or nothing that the extractor could learn from.
        """
        needs = detector.plugin.attribute("needs", ())
        if "extractor" in needs and not any(other.trains for other in self.generators):
            raise UserError(
                f"Detector '{detector.id}' needs a feature extractor, which learns from the real images set apart for "
                "generators. Expected a generator that trains. Received: finished images and controls only."
            )
        if "discriminator" not in needs:
            return True
        if detector.train_on == ALL or not any(
            has_discriminator(other.plugin, other.options) for other in self.generators
        ):
            received = 'train_on = "all"' if detector.train_on == ALL else "generators without one"
            raise UserError(
                f"Detector '{detector.id}' is a generator's own discriminator, tried on that generator's images. "
                f"Expected a generator of kind dcgan, without a condition. Received: {received}."
            )
        return has_discriminator(row.plugin, row.options)

    def training(self, detector: Row, detector_seed: int, row: Row, seed: int) -> Stage:
        """Returns the stage that trains a detector for one generator's training, or for those of all of one seed."""
        params = params_of(detector, detector_seed, self.environment)
        name = f"train_detector {detector.id} seed {detector_seed} on"
        more = self._given(detector, row, seed)
        if detector.train_on != ALL:
            inputs = {"prepared": self.prepared, "bank": self.banks[row.id, seed], **more}
            return Stage(f"{name} {row.id} seed {seed}", "train_detector", params, inputs, where_of(detector))
        # by their ids: an order that neither the spec's nor a change of code, which changes all keys, can turn round
        mains = sorted(self._mains(), key=lambda other: other.id)
        several = {f"bank {i}": self.banks[other.id, seed] for i, other in enumerate(mains)}
        inputs = {"prepared": self.prepared, **several, **more}
        return Stage(f"{name} {ALL} seed {seed}", "train_detector", params, inputs, where_of(detector))

    def _mains(self) -> list[Row]:
        mains = [row for row in self.generators if row.plugin.attribute("control") is None]
        if not mains:
            raise UserError('train_on = "all" needs a generator that is no control. Received: controls only.')
        return mains

    def _given(self, detector: Row, row: Row, seed: int) -> dict[str, Stage]:
        given = {}
        for need in detector.plugin.attribute("needs", ()):
            given[need] = self.extractor if need == "extractor" else self._discriminator(row, seed)
        return given

    def _discriminator(self, row: Row, seed: int) -> Stage:
        if (row.id, seed) not in self.discriminators:
            inputs = {"trained": self.trainings[row.id, seed]}
            params = params_of(row, seed, self.environment)
            name = f"discriminator {row.id} seed {seed}"
            self.discriminators[row.id, seed] = Stage(name, "discriminator", params, inputs, where_of(row))
        return self.discriminators[row.id, seed]


def has_discriminator(plugin: Plugin, options: Mapping[str, Any]) -> bool:
    """Says whether a generator has a discriminator that takes images alone: a conditional one asks for more."""
    return plugin.has("plain_networks") and not options.get("condition")
