"""The contract of a generator, check by check."""

from __future__ import annotations

import dataclasses

import numpy as np

from benchmark.machine.blame import message_of
from benchmark.plugins import adapt
from benchmark.plugins.check import common
from benchmark.plugins.check.core import global_seed
from benchmark.plugins.check.generator_subject import SAMPLED, GeneratorSubject, is_wrong_form
from benchmark.plugins.check.variety import samples_differ
from benchmark.plugins.check.verdicts import Broken, Skip, fail, hint, in_words
from data.errors import UserError


def fit(subject: GeneratorSubject) -> None:
    """It can be trained on small images."""
    found = None if subject.fit_failed else subject.trained_once()
    if isinstance(found, Broken):
        raise found
    if subject.refused is not None:
        shape = subject.trained().reals.shape
        hint(
            f"It takes {shape} images, on which the other checks are done, and not smaller ones: {subject.refused} If "
            f"that is meant so, say it by the attributes `min_size` and `channels`, such as min_size = {shape[0]} and "
            f"channels = ({shape[2]},)."
        )


def shape_and_dtype(subject: GeneratorSubject) -> None:
    """Samples are uint8 `(n, height, width, channels)`, as many as were asked for."""
    trained = subject.trained()
    for n in (SAMPLED, 1):
        with subject.calling(f"sample({n})"):
            try:
                subject.draw(trained.generator, trained.before, n)
            except ValueError as error:
                if not is_wrong_form(error):
                    raise
                advice = "Round, clip to 0..255, convert with astype(np.uint8), and give exactly n images."
                fail(f"{error} {advice}" if "uint8" in str(error) else str(error))


def inputs_untouched(subject: GeneratorSubject) -> None:
    """Neither `fit` nor `sample` changes what it is given, and samples share no memory with it."""
    trained = subject.trained()
    if changed := trained.changed():
        fail(f"fit changed its `{'`, `'.join(changed)}`: copy before you write.")
    reals = subject.reals(trained.reals.shape)
    before = reals.images.copy()
    with subject.calling("sample"):
        try:
            drawn = subject.draw(trained.generator, reals)
        except ValueError as error:
            if is_wrong_form(error):
                raise Skip("it needs samples of the right form: see shape-and-dtype") from error
            raise
    if not np.array_equal(reals.images, before):
        fail("sample changed its `sources`: copy before you write.")
    if np.shares_memory(drawn, reals.images) or np.shares_memory(drawn, trained.taken):
        hint("sample gives images that share memory with those it was given: return a copy.")


def same_seed_same_samples(subject: GeneratorSubject) -> None:
    """The same seeds give the same images, whatever others drew meanwhile."""
    trained = subject.trained()
    first = subject.samples(trained)
    with global_seed(8):
        again = subject.samples(trained)
    if not np.array_equal(first, again):
        share = (first != again).mean()
        fail(
            f"sample(n, seed=5) must give the same images each time. Received: {share:.0%} of the pixels differ. "
            "Draw everything from the keyword `seed`, such as numpy.random.default_rng(seed)."
        )
    retrained = subject.fit(trained.reals.shape, seed=1)
    other = subject.samples(retrained)
    if not np.array_equal(first, other):
        share = (first != other).mean()
        (hint if _close(first, other) else fail)(
            f"Two trainings with random_state 0 on the same images must give the same samples. Received: {share:.0%} "
            f"of the pixels differ. {common.seed_is_taken(subject)}."
        )


def labels(subject: GeneratorSubject) -> None:
    """A conditional generator takes the labels that it is asked for, in any order."""
    trained = subject.trained()
    if not getattr(trained.generator, "conditional", False):
        raise Skip("it is not conditional")
    reals = subject.reals(trained.reals.shape)
    order = np.random.default_rng(4).permutation(reals.n)[:SAMPLED]
    wanted = adapt.requested(trained.generator, reals, order)
    assert wanted is not None  # noqa: S101  it is conditional
    before = wanted.copy()
    sources = reals.images[order] if adapt.wants_sources(trained.generator) else None
    with subject.calling("sample", f"labels {wanted.dtype} {wanted.shape} in mixed order"):
        adapt.sample(trained.generator, len(order), seed=5, sources=sources, shape=reals.shape, labels=wanted)
    if not np.array_equal(wanted, before):
        fail("sample changed its `labels`: copy before you write.")


