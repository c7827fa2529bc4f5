"""A swap autoencoder as it stands after a training: what it makes of faces, and its files. Keras is imported when it is
first used."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Self

import numpy as np

from data.errors import UserError
from generation.swap.settings import Settings, halvings
from generation.training.weights import NOT_FITTED, UNREADABLE, read_options, read_weights, write_options, write_weights


class TrainedSwap:
    """The part of `generation.swap.generator.Autoencoder` that does not train; see there.

    Args:
        settings: Its options.
    """

    kind = "autoencoder"  # in messages

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.image_shape: tuple[int, ...] | None = None
        self.labels: tuple[int, int] | None = None  # of side A and side B
        self.names: tuple[str, str] | None = None
        self._held_out: tuple[np.ndarray, np.ndarray] | None = None  # a few faces of either side, for previews
        self._sampler: Any = None
        self._networks: dict[str, list[np.ndarray]] = {}  # of the last checkpoint, by name

    @property
    def parameters(self) -> int | None:
        """How many numbers the encoder and both decoders have learned; `None` before `fit` or `load`."""
        return None if self._sampler is None else int(self._sampler.parameters)

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
        write_weights(folder / "weights.npz", dict(sorted(self._networks.items())))
        about = {"image_shape": self.image_shape, "labels": self.labels, "names": self.names}
        write_options(folder, {**self.options(), **about})

    def load(self, folder: Path) -> Self:
        """Reads what `save` wrote into this instance, which must have been made with the same network options.

        Raises:
            UserError: If the folder holds no such generator, or one of other layers.
        """
        folder = Path(folder)
        try:
            saved = read_options(folder)
            networks = read_networks(folder)
            shape, labels, names = (tuple(saved[key]) for key in ("image_shape", "labels", "names"))
        except UNREADABLE as error:
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

    def options(self) -> dict[str, Any]:
        """Returns everything that a training depends on beside images and seed, as JSON values."""
        return dataclasses.asdict(self.settings)

    def make_sampler(self) -> Any:
        """Returns an untrained `generation.swap.sampler.SwapSampler` of this generator's layers."""
        from generation.swap.sampler import SwapSampler

        return SwapSampler(self.settings, tuple(self.image_shape or ()))

    def use(self, sampler: Any, networks: dict[str, list[np.ndarray]]) -> None:
        """Takes over what a checkpoint consists of: what samples, and all networks' weights by name."""
        self._sampler, self._networks = sampler, networks


def read_networks(folder: Path) -> dict[str, list[np.ndarray]]:
    """Returns the weights of the networks in a saved autoencoder, by name."""
    return read_weights(Path(folder) / "weights.npz")
