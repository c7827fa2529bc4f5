"""A detector that is checked: its training, its outputs as they come, and what was handed to it."""

from __future__ import annotations

import time
from functools import cache, partial
from typing import Any

import numpy as np

from benchmark.machine.blame import message_of
from benchmark.plugins import adapt
from benchmark.plugins.check import problems
from benchmark.plugins.check.core import SMALL, Shape, Subject, global_seed
from benchmark.plugins.check.verdicts import Broken, Skip, in_words
from data.options import options_of

SMALLEST = 8  # pixels a side, for a detector that does not say its own
EPOCHS_TO_LEARN = 12
USUAL = (
    (28, 28, 1),
    (32, 32, 3),
    (32, 32, 1),
    (64, 64, 3),
    (128, 128, 3),
    (224, 224, 3),
)  # that networks are built for
METHODS = ("decision_function", "predict_proba")


class Watched(adapt.DetectorAdapter):
    """The benchmark's adapter, which remembers what it handed out, to see whether that was changed."""

    def __init__(self, detector: Any) -> None:
        super().__init__(detector)
        self.handed: list[tuple[str, str, np.ndarray, np.ndarray]] = []
        self.seconds = 0.0  # that its training took

    def remember(self, method: str, name: str, array: np.ndarray) -> np.ndarray:
        """Notes how an argument of a method is now and returns it."""
        self.handed.append((method, name, array, array.copy()))
        return array

    def changed(self) -> list[str]:
        """Returns what is not any more as it was handed out, such as "fit changed its `images`"."""
        odd = [(method, name) for method, name, array, before in self.handed if not np.array_equal(array, before)]
        return [f"{method} changed its `{name}`" for method, name in dict.fromkeys(odd)]

    def prepared(self, method: str, name: str, images: np.ndarray) -> np.ndarray:
        """Returns images as the detector takes them, remembered."""
        return self.remember(method, name, self._prepare(images))


