"""A network that learned ImageNet, with a linear classifier on top or trained further."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt

from data.errors import UserError
from detection.base import Pair, Progress, in_blocks
from detection.frozen import backbone_weights as files
from detection.logistic import fit_linear
from detection.networks.keras_detector import KerasDetector

Network = Literal["MobileNetV2", "EfficientNetV2B0", "ResNet50V2"]


class Backbone(KerasDetector):
    """A network of `keras.applications` with ImageNet weights, probed by logistic regression or fine-tuned.

    A network that has seen a million photographs, and no fake, gives features of its last map's mean. `mode="probe"`
    leaves it as it is: the features are taken once, standardised, and classified by logistic regression, the penalty
    chosen by log-loss on the validation images. `mode="finetune"` starts from there (so that a classifier drawn at
    random does not first spoil the features: Kumar et al., "Fine-tuning can distort pretrained features", 2022,
    section 4) and trains the whole network as `KerasDetector` does.

    Images smaller than `size` are enlarged to it inside the network, bilinearly, reals and fakes alike, because these
    networks halve their maps five times and a map of one pixel is no map. Enlarging adds nothing and blurs no trace
    that a network could not learn to see; images that are larger keep their size, since reducing them would. Grey
    images are repeated to three channels. The weights are read from a file or the detector fails: it never runs on
    random ones.

    Source: Ojha, Li and Lee, "Towards universal fake image detectors that generalize across generative models" (2023),
    section 4: linear classification on the frozen features of a network that was not trained to find fakes. There it is
    CLIP's ViT-L/14; here it is a small convolutional network, which learned ImageNet's classes.

    Args:
        network: `"MobileNetV2"`, `"EfficientNetV2B0"` or `"ResNet50V2"`. Defaults to `"MobileNetV2"`.
        weights: `"imagenet"`, which Keras fetches once (95 MB at most) and keeps, or the path of a `.weights.h5` or
            `.h5` file of the same network without its classifier. Defaults to `"imagenet"`.
        mode: `"probe"` or `"finetune"`. Defaults to `"probe"`.
        size: Pixels of the shorter side that smaller images are enlarged to; at least 32. The default is the smallest
            side that MobileNetV2 has published weights for. Defaults to `96`.
        alpha: Width of MobileNetV2, of 0.35, 0.5, 0.75, 1.0, 1.3 and 1.4; 1.0 for the other networks. Defaults to
            `1.0`.
        epochs: Of fine-tuning, at most. Defaults to `5`.
        patience: Of fine-tuning, see `KerasDetector`. Defaults to `2`.
        batch_size: Of fine-tuning. Defaults to `32`.
        learning_rate: Of fine-tuning, by Adam. Defaults to `0.00003`.
        random_state: The seed of fine-tuning. Defaults to `None`.
    """

    paper = "Ojha et al., Towards universal fake image detectors that generalize (2023), section 4"

    def __init__(
        self,
        *,
        random_state: int | None = None,
        network: Network = "MobileNetV2",
        weights: str = "imagenet",
        mode: Literal["probe", "finetune"] = "probe",
        size: Annotated[int, Ge(32)] = 96,
        alpha: Annotated[float, Gt(0)] = 1.0,
        epochs: Annotated[int, Ge(1)] = 5,
        patience: Annotated[int, Ge(1)] = 2,
        batch_size: Annotated[int, Ge(2)] = 32,
        learning_rate: Annotated[float, Gt(0)] = 3e-5,
    ) -> None:
        super().__init__(
            random_state=random_state,
            epochs=epochs,
            patience=patience,
            batch_size=batch_size,
            learning_rate=learning_rate,
        )
        if alpha not in (files.ALPHAS if network == "MobileNetV2" else (1.0,)):
            allowed = ", ".join(map(str, files.ALPHAS)) if network == "MobileNetV2" else "1.0"
            raise UserError(f"Option 'alpha' of backbone with {network} must be one of {allowed}. Received: {alpha}.")
        self.network, self.weights, self.mode, self.size, self.alpha = network, weights, mode, size, alpha
        self._start: list[np.ndarray] | None = None

    def fingerprint(self) -> str:
        """Returns what stands for the weights in a result's key: a local file's sha256, or the published file's name.

        Raises:
            UserError: If the local file is not there.
        """
        if self.weights != "imagenet":
            return files.sha256(files.local(self.weights))
        return files.published(self.network, self.alpha, self.size).file

    def build(self, shape: tuple[int, int, int], seed: int) -> Any:
        """Returns the network for images of one shape: from float32 in [0, 255] to a logit.

        Within `fit` its weights are those that the probe found; otherwise they are yet to be set.
        """
        network = self._assembled(shape)[0]
        if self._start is not None:
            network.set_weights(self._start)
        return network

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        network, pretrained, features = self._assembled(images.shape[1:])
        files.fill(pretrained, self._file(images.shape), f"{self.network} (alpha {self.alpha})")
        if progress is not None:
            progress(0, self.epochs, f"features of {len(images) + len(validation[0])} images")

        def taken(block: np.ndarray) -> np.ndarray:
            return np.asarray(features.predict_on_batch(block.astype(np.float32)))

        linear = fit_linear(in_blocks(taken, images), is_fake, (in_blocks(taken, validation[0]), validation[1]))
        network.get_layer("standardise").set_weights([linear.mean, linear.scale**2])
        network.get_layer("logit").set_weights([linear.weights[:, None], np.array([linear.intercept])])
        if self.mode == "probe":
            self._network, self.history = network, None
            return
        self._start = network.get_weights()
        try:
            super()._fit(images, is_fake, validation, progress)
        finally:
            self._start = None

    def _file(self, shape: tuple[int, ...]) -> Any:
        if self.weights != "imagenet":
            return files.local(self.weights)
        found = files.published(self.network, self.alpha, max(self.size, min(shape[1:3])))
        return files.fetch(self.network, found)

    def _assembled(self, shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
        """Returns the whole network, the part of it that learned ImageNet, and the whole without its classifier."""
        import keras
        from keras import layers

        factor = max(1.0, self.size / min(shape[:2]))
        height, width = (round(side * factor) for side in shape[:2])
        inputs = keras.Input(tuple(shape), name="images")
        x = layers.Concatenate(name="colour")([inputs] * 3) if shape[2] == 1 else inputs
        if (height, width) != tuple(shape[:2]):
            x = layers.Resizing(height, width, interpolation="bilinear", name="enlarge")(x)
        if self.network != "EfficientNetV2B0":  # which scales its input itself
            x = layers.Rescaling(1 / 127.5, -1.0, name="scale")(x)
        options = {"alpha": self.alpha} if self.network == "MobileNetV2" else {}
        make = getattr(keras.applications, self.network)
        pretrained = make(input_shape=(height, width, 3), include_top=False, weights=None, **options)
        x = layers.GlobalAveragePooling2D(name="mean")(pretrained(x))
        features = keras.Model(inputs, x)
        fixed = {"center": False, "scale": False, "epsilon": 0.0, "trainable": False}  # the features' mean and variance
        x = layers.BatchNormalization(name="standardise", **fixed)(x)
        return keras.Model(inputs, layers.Dense(1, name="logit")(x), name="backbone"), pretrained, features

    def _options(self) -> dict[str, Any]:
        own = super()._options()
        return {name: value for name, value in own.items() if name != "weights"}  # they are saved with it
