"""New images from a loaded generator: independent ones of chosen labels, or a way from one to another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.machine.blame import words
from benchmark.plugins import adapt
from benchmark.use.stored_run import StoredRun, Trained
from data.errors import UserError, unknown


@dataclass(frozen=True)
class Request:
    """What to generate; the arguments of `benchmark.use.generate.generate`."""

    generator: str
    training_seed: int
    checkpoint: str
    n: int
    seed: int
    labels: tuple[str, ...] | str | None  # a text is split before anything is drawn
    size: int | None
    interpolate: int | None


def split(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """Splits labels at commas, but for the commas of a known name; of several names that fit, the longest is meant."""
    pieces = [piece.strip() for piece in text.split(",")]
    known = {tuple(part.strip() for part in name.split(",")): name for name in names}
    found, at = [], 0
    while at < len(pieces):
        ends = (end for end in range(len(pieces), at, -1) if tuple(pieces[at:end]) in known)
        end = next(ends, at + 1)
        found.append(known.get(tuple(pieces[at:end]), pieces[at]))
        at = end
    return tuple(found)


def draw(opened: StoredRun, trained: Trained, wanted: Request) -> tuple[np.ndarray, list[str | None], list[str]]:
    """Returns the images as the generator gives them, the name of each one's label, and the ids of their sources."""
    generator = trained.generator
    if wanted.interpolate:
        if not callable(getattr(generator, "interpolate", None)):
            raise UserError(f"Generator '{trained.id}' ({trained.kind}) cannot interpolate: it has no latent vectors.")
        with _told(trained):
            way = np.asarray(
                generator.interpolate(wanted.interpolate, wanted.n // wanted.interpolate, seed=wanted.seed)
            )
        if way.shape != (wanted.n, *opened.images.shape) or way.dtype != np.uint8:
            raise UserError(
                f"interpolate of '{trained.id}' must give uint8 {(wanted.n, *opened.images.shape)}. "
                f"Received: {way.dtype} {way.shape}."
            )
        return way, [None] * wanted.n, []

    test = opened.ledger.parts["test"]
    from_reals = adapt.wants_sources(generator)
    if from_reals:
        test = _sources(opened, trained, wanted, test)
    labels, names = _labels(opened, trained, wanted, np.resize(test, wanted.n), from_reals)
    sources = np.array(opened.images.images[test]) if from_reals else None
    with _told(trained):
        drawn = adapt.sample(
            generator, wanted.n, seed=wanted.seed, sources=sources, shape=opened.images.shape, labels=labels
        )
    return drawn, names, opened.images.ids[test].tolist() if from_reals else []


def _sources(opened: StoredRun, trained: Trained, wanted: Request, test: np.ndarray) -> np.ndarray:
    """Returns which real images an image-to-image generator gets: of the test part, and of the labels asked for."""
    images, of = opened.images, "of these labels " if wanted.labels else ""
    if wanted.labels and not getattr(trained.generator, "conditional", False):
        raise UserError(f"Generator '{trained.id}' is not conditional, so it takes no labels.")
    if wanted.labels:
        asked = [_class(text.strip(), images.classes) for text in wanted.labels]
        test = test[np.isin(images.labels[test], asked)]
    if wanted.n > len(test):
        raise UserError(
            f"'{trained.id}' makes its images from real ones, and the run holds {len(test)} {of}for testing, which it "
            f"has not learned from. Received: n={wanted.n}."
        )
    return test[: wanted.n]


def _labels(
    opened: StoredRun, trained: Trained, wanted: Request, like: np.ndarray, from_reals: bool
) -> tuple[np.ndarray | None, list[str | None]]:
    """Returns what to ask a conditional generator for, and in words; by default, what the images at `like` are."""
    generator, images = trained.generator, opened.images
    if not getattr(generator, "conditional", False):
        if wanted.labels:
            raise UserError(f"Generator '{trained.id}' is not conditional, so it takes no labels.")
        return None, [None] * wanted.n
    attributes = tuple(getattr(generator, "requested_attributes", ()))
    if wanted.labels is None or from_reals:  # a source has the label that it has
        labels = adapt.requested(generator, images, like)
    else:
        parse = _attributes if attributes else _class
        each = [parse(text.strip(), attributes or images.classes) for text in wanted.labels]
        labels = np.array([each[i % len(each)] for i in range(wanted.n)])
    if labels is None:
        raise RuntimeError("A conditional generator must be asked for something.")
    if attributes:
        return labels, ["+".join(np.array(attributes)[row.astype(bool)]) or "none" for row in labels]
    return labels, [images.classes[int(label)] for label in labels]


def _class(text: str, classes: tuple[str, ...]) -> int:
    if text in classes:
        return classes.index(text)
    if text.isdecimal() and int(text) < len(classes):
        return int(text)
    raise unknown("label", text, classes, f"(or a number below {len(classes)})")


def _attributes(text: str, names: tuple[str, ...]) -> list[bool]:
    asked = [] if text == "none" else [name.strip() for name in text.split("+")]
    for name in asked:
        if name not in names:
            raise unknown("attribute", name, [*names, "none"])
    return [name in asked for name in names]


@contextlib.contextmanager
def _told(trained: Trained) -> Iterator[None]:
    """Turns what a plug-in raises while it samples into one line that names it."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"Generator '{trained.id}' cannot sample: {words(error).rstrip('.')}.") from error
