"""The DCGAN plug-in. Keras is imported when it is first used, not before."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt

from data.errors import UserError
from generation import studies

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_BATCH = 128  # fixed: a matrix product's last bits may depend on the batch size


class DCGAN:
    """A deep convolutional GAN, in a named architecture.

    An option left at `None` takes the architecture's value, which `describe` shows.

    Args:
        architecture: `"baseline"` and `"tuned"` (a study of CIFAR-10 dogs), `"mnist-1d"` (a study of one
            digit with one latent dimension, 28x28 grey) or `"small"` (quick, for small digits). Defaults to
            `"tuned"`.
        epochs: Passes over the training images.
        batch_size: Real images per step, and as many fakes.
        learning_rate: Of both Adam optimisers.
        beta_1: Adam's momentum.
        updates: `"alternating"`, the discriminator first and then the generator against the updated one, or
            `"simultaneous"`, both from one pass of the discriminator, which is faster.
        batches: Whether real and fake images pass the discriminator in `"separate"` mini-batches, each with its own
            batch statistics, or in a `"joint"` one.
        latent_dim: Length of the latent vectors, which are standard normal.
        width: Channels of the generator's feature map next to the image; others double from it.
        discriminator_width: The same for the discriminator.
        upsampling: `"nearest"` (`UpSampling2D` and a convolution) or `"transposed"` convolutions.
        leaky: LeakyReLU instead of ReLU in the generator.
        dropout: Rate in the discriminator.
        output: Range of the generated images, `"tanh"` or `"sigmoid"`.
        bn_momentum: Momentum of the moving statistics with which batch normalisation samples.
        initial: Initial weights, `"normal"` (standard deviation 0.02) or `"glorot"` (uniform).
        precision: `"float32"` or `"mixed_bfloat16"`. Defaults to `"float32"`.
        display_interval: Epochs between checkpoints; there is always one at the end. Defaults to `None`, the
            last only.
        random_state: Seed of everything random. Defaults to `None`, which is 0.

    Attributes:
        history: After `fit`, one row per step: `step`, `epoch`, `d_loss`, `g_loss`, `d_real`, `d_fake`,
            `images_per_second`.

    References:
        Radford, Metz, Chintala (2016), Unsupervised representation learning with deep convolutional
        generative adversarial networks, section 3.
    """

    control: str | None = None
    trains = True
    channels = (1, 3)

    def __init__(
        self,
        *,
        architecture: Literal["baseline", "tuned", "mnist-1d", "small"] = "tuned",
        epochs: Annotated[int, Ge(1)] | None = None,
        batch_size: Annotated[int, Ge(2)] | None = None,
        learning_rate: Annotated[float, Gt(0)] | None = None,
        beta_1: Annotated[float, Ge(0), Lt(1)] | None = None,
        updates: Literal["alternating", "simultaneous"] | None = None,
        batches: Literal["separate", "joint"] | None = None,
        latent_dim: Annotated[int, Ge(1)] | None = None,
        width: Annotated[int, Ge(1)] | None = None,
        discriminator_width: Annotated[int, Ge(1)] | None = None,
        upsampling: Literal["nearest", "transposed"] | None = None,
        leaky: bool | None = None,
        dropout: Annotated[float, Ge(0), Lt(1)] | None = None,
        output: Literal["tanh", "sigmoid"] | None = None,
        bn_momentum: Annotated[float, Ge(0), Lt(1)] | None = None,
        initial: Literal["normal", "glorot"] | None = None,
        precision: Literal["float32", "mixed_bfloat16"] = "float32",
        display_interval: Annotated[int, Ge(1)] | None = None,
        random_state: int | None = None,
    ) -> None:
        self.architecture = architecture
        self.study = studies.resolve(
            architecture,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            beta_1=beta_1,
            updates=updates,
            batches=batches,
            latent_dim=latent_dim,
            width=width,
            discriminator_width=discriminator_width,
            upsampling=upsampling,
            leaky=leaky,
            dropout=dropout,
            output=output,
            bn_momentum=bn_momentum,
            initial=initial,
        )
        self.precision = precision
        self.display_interval = display_interval
        self.random_state = random_state
        self.history: pd.DataFrame | None = None
        self.image_shape: tuple[int, ...] | None = None
        self._network: Any = None
        self._draw: Callable[[np.ndarray], np.ndarray] | None = None

    def fit(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        folder: Path | None = None,
        on_checkpoint: Callable[[str, DCGAN], None] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> DCGAN:
        """Trains on real images.

        Args:
            images: uint8 `(n, height, width, channels)`.
            labels: Not used.
            folder: Private folder for the resumable state: a second `fit` with the same folder goes on where
                the first was interrupted, bit for bit. Defaults to `None`.
            on_checkpoint: Called as `on_checkpoint("epoch-0010", self)` at each checkpoint, before the state
                behind it is written. It may save and sample. Defaults to `None`.
            progress: Called with steps done, steps in all, and a line of text. Defaults to `None`.

        Raises:
            UserError: For a size that the architecture cannot make, fewer images than a batch, or a folder
                that belongs to other options; the message lists the differences.
            FloatingPointError: When the training diverges. Earlier checkpoints are kept.
        """
        del labels
        images = _checked(images)
        times = studies.doublings(self.architecture, self.study, images.shape[1:])
        from generation.trainer import Trainer

        seed = self.random_state or 0
        trainer = Trainer(self.study, images.shape[1:], times, seed=seed, precision=self.precision)
        self._use(trainer.generator, images.shape[1:])

        def checkpoint(name: str) -> None:
            self.history = trainer.history
            if on_checkpoint is not None:
                on_checkpoint(name, self)

        try:
            trainer.train(
                images,
                options={
                    **self._options(),
                    "images": _digest(images),
                    "seed": seed,
                },
                folder=None if folder is None else Path(folder),
                display_interval=self.display_interval,
                on_checkpoint=checkpoint,
                progress=progress,
            )
        finally:
            self.history = trainer.history
        return self

    @property
    def parameters(self) -> int | None:
        """How many numbers the generator network has learned or tracked; `None` before `fit` or `load`."""
        return None if self._network is None else int(self._network.count_params())

    def check_shape(self, image_shape: tuple[int, ...]) -> None:
        """Checks that the architecture can make images `(height, width, channels)`, before any training.

        Raises:
            UserError: If not; the message lists the sizes that it can make.
        """
        studies.doublings(self.architecture, self.study, image_shape)

    def sample(
        self, n: int, *, labels: np.ndarray | None = None, seed: int = 0, sources: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns fakes, uint8 `(n, height, width, channels)`.

        The latent vectors are the first `n` rows drawn from `numpy.random.default_rng(seed)`, whatever the
        network: `sample(10, seed=s)` equals `sample(100, seed=s)[:10]` bit for bit, and two configurations
        with equally long latent vectors get the same ones. The network's output is scaled to [0, 255] and
        rounded to the nearest level, halves to even.

        Raises:
            RuntimeError: Before `fit` or `load`.
        """
        del labels, sources
        if self._draw is None or self.image_shape is None:
            raise RuntimeError("This generator has no weights yet. Expected fit(...) or load(...) before sample(...).")
        latents = np.random.default_rng(seed).standard_normal((n, self.study.latent_dim), np.float32)
        images = np.empty((n, *self.image_shape), np.uint8)
        for start in range(0, n, SAMPLE_BATCH):
            part = latents[start : start + SAMPLE_BATCH]
            full = np.zeros((SAMPLE_BATCH, self.study.latent_dim), np.float32)
            full[: len(part)] = part
            images[start : start + len(part)] = self._levels(self._draw(full)[: len(part)])
        return images

    def save(self, folder: Path) -> None:
        """Writes the generator as `weights.npz` and `options.json`, the same bytes for the same weights.

        Raises:
            RuntimeError: Before `fit` or `load`.
        """
        if self._network is None or self.image_shape is None:
            raise RuntimeError("This generator has no weights yet. Expected fit(...) or load(...) before save(...).")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights: dict[str, Any] = {
            f"w{position:04d}": np.asarray(v) for position, v in enumerate(self._network.variables)
        }
        np.savez(folder / "weights.npz", **weights)
        text = json.dumps({**self._options(), "image_shape": list(self.image_shape)}, indent=1, sort_keys=True)
        (folder / "options.json").write_text(text + "\n", encoding="utf-8")

    def load(self, folder: Path) -> DCGAN:
        """Reads what `save` wrote into this instance, which must have been made with the same network
        options.

        Raises:
            UserError: If the folder holds no such generator, or one of another architecture.
        """
        folder = Path(folder)
        try:
            saved = json.loads((folder / "options.json").read_text(encoding="utf-8"))
            with open(folder / "weights.npz", "rb") as stream, np.load(stream, allow_pickle=False) as file:
                weights = [file[name] for name in sorted(file.files)]
            shape = tuple(saved["image_shape"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{folder} holds no saved DCGAN ({error}).") from error
        times = studies.doublings(self.architecture, self.study, shape)
        from generation.networks import build_generator

        network = build_generator(self.study, shape, times, precision=self.precision)
        if [v.shape for v in weights] != [tuple(v.shape) for v in network.variables]:
            raise UserError(f"{folder} holds a generator with other layers than architecture '{self.architecture}'.")
        for variable, value in zip(network.variables, weights, strict=True):
            variable.assign(value)
        self._use(network, shape)
        return self

    def describe(self, image_shape: tuple[int, ...] | None = None) -> str:
        """Returns Keras' summaries of the generator, the discriminator and the two combined.

        Args:
            image_shape: `(height, width, channels)`. Defaults to that of the architecture's study.
        """
        shape = tuple(image_shape or self.study.image_shape)
        times = studies.doublings(self.architecture, self.study, shape)
        import keras

        from generation.networks import build_discriminator, build_generator

        models = [build(self.study, shape, times) for build in (build_generator, build_discriminator)]
        models.append(keras.Sequential([keras.Input((self.study.latent_dim,)), *models], name="combined"))
        lines: list[str] = []
        for model in models:
            model.summary(line_length=78, print_fn=lambda text, **_: lines.append(text))
        return "\n".join(lines)

    def _options(self) -> dict[str, Any]:
        return {
            "architecture": self.architecture,
            "precision": self.precision,
            **dataclasses.asdict(self.study),
        }

    def _use(self, network: Any, image_shape: tuple[int, ...]) -> None:
        from generation.backend import backend

        self._network, self.image_shape = network, tuple(image_shape)
        shape = (SAMPLE_BATCH, self.study.latent_dim)
        self._draw = backend().compiled(lambda latents: network(latents, training=False), shape)

    def _levels(self, output: np.ndarray) -> np.ndarray:
        scaled = (output + 1.0) * 127.5 if self.study.output == "tanh" else output * 255.0
        return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4:
        raise UserError(f"Images must be uint8 (n, height, width, channels). Received: {images.dtype} {images.shape}.")
    return images


def _digest(images: np.ndarray) -> str:
    """The sha256 of the images, read in parts: they may be a memory map larger than the memory."""
    sha = hashlib.sha256(str(images.shape).encode())
    for start in range(0, len(images), 1000):
        sha.update(np.ascontiguousarray(images[start : start + 1000]).data)
    return sha.hexdigest()
