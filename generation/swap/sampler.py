"""Draws faces with a decoder, whatever the batch, and measures how well. Imports Keras: import this inside functions
only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from generation.swap.networks import build_decoder, build_encoder
from generation.swap.settings import Settings, halvings
from generation.swap.similarity import ssim
from generation.training.backend import backend
from generation.training.levels import levels

BATCH = 64  # fixed: a matrix product's last bits may depend on the batch size
NETWORKS = ("encoder", "decoder_a", "decoder_b")


class SwapSampler:
    """An encoder and two decoders of its own, so that drawing does not disturb a training.

    Args:
        settings: The architecture.
        image_shape: `(height, width, channels)`.
    """

    def __init__(self, settings: Settings, image_shape: tuple[int, ...]) -> None:
        place = settings, tuple(image_shape), halvings(settings, image_shape)
        self._networks = build_encoder(*place), build_decoder(*place), build_decoder(*place)
        shape = (BATCH, *image_shape)
        encoder, *decoders = self._networks
        self._draw = [
            backend().compiled(lambda x, decoder=decoder: decoder(encoder(x, training=False), training=False), shape)
            for decoder in decoders
        ]
        self._ssim = backend().compiled(ssim, shape, shape)

    @property
    def parameters(self) -> int:
        """How many numbers the encoder and the decoders have learned."""
        return int(sum(network.count_params() for network in self._networks))

    def set(self, values: dict[str, Sequence[np.ndarray]]) -> None:
        """Takes over the weights of `encoder`, `decoder_a` and `decoder_b`, in the order of their variables."""
        for name, network in zip(NETWORKS, self._networks, strict=True):
            for variable, value in zip(network.variables, values[name], strict=True):
                variable.assign(value)

    def values(self) -> dict[str, list[np.ndarray]]:
        """Returns the weights that `set` takes."""
        return {
            name: [np.asarray(variable) for variable in network.variables]
            for name, network in zip(NETWORKS, self._networks, strict=True)
        }

    def outputs(self, images: np.ndarray, side: int) -> np.ndarray:
        """Returns faces as a side's decoder draws them, float32 like `images` in [0, 1].

        Args:
            images: uint8 `(n, height, width, channels)`.
            side: 0 for decoder A, 1 for decoder B.
        """
        drawn = np.empty(images.shape, np.float32)
        for rows in _rows(len(images)):
            drawn[rows] = self._draw[side](_padded(images[rows] / np.float32(255)))[: len(images[rows])]
        return drawn

    def draw(self, images: np.ndarray, side: int) -> np.ndarray:
        """Returns the same rounded to grey levels, uint8; a face does not depend on those beside it."""
        return levels(self.outputs(images, side), "sigmoid")

    def reconstruction(self, images: np.ndarray, side: int) -> dict[str, float]:
        """Returns how near a side's decoder comes to its own faces: mean `ssim` and `mse`, on values in [0, 1]."""
        drawn, wanted = self.outputs(images, side), images / np.float32(255)
        alike = np.empty(len(images), np.float32)
        for rows in _rows(len(images)):
            alike[rows] = self._ssim(_padded(drawn[rows]), _padded(wanted[rows]))[: len(wanted[rows])]
        return {"ssim": float(alike.mean()), "mse": float(np.square(drawn - wanted).mean())}


def _rows(n: int) -> list[slice]:
    return [slice(start, start + BATCH) for start in range(0, n, BATCH)]


def _padded(images: np.ndarray) -> Any:
    full = np.zeros((BATCH, *images.shape[1:]), np.float32)
    full[: len(images)] = images
    return full
