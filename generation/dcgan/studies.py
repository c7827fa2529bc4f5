"""The named architectures: which networks, and which settings they are trained with unless an option says
otherwise.

What the studies behind them leave open is fixed here and said at each one. No Keras is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from data.errors import UserError, unknown
from generation.training.game import Game
from generation.training.health import TARGETS

# One octave: halving a side ends at exactly one of them, so that a size leaves no choice of the number of maps.
BOTTOMS = (4, 5, 6, 7)  # sides of the smallest feature map
SMALLEST, LARGEST = 8, 128
DEEPEST = 7  # halvings of the largest image to a single pixel
FIXED = (
    "latent_dim", "width", "discriminator_width", "depth", "upsampling", "activation", "discriminator_activation",
    "leaky", "dropout", "norm", "spectral_norm",
)  # fmt: skip
Activation = Literal["relu", "leaky_relu", "elu", "selu", "silu", "gelu", "tanh"]


@dataclass(frozen=True)
class Study(Game):
    """One named architecture and its training settings.

    `generation.dcgan.generator.DCGAN` says what each option means. What is not one of its options:

    Attributes:
        family: The builder in `generation.dcgan.networks`: `"dcgan"` (any size) or `"mnist-1d"` (28x28 grey only).
        head: Adds a 3x3 convolution at full resolution at the image end of both networks.
        image_shape: The shape that `describe` shows when none is given.
    """

    family: Literal["dcgan", "mnist-1d"] = "dcgan"
    head: bool = False
    image_shape: tuple[int, int, int] = (32, 32, 3)
    # networks
    width: int = 64
    discriminator_width: int = 64
    depth: int | None = None
    upsampling: Literal["nearest", "transposed"] = "transposed"
    activation: Activation = "leaky_relu"
    discriminator_activation: Activation = "leaky_relu"
    dropout: float = 0.3
    norm: Literal["batch", "layer", "none"] = "batch"
    spectral_norm: bool = False
    bn_momentum: float = 0.9
    initial: Literal["glorot", "normal"] = "normal"
    condition: str | tuple[str, ...] = "none"
    # the optimisers
    epochs: int = 40
    learning_rate: float = 0.0002
    discriminator_learning_rate: float | None = None
    beta_1: float = 0.5
    decay: Literal["none", "linear"] = "none"
    ema: float = 0.0

    @property
    def leaky(self) -> bool:
        """Whether the generator's hidden layers are LeakyReLU: the older option for one of two activations."""
        return self.activation == "leaky_relu"


