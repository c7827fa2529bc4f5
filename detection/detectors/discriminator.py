"""A generator's own discriminator, as it was saved, asked about images that it did not learn from."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any, Self

import numpy as np

from data.errors import UserError
from detection.base import BaseDetector, Pair, Progress, in_blocks
from detection.networks import network_parts

FILE = "discriminator.keras"


class Discriminator(BaseDetector):
    """Scores images by a GAN's own discriminator: minus its logit, which is high for reals.

    Nothing is trained: only the probabilities are calibrated on the validation images. The discriminator has learned on
    the generator's training images and on fakes of every epoch; it is tied to the last of them, against which it did
    not finish. Images are scaled to [-1, 1] as `x / 127.5 - 1`.

    Source: Goodfellow et al., "Generative adversarial nets" (2014), section 3: the discriminator estimates the
    probability that an image is real, and its logit is the logarithm of the ratio of the two densities (section 4.1).

    Args:
        random_state: Only draws the validation images when none are given. Defaults to `None`.
    """

    paper = "Goodfellow et al., Generative adversarial nets (2014), sections 3 and 4.1"
    needs = ("discriminator",)

    def __init__(self, *, random_state: int | None = None) -> None:
        super().__init__(random_state=random_state)
        self._file: Path | None = None
        self._content = b""
        self._network: Any = None

    @property
    def parameters(self) -> int | None:
        """The number of the network's weights, after `fit` or `load`."""
        return None if self._network is None else int(self._network.count_params())

    def fit(
        self,
        images: np.ndarray,
        is_fake: np.ndarray,
        *,
        validation: Pair | None = None,
        progress: Progress | None = None,
        discriminator: Path | str | None = None,
    ) -> Self:
        """Reads the discriminator and calibrates it; the other arguments are those of `BaseDetector.fit`.

        Args:
            images: uint8 `(n, height, width, channels)` in [0, 255].
            is_fake: bool `(n,)`.
            validation: The same pair, to calibrate on. Defaults to `None`, every fifth image.
            progress: Not called.
            discriminator: A `.keras` file of Keras' own layers: float32 images in [-1, 1] of the training images' shape
                to a logit `(n, 1)`, higher for real.

        Raises:
            UserError: Without the file, or when it cannot be loaded in Keras' safe mode, takes a condition too, or
                takes images of another shape.
        """
        if discriminator is None:
            raise UserError(
                "Detector 'discriminator' is a generator's own discriminator and needs its file. Expected "
                "fit(..., discriminator='discriminator.keras'). A control or a folder of images has none."
            )
        self._file = Path(discriminator)
        return super().fit(images, is_fake, validation=validation, progress=progress)

    def save(self, folder: Path) -> None:
        """Writes `discriminator.keras`, the bytes that were read, beside the files of `BaseDetector.save`."""
        super().save(folder)
        (Path(folder) / FILE).write_bytes(self._content)

    def load(self, folder: Path) -> Self:
        """Reads what `save` wrote."""
        self._file = Path(folder) / FILE
        return super().load(folder)

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        self._open()

    def _open(self) -> None:
        assert self._file is not None  # noqa: S101  fit and load have set it
        try:
            self._content = self._file.read_bytes()
        except OSError as error:
            raise UserError(f"The discriminator {self._file} cannot be read: {error.strerror}.") from None
        self._network = read_network(self._content, str(self._file))
        inputs, wanted = self._network.inputs, tuple(self._shape or ())
        if len(inputs) != 1:
            raise UserError(
                f"The discriminator {self._file} takes {len(inputs)} inputs, so it was trained with a condition, and "
                "nothing says what a scored image's condition is. Expected one of a generator without a condition."
            )
        if tuple(inputs[0].shape[1:]) != wanted or tuple(self._network.output_shape[1:]) != (1,):
            raise UserError(
                f"The discriminator {self._file} must take images of {wanted} to one logit. "
                f"Received: {tuple(inputs[0].shape[1:])} to {tuple(self._network.output_shape[1:])}."
            )

    def explain(self, images: np.ndarray) -> np.ndarray:
        """Returns signed Grad-CAM maps, float64 `(n, height, width)`: positive where the evidence is for "fake".

        Raises:
            NoFeatureMap: If the discriminator has no feature map.
        """
        from detection.networks.gradcam import GradCAM

        images = self._checked_as_trained(images, "explained")
        draw = GradCAM(self._network, signed=True)
        return in_blocks(lambda block: -draw(_scaled(block)), images).reshape(images.shape[:3])

    def _score(self, images: np.ndarray) -> np.ndarray:
        return -np.asarray(self._network.predict_on_batch(_scaled(images)), dtype=np.float64)[:, 0]

    def _state(self) -> dict[str, np.ndarray]:
        return {"sha256": _sha256(self._content)}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._open()
        if not np.array_equal(_sha256(self._content), state["sha256"]):
            raise UserError(f"The discriminator {self._file} is damaged: it is not the one that was saved.")


def _scaled(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1)


def _sha256(content: bytes) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(content).digest(), np.uint8)


def read_network(content: bytes, name: str) -> Any:
    """Returns the Keras network of a `.keras` file's content, read in safe mode: no code of the file runs.

    Raises:
        UserError: If it cannot be read, or needs code.
    """
    import keras

    with tempfile.TemporaryDirectory() as folder:  # the bytes that are kept are the bytes that are loaded
        copy = Path(folder) / FILE
        copy.write_bytes(content)
        try:
            network_parts.check(copy)
            return keras.saving.load_model(copy, compile=False, safe_mode=True)
        except Exception as error:  # a damaged or foreign file raises nearly anything
            words = " ".join(str(error).replace(str(copy), "it").split())[:200].rstrip(".")
            raise UserError(
                f"The discriminator {name} cannot be loaded in safe mode: {words or type(error).__name__}. "
                "Expected a .keras file of Keras' own layers."
            ) from error
