"""Whether a detector learns what is easy to see: from few images, or where those do not do, from more."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmark.plugins.check import problems
from benchmark.plugins.check.detector_subject import DetectorSubject
from benchmark.plugins.check.patience import STEPS, Patience
from benchmark.plugins.check.verdicts import Broken, fail, hint
from detection.selection import auc_of

LEARNED = 0.75  # of the AUC; with 16 + 16 images chance alone rises above it once in a hundred trainings


@dataclass(frozen=True)
class Lesson:
    """What a detector has learned from `n` images: its `scores` of others, and their `auc`."""

    n: int
    scores: np.ndarray
    auc: float

    @property
    def constant(self) -> bool:
        """Whether all scores are the same."""
        return len(np.unique(self.scores)) == 1


def learns(subject: DetectorSubject) -> None:
    """It tells dark, framed images with a checkerboard from others; a higher score means fake.

    A network that trains for three epochs hardly moves on a few images. So it gets more, as long as there is time, and
    fails only if it has seen them all and its scores are constant, or follow its labels the wrong way round.
    """
    patience = Patience(subject.limit)
    lessons: list[Lesson] = []
    trouble = ""
    for n in STEPS:
        if lessons and not patience.lasts(n, int(np.prod(subject.shape))):
            break
        try:
            lessons.append(_taught(subject, n, patience))
        except Broken as error:
            if not lessons:
                raise
            trouble = f" With {n} images: {error}"
            break
        if lessons[-1].auc >= LEARNED:
            return
        subject.unsure(_unsure(lessons, f" A training on more images took more than {subject.limit:g} seconds."))
    if lessons[-1].n == STEPS[-1]:
        _judge(subject, lessons[-1], patience)
    hint(_unsure(lessons, trouble))


def _taught(subject: DetectorSubject, n: int, patience: Patience, turned: bool = False) -> Lesson:
    started = time.perf_counter()
    learned = subject.learned(n, turned)
    images, is_fake = problems.labelled(subject.shape, problems.N_OTHER, seed=3)
    method, values = next(iter(subject.outputs(learned, images).items()))
    scores = values[:, 0] if method == "decision_function" else learned.probabilities(images)
    assert scores is not None  # noqa: S101  it has predict_proba
    seconds = time.perf_counter() - started
    patience.took(n, seconds if n != problems.N_TRAIN else max(seconds, subject.quickest.get(n, 0.0)))
    return Lesson(n, scores, auc_of(scores, is_fake))


def _judge(subject: DetectorSubject, last: Lesson, patience: Patience) -> None:
    """Fails for what is certain."""
    if last.constant:
        received = f"{last.scores[0]:.4g} for all {len(last.scores)} of them, after {last.n} training images"
        fail(f"Scores must differ between images. Received: {received}.")
    if last.auc > 1 - LEARNED or not patience.lasts(last.n, int(np.prod(subject.shape))):
        return
    other = _taught(subject, last.n, patience, turned=True)  # with the labels the other way round
    if other.auc > LEARNED or np.array_equal(other.scores, last.scores):
        fail(
            "Fakes that are darker, with a checkerboard and a frame, must score higher than reals: an AUC of "
            f"{LEARNED} or more. Received: {last.auc:.2f}. Higher means more likely fake: is its sign the wrong way "
            "round?"
        )


def _unsure(lessons: list[Lesson], more: str) -> str:
    found = ", ".join(f"{lesson.auc:.2f} from {lesson.n} images" for lesson in lessons)
    alike = lessons[-1].constant
    advice = "All its scores are the same" if alike else "It may need more images or epochs than a check has time for"
    if lessons[-1].auc < 1 - LEARNED:
        advice = "It may need more images or epochs than a check has time for, or its sign may be the wrong way round"
    return (
        "Fakes that are darker, with a checkerboard and a frame, should score higher than reals: an AUC of "
        f"{LEARNED} or more. Received: {found}. {advice}: look whether it learns on your images.{more}"
    )
