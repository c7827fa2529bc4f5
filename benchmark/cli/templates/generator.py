"""A generator: it learns from real images and makes fakes.

Check it:      fauxbench check generator new_plugin.py:NewGenerator
Run it, with a spec such as this one (paths in a spec start from the spec's folder):

    [dataset]
    name = "digits"

    [[generator]]
    kind = "new_plugin.py:NewGenerator"
    components = 20

    [[detector]]
    kind = "linear-log-dct"

    fauxbench run spec.toml

It works as it stands: change what you like, and check it again. It needs no import of fauxbench.
"""

from pathlib import Path
from typing import Any

import numpy as np


class NewGenerator:
    """Draws Gaussian weights of the principal components. The first line here is what `fauxbench list` shows."""

    # Optional: the smallest side in pixels and the numbers of channels that it takes, and where it is from.
    min_size = 1
    channels = (1, 3)
    paper = ""

    # Options are keywords with a type and a default: that is what a spec is checked against. `random_state` comes from
    # the benchmark: everything random in `fit` must follow from it. (Nothing is, here.)
    def __init__(self, *, components: int = 20, random_state: int | None = None) -> None:
        self.components = components
        self.random_state = random_state
        self.mean: Any = None

    def fit(self, images: np.ndarray, labels=None, *, folder=None, on_checkpoint=None) -> "NewGenerator":
        """Learns from images, uint8 (n, height, width, channels); labels are int (n,).

        `folder` is a private place for the state of a long training: after an interruption, fit is called again with
        the same folder. `on_checkpoint(name, self)` may be called after some epochs, with a name such as "epoch-0010":
        the benchmark then saves and samples what there is. Leave out the keywords that you do not use.
        """
        self.shape = images.shape[1:]
        flat = images.reshape(len(images), -1).astype(np.float64)
        self.mean = flat.mean(axis=0)
        _, spreads, directions = np.linalg.svd(flat - self.mean, full_matrices=False)
        self.basis = (spreads[:, None] / np.sqrt(len(flat)) * directions)[: self.components]
        if on_checkpoint is not None:
            on_checkpoint("final", self)
        return self

    def sample(self, n: int, *, seed: int = 0) -> np.ndarray:
        """Returns n images, uint8 (n, height, width, channels); the same for the same seed.

        A generator with `conditional = True` also takes the keyword `labels`, int (n,); one with
        `uses_sources = True` takes `sources`, the real images that it changes.
        """
        if self.mean is None:
            raise RuntimeError("This generator is not trained. Expected fit or load first.")
        weights = np.random.default_rng(seed).standard_normal((n, len(self.basis)))
        flat = self.mean + weights @ self.basis
        return np.clip(np.rint(flat), 0, 255).astype(np.uint8).reshape(n, *self.shape)

    # Optional, both or none: without them the benchmark pickles the object. `folder` is there.
    def save(self, folder: Path) -> None:
        np.savez(Path(folder) / "state.npz", shape=self.shape, mean=self.mean, basis=self.basis)

    def load(self, folder: Path) -> "NewGenerator":
        with np.load(Path(folder) / "state.npz") as state:
            self.shape = tuple(state["shape"].tolist())
            self.mean, self.basis = state["mean"], state["basis"]
        return self
