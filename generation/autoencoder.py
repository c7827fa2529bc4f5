"""The face-swap plug-in. Keras is imported when it is first used, not before."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from data.errors import UserError
from generation.swap_faces import divide
from generation.swap_settings import Activation, Settings, Train, halvings

if TYPE_CHECKING:
    import pandas as pd

NOT_FITTED = "This generator has no weights yet. Expected fit(...) or load(...) first."
ROWS = 8  # faces of each side in a preview


class Autoencoder:
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
        warp: Strength of the random warp of the input, see `generation.warp`; 0 is none. Defaults to `1.0`.
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
        self.settings = Settings(**{field.name: given[field.name] for field in dataclasses.fields(Settings)})
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
        self.image_shape: tuple[int, ...] | None = None
        self.labels: tuple[int, int] | None = None  # of side A and side B
        self.names: tuple[str, str] | None = None
        self._held_out: tuple[np.ndarray, np.ndarray] | None = None  # a few faces of either side, for previews
        self._sampler: Any = None
        self._networks: dict[str, list[np.ndarray]] = {}  # of the last checkpoint, by name

    def fit(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        classes: Sequence[str] = (),
        folder: Path | None = None,
        on_checkpoint: Callable[[str, Autoencoder], None] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Autoencoder:
        """Trains on real faces of two groups.

        Args:
            images: uint8 `(n, height, width, channels)`.
            labels: int `(n,)`, two different ones; the smaller is side A. Defaults to `None`, which is an error.
            classes: Names of the labels. Defaults to their numbers.
            folder: Private folder for the resumable state: a second `fit` with the same folder goes on where the first
                was interrupted, bit for bit. Defaults to `None`.
            on_checkpoint: Called as `on_checkpoint("epoch-0010", self)` at each checkpoint, before the state behind it
                is written. It may save, sample and preview. Defaults to `None`.
            progress: Called with steps done, steps in all, and a line of text. Defaults to `None`.

        Raises:
            UserError: Without exactly two groups, with too few faces of one for its half of a batch, for a size that
                the networks cannot make, a part that stays and has learned nothing, a warm start of other layers, or a
                folder that belongs to other options.
            FloatingPointError: When the training diverges before its first checkpoint. Later, the last good checkpoint
                is what this generator is then, and `alarms` says so.
        """
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 4:
            raise UserError(
                f"Images must be uint8 (n, height, width, channels). Received: {images.dtype} {images.shape}."
            )
        self.check_shape(images.shape[1:])
        self._check_alone()
        half = self.settings.batch_size // 2
        settings = {"n": len(images), "share": self.settings.held_out, "half": half, "seed": self.random_state or 0}
        faces = divide(labels, classes, **settings)  # type: ignore[arg-type]
        self.image_shape, self.labels, self.names = tuple(images.shape[1:]), faces.labels, faces.names
        self._held_out = tuple(np.array(images[at[:ROWS]]) for at in faces.held_out)  # type: ignore[assignment]
        from generation.swap_fitting import fit

        fit(self, images, faces, folder=folder, on_checkpoint=on_checkpoint, progress=progress)
        return self

    @property
    def parameters(self) -> int | None:
        """How many numbers the encoder and both decoders have learned; `None` before `fit` or `load`."""
        return None if self._sampler is None else int(self._sampler.parameters)

    @property
    def notes(self) -> list[str]:
        """Sentences about this generator that a reader of the results should know."""
        late = self.settings.joins is not None and self.settings.joins >= self.settings.epochs
        never = f"The discriminator never joined: warm_up={self.settings.warm_up} of epochs={self.settings.epochs}."
        always = "Each fake is a real face of the same part, drawn as one of the other group; it counts to its source."
        return [never, always] if late else [always]

    def check_shape(self, image_shape: tuple[int, ...]) -> None:
        """Checks that the networks can make images `(height, width, channels)`, before any training.

        Raises:
            UserError: If not; the message says what they can make.
        """
        halvings(self.settings, image_shape)

    def sample(
        self, n: int, *, labels: np.ndarray | None = None, seed: int = 0, sources: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns swaps, uint8 `(n, height, width, channels)`: the i-th is the i-th source, drawn as the other group.

        Args:
            n: How many, at most as many as there are sources.
            labels: int, the group of each source.
            seed: Not used: a swap follows from its source.
            sources: Real faces, uint8 `(at least n, height, width, channels)`.

        Raises:
            RuntimeError: Before `fit` or `load`.
            UserError: Without sources or labels, with too few of them, or of another shape or group.
        """
        del seed
        return self._drawn(n, sources, labels, other=True)

    def reconstruct(self, sources: np.ndarray, *, labels: np.ndarray) -> np.ndarray:
        """Returns real faces as the decoder of their own group draws them: what a swap of them is compared with.

        Args:
            sources: Real faces, uint8 `(n, height, width, channels)`.
            labels: int `(n,)`, the group of each.

        Raises:
            RuntimeError: Before `fit` or `load`.
            UserError: For too few labels, or faces of another shape or group.
        """
        return self._drawn(len(sources), sources, labels, other=False)

    def _drawn(self, n: int, sources: np.ndarray | None, labels: np.ndarray | None, *, other: bool) -> np.ndarray:
        if self._sampler is None or self.labels is None:
            raise RuntimeError(NOT_FITTED)
        if sources is None or labels is None or min(len(sources), len(labels)) < n:
            given = ("sources", sources), ("labels", labels)
            received = " and ".join(f"{'none' if v is None else len(v)} {name}" for name, v in given)
            raise UserError(f"A swap needs a real face and its label for each of {n} fakes. Received: {received}.")
        faces, groups = np.asarray(sources)[:n], np.asarray(labels)[:n]
        if faces.dtype != np.uint8 or faces.shape[1:] != self.image_shape:
            received = f"{faces.dtype} {faces.shape[1:]}"
            raise UserError(f"sources must be uint8 images of {self.image_shape}. Received: {received}.")
        if not np.isin(groups, self.labels).all():
            odd = groups[~np.isin(groups, self.labels)][0]
            raise UserError(f"labels must be those of the training, {self.labels}. Received: {odd}.")
        drawn = np.empty_like(faces)
        for side, label in enumerate(self.labels):
            mine = np.flatnonzero(groups == label)
            drawn[mine] = self._sampler.draw(faces[mine], 1 - side if other else side)
        return drawn

    def preview(self, sides: tuple[np.ndarray, np.ndarray] | None = None) -> np.ndarray:
        """Returns one image, uint8 `(rows * height, 6 * width, channels)`: A, A>A, A>B, B, B>B, B>A.

        `A>B` is a face of side A drawn by the decoder of side B.

        Args:
            sides: Faces of side A and of side B, a row for each pair. Defaults to a few that the training held out.

        Raises:
            RuntimeError: Before `fit`; after `load` there are no faces but those given.
        """
        sides = sides or self._held_out
        if self._sampler is None or sides is None:
            raise RuntimeError("There are no faces to show. Expected fit(...) first, or load(...) and faces given.")
        columns = []
        for own, faces in enumerate(sides):
            columns += [faces, self._sampler.draw(faces, own), self._sampler.draw(faces, 1 - own)]
        rows = min(map(len, columns))
        return np.concatenate([np.concatenate([face[row] for face in columns], axis=1) for row in range(rows)])

    def save(self, folder: Path) -> None:
        """Writes `weights.npz` (all networks) and `options.json`; the same bytes for the same weights.

        Raises:
            RuntimeError: Before `fit` or `load`.
        """
        if self._sampler is None or self.image_shape is None:
            raise RuntimeError(NOT_FITTED)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        networks = sorted(self._networks.items())
        named: dict[str, Any] = {f"{name}{at:04d}": v for name, values in networks for at, v in enumerate(values)}
        np.savez(folder / "weights.npz", **named)
        about = {"image_shape": self.image_shape, "labels": self.labels, "names": self.names}
        text = json.dumps({**self.options(), **about}, indent=1, sort_keys=True)
        (folder / "options.json").write_text(text + "\n", encoding="utf-8")

    def load(self, folder: Path) -> Autoencoder:
        """Reads what `save` wrote into this instance, which must have been made with the same network options.

        Raises:
            UserError: If the folder holds no such generator, or one of other layers.
        """
        folder = Path(folder)
        try:
            saved = json.loads((folder / "options.json").read_text(encoding="utf-8"))
            networks = read_networks(folder)
            shape, labels, names = (tuple(saved[key]) for key in ("image_shape", "labels", "names"))
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{folder} holds no saved autoencoder ({error}).") from error
        self.check_shape(shape)
        self.image_shape, self.labels, self.names = shape, labels, names  # type: ignore[assignment]
        sampler = self.make_sampler()
        for name, values in sampler.values().items():
            if [v.shape for v in networks.get(name, [])] != [v.shape for v in values]:
                raise UserError(f"{folder} holds an autoencoder with other layers than these options give ({name}).")
        sampler.set(networks)
        self.use(sampler, networks)
        return self

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
        from generation.swap_networks import build_decoder, build_discriminator, build_encoder

        lines: list[str] = []
        for build in (build_encoder, build_decoder, build_discriminator):
            model = build(self.settings, tuple(image_shape), halvings(self.settings, image_shape))
            model.summary(line_length=78, print_fn=lambda text, **_: lines.append(text))
        return "\n".join(lines)

    def options(self) -> dict[str, Any]:
        """Returns everything that a training depends on beside images and seed, as JSON values."""
        return dataclasses.asdict(self.settings)

    def make_sampler(self) -> Any:
        """Returns an untrained `generation.swap_sampler.SwapSampler` of this generator's layers."""
        from generation.swap_sampler import SwapSampler

        return SwapSampler(self.settings, tuple(self.image_shape or ()))

    def use(self, sampler: Any, networks: dict[str, list[np.ndarray]]) -> None:
        """Takes over what a checkpoint consists of: what samples, and all networks' weights by name."""
        self._sampler, self._networks = sampler, networks


def read_networks(folder: Path) -> dict[str, list[np.ndarray]]:
    """Returns the weights of the networks in a saved autoencoder, by name."""
    with open(Path(folder) / "weights.npz", "rb") as stream, np.load(stream, allow_pickle=False) as file:
        names = sorted({key[:-4] for key in file.files})
        return {name: [file[key] for key in sorted(file.files) if key[:-4] == name] for name in names}
