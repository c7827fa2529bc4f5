"""The named architectures: which networks, and which settings they are trained with unless an option says
otherwise.

What the studies behind them leave open is fixed here and said at each one. No Keras is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from data.errors import UserError, unknown

BOTTOMS = (4, 5, 6, 7)  # sides of the smallest feature map
SMALLEST, LARGEST = 8, 128
FIXED = {"latent_dim", "width", "discriminator_width", "upsampling", "leaky", "dropout"}  # by mnist-1d


@dataclass(frozen=True)
class Study:
    """One named architecture and its training settings.

    Attributes:
        family: The builder in `generation.networks`: `"dcgan"` (any size) or `"mnist-1d"` (28x28 grey only).
        latent_dim: Length of the latent vector, standard normal.
        width: Channels of the feature map next to the image; they double towards the smallest map, up to `8 *
            width`.
        head: Adds a 3x3 convolution at full resolution at the image end of both networks.
        upsampling: `"nearest"` (`UpSampling2D` + 3x3 convolution) or `"transposed"` (4x4, stride 2).
        leaky: Whether the generator uses LeakyReLU instead of ReLU.
        dropout: Dropout rate after every block of the discriminator.
        output: Last activation of the generator: `"tanh"` for images in [-1, 1], `"sigmoid"` for [0, 1].
        bn_momentum: Momentum of the moving averages that batch normalisation uses when sampling.
        initial: Initial weights, `"normal"` (mean 0, standard deviation 0.02, as in the DCGAN paper) or
            `"glorot"` (Keras' Glorot uniform).
        discriminator_width: As `width`, for the discriminator.
        image_shape: The shape that `describe` shows when none is given.
        epochs, batch_size, learning_rate, beta_1, updates, batches: Training settings, see `generation.dcgan.DCGAN`.
    """

    family: Literal["dcgan", "mnist-1d"] = "dcgan"
    latent_dim: int = 100
    width: int = 64
    head: bool = False
    upsampling: Literal["nearest", "transposed"] = "transposed"
    leaky: bool = True
    dropout: float = 0.3
    output: Literal["tanh", "sigmoid"] = "tanh"
    bn_momentum: float = 0.9
    initial: Literal["glorot", "normal"] = "normal"
    discriminator_width: int = 64
    image_shape: tuple[int, int, int] = (32, 32, 3)
    epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 0.0002
    beta_1: float = 0.5
    updates: Literal["alternating", "simultaneous"] = "alternating"
    batches: Literal["separate", "joint"] = "separate"


# Batch normalisation samples with moving averages everywhere at momentum 0.9 instead of Keras' 0.99: the
# latter follows the training with a delay of 100 steps, in which Adam moves a weight by up to its initial
# size, so that what is sampled would not be the network that was trained.
STUDIES: dict[str, Study] = {
    # The plain DCGAN of a study of CIFAR-10 dogs, with Adam at Keras' defaults. Left open there and fixed
    # here: widths 256-128-64 in the generator and 64-128-256 in the discriminator, 4x4 stride-2 convolutions
    # in the latter, LeakyReLU slope 0.2, 100 latent dimensions, initial weights, no batch normalisation next
    # to the images.
    "baseline": Study(upsampling="nearest", leaky=False, learning_rate=0.001, beta_1=0.9),
    # The same study's tuned version: transposed convolutions, LeakyReLU in the generator, beta1 0.5; the
    # study ran it at learning rates 0.0002 and 0.0003.
    "tuned": Study(),
    # A study of one MNIST digit with a single latent dimension, layer by layer. Left open there and fixed
    # here: ReLU in the generator before each batch normalisation (the order of its discriminator), LeakyReLU
    # slope 0.2, batch 32, real and fake images in one batch. The last matters: this discriminator normalises
    # 1x1 maps right before its linear output, so in a batch of its own either class has the same mean logit,
    # whatever the weights, and nothing is learned.
    "mnist-1d": Study(
        family="mnist-1d",
        batches="joint",
        latent_dim=1,
        output="sigmoid",
        leaky=False,
        dropout=0.0,
        initial="glorot",
        image_shape=(28, 28, 1),
    ),
    # Ours, for trying things out on digits of 8x8 to 28x28 in seconds.
    "small": Study(
        latent_dim=16,
        width=32,
        discriminator_width=32,
        head=True,
        dropout=0.0,
        initial="glorot",
        image_shape=(8, 8, 1),
        epochs=60,
        learning_rate=0.001,
    ),
}


def resolve(name: str, **options: Any) -> Study:
    """Returns a study with the options that are not `None` put in its place.

    Raises:
        UserError: For an unknown name, or an option that this architecture fixes.
    """
    if name not in STUDIES:
        raise unknown("architecture", name, STUDIES)
    study = STUDIES[name]
    given = {key: value for key, value in options.items() if value is not None}
    fixed = {"latent_dim", "width", "upsampling", "leaky", "dropout", "head"} if study.family == "mnist-1d" else set()
    for key in sorted(fixed & set(given)):
        if given[key] != getattr(study, key):
            raise UserError(
                f"Option '{key}' is fixed by architecture '{name}'. Expected {key}={getattr(study, key)!r}. "
                f"Received: {key}={given[key]!r}."
            )
    known = {field.name for field in fields(Study)}
    return replace(study, **{key: value for key, value in given.items() if key in known})


def doublings(name: str, study: Study, image_shape: tuple[int, ...]) -> int:
    """Returns how often the `dcgan` family doubles its smallest map to reach an image of this shape.

    Args:
        name: The architecture's name, for the message.
        study: The architecture.
        image_shape: `(height, width, channels)`.

    Raises:
        UserError: If the architecture cannot make such images; the message lists the sizes that it can.
    """
    height, width, channels = image_shape
    if study.family == "mnist-1d":
        if tuple(image_shape) != (28, 28, 1):
            raise UserError(
                f"Architecture '{name}' makes images of 28x28 with 1 channel only. "
                f"Received: {height}x{width} with {channels}."
            )
        return 0
    if channels not in (1, 3):
        raise UserError(f"Architecture '{name}' makes images with 1 or 3 channels. Received: {channels}.")
    short, long = sorted((height, width))
    for times in range(1, 6):
        if short % 2**times == 0 and short // 2**times in BOTTOMS and long % 2**times == 0 and long <= LARGEST:
            return times
    raise UserError(
        f"Architecture '{name}' cannot make images of {height}x{width}. "
        f"Allowed sides: {', '.join(map(str, allowed_sizes()))}."
    )


def allowed_sizes() -> list[int]:
    """Returns the sides of the square images that the `dcgan` family can make, ascending."""
    return sorted(b * 2**k for b in BOTTOMS for k in range(1, 6) if SMALLEST <= b * 2**k <= LARGEST)
