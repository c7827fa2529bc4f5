"""The file of the Inception network's weights: read without running code, and checked before anything is trained."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.plan.specs import Spec
from benchmark.quality.inception.network import CLASSES, WIDTH, shapes
from benchmark.store import digest
from data.errors import UserError
from data.reading import paths
from data.reading.safe_read import open_zip, read_member
from data.reading.torch_file import MAX_FILE, read_torch

PUBLISHED = "6726825d"  # how the sha256 of the published file begins, as its name says
ACCEPTED = f"pt_inception-2015-12-05-{PUBLISHED}.pth, or an .npz of the same arrays"
CONVERT = "numpy.savez('inception.npz', **{k: v.numpy() for k, v in torch.load(FILE, weights_only=True).items()})"
UNUSED = {"fc.weight": (CLASSES, WIDTH), "fc.bias": (CLASSES,)}  # the layer of the classes, which a file may leave out
COUNTER = ".num_batches_tracked"


@dataclass(frozen=True)
class Weights:
    """The arrays by PyTorch's names, and the sha256, in hex, of the file that they came from."""

    arrays: dict[str, np.ndarray]
    sha256: str

    @property
    def published(self) -> bool:
        """Whether the file is the one whose figures the literature gives."""
        return self.sha256.startswith(PUBLISHED)


def named(spec: Spec, base: Path | None) -> tuple[Path, str] | None:
    """Returns the file of weights that a spec names, read and found good, and its sha256; `None` if it names none.

    Args:
        spec: The spec.
        base: The folder that a relative path starts from. Defaults to the current one.

    Raises:
        UserError: As `read`, or if the spec measures no quality.
    """
    if spec.quality.inception_weights is None:
        return None
    if not spec.quality.enabled:
        raise UserError("quality.inception_weights needs quality.enabled = true. Received: enabled = false.")
    path = paths.place(spec.quality.inception_weights, "file of Inception weights", base).absolute()
    return path, read(path).sha256


def read(path: Path) -> Weights:
    """Reads the weights of FID's Inception network.

    Args:
        path: A file that PyTorch wrote (`.pth`), or an `.npz` of the same names and shapes. What it is, is seen from
            its content.

    Raises:
        UserError: If it cannot be read or is not this network, with what is accepted and how to convert.
    """
    if path.is_dir():
        raise UserError(f"The Inception weights must be a file: {ACCEPTED}. Received a folder: {path}.")
    try:
        sha256 = digest.of_file(path)
        arrays = _npz(path) if _is_npz(path) else read_torch(path)
    except OSError as error:
        raise UserError(
            f"The Inception weights {path} cannot be read: {error.strerror}. Expected {ACCEPTED}."
        ) from None
    except UserError as error:
        raise UserError(f"{str(error).rstrip('.')}. Expected {ACCEPTED}, made by {CONVERT}.") from None
    arrays = {name: array for name, array in arrays.items() if not name.endswith(COUNTER)}
    _check(path, arrays)
    return Weights({name: arrays[name] for name in shapes()}, sha256)


def _is_npz(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _npz(path: Path) -> dict[str, np.ndarray]:
    """Reads the arrays that the network has, and no others, once it is known that there are no others."""
    if path.stat().st_size > MAX_FILE:
        raise UserError(f"{path} is too large for weights. Allowed: {MAX_FILE:,} bytes.")
    arrays = {}
    with open_zip(path, limit=MAX_FILE) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.namelist()}
        wanted = {name: member for name, member in members.items() if not name.endswith(COUNTER)}
        if problem := _wrong_names(wanted):
            raise UserError(f"{path} is not FID's Inception network: {problem}.")
        for name, member in wanted.items():
            data = io.BytesIO(read_member(archive, member))
            try:
                arrays[name] = np.lib.format.read_array(data, allow_pickle=False)
            except Exception as error:  # a forged header raises nearly anything, MemoryError too
                raise UserError(f"{path}: {member} is no array of numbers ({' '.join(str(error).split())}).") from None
    return arrays


def _check(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Checks names, shapes and values, so that no hours of training end at a file that cannot serve."""
    if problem := _problem(arrays):
        raise UserError(f"{path} is not FID's Inception network: {problem}. Expected {ACCEPTED}.")


def _problem(arrays: dict[str, np.ndarray]) -> str | None:
    if problem := _wrong_names(arrays):
        return problem
    known = shapes() | UNUSED
    for name, array in arrays.items():
        shape = known[name]
        if array.shape != shape or array.dtype.kind != "f":
            return f"'{name}' must be float {shape}, and is {array.dtype} {array.shape}"
        if not np.isfinite(array).all() or (name.endswith("running_var") and array.min() < 0):
            return f"'{name}' holds a value that is not finite, or a negative variance"
    return None


def _wrong_names(found: Mapping[str, object]) -> str | None:
    wanted = shapes()
    for names, verb in ((wanted.keys() - found.keys(), "lacks"), (found.keys() - wanted - UNUSED.keys(), "also has")):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            return f"it {verb} '{min(names)}'{more}, of {len(wanted)} arrays"
    return None
