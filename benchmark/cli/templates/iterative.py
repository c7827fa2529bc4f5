"""A generator that makes its images in steps, as diffusion and flow models do.

Check it:      fauxbench check generator new_plugin.py:NewGenerator
Run it, with a spec such as this one (paths in a spec start from the spec's folder):

    [dataset]
    name = "digits"

    [[generator]]
    id = "fine"
    kind = "new_plugin.py:NewGenerator"

    [[generator]]
    id = "coarse"
    kind = "new_plugin.py:NewGenerator"
    steps = 2

    [[detector]]
    kind = "linear-log-dct"

    fauxbench run spec.toml

Both rows are one training: `steps` is a sampling option. It works as it stands: change what you like, and check it
again. It needs no import of fauxbench. `docs/add-generator.md` says how a Keras network joins fauxbench's own loop.
"""

from pathlib import Path
from typing import Any

import numpy as np

TIMES = 10  # stretches of the way from noise to an image; each has a velocity of its own


class NewGenerator:
    """Follows a linear velocity from noise to an image. The first line here is what `fauxbench list` shows."""

    # Optional: the smallest side in pixels and the numbers of channels that it takes, and where it is from.
    min_size = 1
    channels = (1, 3)
    paper = ""
    # These options change samples and not the training: another value of them trains nothing again.
    checkpoint_names = "epoch-{:04d}"  # of `on_checkpoint`, so that a plan knows them before the training
    sampling_options = ("steps",)

    # Options are keywords with a type and a default: that is what a spec is checked against. `random_state` comes from
    # the benchmark: everything random in `fit` must follow from it.
    def __init__(
        self,
        *,
        epochs: int = 20,
        components: int = 30,
        steps: int = 20,
        display_interval: int | None = None,
        random_state: int | None = None,
    ) -> None:
        if not 1 <= steps <= 1000:
            raise ValueError(f"steps must be from 1 to 1000. Received: steps={steps}.")
        self.epochs, self.components, self.steps = epochs, components, steps
        self.display_interval, self.random_state = display_interval, random_state
        self.maps: Any = None

    def fit(self, images: np.ndarray, labels=None, *, folder=None, on_checkpoint=None) -> "NewGenerator":
        """Learns from images, uint8 (n, height, width, channels); labels are int (n,).

        `folder` is a private place for the state of a long training: after an interruption, fit is called again with
        the same folder and goes on. `on_checkpoint(name, self)` may be called after some epochs, with a name such as
        "epoch-0010": the benchmark then saves and samples what there is. It says every how many epochs by the option
        `display_interval`. Leave out the keywords that you do not use.
        """
        self.shape = images.shape[1:]
        flat = images.reshape(len(images), -1).astype(np.float64)
        self.mean = flat.mean(axis=0)
        _, spreads, directions = np.linalg.svd(flat - self.mean, full_matrices=False)
        self.basis = (spreads[:, None] / np.sqrt(len(flat)) * directions)[: self.components]
        ends = np.linalg.lstsq(self.basis.T, (flat - self.mean).T, rcond=None)[0].T

        size = len(self.basis) + 1
        state: dict[str, Any] = {"epoch": 0}
        state |= {"squares": np.zeros((TIMES, size, size)), "products": np.zeros((TIMES, size, size - 1))}
        file = None if folder is None else Path(folder) / "state.npz"
        if file is not None and file.exists():
            with np.load(file) as saved:
                state = {name: saved[name] for name in saved.files}
        for epoch in range(int(state["epoch"]), self.epochs):
            self._learn(ends, state, np.random.default_rng([self.random_state or 0, epoch]))
            state["epoch"] = epoch + 1
            self.maps = np.linalg.solve(state["squares"] + 1e-6 * np.eye(size), state["products"])
            shown = epoch + 1 == self.epochs or (self.display_interval and (epoch + 1) % self.display_interval == 0)
            if shown and on_checkpoint is not None:
                on_checkpoint(f"epoch-{epoch + 1:04d}", self)
            if file is not None:
                np.savez(file, **state)
        if self.maps is None:  # all epochs were done before
            self.maps = np.linalg.solve(state["squares"] + 1e-6 * np.eye(size), state["products"])
        return self

    def _learn(self, ends: np.ndarray, state: dict[str, Any], rng: np.random.Generator) -> None:
        """One epoch: a least-squares fit learns the velocity of points on straight ways from noise to images."""
        noise, times = rng.standard_normal(ends.shape), rng.random((len(ends), 1))
        points = np.hstack([(1 - times) * noise + times * ends, np.ones_like(times)])
        for stretch in range(TIMES):
            here = (times[:, 0] * TIMES).astype(int) == stretch
            state["squares"][stretch] += points[here].T @ points[here]
            state["products"][stretch] += points[here].T @ (ends - noise)[here]

    def sample(self, n: int, *, seed: int = 0) -> np.ndarray:
        """Returns n images, uint8 (n, height, width, channels); the same for the same seed, the first ones whatever n.

        A generator with `conditional = True` also takes the keyword `labels`, int (n,).
        """
        if self.maps is None:
            raise RuntimeError("This generator is not trained. Expected fit or load first.")
        points = np.random.default_rng(seed).standard_normal((n, len(self.basis)))
        for step in range(self.steps):
            velocity = self.maps[step * TIMES // self.steps]
            # row by row: the last bits of a matrix product may depend on how many rows there are
            moved = np.stack([row @ velocity[:-1] + velocity[-1] for row in points])
            points = points + moved / self.steps
        flat = np.stack([self.mean + row @ self.basis for row in points])
        return np.clip(np.rint(flat), 0, 255).astype(np.uint8).reshape(n, *self.shape)

    # Optional, both or none: without them the benchmark pickles the object. `folder` is there.
    def save(self, folder: Path) -> None:
        np.savez(Path(folder) / "state.npz", shape=self.shape, mean=self.mean, basis=self.basis, maps=self.maps)

    def load(self, folder: Path) -> "NewGenerator":
        with np.load(Path(folder) / "state.npz") as state:
            self.shape = tuple(state["shape"].tolist())
            self.mean, self.basis, self.maps = state["mean"], state["basis"], state["maps"]
        return self