# Batch normalisation samples with moving averages everywhere at momentum 0.9 instead of Keras' 0.99: the
# latter follows the training with a delay of 100 steps, in which Adam moves a weight by up to its initial
# size, so that what is sampled would not be the network that was trained.
STUDIES: dict[str, Study] = {
    # The plain DCGAN of a study of CIFAR-10 dogs, with Adam at Keras' defaults. Left open there and fixed
    # here: widths 256-128-64 in the generator and 64-128-256 in the discriminator, 4x4 stride-2 convolutions
    # in the latter, LeakyReLU slope 0.2, 100 latent dimensions, initial weights, no batch normalisation next
    # to the images.
    "baseline": Study(upsampling="nearest", activation="relu", learning_rate=0.001, beta_1=0.9),
    # The same study's tuned version: transposed convolutions, LeakyReLU in the generator, beta1 0.5; the
    # study ran it at learning rates 0.0002 and 0.0003.
    "tuned": Study(),
    # Ours: the generator of `tuned` with ReLU, and what is known to keep a GAN on few images from collapsing.
    # Spectral normalisation instead of batch normalisation in the discriminator (Miyato et al. 2018), hinge loss
    # (Lim and Ye 2017), mirrored reals and DiffAugment without its cutout, which can show in samples (Zhao et al.
    # 2020), a moving average of the generator (Karras et al. 2020), learning rates that fall to zero over the second
    # half, the discriminator's four times the generator's (Heusel et al. 2017), and Adam without momentum, as in the
    # SNGAN and BigGAN papers. Momentum and rates matter most. On the dogs that the generator learns from, 20 epochs of
    # one training each ended at a Fréchet distance of 18.7 with beta1 0.5 at half these rates, 14.6 without momentum,
    # and 5.0 without momentum at these rates; at twice these, the discriminator stopped telling them apart.
    "stable": Study(
        latent_dim=128,
        activation="relu",
        dropout=0.0,
        norm="none",
        spectral_norm=True,
        loss="hinge",
        augment=("flip",),
        diffaugment=("color", "translation"),
        initial="glorot",
        learning_rate=0.0004,
        discriminator_learning_rate=0.0016,
        beta_1=0.0,
        ema=10.0,
        decay="linear",
    ),
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
        activation="relu",
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
OPTIONS = {field.name for field in fields(Study)} - {"family", "head", "image_shape"} | {
    "leaky"
}  # of `generator.DCGAN`
PENALTY = 10.0  # of wasserstein-gp, as in Gulrajani et al. 2017, section 4
ZERO_CENTRED = 1.0  # r1 and r2 of relativistic


def resolve(name: str, **options: Any) -> Study:
    """Returns a study with the options that are not `None` put in its place.

    Raises:
        UserError: For an unknown name, an option that this architecture fixes, or options that contradict each other.
    """
    if name not in STUDIES:
        raise unknown("architecture", name, STUDIES)
    study = STUDIES[name]
    given = {key: value for key, value in options.items() if value is not None}
    for key in [key for key in FIXED if study.family == "mnist-1d" and key in given]:
        if given[key] != getattr(study, key):
            own = getattr(study, key)
            expected = f"Expected {key}={own!r}." if own is not None else "Leave it out."
            raise UserError(
                f"Option '{key}' is fixed by architecture '{name}'. {expected} Received: {key}={given[key]!r}."
            )
    if "leaky" in given:
        meant = "leaky_relu" if given.pop("leaky") else "relu"
        if given.setdefault("activation", meant) != meant:
            raise UserError(
                f"leaky is the older option for activation, which it contradicts. Give activation alone. "
                f"Received: leaky={meant == 'leaky_relu'}, activation={given['activation']!r}."
            )
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    if given.get("loss", study.loss) == "wasserstein-gp":
        given.setdefault("gradient_penalty", study.gradient_penalty or PENALTY)
    if given.get("loss", study.loss) == "relativistic":
        for penalty in ("r1", "r2"):
            given.setdefault(penalty, getattr(study, penalty) or ZERO_CENTRED)
    resolved = replace(study, **given)
    _check(name, resolved)
    return resolved


def _check(name: str, study: Study) -> None:
    """Refuses options that contradict each other, each with a way out."""
    batch_norm = study.norm == "batch" or study.family == "mnist-1d"
    for wrong, message in (
        (study.gradient_penalty and batch_norm,
         f"A gradient penalty is of single images, and batch normalisation mixes them (Gulrajani et al. 2017, section "
         f"4). Choose norm = \"layer\" or \"none\". Received: norm='batch', "
         f"gradient_penalty={study.gradient_penalty:g} with loss='{study.loss}'."),
        (study.loss == "wasserstein-gp" and not study.gradient_penalty,
         "Loss 'wasserstein-gp' needs a gradient_penalty above 0. Received: gradient_penalty=0."),
        ((study.r1 or study.r2) and batch_norm,
         f"The penalties r1 and r2 are of single images, and batch normalisation mixes them. Choose norm = \"layer\" "
         f"or \"none\", or r1 = 0 and r2 = 0. Received: norm='batch', r1={study.r1:g}, r2={study.r2:g} with "
         f"loss='{study.loss}'."),
        ((study.r1 or study.r2) and study.gradient_penalty,
         "gradient_penalty pulls gradients to length 1, and r1 and r2 pull them to 0. Choose one of the two. Received: "
         f"gradient_penalty={study.gradient_penalty:g}, r1={study.r1:g}, r2={study.r2:g} with loss='{study.loss}'."),
        ((study.label_smoothing or study.label_noise) and study.loss not in TARGETS,
         f"label_smoothing and label_noise change the target of 'bce', 'non-saturating' and 'least-squares'. "
         f"Received: loss='{study.loss}', which has none."),
        (study.updates == "simultaneous" and (study.discriminator_steps, study.generator_steps) != (1, 1),
         "Simultaneous updates are one of each network per batch. Choose updates = \"alternating\". Received: "
         f"discriminator_steps={study.discriminator_steps}, generator_steps={study.generator_steps}."),
        (not study.condition,
         "condition must be \"none\", \"labels\" or a list of attributes. Received: []."),
        (study.condition != "none" and study.family == "mnist-1d",
         f"Architecture '{name}' takes no condition. Received: condition={study.condition!r}."),
    ):  # fmt: skip
        if wrong:
            raise UserError(message)
    for option in ("diffaugment", "augment", "condition"):
        chosen = getattr(study, option)
        if isinstance(chosen, tuple) and len(set(chosen)) < len(chosen):
            raise UserError(f"Each part of {option} may stand there once. Received: {list(chosen)}.")


def doublings(name: str, study: Study, image_shape: tuple[int, ...]) -> int:
    """Returns how often the `dcgan` family doubles its smallest map to reach an image of this shape.

    Without the option `depth` that is as often as makes the smallest map 4 to 7 pixels.

    Args:
        name: The architecture's name, for the message.
        study: The architecture.
        image_shape: `(height, width, channels)`.

    Raises:
        UserError: If the architecture cannot make such images, or not with this depth; the message lists the sizes, or
            the depths, that it can.
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
    # from 4 to `LARGEST` are five doublings
    for times in range(1, 6):
        if short % 2**times == 0 and short // 2**times in BOTTOMS and long % 2**times == 0 and long <= LARGEST:
            return times if study.depth is None else _checked_depth(name, study.depth, (height, width), times)
    raise UserError(
        f"Architecture '{name}' cannot make images of {height}x{width}. "
        f"Allowed sides: {', '.join(map(str, allowed_sizes()))}."
    )


def _checked_depth(name: str, depth: int, size: tuple[int, int], own: int) -> int:
    """Returns a depth that halves both sides without rest, down to one pixel at the least."""
    possible = [times for times in range(1, DEEPEST + 1) if all(side % 2**times == 0 for side in size)]
    if depth not in possible:
        height, width = size
        raise UserError(
            f"Architecture '{name}' has no depth {depth} at images of {height}x{width}: each block halves both sides. "
            f"Possible: {', '.join(map(str, possible))}; without the option {own}. Received: depth={depth}."
        )
    return depth


def allowed_sizes() -> list[int]:
    """Returns the sides of the square images that the `dcgan` family can make, ascending."""
    return sorted(b * 2**k for b in BOTTOMS for k in range(1, 6) if SMALLEST <= b * 2**k <= LARGEST)
