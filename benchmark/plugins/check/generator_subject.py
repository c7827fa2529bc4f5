"""A generator that is checked: its training and its samples."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np

from benchmark.plugins import adapt
from benchmark.plugins.check import problems
from benchmark.plugins.check.core import Shape, Subject, global_seed, interrupts
from benchmark.plugins.check.verdicts import Broken, Skip, in_words, said
from data.errors import UserError
from data.imageset import ImageSet

SHAPES: tuple[Shape, ...] = ((8, 8, 1), (16, 16, 3), (28, 28, 1), (32, 32, 3), (64, 64, 3))
SAMPLED = 12


@dataclass
class Trained:
    """A fitted generator, the reals it had (as they were and as they are), and what its checkpoints were."""

    generator: Any
    reals: ImageSet
    before: ImageSet
    taken: np.ndarray
    checkpoints: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def changed(self) -> list[str]:
        """Returns the names of the training arrays that are not as they were."""
        flat = adapt.prepared(self.generator, self.before.images)
        odd = [] if np.array_equal(self.taken, flat) else ["images"]
        return odd + [
            name for name in ("labels", "attributes")
            if not np.array_equal(getattr(self.reals, name), getattr(self.before, name))
        ]  # fmt: skip


class GeneratorSubject(Subject):
    """A generator, with a training that all checks share. The arguments are those of `Subject`."""

    def __init__(self, group: str, kind: str, options: dict[str, Any]) -> None:
        super().__init__(group, kind, options)
        self.refused: Broken | None = None  # what it said of a smaller shape, if it was no UserError
        self.trained_once = cache(self._trained_once)

    @property
    def shapes(self) -> list[Shape]:
        """The shapes that are tried, the smallest first: those of its `min_size` and `channels`."""
        smallest, channels = self.traits.get("min_size", 1), self.traits.get("channels", (1, 3))
        return [shape for shape in SHAPES if min(shape[:2]) >= smallest and shape[2] in channels]

    def reals(self, shape: Shape, n: int = problems.N_TRAIN) -> ImageSet:
        """Returns real images with what a conditional generator asks for."""
        return problems.reals(shape, n, tuple(getattr(self.instance, "requested_attributes", ())))

    def fit(self, shape: Shape, seed: int = 0, n: int = problems.N_TRAIN) -> Trained:
        """Trains a new instance on `n` images, with the random generators that all of the process share at `seed`."""
        generator, reals = self.make(), self.reals(shape, n)
        trained = Trained(generator, reals, self.reals(shape, n), adapt.prepared(generator, reals.images))

        def on_checkpoint(name: str, generator: Any) -> None:
            trained.checkpoints.append(name)
            try:  # what goes wrong in here is told by the check of checkpoints, not by that of fit
                adapt.save(generator, self.folder())
                self.draw(generator, trained.before)
            except BaseException as error:
                if interrupts(error):
                    raise
                trained.troubles.append(f"At the checkpoint {name!r}: {said(error)}")

        with self.calling("fit", f"{trained.taken.dtype} {trained.taken.shape} images"), global_seed(seed):
            try:
                trained.generator = adapt.fit_prepared(
                    generator, trained.taken, reals.labels,
                    classes=reals.classes, attributes=reals.attributes, attribute_names=reals.attribute_names,
                    folder=self.folder(), on_checkpoint=on_checkpoint, progress=_ignore,
                )  # fmt: skip
            except UserError as error:
                raise Broken(f"fit refuses {shape[0]} x {shape[1]} x {shape[2]}: {error}") from error
        return trained

    def trained(self) -> Trained:
        """Returns the shared training, on the smallest shape of `SHAPES` that it takes."""
        found = None if self.fit_failed else self.trained_once()
        if found is None or isinstance(found, Broken):
            raise Skip("it needs a trained generator: see fit")
        return found

    def draw(self, generator: Any, reals: ImageSet, n: int = SAMPLED, seed: int = 5) -> np.ndarray:
        """Returns samples as the benchmark draws them: with labels and sources for those that ask for them.

        Raises:
            ValueError: From the adapter, for samples of a wrong form.
        """
        available = getattr(generator, "n_available", None)
        n = n if available is None else min(n, available)
        labels = adapt.requested(generator, reals, np.arange(n))
        sources = reals.images if adapt.wants_sources(generator) else None
        if sources is not None and not getattr(generator, "consumes_sources", False):
            sources = sources[:n]
        return adapt.sample(generator, n, seed=seed, sources=sources, shape=reals.shape, labels=labels)

    def samples(self, trained: Trained, n: int = SAMPLED, seed: int = 5) -> np.ndarray:
        """Returns samples, or skips the check where another tells more."""
        with self.calling(f"sample({n}, seed={seed})"):
            try:
                return self.draw(trained.generator, self.reals(trained.reals.shape), n, seed)
            except ValueError as error:
                if is_wrong_form(error):
                    raise Skip("it needs samples of the right form: see shape-and-dtype") from error
                raise

    def _trained_once(self) -> Trained | Broken:
        began = time.perf_counter()
        refusal: Broken | None = None  # by the plug-in's own `UserError`
        for shape in self.shapes:
            try:
                trained: Trained = self.with_options(partial(self.fit, shape))
            except Broken as error:
                if isinstance(error.__cause__, UserError):
                    refusal = error
                    continue
                self.refused = self.refused or error
                if not in_words(error.__cause__) or time.perf_counter() - began > self.limit / 4:
                    break
            else:
                return trained
        return self.refused or refusal or Broken("It takes no shape that was tried.")


def is_wrong_form(error: BaseException) -> bool:
    """Says whether the adapter raised an error about what a plug-in gave, rather than the plug-in itself."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and at.tb_frame.f_code.co_filename == adapt.__file__


def _ignore(*progress: Any) -> None:
    del progress