def sources(subject: GeneratorSubject) -> None:
    """A generator that makes its images from real ones says what is missing without them."""
    trained = subject.trained()
    if not adapt.wants_sources(trained.generator):
        raise Skip("it does not make its images from real ones")
    reals = subject.reals(trained.reals.shape)
    wanted = adapt.requested(trained.generator, reals, np.arange(4))
    try:
        adapt.sample(trained.generator, 4, seed=5, sources=None, shape=reals.shape, labels=wanted)
    except Exception as error:
        if not message_of(error):
            hint(f"sample without sources raised {type(error).__name__} without a message. Say that it needs them.")


def on_checkpoint(subject: GeneratorSubject) -> None:
    """At each checkpoint it can be saved and sampled; the names differ and can be names of folders."""
    trained = subject.trained()
    names = trained.checkpoints
    if not names:
        raise Skip("fit calls no on_checkpoint; its last state is the only checkpoint")
    if trained.troubles:
        fail(f"{trained.troubles[0]}. on_checkpoint(name, generator) must get a generator that can save and sample.")
    odd = [name for name in names if not isinstance(name, str) or not name.strip() or "/" in name]
    if odd or len(set(names)) < len(names):
        fail(f"Checkpoints need different names without '/', such as 'epoch-0010'. Received: {names}.")


def save_load(subject: GeneratorSubject) -> None:
    """A generator that was saved and loaded gives the same samples, bit for bit."""
    trained, folder = subject.trained(), subject.folder()
    before = subject.samples(trained)
    if not np.array_equal(before, subject.samples(trained)):
        raise Skip("it needs samples that repeat: see same-seed-same-samples")
    common.saved(subject, trained.generator, folder)
    with subject.calling("Loading what it saved, into a new instance,"):
        generator = adapt.load(subject.make(), folder)
    after = subject.samples(dataclasses.replace(trained, generator=generator))
    if not np.array_equal(before, after):
        share = (before != after).mean()
        (hint if _close(before, after) else fail)(
            f"A loaded generator must give the samples of the saved one. Received: {share:.0%} of the pixels differ. "
            "Save everything that sample uses, in full precision."
        )
    common.takes_both_or_none(subject.instance)


def sizes_and_channels(subject: GeneratorSubject) -> None:
    """It makes grey and colour images, and of other sizes; those that it refuses must be refused in words."""
    shape = subject.trained().reals.shape
    other = next((s for s in subject.shapes if s[2] != shape[2] and s[0] > shape[0]), None)
    other = other or next((s for s in subject.shapes if s[0] > shape[0]), None)
    if other is None:
        raise Skip(f"it takes no other shape that is tried than {shape}")
    try:
        trained = subject.fit(other)
    except Broken as error:
        if isinstance(error.__cause__, UserError):
            raise Skip(f"{error.__cause__}") from error
        if not in_words(error.__cause__):
            raise
        hint(f"It takes {shape} images and not {other}: {error} Is that meant so?")
    subject.samples(trained)


def clear_errors(subject: GeneratorSubject) -> None:
    """What it cannot use gives an error with words: never nonsense, and never the end."""
    common.unknown_options_are_refused(subject)
    reals = subject.reals(subject.shapes[0])
    try:
        subject.draw(subject.instance, reals)
    except Exception as error:
        if not message_of(error):
            hint(
                f"sample before fit raised {type(error).__name__} without a message. Say that fit or load comes first."
            )


def history(subject: GeneratorSubject) -> None:
    """A history, if there is one, is a frame."""
    common.history_is_a_frame(subject.trained().generator)


CHECKS = (
    fit, shape_and_dtype, samples_differ, inputs_untouched, same_seed_same_samples, labels, sources, on_checkpoint,
    save_load, sizes_and_channels, clear_errors, history,
)  # fmt: skip


def _close(one: np.ndarray, two: np.ndarray) -> bool:
    """Says whether samples are equal but for their rounding to grey levels."""
    return bool((np.abs(one.astype(int) - two) <= 1).all())
