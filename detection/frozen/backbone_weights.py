"""The networks that `backbone` knows and their ImageNet weights: fetched or read, never left as they were drawn.

Keras is imported when it is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError
from data.reading import paths

ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications"
TIMEOUT = 10.0  # seconds without an answer or a byte
ENDINGS = (".h5",)  # `.weights.h5` of Keras 3 too
ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)  # widths of MobileNetV2 with published weights
SIDES = (96, 128, 160, 192, 224)  # that they were published for; weights of another side fit too, as nothing is dense


@dataclass(frozen=True)
class Published:
    """Where Keras' own weights without the classifier lie, and the file's md5 where Keras states one."""

    url: str
    md5: str | None

    @property
    def file(self) -> str:
        """The name under which Keras keeps it."""
        return self.url.rpartition("/")[2]


def published(network: str, alpha: float, side: int) -> Published:
    """Returns the file of a network's ImageNet weights for images of about `side` pixels."""
    if network == "EfficientNetV2B0":
        return Published(f"{ADDRESS}/efficientnet_v2/efficientnetv2-b0_notop.h5", "893217f2bb855e2983157299931e43ff")
    if network == "ResNet50V2":
        file = "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5"
        return Published(f"{ADDRESS}/resnet/{file}", "fac2f116257151a9d068a22e544a4917")
    nearest = min(SIDES, key=lambda known: abs(known - side))
    file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{nearest}_no_top.h5"
    return Published(f"{ADDRESS}/mobilenet_v2/{file}", None)


def keras_cache() -> Path:
    """Returns the folder in which Keras keeps weights: `$KERAS_HOME/models` or `~/.keras/models`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models"


def fetch(network: str, found: Published) -> Path:
    """Returns the file of published weights from Keras' cache, downloaded into it when it is not there.

    Raises:
        UserError: If it cannot be had, with the address and where to put the file by hand.
    """
    import keras

    by_hand = f"Put {found.url} at {keras_cache() / found.file} by hand, or name a local file by the option weights."
    if os.environ.get("FAUXBENCH_OFFLINE") and not (keras_cache() / found.file).exists():
        raise UserError(f"The ImageNet weights of {network} cannot be had (FAUXBENCH_OFFLINE is set). {by_hand}")
    try:
        with _impatient(), contextlib.redirect_stdout(sys.stderr):  # Keras prints its progress
            kept = keras.utils.get_file(found.file, found.url, cache_subdir="models", file_hash=found.md5)
    except Exception as error:  # Keras raises a plain Exception for a failed download
        words = " ".join(str(error).partition(" -- ")[2].split() or str(error).split()).rstrip(".")
        raise UserError(f"The ImageNet weights of {network} cannot be had ({words}). {by_hand}") from error
    return Path(kept)


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    # Keras' `get_file` takes no timeout.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def local(path: str) -> Path:
    """Returns a weights file that the user named.

    Raises:
        UserError: If it is not there or of another kind.
    """
    place = paths.place(path, "file of weights")
    if not place.is_file() or not place.name.endswith(ENDINGS):
        state = "no such file" if not place.is_file() else "a file of another kind"
        raise UserError(
            "Option 'weights' of backbone must be 'imagenet' or a file of weights (.weights.h5 or .h5). "
            f"Received: {path} ({state})."
        )
    return place


def sha256(path: Path) -> str:
    """Returns the sha256, in hex, of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fill(network: Any, path: Path, name: str) -> None:
    """Reads a network's weights from a file.

    Raises:
        UserError: If the file is damaged, belongs to another network, or leaves any kernel as it was drawn.
    """
    drawn = network.get_weights()
    try:
        network.load_weights(str(path))
        left = [before.ndim > 1 and np.array_equal(before, after) for before, after in zip(
            drawn, network.get_weights(), strict=True)]  # fmt: skip
        if any(left):
            raise ValueError(f"{sum(left)} of its kernels are not in the file")
    except Exception as error:  # h5py and Keras raise nearly anything for a damaged or foreign file
        words = " ".join(str(error).split())[:200].rstrip(".")
        raise UserError(
            f"{path} cannot be read as weights of {name} without its classifier: {words}. "
            "Expected what keras.applications publishes, or what the same network's save_weights wrote."
        ) from error
