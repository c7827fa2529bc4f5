"""One adapter that makes duck-typed and scikit-learn classes answer the same calls.

It passes only the keywords that a signature has, flattens images for estimators that want two dimensions, takes a
`sample(n)` that returns a pair, and checks what comes back.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmark.machine import seeds
from benchmark.plugins import kept
from data.errors import UserError
from data.imageset import ImageSet
from data.options import accepts

SCORING = 0  # the seed of detectors that draw random numbers when they score


def call(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """Calls a function with those keywords that its signature takes."""
    return function(*arguments, **{name: value for name, value in keywords.items() if accepts(function, name)})


def save(plugin: Any, folder: Path) -> None:
    """Saves a plug-in by its own `save`, or else by `benchmark.plugins.kept`."""
    folder.mkdir(parents=True, exist_ok=True)
    if _keeps_itself(plugin):
        plugin.save(folder)
    else:
        kept.save(plugin, folder)


def load(plugin: Any, folder: Path) -> Any:
    """Loads what `save` wrote: into a fresh instance by its own `load`, or else by `benchmark.plugins.kept`.

    What lies in the folder never decides which: a file that runs code could be laid there.
    """
    return (plugin.load(folder) or plugin) if _keeps_itself(plugin) else kept.load(folder, plugin)


def _keeps_itself(plugin: Any) -> bool:
    return callable(getattr(plugin, "save", None)) and callable(getattr(plugin, "load", None))


class DetectorAdapter:
    """Any detector as one with `fit`, `scores` and `probabilities`, whose outputs are checked."""

    def __init__(self, detector: Any) -> None:
        self.detector = detector
        self.flat = _wants_two_dimensions(detector)

    def fit(
        self,
        images: np.ndarray,
        is_fake: np.ndarray,
        validation: tuple[np.ndarray, np.ndarray],
        progress: Any,
        given: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Fits on uint8 images `(n, h, w, c)`; validation images and what else is given, if the signature takes it."""
        prepared = (self._prepare(validation[0]), validation[1])
        fitted = call(
            self.detector.fit, self._prepare(images), is_fake, validation=prepared, progress=progress, **given
        )
        self.detector = fitted if hasattr(fitted, "fit") else self.detector

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Returns what the detector ranks by, float64 `(n,)`: its logits, or its probabilities if it has only those."""
        if callable(getattr(self.detector, "decision_function", None)):
            return _checked(self._asked("decision_function", images), (len(images),), "decision_function")
        probabilities = self.probabilities(images)
        assert probabilities is not None  # noqa: S101  (the methods were checked when the plug-in was resolved)
        return probabilities

    def probabilities(self, images: np.ndarray) -> np.ndarray | None:
        """Returns the probability of being fake, float64 `(n,)`, or `None` if the detector gives none."""
        if not callable(getattr(self.detector, "predict_proba", None)):
            return None
        shape = (len(images), 2)
        pairs = _checked(self._asked("predict_proba", images), shape, "predict_proba")
        fake = pairs[:, _column_of_fake(self.detector)]
        if fake.min() < 0 or fake.max() > 1:
            raise ValueError(
                f"predict_proba must give values in [0, 1]. Received: {fake.min():.4g} to {fake.max():.4g}."
            )
        return fake

    @property
    def explains(self) -> bool:
        """Whether the detector draws heat maps."""
        return callable(getattr(self.detector, "explain", None))

    def heat_maps(self, images: np.ndarray) -> np.ndarray:
        """Returns the detector's heat maps, float64 `(n, h, w)`; larger is more evidence for "fake"."""
        return _checked(self._asked("explain", images), images.shape[:3], "explain")

    def weights_image(self) -> np.ndarray | None:
        """Returns a linear detector's weights as images, float64 `(planes, h, w)`, or `None` if it has none to show."""
        if not callable(getattr(self.detector, "weights_image", None)):
            return None
        weights = np.asarray(self.detector.weights_image())
        return _checked(weights, weights.shape if weights.ndim == 3 else (-1, -1, -1), "weights_image")

    def both(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Returns `scores` and `probabilities`, in one pass where a detector has `probability_of(scores)`."""
        scores = self.scores(images)
        if callable(getattr(self.detector, "probability_of", None)):
            return scores, _checked(self.detector.probability_of(scores), (len(images),), "probability_of")
        return scores, self.probabilities(images)

    def _asked(self, method: str, images: np.ndarray) -> Any:
        """Calls a method on images; equal calls get equal random numbers, should it want any."""
        with seeds.lent(self.detector, SCORING, numbers=False):
            return call(getattr(self.detector, method), self._prepare(images), **seeds.keywords(SCORING))

    def _prepare(self, images: np.ndarray) -> np.ndarray:
        # always a copy, since a detector may write into it
        return images.reshape(len(images), -1) / np.float32(255) if self.flat else images.copy()


def wants_sources(generator: Any) -> bool:
    """Says whether a generator makes its fakes from real images of the same part."""
    return bool(getattr(generator, "consumes_sources", False) or getattr(generator, "uses_sources", False))


def requested(generator: Any, images: ImageSet, index: Any) -> np.ndarray | None:
    """Returns what a conditional generator is asked for: the labels or attributes of the real images at `index`.

    A generator is conditional when its attribute `conditional` is true; one with `requested_attributes` is asked for
    those, bool `(n, k)`, and any other for class labels, int `(n,)`. An image-to-image one gets
    those of its sources. `None` for all others.
    """
    if not getattr(generator, "conditional", False):
        return None
    names = tuple(getattr(generator, "requested_attributes", ()))
    if not names:
        return np.asarray(images.labels[index])
    if images.attributes is None:
        raise UserError(f"The generator was asked for {', '.join(names)}, and the data set has no attributes.")
    return np.asarray(images.attributes[index])[:, [images.attribute_names.index(name) for name in names]]


def sample(
    generator: Any,
    n: int,
    *,
    seed: int,
    sources: np.ndarray | None,
    shape: tuple[int, ...],
    labels: np.ndarray | None = None,
) -> np.ndarray:
    """Returns `n` fakes, uint8 `(n, h, w, c)`, of these labels if there are any.

    Equal seeds give equal fakes: the seed is passed by the keyword that the signature has, and without one stands in
    every `random_state` and generator that the plug-in keeps, see `benchmark.machine.seeds`. A density model of
    scikit-learn learned from flattened images in [0, 1].

    Raises:
        ValueError: If the samples have a wrong shape or values, with what was expected.
    """
    given = seeds.keywords(seed)
    named = any(accepts(generator.sample, name) for name in given)
    with seeds.lent(generator, seed, numbers=not named):
        drawn = call(generator.sample, n, **given, sources=sources, labels=labels)
    drawn = np.asarray(drawn[0] if isinstance(drawn, tuple) else drawn)
    if _wants_two_dimensions(generator) and drawn.shape == (n, int(np.prod(shape))):
        drawn = _checked(drawn, drawn.shape, f"sample({n})")
        drawn = np.clip(np.rint(drawn.reshape(n, *shape) * 255), 0, 255).astype(np.uint8)
    return _images(drawn, (n, *shape), f"sample({n})", "the real images")


def reconstruct(generator: Any, sources: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """Returns real images, uint8 `(n, h, w, c)`, drawn straight: each as the side that it is of, int `(n,)`.

    `None` for a generator that has no method `reconstruct(sources)`, or `reconstruct(sources, *, labels)`.

    Raises:
        ValueError: If what it gives has a wrong shape or values, with what was expected.
    """
    if not callable(getattr(generator, "reconstruct", None)):
        return None
    with seeds.lent(generator, SCORING, numbers=False):
        drawn = np.asarray(call(generator.reconstruct, sources, labels=labels, **seeds.keywords(SCORING)))
    return _images(drawn, sources.shape, "reconstruct", "its sources")


def _images(drawn: np.ndarray, shape: tuple[int, ...], function: str, like: str) -> np.ndarray:
    if drawn.shape != shape or drawn.dtype != np.uint8:
        received = f"{drawn.dtype} {drawn.shape}"
        raise ValueError(f"{function} must give uint8 {shape}, as {like} are. Received: {received}.")
    return drawn


def fit_generator(generator: Any, images: np.ndarray, labels: np.ndarray, **keywords: Any) -> Any:
    """Fits a generator on uint8 images `(n, h, w, c)`, or on flat ones in [0, 1] if it is an estimator."""
    return fit_prepared(generator, prepared(generator, images), labels, **keywords)


def prepared(generator: Any, images: np.ndarray) -> np.ndarray:
    """Returns images as a generator's `fit` takes them: flat copies in [0, 1] if it is an estimator."""
    return images.reshape(len(images), -1) / np.float32(255) if _wants_two_dimensions(generator) else images


def fit_prepared(generator: Any, images: np.ndarray, labels: np.ndarray, **keywords: Any) -> Any:
    """Fits a generator on what `prepared` returned."""
    alone = _wants_two_dimensions(generator) or not _takes_two(generator.fit)
    return call(generator.fit, *((images,) if alone else (images, labels)), **keywords) or generator


def _takes_two(function: Any) -> bool:
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    both = kinds.count(inspect.Parameter.POSITIONAL_ONLY) + kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return both > 1 or inspect.Parameter.VAR_POSITIONAL in kinds


def _wants_two_dimensions(estimator: Any) -> bool:
    first = next(iter(inspect.signature(estimator.fit).parameters), "")
    return first == "X" and hasattr(estimator, "get_params")  # scikit-learn's convention


def _column_of_fake(detector: Any) -> int:
    classes = getattr(detector, "classes_", None)
    # element by element: the classes may be False and True, or 0 and 1, in either order
    return 1 if classes is None else int(np.flatnonzero(np.asarray(classes) == True)[0])  # noqa: E712


def _checked(values: Any, shape: tuple[int, ...], method: str) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.shape == (shape[0], 1) and len(shape) == 1:
        array = array[:, 0]
    if array.shape != shape:
        raise ValueError(f"{method} must give an array of shape {shape}. Received: {array.shape}.")
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise ValueError(f"{method} must give finite numbers. Received: {bad} of {array.size} are NaN or infinite.")
    return array
