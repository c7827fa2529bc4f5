"""The DCGAN plug-in. Keras is imported when it is first used, not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from generation.conditions import asked
from generation.dcgan import studies
from generation.dcgan.trained import TrainedDCGAN
from generation.latents import check_truncation
from generation.learner import Learner, Told
from generation.training.game import Classical, Loss, Policy

if TYPE_CHECKING:
    import pandas as pd

    from generation.training.trainer import Turns


class DCGAN(TrainedDCGAN, Learner):
    """A deep convolutional GAN, in a named architecture, conditional or not.

    An option left at `None` takes the architecture's value, which `describe` shows.

    Args:
        architecture: `"stable"` (ours: spectral normalisation, hinge loss, DiffAugment, moving average), `"baseline"`
            and `"tuned"` (a study of CIFAR-10 dogs), `"mnist-1d"` (a study of one digit with one latent dimension,
            28x28 grey) or `"small"` (quick, for small digits). Defaults to `"tuned"`.
        epochs: Passes over the training images.
        batch_size: Real images per update of the discriminator, and as many fakes.
        learning_rate: Of both Adam optimisers.
        discriminator_learning_rate: Of the discriminator's alone.
        beta_1: Adam's momentum.
        decay: `"linear"` lets the learning rates fall to zero over the second half of the training.
        loss: `"bce"`, `"non-saturating"`, `"hinge"`, `"least-squares"`, `"wasserstein-gp"` or `"relativistic"` (each
            real image against a fake one), see `generation.training.losses.discriminator_loss`.
        gradient_penalty: Weight of the penalty on gradients between real and fake images, 10 with `"wasserstein-gp"`.
        r1: Weight of half the squared length of the gradients at real images, which pulls them to 0; with
            `"relativistic"` 1 unless given, elsewhere 0. Not with batch normalisation in the discriminator.
        r2: The same at fake images.
        label_smoothing: Real images aim at 1 minus this.
        label_noise: Probability with which the real and fake label of an image are exchanged.
        input_noise: Standard deviation of Gaussian noise on the discriminator's images, falling to 0 over the training;
            images span 2 (or 1 with sigmoid).
        updates: `"alternating"`, the discriminator first and then the generator against the updated one, or
            `"simultaneous"`, both from one pass of the discriminator, which is faster.
        batches: Whether real and fake images pass the discriminator in `"separate"` mini-batches, each with its own
            batch statistics, or in a `"joint"` one.
        discriminator_steps: Updates of the discriminator, each on a batch of its own, for one step.
        generator_steps: Updates of the generator for one step.
        diffaugment: Differentiable augmentation of real and fake images: any of `"color"`, `"translation"`, `"cutout"`.
            Cutout can show in samples.
        augment: Classical augmentation of the real images: any of `"flip"`, `"rotation"`, `"scale"`. The generator
            learns the changed images; `notes` says so.
        ema: Half-life in thousands of images of the moving average of the generator that samples are drawn from; 0
            samples from the generator as it is.
        condition: `"none"`, `"labels"` (classes), or a list of attributes such as `["Male", "Smiling"]`.
        latent_dim: Length of the latent vectors.
        latent: Their distribution, `"normal"` or `"uniform"` in [-1, 1).
        truncation: Samples are drawn from latent vectors cut at this distance from 0, for uniform ones at most 1.
            Defaults to `None`, no cut.
        width: Channels of the generator's feature map next to the image; others double from it.
        discriminator_width: The same for the discriminator.
        depth: How many blocks double the generator's smallest feature map up to the image, and how many halve the image
            in the discriminator; channels double with each, up to eight times `width`. Defaults to `None`, as many as
            leave a map of 4 to 7 pixels; others must halve both sides of the image without rest.
        upsampling: `"nearest"` (`UpSampling2D` and a convolution) or `"transposed"` convolutions.
        activation: Of the generator's hidden layers: `"relu"`, `"leaky_relu"` (slope 0.2), `"elu"`, `"selu"`, `"silu"`,
            `"gelu"` or `"tanh"`. Initial weights stay as `initial` says.
        discriminator_activation: The same of the discriminator's.
        leaky: An older way to say `activation`: `True` is `"leaky_relu"`, `False` is `"relu"`.
        dropout: Rate in the discriminator.
        norm: Normalisation in the discriminator, `"batch"`, `"layer"` or `"none"`.
        spectral_norm: Whether the discriminator's kernels are divided by their largest singular value.
        output: Range of the generated images, `"tanh"` or `"sigmoid"`.
        bn_momentum: Momentum of the moving statistics with which batch normalisation samples.
        initial: Initial weights, `"normal"` (standard deviation 0.02) or `"glorot"` (uniform).
        on_collapse: What the collapse alarm does, see `generation.training.health.Health`: `"mark"` notes it, `"stop"`
            ends the training there, `"rollback"` ends it with the last checkpoint before. Defaults to `"mark"`.
        warm_start: Folder of a saved DCGAN of the same layers whose weights both networks begin with. In a spec, an
            earlier run's folder, or `"RUN_FOLDER:GENERATOR"`. Defaults to `None`.
        precision: `"float32"` or `"mixed_bfloat16"`. Defaults to `"float32"`.
        display_interval: Epochs between checkpoints; there is always one at the end. Defaults to `None`, the
            last only.
        random_state: Seed of everything random. Defaults to `None`, which is 0.

    Attributes:
        history: After `fit`, one row per step: `step`, `epoch`, `d_loss`, `g_loss`, `d_real`, `d_fake`,
            `images_per_second`.
        by_class: After a conditional `fit`, one row per checkpoint and class: the discriminator's accuracy and loss on
            its real and fake images.
        alarms: After `fit`, what the collapse alarm noted, and whether the training diverged.
        notes: Sentences about these options that a reader of the results should know.

    References:
        Radford, Metz, Chintala (2016), Unsupervised representation learning with deep convolutional
        generative adversarial networks, section 3.
    """

    control: str | None = None
    trains = True
    checkpoint_names = "epoch-{:04d}"  # what the training loop calls them
    channels = (1, 3)
    sampling_options = ("truncation",)  # they change samples and not the training

    def __init__(
        self,
        *,
        architecture: Literal["stable", "baseline", "tuned", "mnist-1d", "small"] = "tuned",
        epochs: Annotated[int, Ge(1)] | None = None,
        batch_size: Annotated[int, Ge(2)] | None = None,
        learning_rate: Annotated[float, Gt(0)] | None = None,
        discriminator_learning_rate: Annotated[float, Gt(0)] | None = None,
        beta_1: Annotated[float, Ge(0), Lt(1)] | None = None,
        decay: Literal["none", "linear"] | None = None,
        loss: Loss | None = None,
        gradient_penalty: Annotated[float, Ge(0)] | None = None,
        r1: Annotated[float, Ge(0)] | None = None,
        r2: Annotated[float, Ge(0)] | None = None,
        label_smoothing: Annotated[float, Ge(0), Lt(1)] | None = None,
        label_noise: Annotated[float, Ge(0), Lt(0.5)] | None = None,
        input_noise: Annotated[float, Ge(0)] | None = None,
        updates: Literal["alternating", "simultaneous"] | None = None,
        batches: Literal["separate", "joint"] | None = None,
        discriminator_steps: Annotated[int, Ge(1), Le(16)] | None = None,
        generator_steps: Annotated[int, Ge(1), Le(16)] | None = None,
        diffaugment: list[Policy] | None = None,
        augment: list[Classical] | None = None,
        ema: Annotated[float, Ge(0)] | None = None,
        condition: Literal["none", "labels"] | list[str] | None = None,
        latent_dim: Annotated[int, Ge(1)] | None = None,
        latent: Literal["normal", "uniform"] | None = None,
        truncation: Annotated[float, Gt(0)] | None = None,
        width: Annotated[int, Ge(1)] | None = None,
        discriminator_width: Annotated[int, Ge(1)] | None = None,
        depth: Annotated[int, Ge(1), Le(studies.DEEPEST)] | None = None,
        upsampling: Literal["nearest", "transposed"] | None = None,
        activation: studies.Activation | None = None,
        discriminator_activation: studies.Activation | None = None,
        leaky: bool | None = None,
        dropout: Annotated[float, Ge(0), Lt(1)] | None = None,
        norm: Literal["batch", "layer", "none"] | None = None,
        spectral_norm: bool | None = None,
        output: Literal["tanh", "sigmoid"] | None = None,
        bn_momentum: Annotated[float, Ge(0), Lt(1)] | None = None,
        initial: Literal["normal", "glorot"] | None = None,
        on_collapse: Literal["mark", "stop", "rollback"] = "mark",
        warm_start: str | None = None,
        precision: Literal["float32", "mixed_bfloat16"] = "float32",
        display_interval: Annotated[int, Ge(1)] | None = None,
        random_state: int | None = None,
    ) -> None:
        # First of all: later the locals hold more than the options.
        given = {name: value for name, value in locals().items() if name in studies.OPTIONS}
        study, kept = studies.resolve(architecture, **given), {"on_collapse": on_collapse, "precision": precision}
        check_truncation(study.latent, truncation)
        super().__init__(architecture, study, truncation=truncation, **kept)
        self.warm_start = warm_start
        self.display_interval = display_interval
        self.random_state = random_state
        self.history: pd.DataFrame | None = None
        self.by_class: pd.DataFrame | None = None
        self.alarms: list[dict[str, Any]] = []

    def begin(self, images: np.ndarray, labels: np.ndarray | None, told: Told, **found: Any) -> Turns:
        """Returns the training, as `fit` says."""
        self.conditions, labels = asked(self.study.condition, len(images), labels, **found)
        from generation.dcgan.fitting import turns

        return turns(self, images, labels, told)

    @property
    def notes(self) -> list[str]:
        """Sentences about the options that a reader of the results should know."""
        changed = [p for p in (*self.study.augment, *self.study.diffaugment) if p in ("rotation", "scale", "cutout")]
        found = []
        if changed:
            found.append(
                f"Augmentation by {', '.join(changed)} can show in the generated images: the generator may learn it."
            )
        if "flip" in self.study.augment:  # a mirrored image is as likely as the image, as a rule
            found.append("Augmentation by flip: samples may be mirror images, which matters for text and digits.")
        return found

    def describe(self, image_shape: tuple[int, ...] | None = None) -> str:
        """Returns Keras' summaries of the generator, the discriminator and, without a condition, the two combined.

        Args:
            image_shape: `(height, width, channels)`. Defaults to that of the architecture's study.
        """
        from generation.dcgan.summary import summaries

        shape = tuple(image_shape or self.study.image_shape)
        return summaries(self.study, shape, studies.doublings(self.architecture, self.study, shape))
