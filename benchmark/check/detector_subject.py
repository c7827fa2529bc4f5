"""A detector that is checked: its training, its outputs as they come, and what was handed to it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from benchmark import adapt
from benchmark.check import problems
from benchmark.check.core import SMALL, Broken, Shape, Skip, Subject, global_seed
from data.options import options_of

SMALLEST = 8  # pixels a side, for a detector that does not say its own
EPOCHS_TO_LEARN = 12
METHODS = ("decision_function", "predict_proba")


class Watched(adapt.DetectorAdapter):
    """The benchmark's adapter, which remembers what it handed out, to see whether that was changed."""

    def __init__(self, detector: Any) -> None:
        super().__init__(detector)
        self.handed: list[tuple[str, str, np.ndarray, np.ndarray]] = []

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
        self.trained_once = cache(self._trained_once)
        self.needed = cache(self._needed)

    @property
    def channels(self) -> Sequence[int]:
        """The numbers of channels that it takes."""
        channels = getattr(self.instance, "channels", (1, 3))
        if not isinstance(channels, tuple | list) or not channels:
            raise Broken(
                f"`channels` must be a tuple such as (1, 3), or (3,) for colour alone. Received: {channels!r}."
            )
        return tuple(channels)

    @property
    def smallest(self) -> int:
        """The shortest side that it takes, in pixels."""
        return int(getattr(self.instance, "min_size", SMALLEST))

    @property
    def shape(self) -> Shape:
        """The shape of the images that most checks use: the smallest."""
        return self.smallest, self.smallest, self.channels[0]

    @property
    def methods(self) -> list[str]:
        """Those of `decision_function` and `predict_proba` that it has."""
        return [name for name in METHODS if callable(getattr(self.instance, name, None))]

    def fit(self, shape: Shape, seed: int = 0, pair: Any = None, **more: Any) -> Watched:
        """Trains a new instance, with the shared random generators of Python and NumPy at `seed`."""
        watched = Watched(self.make(**more))
        images, is_fake = pair or problems.labelled(shape, problems.N_TRAIN, seed=0)
        held, held_fake = problems.labelled(shape, problems.N_OTHER, seed=1)
        validation = (
            watched.prepared("fit", "validation images", held),
            watched.remember("fit", "validation labels", held_fake),
        )
        given = self.needed(shape)
        taken, is_fake = watched.prepared("fit", "images", images), watched.remember("fit", "is_fake", is_fake)
        what = f"{taken.dtype} {taken.shape} images and bool {is_fake.shape} labels"
        with self.calling("fit", what), global_seed(seed):
            fitted = adapt.call(
                watched.detector.fit, taken, is_fake, validation=validation, progress=_ignore, **given
            )  # fmt: skip
        watched.detector = fitted if hasattr(fitted, "fit") else watched.detector
        return watched

    def trained(self) -> Watched:
        """Returns the shared training on the smallest images."""
        found = None if self.fit_failed else self.trained_once()
        if found is None or isinstance(found, Broken):
            raise Skip("it needs a trained detector: see fit")
        return found

    def learned(self) -> Watched:
        """Returns a training of a few epochs, which is the shared one where there are none to choose."""
        own = options_of(self.plugin.factory).get("epochs")
        if own is None or "epochs" in self.given:
            return self.trained()
        default = own.default if isinstance(own.default, int) else EPOCHS_TO_LEARN
        self.trained()  # what cannot be fitted at all is told once
        return self.fit(self.shape, epochs=max(SMALL["epochs"], min(default, EPOCHS_TO_LEARN)))

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
        try:
            return self.fit(self.shape)
        except Broken as error:
            return error

    def _needed(self, shape: Shape) -> dict[str, Any]:
        makers = {"extractor": problems.extractor, "discriminator": problems.discriminator}
        needs = tuple(getattr(self.instance, "needs", ()))
        odd = [name for name in needs if name not in makers]
        if odd:
            raise Broken(f"`needs` may name {', '.join(makers)}. Received: {odd[0]!r}.")
        return {name: makers[name](shape, self.folder()) for name in needs}


def form_of(values: Any, method: str, n: int) -> str:
    """Says what is wrong with the form of scores or probabilities; nothing if it is right."""
    wanted = (n,) if method == "decision_function" else (n, 2)
    try:
        array = np.asarray(values)
    except ValueError as error:  # lists of different lengths
        return f"{method} must give numbers of shape {wanted}. Received: {' '.join(str(error).split())}"
    if array.dtype.kind not in "fiu":
        return f"{method} must give numbers. Received: dtype {array.dtype}. Return a float array"
    if array.shape != wanted and not (wanted == (n,) and array.shape == (n, 1)):
        advice = "one score per image" if method == "decision_function" else "two columns, real and fake"
        return f"{method} must give an array of shape {wanted} for {n} images. Received: {array.shape}. Return {advice}"
    return ""


def _ignore(*progress: Any) -> None:
    del progress
