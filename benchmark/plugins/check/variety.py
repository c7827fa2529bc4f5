"""Whether a generator draws more than one image."""

from __future__ import annotations

import time

import numpy as np

from benchmark.plugins.check.generator_subject import GeneratorSubject
from benchmark.plugins.check.patience import STEPS, Patience
from benchmark.plugins.check.verdicts import fail, hint


def samples_differ(subject: GeneratorSubject) -> None:
    """Samples are not all one image, and another seed gives others."""
    trained = subject.trained()
    drawn = subject.samples(trained)
    if _alike(drawn) and _still_alike(subject):
        fail(
            f"Samples must differ from each other. Received: {len(drawn)} times the same image. Draw them from "
            "numpy.random.default_rng(seed), and check that the training did not collapse."
        )
    if _alike(drawn):
        return
    generator = trained.generator
    given = getattr(generator, "uses_sources", False) or getattr(generator, "n_available", None)
    if not given and np.array_equal(drawn, subject.samples(trained, seed=6)):
        fail("sample must draw other images with another `seed`. Received: the same for seed 5 and 6. Use the seed.")


def _alike(drawn: np.ndarray) -> bool:
    return len(drawn) > 1 and bool((drawn == drawn[:1]).all())


def _still_alike(subject: GeneratorSubject) -> bool:
    """Says whether samples are alike too after trainings on more images; hints where there is no time for the last."""
    shape, patience = subject.trained().reals.shape, Patience(subject.limit)
    what = "Samples must differ from each other. Received: the same image each time, after a training on {n} images."
    for n in STEPS:
        if patience.costs and not patience.lasts(n, int(np.prod(shape))):
            hint(f"{what.format(n=patience.costs[-1][0])} It may need more images or epochs than a check has time for.")
        started = time.perf_counter()
        if not _alike(subject.samples(subject.fit(shape, n=n))):
            return False
        patience.took(n, time.perf_counter() - started)
        subject.unsure(f"{what.format(n=n)} A training on more took more than {subject.limit:g} seconds.")
    return True
