"""Reading the arrays of a file that PyTorch wrote, without PyTorch and without running any code that the file names."""

from __future__ import annotations

import io
import math
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError
from data.reading.regular import check_regular
from data.reading.safe_read import open_zip, read_member

MAX_FILE = 2**28  # bytes
MAGIC = 0x1950A86A20F9469CFC6C  # the first number in a file from before PyTorch 1.6
TYPES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2",
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
}  # fmt: skip
DAMAGE = (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, struct.error)


@dataclass(frozen=True)
class _Storage:
    """Numbers that tensors are cut from: where they lie in the file, their type and count."""

    key: str
    type: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    """Stands in for what `torch._utils._rebuild_tensor_v2` returns."""

    storage: _Storage
    start: int
    shape: tuple[int, ...]
    order: tuple[int, ...]  # the axes as they lie in the storage, from the slowest to the fastest

    def cut(self, numbers: np.ndarray) -> np.ndarray:
        stored = numbers[self.start : self.start + math.prod(self.shape)]
        return stored.reshape([self.shape[axis] for axis in self.order]).transpose(np.argsort(self.order))


def read_torch(path: Path) -> dict[str, np.ndarray]:
    """Returns the tensors of a state dictionary: what `torch.save(network.state_dict(), path)` wrote, of any version.

    Of the globals that a pickle can name, only those that make a tensor or an ordered dictionary are answered, with
    stand-ins; any other is refused, and nothing that a file names is ever called. Tensors may lie in their storage with
    their axes in any order, as converted weights do, but without gaps or repetitions.

    Raises:
        UserError: If the file is damaged, is or unpacks to more than 256 MiB, or holds anything but plain tensors in a
            dictionary.
    """
    try:
        size = check_regular(path).st_size
        if size > MAX_FILE:
            raise UserError(f"{path} is too large for weights. Allowed: {MAX_FILE:,} bytes. Received: {size:,}.")
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"
        value, numbers = _read_zip(path) if zipped else _read_stream(path.read_bytes())
        return {str(name): tensor.cut(numbers(tensor.storage)) for name, tensor in _tensors(value).items()}
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except (*DAMAGE, MemoryError, OverflowError, RecursionError, ImportError) as error:
        words = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise UserError(f"{path} cannot be read as a file of PyTorch tensors: {words}.") from None


def _tensors(value: Any) -> dict[str, _Tensor]:
    if not isinstance(value, dict) or not all(isinstance(each, _Tensor) for each in value.values()):
        raise ValueError("it holds something else than a dictionary of tensors")
    return value


Numbers = Callable[[_Storage], np.ndarray]


def _read_zip(path: Path) -> tuple[Any, Numbers]:
    """Reads the form of PyTorch 1.6 and later: a zip with a pickle, and one member for each storage."""
    with open_zip(path, limit=MAX_FILE) as archive:  # PyTorch packs nothing, so an honest file is as long as it says
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError("the zip holds no data.pkl")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}byteorder" in names and read_member(archive, f"{root}byteorder") != b"little":
            raise ValueError("its numbers are big-endian, and only little-endian ones are admitted")
        value = _Unpickler(io.BytesIO(read_member(archive, pickles[0]))).load()
        storages = {each.storage.key: each.storage for each in _tensors(value).values()}  # tensors may share one
        read = {key: _array(each, read_member(archive, f"{root}data/{key}")) for key, each in storages.items()}
    return value, lambda storage: read[storage.key]


def _read_stream(data: bytes) -> tuple[Any, Numbers]:
    """Reads the older form: five pickles, then for each storage its count and its numbers."""
    file = io.BytesIO(data)
    if _Unpickler(file).load() != MAGIC:
        raise ValueError("it does not begin as such a file does")
    _Unpickler(file).load()  # the version of the form, of which there is one
    if _Unpickler(file).load().get("little_endian") is not True:
        raise ValueError("its numbers are big-endian, and only little-endian ones are admitted")
    value = _Unpickler(file).load()
    storages = {each.storage.key: each.storage for each in _tensors(value).values()}
    read = {}
    for key in _Unpickler(file).load():
        storage = storages[str(key)]
        (count,) = struct.unpack("<q", file.read(8))
        if count != storage.count:
            raise ValueError(f"storage '{key}' has another number of values than its tensors say")
        read[storage.key] = _array(storage, file.read(count * np.dtype(storage.type).itemsize))
    return value, lambda storage: read[storage.key]


def _array(storage: _Storage, data: bytes) -> np.ndarray:
    array = np.frombuffer(data, storage.type)
    if len(array) != storage.count:
        raise ValueError("it is cut short")
    return array


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Refuses every global but those of tensors, for which stand-ins are returned."""
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _parameter
        if module == "torch" and name in TYPES:
            return TYPES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        raise pickle.UnpicklingError(f"it asks to call '{module}.{name}', and only tensors are admitted")

    def persistent_load(self, pid: Any) -> _Storage:
        """Notes where a storage's numbers lie; `pid` is a tag, a type, a key, a device, a count and perhaps a view."""
        tag, kind, key, _, count, *view = pid
        if tag != "storage" or kind not in TYPES.values() or any(each is not None for each in view):
            raise pickle.UnpicklingError("it refers to something else than plain storages of numbers")
        return _Storage(str(key), kind, int(count))


def _tensor(storage: _Storage, start: int, shape: Any, strides: Any, *more: Any) -> _Tensor:
    """Checks a tensor's place in its storage, since forged strides can reach outside of it or repeat it without end."""
    del more  # whether it asks for gradients, and hooks, which weights do not have
    shape, strides = tuple(map(int, shape)), tuple(map(int, strides))
    # An axis of length 1 has no step; it stays behind those that share its place.
    order = tuple(sorted(range(len(shape)), key=lambda axis: (-strides[axis] if shape[axis] != 1 else 0, axis)))
    dense = [math.prod(shape[axis] for axis in order[at + 1 :]) for at in range(len(order))]
    if any(shape[axis] != 1 and strides[axis] != step for axis, step in zip(order, dense, strict=True)):
        raise pickle.UnpicklingError("it holds a tensor with gaps or repetitions")
    if min((int(start), *shape)) < 0 or start + math.prod(shape) > storage.count:
        raise pickle.UnpicklingError("it holds a tensor that reaches outside its storage")
    return _Tensor(storage, int(start), shape, order)


def _parameter(tensor: _Tensor, *more: Any) -> _Tensor:
    del more
    return tensor