class DetectorSubject(Subject):
    """A detector, with a training that all checks share. The arguments are those of `Subject`."""

    def __init__(self, group: str, kind: str, options: dict[str, Any]) -> None:
        super().__init__(group, kind, options)
        self.shape = self.shapes[0]  # of the images that most checks use
        self.refused: Broken | None = None  # what it said of smaller ones
        self.trained_once = cache(self._trained_once)
        self.needed = cache(self._needed)
        self.quickest: dict[int, float] = {}  # number of images -> seconds of a training

    @property
    def channels(self) -> tuple[int, ...]:
        """The numbers of channels that it takes."""
        return tuple(self.traits.get("channels", (1, 3)))

    @property
    def smallest(self) -> int:
        """The shortest side that it takes, in pixels."""
        return int(self.traits.get("min_size", SMALLEST))

    @property
    def shapes(self) -> list[Shape]:
        """The shapes that are tried until it can be trained: the smallest that it says, and those that are usual."""
        small = [(self.smallest, self.smallest, channels) for channels in self.channels]
        return small + [s for s in USUAL if s[0] > self.smallest and s[2] in self.channels]

    @property
    def methods(self) -> list[str]:
        """Those of `decision_function` and `predict_proba` that it has."""
        return [name for name in METHODS if callable(getattr(self.instance, name, None))]

    def fit(
        self,
        shape: Shape,
        seed: int = 0,
        pair: Any = None,
        n: int = problems.N_TRAIN,
        turned: bool = False,
        **more: Any,
    ) -> Watched:
        """Trains a new instance.

        Args:
            shape: Of the images.
            seed: Of the random generators that all of the process share.
            pair: The images and labels, or `None` for `n` of the usual ones.
            n: How many images.
            turned: Whether the reals are called fake, and the fakes real.
            **more: Options.
        """
        watched = Watched(self.make(**more))
        images, is_fake = pair or problems.labelled(shape, n, seed=0)
        held, held_fake = problems.labelled(shape, problems.N_OTHER, seed=1)
        is_fake, held_fake = is_fake ^ turned, held_fake ^ turned
        validation = (
            watched.prepared("fit", "validation images", held),
            watched.remember("fit", "validation labels", held_fake),
        )
        given = self.needed(shape)
        taken, is_fake = watched.prepared("fit", "images", images), watched.remember("fit", "is_fake", is_fake)
        what = f"{taken.dtype} {taken.shape} images and bool {is_fake.shape} labels"
        started = time.perf_counter()
        with self.calling("fit", what), global_seed(seed):
            fitted = adapt.call(
                watched.detector.fit, taken, is_fake, validation=validation, progress=_ignore, **given
            )  # fmt: skip
        watched.detector = fitted if hasattr(fitted, "fit") else watched.detector
        watched.seconds = time.perf_counter() - started
        self.quickest[n] = min(watched.seconds, self.quickest.get(n, watched.seconds))
        return watched

    def trained(self) -> Watched:
        """Returns the shared training on the smallest images."""
        found = None if self.fit_failed else self.trained_once()
        if found is None or isinstance(found, Broken):
            raise Skip("it needs a trained detector: see fit")
        return found

    def learned(self, n: int = problems.N_TRAIN, turned: bool = False) -> Watched:
        """Returns a training of a few epochs, which is the shared one where there are none to choose."""
        trained = self.trained()  # what cannot be fitted at all is told once
        own = options_of(self.plugin.factory).get("epochs")
        if own is not None and "epochs" not in self.given:
            default = own.default if isinstance(own.default, int) else EPOCHS_TO_LEARN
            epochs = max(SMALL["epochs"], min(default, EPOCHS_TO_LEARN))
            return self.fit(self.shape, n=n, turned=turned, epochs=epochs)
        return trained if n == problems.N_TRAIN and not turned else self.fit(self.shape, n=n, turned=turned)

    def raw(self, watched: Watched, method: str, images: np.ndarray) -> Any:
        """Returns what a method gives, as it is."""
        taken = watched.prepared(method, "images", images)
        with self.calling(method, f"{taken.dtype} {taken.shape} images"):
            return getattr(watched.detector, method)(taken)

    def outputs(self, watched: Watched, images: np.ndarray, finite: bool = True) -> dict[str, np.ndarray]:
        """Returns what each method gives, float64 `(n,)` and `(n, 2)`; skips the check where another tells more."""
        found = {}
        for method in self.methods:
            values = self.raw(watched, method, images)
            if form_of(values, method, len(images)):
                raise Skip("it needs scores of the right form: see shape-and-dtype")
            array = np.asarray(values, dtype=np.float64)
            if finite and not np.isfinite(array).all():
                raise Skip("it needs finite scores: see finite")
            found[method] = array.reshape(len(images), -1)
        return found

    def gives_usable_scores(self) -> bool:
        """Says whether it gives finite scores of the right form for ordinary images."""
        try:
            self.outputs(self.trained(), problems.labelled(self.shape, 7, seed=2)[0])
        except (Skip, Broken):
            return False
        return True

    def _trained_once(self) -> Watched | Broken:
        began = time.perf_counter()
        first: Broken | None = None
        for shape in self.shapes:
            try:
                trained = self.with_options(partial(self.fit, shape))
            except Broken as error:
                first = first or error
                if not in_words(first.__cause__) or time.perf_counter() - began > self.limit / 4:
                    break
            else:
                self.shape, self.refused = shape, first
                return trained
        assert first is not None  # noqa: S101  there is a shape
        return first

    def _needed(self, shape: Shape) -> dict[str, Any]:
        makers = {"extractor": problems.extractor, "discriminator": problems.discriminator}
        return {name: makers[name](shape, self.folder()) for name in self.traits.get("needs", ())}


def form_of(values: Any, method: str, n: int) -> str:
    """Says what is wrong with the form of scores or probabilities; nothing if it is right."""
    wanted = (n,) if method == "decision_function" else (n, 2)
    try:
        array = np.asarray(values)
        if array.dtype.kind in "SU":
            return f"{method} must give numbers. Received: dtype {array.dtype}. Return a float array"
        np.asarray(values, dtype=np.float64)  # as a run reads them
    except (ValueError, TypeError) as error:  # such as lists of different lengths
        return f"{method} must give numbers of shape {wanted}. Received: {message_of(error)}"
    if array.shape != wanted and not (wanted == (n,) and array.shape == (n, 1)):
        advice = "one score per image" if method == "decision_function" else "two columns, real and fake"
        return f"{method} must give an array of shape {wanted} for {n} images. Received: {array.shape}. Return {advice}"
    return ""


def _ignore(*progress: Any) -> None:
    del progress
