"""How a detector answers mistakes: an error with words, or scores that can be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmark.plugins.check import common, problems
from benchmark.plugins.check.detector_subject import DetectorSubject, Watched, form_of
from benchmark.plugins.check.verdicts import Broken, fail, hint, in_words


def clear_errors(subject: DetectorSubject) -> None:
    """What it cannot use gives an error with words, or usable scores: never nonsense, and never the end.

    After a fit without fakes any scores will do: the benchmark always gives both, and estimators differ there.
    """
    common.unknown_options_are_refused(subject)
    images, is_fake = problems.labelled(subject.shape, 12, seed=2)
    usable = subject.gives_usable_scores()  # if not, another check tells

    def reals_alone() -> Watched:
        return subject.fit(subject.shape, pair=(images, np.zeros_like(is_fake)))

    side = subject.shape[0] + 3
    larger = problems.labelled((side, side, subject.shape[2]), 12, seed=2)[0]
    doubts = [
        _nonsense(subject, "before fit", lambda: subject.instance, images, usable),
        _nonsense(subject, "after a fit without fakes", reals_alone, images, False),
        _nonsense(subject, "of images of another size than fit had", subject.trained, larger, usable),
    ]
    if any(doubts):
        hint(next(filter(None, doubts)))


def _nonsense(
    subject: DetectorSubject, when: str, make: Callable[[], Any], images: np.ndarray, usable: bool = True
) -> str:
    """Says what is wrong with the answer to a mistake: nonsense, or an error without a word.

    A run makes no such mistake, so that only the end of the process is a failure.
    """
    method = subject.methods[0]
    try:
        made = make()
        values = subject.raw(made if isinstance(made, Watched) else Watched(made), method, images)
    except Broken as error:
        cause = error.__cause__
        if not isinstance(cause, Exception):
            fail(f"A score {when}: {error}")
        if not in_words(cause):
            return (
                f"A score {when} raised {type(cause).__name__} without a message. Say what was expected and received."
            )
        return ""
    if not usable:
        return ""
    wrong = form_of(values, method, len(images))
    if wrong or not np.isfinite(np.asarray(values, dtype=float)).all():
        return f"A score {when} should be an error that says why. Received: {wrong or 'NaN or infinite scores'}."
    return ""
