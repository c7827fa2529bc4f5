"""A detector: it scores images, and a higher score means more likely fake.

Check it:      fauxbench check detector new_plugin.py:NewDetector
Run it, with a spec such as this one (paths in a spec start from the spec's folder):

    [dataset]
    name = "digits"

    [[generator]]
    kind = "gaussian"

    [[detector]]
    kind = "new_plugin.py:NewDetector"
    epochs = 10

    fauxbench run spec.toml

It works as it stands: change what you like, and check it again. It needs no import of fauxbench.
"""

from pathlib import Path
from typing import Any

import numpy as np


class NewDetector:
    """A small convolutional network. The first line here is what `fauxbench list` shows."""

    # Optional: the smallest side in pixels and the numbers of channels that it takes, and where it is from.
    min_size = 8
    channels = (1, 3)
    paper = ""

    # Options are keywords with a type and a default: that is what a spec is checked against. `random_state` comes from
    # the benchmark: everything random must follow from it.
    def __init__(self, *, epochs: int = 10, width: int = 16, random_state: int | None = None) -> None:
        self.epochs = epochs
        self.width = width
        self.random_state = random_state
        self.model: Any = None

    def fit(self, images: np.ndarray, is_fake: np.ndarray, *, validation=None) -> "NewDetector":
        """Learns from images, uint8 (n, height, width, channels), and is_fake, bool (n,).

        `validation` is such a pair, of images that are not trained on: for stopping or choosing. Leave the arrays as
        they are, and copy before you write.
        """
        import keras  # not at the top, so that `fauxbench list` need not wait for it

        keras.utils.set_random_seed(self.random_state or 0)
        self.model = keras.Sequential(
            [
                keras.Input(images.shape[1:]),
                keras.layers.Rescaling(1 / 127.5, -1.0),
                keras.layers.Conv2D(self.width, 3, padding="same", activation="relu"),
                keras.layers.Conv2D(self.width, 3, padding="same", activation="relu"),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(1),  # a logit: no activation
            ]
        )
        self.model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
        if validation is not None:
            validation = (validation[0], validation[1].astype("float32"))
        fitted = self.model.fit(
            images, is_fake.astype("float32"), validation_data=validation, epochs=self.epochs, verbose=0
        )
        import pandas as pd

        self.history = pd.DataFrame(fitted.history)  # optional: kept as history.csv
        return self

    def decision_function(self, images: np.ndarray) -> np.ndarray:
        """Returns one score per image, (n,). Or write predict_proba: (n, 2), the columns real and fake."""
        if self.model is None:
            raise RuntimeError("This detector is not trained. Expected fit or load first.")
        return self.model.predict(images, verbose=0)[:, 0]

    # Optional, both or none: without them the benchmark pickles the object. `folder` is there.
    def save(self, folder: Path) -> None:
        self.model.save(Path(folder) / "model.keras")

    def load(self, folder: Path) -> "NewDetector":
        import keras

        self.model = keras.saving.load_model(Path(folder) / "model.keras")
        return self
