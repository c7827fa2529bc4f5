"""The contract of a detector, check by check."""

from __future__ import annotations

import numpy as np

from benchmark.plugins import adapt
from benchmark.plugins.check import common, problems
from benchmark.plugins.check.detector_subject import DetectorSubject, Watched, form_of
from benchmark.plugins.check.learning import learns
from benchmark.plugins.check.mistakes import clear_errors
from benchmark.plugins.check.verdicts import Broken, Skip, fail, hint, in_words

SAME = 1e-4  # of the spread of the scores: what another batch size may change by the rounding of float32
NEARLY = 0.02  # of it: more than this is no rounding, of float16 either


def fit(subject: DetectorSubject) -> None:
    """It can be trained on the smallest images that it takes."""
    found = None if subject.fit_failed else subject.trained_once()
    if isinstance(found, Broken):
        raise found
    if subject.refused is not None:
        hint(
            f"It takes {_text(subject.shape)} images, on which the other checks are done, and not "
            f"{_text(subject.shapes[0])}: {subject.refused} If that is meant so, say it by the attributes `min_size` "
            f"and `channels`, such as min_size = {subject.shape[0]} and channels = ({subject.shape[2]},)."
        )


def shape_and_dtype(subject: DetectorSubject) -> None:
    """Scores are `(n,)`, probabilities `(n, 2)` in [0, 1]."""
    trained = subject.trained()
    images, _ = problems.labelled(subject.shape, 7, seed=2)
    for method in subject.methods:
        values = subject.raw(trained, method, images)
        if wrong := form_of(values, method, len(images)):
            fail(f"{wrong}.")
        if method == "predict_proba":
            _are_probabilities(np.asarray(values, dtype=np.float64))


def finite(subject: DetectorSubject) -> None:
    """Scores are finite, of flat images and of noise too."""
    trained = subject.trained()
    made, _ = problems.labelled(subject.shape, 7, seed=2)
    flat = np.stack([np.full(subject.shape, level, dtype=np.uint8) for level in (0, 128, 255)])
    noise = np.random.default_rng(3).integers(0, 256, (5, *subject.shape), dtype=np.uint8)
    for kind, images in {"ordinary images": made, "flat images": flat, "noise": noise}.items():
        for method, values in subject.outputs(trained, images, finite=False).items():
            bad = int((~np.isfinite(values)).sum())
            if bad:
                fail(
                    f"{method} must give finite numbers. Received: {bad} of {values.size} are NaN or infinite, for "
                    f"{kind}. Look for a division by a spread of 0, a logarithm of 0, or a training that diverged."
                )


def inputs_untouched(subject: DetectorSubject) -> None:
    """Neither `fit` nor a score changes what it is given."""
    trained = subject.trained()
    images, _ = problems.labelled(subject.shape, 7, seed=2)
    for method in subject.methods:
        subject.raw(trained, method, images)
    if changed := trained.changed():
        fail(f"{', '.join(changed)}: copy before you write.")


def same_seed_same_scores(subject: DetectorSubject) -> None:
    """Two trainings with the same `random_state` give the same scores, whatever others drew meanwhile."""
    first, again = subject.trained(), subject.fit(subject.shape, seed=1)
    images, _ = problems.labelled(subject.shape, 12, seed=2)
    one, two = subject.outputs(first, images), subject.outputs(again, images)
    for method in one:
        if not np.array_equal(one[method], two[method]):
            (hint if _close(one[method], two[method], SAME) else fail)(
                f"Two trainings with random_state 0 on the same images must give equal scores. Received: {method} "
                f"differs by up to {_gap(one[method], two[method])}. {common.seed_is_taken(subject)}."
            )


def batch_and_order(subject: DetectorSubject) -> None:
    """A score belongs to its image alone."""
    trained = subject.trained()
    images, _ = problems.labelled(subject.shape, 23, seed=2)
    order = np.random.default_rng(5).permutation(len(images))
    whole = subject.outputs(trained, images)
    turned = subject.outputs(trained, images[order])
    parts = [subject.outputs(trained, part) for part in (images[:1], images[1:9], images[9:])]
    doubts = []
    for method, values in whole.items():
        few = np.concatenate([part[method] for part in parts])
        for what, other in {"their order": turned[method][np.argsort(order)], "how many there are": few}.items():
            if _close(values, other, SAME):
                continue
            doubts.append(
                f"The score of an image must not depend on what it is scored together with. Received: {method} "
                f"changes with {what} by up to {_gap(values, other)}. Standardise by what fit has learned, not by "
                "the images that are scored (in Keras: training=False)."
            )
            if not _close(values, other, NEARLY):
                fail(doubts[-1])
    if doubts:
        hint(f"{doubts[0]} Or it computes in few digits, and this is their rounding.")


