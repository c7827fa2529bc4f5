"""What a swap autoencoder is made of and how it is trained: its settings, and the sizes that it can make. No Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from data.errors import UserError

MOST = 8  # the widest feature map has this many times the channels of the one next to the image
BOTTOM = 4  # pixels; the image is halved down to a smallest side of this or a little more
FEWEST = 2  # pixels of the smallest side, with `layers` given

Activation = Literal["leaky", "relu", "elu", "silu"]
Train = Literal["all", "autoencoder", "discriminator"]


@dataclass(frozen=True)
class Settings:
    """The options of `generation.swap.generator.Autoencoder` that change its networks or its training; see there."""

    epochs: int
    batch_size: int
    learning_rate: float
    beta_1: float
    ssim_weight: float
    adversarial: float
    discriminator_learning_rate: float
    warm_up: int
    train: Train
    warp: float
    transform: float
    mirror: bool
    encoder_width: int
    decoder_width: int
    layers: int | None
    latent_dim: int
    activation: Activation
    held_out: float
    precision: str

    @property
    def joins(self) -> int | None:
        """The epoch after which the discriminator takes part; `None` when it never does."""
        if not self.adversarial:
            return None
        return 0 if self.train == "discriminator" else self.warm_up


def halvings(settings: Settings, image_shape: tuple[int, ...]) -> int:
    """Returns how often the encoder halves an image `(height, width, channels)`.

    Raises:
        UserError: If it cannot be halved so often, or has other than 1 or 3 channels.
    """
    height, width, channels = image_shape
    if channels not in (1, 3):
        raise UserError(f"The autoencoder makes images of 1 or 3 channels. Received: {channels}.")
    times = settings.layers or min(_least(height), _least(width))
    if times and all(side % 2**times == 0 and side // 2**times >= FEWEST for side in (height, width)):
        return times
    wanted = f"layers={settings.layers}" if settings.layers else "layers=None"
    raise UserError(
        f"The autoencoder with {wanted} cannot make images of {height}x{width}. Expected sides that can be halved "
        f"{times or 1} times, down to {FEWEST} pixels or more, such as 32, 64 or 128. Received: {height}x{width}."
    )


def _least(side: int) -> int:
    """How often a side can be halved without a remainder and without going below the bottom."""
    times = 0
    while side % 2 == 0 and side // 2 >= BOTTOM:
        side, times = side // 2, times + 1
    return times
