"""The face-swap plug-in. Keras is imported when it is first used, not before."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from data.errors import UserError
from generation.learner import Learner, Told
from generation.swap.faces import divide
from generation.swap.settings import Activation, Settings, Train, halvings
from generation.swap.trained import TrainedSwap

if TYPE_CHECKING:
    import pandas as pd

    from generation.training.trainer import Turns

ROWS = 8  # faces of each side in a preview


class Autoencoder(TrainedSwap, Learner):
    """A face swap: one encoder for two groups of faces, and a decoder for each.

    The encoder learns what both groups share, such as pose, light and expression, and each decoder draws its own
    group from that; a face of one group through the decoder of the other is the swap. The network sees warped faces and
    is asked for straight ones, so that it cannot learn to copy.

    Args:
        epochs: Passes over the larger group. Defaults to `40`.
        batch_size: Faces in a step, half of them of each group. Defaults to `32`.
        learning_rate: Of the autoencoder's Adam optimiser. Defaults to `0.0003`.
        beta_1: Adam's momentum. Defaults to `0.5`.
        ssim_weight: Of (1 - SSIM) / 2 in the loss, beside the mean squared error. Defaults to `1.0`.
        adversarial: Weight of the adversarial loss; 0 does without a discriminator. Defaults to `0.0`.
        discriminator_learning_rate: Of the discriminator's Adam optimiser. Defaults to `0.0002`.
        warm_up: Epochs before the discriminator joins; it neither learns nor counts until then. Defaults to `5`.
        train: Which part learns: `"all"`; `"autoencoder"`, against a discriminator that stays as it was, or without
            one; or `"discriminator"`, from the first epoch on, with an autoencoder that stays as it was. What stays
            needs `warm_start`. Defaults to `"all"`.
        warp: Strength of the random warp of the input, see `generation.swap.warp`; 0 is none. Defaults to `1.0`.
        transform: Strength of the turn, zoom and shift that input and target share; 0 is none. Defaults to `1.0`.
        mirror: Whether half of the faces are mirrored. Defaults to `True`.
        encoder_width: Channels of the encoder's (and the discriminator's) map next to the image; others double from it,
            to eight times that. Defaults to `32`.
        decoder_width: The same for the decoders. Defaults to `32`.
        layers: How often the encoder halves the image, and the decoders double it. Defaults to `None`, down to 4 to 7
            pixels.
        latent_dim: Numbers through which a face must pass. Defaults to `256`.
        activation: `"leaky"`, `"relu"`, `"elu"` or `"silu"`. Defaults to `"leaky"`.
        held_out: Share of each group that is never trained on, at least one face. Defaults to `0.05`.
        warm_start: Folder of a saved autoencoder of the same layers whose weights the networks begin with. Defaults to
            `None`.
        precision: `"float32"` or `"mixed_bfloat16"`. Defaults to `"float32"`.
        display_interval: Epochs between checkpoints; there is always one at the end. Defaults to `None`, the last only.
        random_state: Seed of everything random. Defaults to `None`, which is 0.

    Attributes:
        history: After `fit`, one row per step: `step`, `epoch`, for either side `loss_a`, `ssim_a`, `mse_a` and so on,
            `g_loss` (all that the autoencoder minimises), `d_loss`, `d_real`, `d_fake` (not a number without a
            discriminator) and `images_per_second`. Losses are of warped faces.
        reconstruction: After `fit`, one row per checkpoint, side and kind of face (`faces`: `trained` or `held_out`):
            how many (`n`), and mean `ssim` and `mse` (values in [0, 1]) between straight faces and what their own
            decoder makes of them. Both kinds still getting better: train longer. Trained faces getting better while
            held-out ones do not, or get worse: too long, or too few faces; the checkpoint with the best held-out value
            is the one to take. Both bad and standing still: the network is too narrow, or the learning rate wrong.
        alarms: After `fit`, whether the training diverged.

    References:
        The idea is of the program "deepfakes" (2017). Vincent et al. (2008), Extracting and composing robust features
        with denoising autoencoders, section 2.3. Wang et al. (2004), Image quality assessment, equation 13.
    """

    control: str | None = None
    trains = True
    checkpoint_names = "epoch-{:04d}"  # what the training loop calls them
    conditional = True
    uses_sources = True
    channels = (1, 3)

    def __init__(
        self,
        *,
        epochs: Annotated[int, Ge(1)] = 40,
        batch_size: Annotated[int, Ge(2)] = 32,
        learning_rate: Annotated[float, Gt(0)] = 0.0003,
        beta_1: Annotated[float, Ge(0), Lt(1)] = 0.5,
        ssim_weight: Annotated[float, Ge(0)] = 1.0,
        adversarial: Annotated[float, Ge(0)] = 0.0,
        discriminator_learning_rate: Annotated[float, Gt(0)] = 0.0002,
        warm_up: Annotated[int, Ge(0)] = 5,
        train: Train = "all",
        warp: Annotated[float, Ge(0)] = 1.0,
        transform: Annotated[float, Ge(0)] = 1.0,
        mirror: bool = True,
        encoder_width: Annotated[int, Ge(1)] = 32,
        decoder_width: Annotated[int, Ge(1)] = 32,
        layers: Annotated[int, Ge(1), Le(7)] | None = None,
        latent_dim: Annotated[int, Ge(1)] = 256,
        activation: Activation = "leaky",
        held_out: Annotated[float, Gt(0), Le(0.5)] = 0.05,
        warm_start: str | None = None,
        precision: Literal["float32", "mixed_bfloat16"] = "float32",
        display_interval: Annotated[int, Ge(1)] | None = None,
        random_state: int | None = None,
    ) -> None:
        given = locals()
        super().__init__(Settings(**{field.name: given[field.name] for field in dataclasses.fields(Settings)}))
        self.warm_start = warm_start
        self.display_interval = display_interval
        self.random_state = random_state
        if train == "discriminator" and not adversarial:
            raise UserError('train = "discriminator" needs a discriminator: adversarial above 0. Received: 0.')
        if batch_size % 2:
            raise UserError(f"Half of a batch is of each group: batch_size must be even. Received: {batch_size}.")
        self.history: pd.DataFrame | None = None
        self.reconstruction: pd.DataFrame | None = None
        self.alarms: list[dict[str, Any]] = []

    def begin(self, images: np.ndarray, labels: np.ndarray | None, told: Told, **found: Any) -> Turns:
        """Returns the training, as `fit` says; without exactly two groups, or where a part that stays has learned
        nothing, it is an error."""
        self._check_alone()
        half = self.settings.batch_size // 2
        settings = {"n": len(images), "share": self.settings.held_out, "half": half, "seed": self.random_state or 0}
        faces = divide(labels, found.get("classes", ()), **settings)  # type: ignore[arg-type]
        self.image_shape, self.labels, self.names = tuple(images.shape[1:]), faces.labels, faces.names
        self._held_out = tuple(np.array(images[at[:ROWS]]) for at in faces.held_out)  # type: ignore[assignment]
        from generation.swap.fitting import turns

        return turns(self, images, faces, told)

    @property
    def notes(self) -> list[str]:
        """Sentences about this generator that a reader of the results should know."""
        late = self.settings.joins is not None and self.settings.joins >= self.settings.epochs
        never = f"The discriminator never joined: warm_up={self.settings.warm_up} of epochs={self.settings.epochs}."
        always = "Each fake is a real face of the same part, drawn as one of the other group; it counts to its source."
        return [never, always] if late else [always]

    def _check_alone(self) -> None:
        """Checks that what stands still while another part learns from it has learned something itself."""
        settings = self.settings
        still = {"discriminator": "autoencoder", "autoencoder": "discriminator" if settings.adversarial else ""}
        part = still.get(settings.train)
        if part and self.warm_start is None:
            raise UserError(
                f'train = "{settings.train}" leaves the {part} as it begins. Expected warm_start, the folder of a '
                f"trained autoencoder{' with its discriminator' if part == 'discriminator' else ''}. Received: none."
            )

    def describe(self, image_shape: tuple[int, ...] = (64, 64, 3)) -> str:
        """Returns Keras' summaries of encoder, decoder and discriminator for images `(height, width, channels)`."""
        from generation.swap.networks import build_decoder, build_discriminator, build_encoder

        lines: list[str] = []
        for build in (build_encoder, build_decoder, build_discriminator):
            model = build(self.settings, tuple(image_shape), halvings(self.settings, image_shape))
            model.summary(line_length=78, print_fn=lambda text, **_: lines.append(text))
        return "\n".join(lines)