def save_load(subject: DetectorSubject) -> None:
    """A detector that was saved and loaded scores the same, bit for bit."""
    trained = subject.trained()
    images, _ = problems.labelled(subject.shape, 12, seed=2)
    before, folder = subject.outputs(trained, images), subject.folder()
    if any(not np.array_equal(before[name], values) for name, values in subject.outputs(trained, images).items()):
        raise Skip("it needs scores that repeat: see batch-and-order")
    common.saved(subject, trained.detector, folder)
    with subject.calling("Loading what it saved, into a new instance,"):
        loaded = Watched(adapt.load(subject.make(), folder))
    try:
        after = subject.outputs(loaded, images)
    except Broken as error:
        fail(f"A loaded detector must score as the saved one did: save everything that fit has learned. {error}")
    for method, values in before.items():
        if not np.array_equal(values, after[method]):
            (hint if _close(values, after[method], NEARLY) else fail)(
                f"A loaded detector must score as the saved one did. Received: {method} differs by up to "
                f"{_gap(values, after[method])}. Save everything that fit has learned, in full precision."
            )
    common.takes_both_or_none(subject.instance)


def sizes_and_channels(subject: DetectorSubject) -> None:
    """It takes every number of channels that it says, and larger images; a detector trained before stays as it was."""
    trained, (images, _) = subject.trained(), problems.labelled(subject.shape, 5, seed=2)
    before = _if_usable(subject, trained, images)
    shape = (subject.shape[0] + 4, subject.shape[1] + 8, subject.channels[-1])
    refused: Broken | None = None
    try:
        subject.outputs(subject.fit(shape), problems.labelled(shape, 5, seed=2)[0])
    except Broken as error:
        if not in_words(error.__cause__):
            raise
        refused = error
        subject.fit(subject.shape, pair=problems.labelled(subject.shape, problems.N_OTHER, seed=4))
    after = _if_usable(subject, trained, images)
    if before is not None and not _equal(before, after, SAME):
        fail(
            "Another training changed the scores of a detector that was trained before. Keep what fit has learned in "
            "`self`, not in the module or the class: one run trains many, and others load them in other processes."
        )
    if refused is not None:
        hint(f"It takes {_text(subject.shape)} images and not {_text(shape)}: {refused} Is that meant so?")


def explain(subject: DetectorSubject) -> None:
    """Heat maps, if there are any, are finite and of the images' size."""
    if not callable(getattr(subject.instance, "explain", None)):
        raise Skip("it has no method explain")
    trained = subject.trained()
    images, _ = problems.labelled(subject.shape, 5, seed=2)
    maps = np.asarray(subject.raw(trained, "explain", images))
    if maps.shape != images.shape[:3] or maps.dtype.kind != "f":
        fail(f"explain must give float64 {images.shape[:3]}, a map per image. Received: {maps.dtype} {maps.shape}.")
    if not np.isfinite(maps).all():
        fail(f"explain must give finite numbers. Received: {int((~np.isfinite(maps)).sum())} NaN or infinite.")


def history(subject: DetectorSubject) -> None:
    """A history, if there is one, is a frame."""
    common.history_is_a_frame(subject.trained().detector)


CHECKS = (
    fit, shape_and_dtype, finite, inputs_untouched, same_seed_same_scores, batch_and_order, save_load,
    sizes_and_channels, clear_errors, learns, explain, history,
)  # fmt: skip


def _are_probabilities(pairs: np.ndarray) -> None:
    if np.isfinite(pairs).all() and (pairs.min() < 0 or pairs.max() > 1):
        received = f"{pairs.min():.4g} to {pairs.max():.4g}"
        fail(f"predict_proba must give values in [0, 1]. Received: {received}. Logits belong to decision_function.")
    if np.isfinite(pairs).all() and not np.allclose(pairs.sum(axis=1), 1, atol=1e-2):
        received = f"rows that sum to {pairs.sum(axis=1).min():.4g}"
        fail(f"The two columns of predict_proba, real and fake, must sum to 1. Received: {received}.")


def _if_usable(subject: DetectorSubject, trained: Watched, images: np.ndarray) -> dict[str, np.ndarray] | None:
    try:
        return subject.outputs(trained, images)
    except (Broken, Skip):
        return None


def _close(one: np.ndarray, two: np.ndarray, share: float) -> bool:
    """Says whether scores are equal but for a share of their spread and of their size."""
    return bool(np.allclose(one, two, rtol=share, atol=share * (one.std() + 1e-9)))


def _equal(before: dict[str, np.ndarray], after: dict[str, np.ndarray] | None, share: float) -> bool:
    return after is not None and all(_close(before[name], after[name], share) for name in before)


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _gap(one: np.ndarray, two: np.ndarray) -> str:
    return f"{np.abs(one - two).max():.3g}"
