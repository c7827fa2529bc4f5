"""Classifiers on features that were learned elsewhere and stay as they are: nearest neighbours and a linear one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import numpy as np

from data.errors import UserError
from detection.base import BaseDetector, Pair, Progress
from detection.frozen.extractor import Extractor
from detection.logistic import Linear, fit_linear
from detection.neighbours import neighbour_share

FOLDER = "extractor"  # beside the detector's own files


class FrozenFeatures(BaseDetector):
    """What the two have in common: the extractor, which is given to `fit` and kept with the detector.

    The classifier two-sample test asks whether a classifier can tell two sets apart on images that it has not seen. On
    raw pixels every classifier tells a DCGAN's images; on the features of a network that was trained for something
    else, what is measured is nearer to whether the pictures look right. The extractor here is trained on real images of
    the same data set (see `detection.frozen.extractor.Extractor`), none of which a detector sees. Scores on it are not
    to be compared with those on another extractor: its name and digest stand in `detector.json`.

    Source: Lopez-Paz and Oquab, "Revisiting classifier two-sample tests" (2017), sections 3 and 4.
    """

    needs = ("extractor",)

    def __init__(self, *, random_state: int | None = None) -> None:
        super().__init__(random_state=random_state)
        self._extractor: Extractor | None = None
        self._place: Path | None = None

    def fit(
        self,
        images: np.ndarray,
        is_fake: np.ndarray,
        *,
        validation: Pair | None = None,
        progress: Progress | None = None,
        extractor: Path | str | None = None,
    ) -> Self:
        """Trains the classifier on the extractor's features; the other arguments are those of `BaseDetector.fit`.

        Args:
            images: uint8 `(n, height, width, channels)` in [0, 255].
            is_fake: bool `(n,)`.
            validation: The same pair for images that are not trained on. Defaults to `None`, every fifth image.
            progress: Not called.
            extractor: The folder of a saved `detection.frozen.extractor.Extractor` for images of this shape.

        Raises:
            UserError: Without an extractor, or for one that cannot be read or takes images of another shape.
        """
        if extractor is None:
            raise UserError(
                f"{type(self).__name__} scores the features of a trained extractor and was given none. Expected "
                "fit(..., extractor=FOLDER), the folder that detection.frozen.extractor.Extractor saved."
            )
        self._place = Path(extractor)
        return super().fit(images, is_fake, validation=validation, progress=progress)

    def save(self, folder: Path) -> None:
        """Writes the extractor too, into `extractor/`, and names it in `detector.json`."""
        super().save(folder)
        assert self._extractor is not None  # noqa: S101  a trained detector has one
        self._extractor.save(Path(folder) / FOLDER)
        path = Path(folder) / "detector.json"
        about = json.loads(path.read_text(encoding="utf-8"))
        about["extractor"] = {"name": self._extractor.name, "digest": self._extractor.digest}
        path.write_text(json.dumps(about, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Reads what `save` wrote; nothing else is needed."""
        super().load(folder)
        about: dict[str, Any] = json.loads((Path(folder) / "detector.json").read_text(encoding="utf-8"))
        self._extractor = Extractor().load(Path(folder) / FOLDER)
        if about.get("extractor") != {"name": self._extractor.name, "digest": self._extractor.digest}:
            raise UserError(f"The extractor in {Path(folder) / FOLDER} is not the one that this detector learned with.")
        return self

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        assert self._place is not None  # noqa: S101  fit has set it
        self._extractor = Extractor().load(self._place)
        self._learn(self._features(images), is_fake, (self._features(validation[0]), validation[1]))

    def _features(self, images: np.ndarray) -> np.ndarray:
        assert self._extractor is not None  # noqa: S101  set by _fit and load
        return self._extractor.features(images)

    def _learn(self, features: np.ndarray, is_fake: np.ndarray, validation: Pair) -> None:
        raise NotImplementedError


class FeaturesLinear(FrozenFeatures):
    """Logistic regression on an extractor's 64 features, the penalty chosen by log-loss on the validation images.

    See `FrozenFeatures` for the design and its source; there the second classifier is a network of one hidden layer,
    here it is linear, so that all that is not linear is the extractor's.

    Args:
        random_state: Only draws the validation images when none are given. Defaults to `None`.
    """

    paper = "Lopez-Paz and Oquab, Revisiting classifier two-sample tests (2017), section 4"

    def _learn(self, features: np.ndarray, is_fake: np.ndarray, validation: Pair) -> None:
        self._model = fit_linear(features, is_fake, validation)

    def _score(self, images: np.ndarray) -> np.ndarray:
        return self._model.score(self._features(images))

    def _state(self) -> dict[str, np.ndarray]:
        return self._model.state()

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._model = Linear.from_state(state)


class FeaturesKNN(FrozenFeatures):
    """The share of fakes among the nearest training images, by Euclidean distance in an extractor's 64 features.

    There are `floor(sqrt(n))` neighbours of n training images, as in the source, and nothing to tune. See
    `detection.neighbours.neighbour_share` for ties.

    Args:
        random_state: Only draws the validation images when none are given. Defaults to `None`.
    """

    paper = "Lopez-Paz and Oquab, Revisiting classifier two-sample tests (2017), section 4"

    def _learn(self, features: np.ndarray, is_fake: np.ndarray, validation: Pair) -> None:
        self._bank, self._is_fake = features, is_fake.copy()

    def _score(self, images: np.ndarray) -> np.ndarray:
        return neighbour_share(self._features(images), self._bank, self._is_fake)

    def _state(self) -> dict[str, np.ndarray]:
        return {"features": self._bank, "is_fake": self._is_fake}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._bank, self._is_fake = state["features"], state["is_fake"]
