"""The part of the plan about trainings of detectors: of a lesson, with what the detector needs beside images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmark.plan.cell import Asked, Lesson
from benchmark.plan.rows import Rows
from benchmark.plan.stage import Row, Stage, params_of, where_of
from benchmark.plugins.resolve import Plugin
from benchmark.plugins.traits import NEEDS as NEEDS
from data.errors import UserError


@dataclass
class Lessons:
    """Plans the trainings of detectors.

    A detector's class attribute `needs` names what it is given beside images: `"extractor"`, the folder of the feature
    extractor, or `"discriminator"`, the file of the tested GAN's own one.

    Args:
        rows: What the spec holds.
        extractor: The stage that trains the feature extractor.
    """

    rows: Rows
    extractor: Stage
    discriminators: dict[tuple[str, int], Stage] = field(default_factory=dict)
    _trainings: dict[tuple[Any, ...], Stage] = field(default_factory=dict)

    def possible(self, asked: Asked) -> bool:
        """Says whether a detector can be asked: one that needs a discriminator, only on the GAN that it is of.

        Raises:
            UserError: If there is no generator that it can be tried on, or nothing that the extractor could learn from.
        """
        detector = asked.detector
        needs = detector.plugin.attribute("needs", ())
        if "extractor" in needs and not any(row.trains for row in self.rows.generators):
            raise UserError(
                f"Detector '{detector.id}' needs a feature extractor, which learns from the real images set apart for "
                "generators. Expected a generator that trains. Received: finished images and controls only."
            )
        if "discriminator" not in needs:
            return True
        own = asked.lesson.sources == ((asked.exam.generator, asked.exam.generator_seed),)
        if not own or not any(has_discriminator(row.plugin, row.options) for row in self.rows.generators):
            received = "generators without one" if own else f'train_on = "{detector.train_on}"'
            raise UserError(
                f"Detector '{detector.id}' is a generator's own discriminator, tried on that generator's images. "
                f"Expected a generator of kind dcgan, without a condition. Received: {received}."
            )
        row = next(row for row in self.rows.generators if row.id == asked.exam.generator)
        return has_discriminator(row.plugin, row.options)

    def training(self, asked: Asked) -> Stage:
        """Returns the stage that trains a detector on a lesson; one object for all the exams after it."""
        detector, lesson = asked.detector, asked.lesson
        needs_own = "discriminator" in detector.plugin.attribute("needs", ())
        about = (detector.id, asked.detector_seed, lesson.id, lesson.sources, asked.exam.id if needs_own else "")
        if about not in self._trainings:
            self._trainings[about] = self._training(asked)
        return self._trainings[about]

    def _training(self, asked: Asked) -> Stage:
        detector, lesson = asked.detector, asked.lesson
        params = params_of(detector, asked.detector_seed, self.rows.environment)
        if lesson.changes:
            params |= {"lesson": lesson.changes}
        inputs = {"prepared": self.rows.prepared, **_named(lesson), **self._given(detector, asked)}
        name = f"train_detector {detector.id} seed {asked.detector_seed} on {lesson.title}"
        return Stage(name, "train_detector", params, inputs, where_of(detector))

    def _given(self, detector: Row, asked: Asked) -> dict[str, Stage]:
        given = {}
        for need in detector.plugin.attribute("needs", ()):
            given[need] = self.extractor if need == "extractor" else self._discriminator(asked)
        return given

    def _discriminator(self, asked: Asked) -> Stage:
        own = asked.exam.generator, asked.exam.generator_seed
        if own not in self.discriminators:
            run = next(run for run in self.rows.runs if (run.generator.id, run.seed) == own)
            params = params_of(run.generator, run.seed, self.rows.environment)
            name = f"discriminator {own[0]} seed {own[1]}"
            stage = Stage(name, "discriminator", params, {"trained": run.trained}, where_of(run.generator))
            self.discriminators[own] = stage
        return self.discriminators[own]


def has_discriminator(plugin: Plugin, options: Mapping[str, Any]) -> bool:
    """Says whether a generator has a discriminator that takes images alone: a conditional one asks for more, and what
    says `adversarial = False` has networks and none of them."""
    return plugin.has("plain_networks") and plugin.attribute("adversarial", True) and not options.get("condition")


def _named(lesson: Lesson) -> dict[str, Stage]:
    """Returns the banks as a stage's inputs: `bank`, or `bank 0`, `bank 1` ... of several in equal shares."""
    if len(lesson.banks) == 1 and lesson.name == lesson.sources[0][0]:
        return {"bank": lesson.banks[0]}
    return {f"bank {i}": bank for i, bank in enumerate(lesson.banks)}
