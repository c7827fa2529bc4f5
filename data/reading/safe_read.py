"""Reading files that others made, without running their code, filling the memory or leaving the folder."""

from __future__ import annotations

import gzip
import io
import pickle
import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from data.errors import UserError
from data.reading.regular import check_regular, open_regular

MAX_PICKLE = 2**28  # bytes; a CIFAR batch has 2**25
MAX_MEMBER = 2**26  # bytes of one file inside a zip
PLAIN = {bool, int, float, str, bytes}  # types that hold no array
MAX_RATIO = 200  # unpacked : packed of a zip's member; deflate reaches 1,032 on nothing but zeros, photographs about 1


def read_pickle(data: bytes, name: str) -> Any:
    """Returns what a pickle holds, if it holds only numpy arrays of numbers, plain containers, numbers and text.

    No function or class that the file names is ever called: arrays are rebuilt here from their bytes. Text of Python 2
    is read as latin-1.

    Args:
        data: The content of the file.
        name: The file, for messages.

    Raises:
        UserError: If the file is damaged, or names anything else.
    """
    if len(data) > MAX_PICKLE:
        raise UserError(
            f"{name} is too large for a pickle of images. Allowed: {MAX_PICKLE:,} bytes. Received: {len(data):,}."
        )
    try:
        return _unwrap(_Unpickler(io.BytesIO(data), encoding="latin1").load())
    except pickle.UnpicklingError as error:
        raise UserError(f"{name} cannot be read as a pickle of arrays: {_line(error)}.") from None
    except Exception as error:  # a damaged pickle raises nearly anything
        raise UserError(
            f"{name} is not a pickle of arrays, or is damaged ({type(error).__name__}: {_line(error)})."
        ) from None


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Refuses every global but those that make an array or bytes, for which stand-ins are returned."""
        if (module, name) == ("_codecs", "encode"):
            return _encode
        if module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray"):
            known = {"ndarray": "ndarray", "dtype": _Dtype, "_reconstruct": _Array}
            if name in known:
                return known[name]
        raise pickle.UnpicklingError(
            f"it asks to call '{module}.{name}', and only numpy arrays and plain containers are admitted"
        )


def _encode(text: str, codec: str) -> bytes:
    """Stands in for what Python 3 writes bytes as, for readers of Python 2."""
    if codec != "latin1":
        raise pickle.UnpicklingError(f"it holds bytes in the code {codec!r}, and only latin1 is admitted")
    return str(text).encode("latin1")


class _Dtype:
    """Stands in for `numpy.dtype`: plain numbers only, since a forged compound type can reach outside its array."""

    def __init__(self, code: str, align: Any = 0, copy: Any = 1) -> None:
        del align, copy
        if not re.fullmatch(r"[biuf][1248]", str(code)):
            raise pickle.UnpicklingError(f"it holds an array of type '{code}', and only numbers are admitted")
        self.code, self.order = str(code), "="

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        self.order = order if order in "<>" else "="


class _Array:
    """Stands in for `numpy.core.multiarray._reconstruct`."""

    def __init__(self, kind: Any, shape: Any, code: Any) -> None:
        del kind, shape, code
        self.value = np.empty(0)

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, content = state
        content = content.encode("latin1") if isinstance(content, str) else content
        array = np.frombuffer(content, np.dtype(dtype.order + dtype.code))
        self.value = array.reshape(shape, order="F" if fortran else "C")


def _unwrap(value: Any) -> Any:
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, dict):
        return {_unwrap(key): _unwrap(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        if {type(entry) for entry in value} <= PLAIN:  # as the 10,000 labels and names of a batch
            return value
        return type(value)(_unwrap(entry) for entry in value)
    return value


def read_gzip(path: Path, *, limit: int = MAX_PICKLE) -> bytes:
    """Returns the unpacked content of a gzip file.

    Raises:
        UserError: If it is not one, is cut short or altered, or unpacks to more than `limit` bytes.
    """
    try:
        with open_regular(path) as packed, gzip.open(packed, "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} is not a whole gzip file ({_line(error)}).") from None
    if len(data) > limit:
        raise UserError(f"{path} unpacks to more than the {limit:,} bytes that are allowed.")
    return data


def open_zip(path: Path, *, limit: int | None = None) -> zipfile.ZipFile:
    """Opens a zip whose members all stay inside the folder they would be unpacked to.

    Args:
        path: The file.
        limit: Bytes that all members together may unpack to, for one that is read as a whole. Defaults to `None`, any.

    Raises:
        UserError: If it is not a zip, is cut short, has a member with an absolute path, with `..` or that is a link, or
            unpacks to more than `limit` bytes.
    """
    try:
        check_regular(path)
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.") from None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"{path} is not a whole zip file ({_line(error)}).") from None
    for member in archive.infolist():
        name = member.filename
        posix, windows = PurePosixPath(name), PureWindowsPath(name)
        link = stat.S_ISLNK(member.external_attr >> 16)
        if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or link:
            archive.close()
            raise UserError(f"{path} has a member that leaves its folder. Received: {name!r}.")
    total = sum(member.file_size for member in archive.infolist())
    if limit is not None and total > limit:
        archive.close()
        raise UserError(f"{path} unpacks to too much. Allowed: {limit:,} bytes in all. Received: {total:,}.")
    return archive


def read_member(archive: zipfile.ZipFile, member: str, *, limit: int = MAX_MEMBER) -> bytes:
    """Returns the content of one member of a zip, checked against its CRC.

    Raises:
        UserError: If there is none, or it is damaged, or unpacks to more than `limit` bytes or 200 times its size.
    """
    where = f"{archive.filename}: {member}"
    try:
        info = archive.getinfo(member)
        if info.file_size > limit or info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise UserError(
                f"{where} unpacks from {info.compress_size:,} to {info.file_size:,} bytes. "
                f"Allowed: {MAX_RATIO} times as many, {limit:,} at most."
            )
        with archive.open(info) as file:
            return file.read(limit)  # never more than the size it declares; the CRC then says whether that was a lie
    except KeyError:
        raise UserError(f"{where} does not exist.") from None
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"{where} is damaged or cannot be unpacked ({_line(error)}).") from None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
