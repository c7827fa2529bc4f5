"""What a flow is made of and how it is trained: its settings, and the sizes that its U-Net can halve. No Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from data.errors import UserError

BOTTOM = 4  # pixels; the image is halved down to a smallest side of this or a little more
FEWEST = 2  # pixels of the smallest side, with `depth` given
SMALLEST, LARGEST = 8, 64  # sides of images
DEEPEST = 5

Times = Literal["logit-normal", "uniform"]
Solver = Literal["euler", "heun"]
Loss = Literal["velocity", "mean-flow"]


@dataclass(frozen=True)
class Settings:
    """The options of `generation.flow.generator.Flow` that change its network or its training; see there."""

    epochs: int
    batch_size: int
    learning_rate: float
    decay: Literal["none", "linear"]
    loss: Loss
    mean_share: float
    mean_power: float
    times: Times
    ema: float
    mirror: bool
    dropout: float
    condition: str | tuple[str, ...]
    condition_dropout: float
    width: int
    depth: int | None
    blocks: int
    attention: bool
    reflow_pairs: int  # 0 without a reflow, and so are its steps
    reflow_steps: int
    on_collapse: str
    precision: str

    @property
    def spans(self) -> bool:
        """Whether the network is told how far the way goes on from the time, and gives the mean velocity over it."""
        return self.loss == "mean-flow"


@dataclass(frozen=True)
class Sampling:
    """How a trained flow is followed; another way trains nothing again. `guidance` is `None` without conditions."""

    steps: int = 25
    solver: Solver = "euler"
    guidance: float | None = None


def halvings(depth: int | None, image_shape: tuple[int, ...]) -> int:
    """Returns how often the U-Net halves an image `(height, width, channels)`.

    Args:
        depth: How often it should; `None` for as often as leaves a smallest side of 4 to 7 pixels.
        image_shape: `(height, width, channels)`.

    Raises:
        UserError: If it cannot be halved so often, is too small or too large, or has other than 1 or 3 channels.
    """
    height, width, channels = image_shape
    if channels not in (1, 3):
        raise UserError(f"A flow makes images with 1 or 3 channels. Received: {channels}.")
    sides = f"{height}x{width}"
    if not SMALLEST <= min(height, width) <= max(height, width) <= LARGEST:
        raise UserError(f"A flow makes images with sides of {SMALLEST} to {LARGEST} pixels. Received: {sides}.")
    possible = [t for t in range(1, DEEPEST + 1) if all(s % 2**t == 0 and s // 2**t >= FEWEST for s in (height, width))]
    if depth is not None and depth not in possible:
        allowed = f"it halves {sides} {' or '.join(map(str, possible))} times" if possible else f"none halves {sides}"
        raise UserError(f"The U-Net of a flow halves both sides without rest: {allowed}. Received: depth={depth}.")
    own = [t for t in possible if BOTTOM <= min(height, width) // 2**t < 2 * BOTTOM]
    if depth is None and not own:
        raise UserError(
            f"The U-Net of a flow cannot halve images of {sides} down to {BOTTOM} to {2 * BOTTOM - 1} pixels. Allowed "
            f"sides: {', '.join(map(str, allowed_sizes()))}; or a depth: {', '.join(map(str, possible)) or 'none'}. "
            f"Received: {sides}."
        )
    return own[0] if depth is None else depth


def allowed_sizes() -> list[int]:
    """Returns the sides of the square images that a flow can make without the option `depth`, ascending."""
    every = {bottom * 2**times for bottom in range(BOTTOM, 2 * BOTTOM) for times in range(1, DEEPEST + 1)}
    return sorted(side for side in every if SMALLEST <= side <= LARGEST)
