"""What every built-in detector shares: checked input, scores in equal blocks, calibration, saving."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np

from data.errors import UserError
from data.options import options_of
from detection.calibrate import Platt, fit_platt

Pair = tuple[np.ndarray, np.ndarray]
Progress = Callable[[int, int, str], None]

MIN_IMAGES = 2  # of each class: below that there is no spread to standardise by
HOLD_OUT_FROM = 10  # images of each class from which a fifth can be spared for validation


class BaseDetector:
    """Turns two methods, `_fit` and `_score`, into a detector.

    A subclass writes `_fit(images, is_fake, validation, progress)`, `_score(images)` for one block, and
    `_state()` / `_restore(state)`, the arrays that make up what it learned. Images are uint8 `(n, height,
    width, channels)` in [0, 255] and are never written to. A higher score means more likely fake.

    Args:
        random_state: The seed of everything random in `fit`. `None` is the seed 0. Defaults to `None`.
    """

    min_size = 8
    channels: tuple[int, ...] = (1, 3)
    sentinel: str | None = None

    def __init__(self, *, random_state: int | None = None) -> None:
        self.random_state = random_state
        self.history: Any = None
        self._shape: tuple[int, int, int] | None = None
        self._platt: Platt | None = None

    def fit(
        self,
        images: np.ndarray,
        is_fake: np.ndarray,
        *,
        validation: Pair | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Trains on labelled images, chooses and calibrates on the validation images.

        Args:
            images: uint8 `(n, height, width, channels)` in [0, 255].
            is_fake: bool `(n,)`.
            validation: The same pair for images that are not trained on. Without it every fifth image of a
                seeded order serves, or the training images themselves where a class has fewer than ten; the
                probabilities are then too sure.
            progress: Called as `progress(done, total, text)` by detectors that train for long.

        Raises:
            UserError: For images or labels of the wrong form, a missing class, or fewer than two images of
            one.
        """
        images, is_fake = self._checked_pair(images, is_fake, "training")
        if validation is None:
            images, is_fake, validation = _hold_out(images, is_fake, self._seed)
        else:
            validation = self._checked_pair(*validation, "validation")
            if validation[0].shape[1:] != images.shape[1:]:
                raise UserError(
                    f"Validation images must have the size of the training images, {images.shape[1:]}. "
                    f"Received: {validation[0].shape[1:]}."
                )
        self._shape = images.shape[1:]
        # Calibrated after the fit: a detector may choose its weights on the validation images first.
        self._fit(images, is_fake, validation, progress)
        self._platt = fit_platt(self._scores(validation[0]), validation[1])
        return self

    def decision_function(self, images: np.ndarray) -> np.ndarray:
        """Returns one score per image, float64 `(n,)`; bit for bit the same in any order and batch size."""
        return self._scores(self._checked_as_trained(images, "scored"))

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Returns calibrated probabilities, float64 `(n, 2)`; the columns are real and fake."""
        fake = self.probability_of(self.decision_function(images))
        return np.column_stack([1 - fake, fake])

    def probability_of(self, scores: np.ndarray) -> np.ndarray:
        """Returns the calibrated probability of being fake, float64 `(n,)`, for scores of `decision_function`."""
        assert self._platt is not None  # noqa: S101  decision_function has checked it
        return self._platt.probability(scores)

    def save(self, folder: Path) -> None:
        """Writes what was learned to `detector.npz` and `detector.json`; equal detectors give equal bytes."""
        if self._shape is None or self._platt is None:
            raise UserError(f"{type(self).__name__} is not trained. Expected a call of fit before save.")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        about = {"detector": type(self).__name__, "options": self._options(), "shape": list(self._shape)}
        (folder / "detector.json").write_text(json.dumps(about, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        platt = np.array([self._platt.slope, self._platt.intercept])
        state = {f"state.{name}": array for name, array in self._state().items()}
        with (folder / "detector.npz").open("wb") as file:
            np.savez(file, allow_pickle=False, platt=platt, **state)

    def load(self, folder: Path) -> Self:
        """Reads what `save` wrote, on an instance that was made with the same options."""
        folder = Path(folder)
        try:
            about = json.loads((folder / "detector.json").read_text(encoding="utf-8"))
            with np.load(folder / "detector.npz", allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except (OSError, ValueError) as error:
            raise UserError(f"No saved detector can be read in {folder}: {error}") from None
        expected = {"detector": type(self).__name__, "options": self._options()}
        received = {name: about.get(name) for name in expected}
        # through JSON, as the file went: tuples come back as lists
        if received != json.loads(json.dumps(expected)):
            raise UserError(f"The saved detector differs from this one. Expected {expected}. Received: {received}.")
        self._shape = tuple(about["shape"])
        slope, intercept = arrays.pop("platt")
        self._platt = Platt(float(slope), float(intercept))
        self._restore({name.removeprefix("state."): array for name, array in arrays.items()})
        return self

    # What a subclass writes

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        raise NotImplementedError

    def _score(self, images: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _state(self) -> dict[str, np.ndarray]:
        raise NotImplementedError

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        raise NotImplementedError

    # What it gets for that

    @property
    def _seed(self) -> int:
        return 0 if self.random_state is None else int(self.random_state)

    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in options_of(type(self))}

    def _scores(self, images: np.ndarray) -> np.ndarray:
        scores = in_blocks(self._score, images)
        if not np.isfinite(scores).all():
            bad = int((~np.isfinite(scores)).sum())
            raise ValueError(
                f"{type(self).__name__} gave NaN or infinity as the score of {bad} of {len(scores)} images."
            )
        return scores

    def _checked(self, images: np.ndarray, role: str) -> np.ndarray:
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 4:
            raise UserError(
                f"The {role} images must be uint8 of shape (n, height, width, channels). "
                f"Received: {images.dtype} of shape {images.shape}."
            )
        height, width, channels = images.shape[1:]
        if channels not in self.channels or min(height, width) < self.min_size:
            raise UserError(
                f"{type(self).__name__} needs images of at least {self.min_size} pixels a side and "
                f"{' or '.join(map(str, self.channels))} channels. Received: {height} x {width} x {channels}."
            )
        return images

    def _checked_as_trained(self, images: np.ndarray, role: str) -> np.ndarray:
        if self._shape is None or self._platt is None:
            raise UserError(f"{type(self).__name__} is not trained. Expected a call of fit or load before.")
        images = self._checked(images, role)
        if images.shape[1:] != self._shape:
            raise UserError(f"Images must have the trained size {self._shape}. Received: {images.shape[1:]}.")
        return images

    def _checked_pair(self, images: np.ndarray, is_fake: np.ndarray, role: str) -> Pair:
        images, is_fake = self._checked(images, role), np.asarray(is_fake)
        if is_fake.shape != (len(images),) or is_fake.dtype != bool:
            raise UserError(
                f"The {role} labels must be bool of shape ({len(images)},). "
                f"Received: {is_fake.dtype} of shape {is_fake.shape}."
            )
        n_fake = int(is_fake.sum())
        n_real = len(is_fake) - n_fake
        if min(n_real, n_fake) < MIN_IMAGES:
            raise UserError(
                f"{type(self).__name__} needs at least {MIN_IMAGES} real and {MIN_IMAGES} fake {role} images"
                f". Received: {n_real} real, {n_fake} fake."
            )
        return images, is_fake


def block_size(shape: tuple[int, ...]) -> int:
    """Returns how many images of one shape are scored at once: 256 up to 32 x 32, fewer of larger ones."""
    return int(np.clip(2**18 // (shape[0] * shape[1]), 16, 256))


def in_blocks(function: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Applies a function to blocks of one fixed size and returns the results as float64.

    Matrix products and transforms may round the last bit differently for another number of rows. With every
    block filled up to the same size, an image's score does not depend on what it is scored together with.
    """
    size = block_size(images.shape[1:])
    parts = []
    for start in range(0, len(images), size):
        block = images[start : start + size]
        missing = size - len(block)
        full = np.concatenate([block, np.repeat(block[-1:], missing, axis=0)]) if missing else block
        parts.append(np.asarray(function(full), dtype=np.float64)[: len(block)])
    return np.concatenate(parts) if parts else np.zeros(0)


def _hold_out(images: np.ndarray, is_fake: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, Pair]:
    if min(is_fake.sum(), (~is_fake).sum()) < HOLD_OUT_FROM:
        return images, is_fake, (images, is_fake)
    rng = np.random.default_rng([seed, 0x7A11D])
    held = np.zeros(len(images), dtype=bool)
    for chosen in (np.flatnonzero(is_fake), np.flatnonzero(~is_fake)):
        held[rng.permutation(chosen)[::5]] = True
    return images[~held], is_fake[~held], (images[held], is_fake[held])
