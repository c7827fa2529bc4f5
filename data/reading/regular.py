"""Reading files whose names somebody else chose: only regular ones, and text with or without a byte order mark."""

from __future__ import annotations

import codecs
import os
import stat
from io import BufferedReader
from pathlib import Path

from data.errors import UserError

MAX_BYTES = 2**28  # of a file that is read as a whole: more than any picture in common use
MARKS = (  # the longer ones first: that of UTF-32 begins as that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def check_regular(path: Path, name: str = "") -> os.stat_result:
    """Returns what the system says of a file without opening it: to open a pipe waits, to open a device may do more.

    Args:
        path: The file, or a link to it.
        name: The file, for messages. Defaults to its path.

    Raises:
        UserError: If it is no regular file.
        OSError: As `os.stat`.
    """
    about = os.stat(path)
    if stat.S_ISDIR(about.st_mode):
        raise UserError(f"{name or path} is a folder. Expected a file.")
    if not stat.S_ISREG(about.st_mode):
        raise UserError(f"{name or path} is a pipe, a socket or a device. Expected a file.")
    return about


def open_regular(path: Path, name: str = "") -> BufferedReader:
    """Opens a regular file for reading; arguments and errors are those of `check_regular`."""
    check_regular(path, name)
    # without waiting, should a pipe have taken the file's place meanwhile
    file = open(path, "rb", opener=lambda place, flags: os.open(place, flags | getattr(os, "O_NONBLOCK", 0)))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UserError(f"{name or path} is a pipe, a socket or a device. Expected a file.")
    return file


def read_regular(path: Path, name: str = "", *, limit: int = MAX_BYTES) -> bytes:
    """Returns the content of a regular file; arguments and errors are those of `check_regular`, and one more.

    Raises:
        UserError: If it has more than `limit` bytes, too.
    """
    with open_regular(path, name) as file:
        data = file.read(limit + 1)
        if len(data) > limit:
            size = os.fstat(file.fileno()).st_size
            raise UserError(f"{name or path} has {size:,} bytes. Allowed: {limit:,}.")
    return data


def read_file(path: Path) -> bytes:
    """Returns the content of a regular file.

    Raises:
        UserError: If it is none, is too large, or cannot be read.
    """
    try:
        return read_regular(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None


def read_text_any(path: Path, *, what: str = "text", raw_names: bool = False, limit: int = MAX_BYTES) -> str:
    """Returns the text of a file in UTF-8, or in what its byte order mark says: UTF-8, UTF-16 or UTF-32.

    Spreadsheets and editors write such marks. Line ends stay as they are.

    Args:
        path: The file.
        what: What it should be, for messages, such as `"a CSV file"`.
        raw_names: Whether bytes that are no UTF-8 are kept as Python keeps those of a file's name. Defaults to `False`.
        limit: Bytes at most.

    Raises:
        UserError: If it is no text, no regular file, too large, or cannot be read.
    """
    try:
        data = read_regular(path, limit=limit)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    coding = next((coding for mark, coding in MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(coding)
    except UnicodeDecodeError as error:
        if raw_names and b"\0" not in data:
            return data.decode("utf-8", "surrogateescape")
        raise UserError(f"{path} is not {what} in UTF-8 ({error}).") from None
