"""File systems that a test mounts, where it may."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(place: Path, source: Path | str, *options: str) -> Iterator[Path]:
    """Mounts something at a folder that is there, for a while; skips the test visibly where that is not allowed.

    Args:
        place: The folder.
        source: What is mounted, such as `"tmpfs"`.
        *options: Of `mount`, such as `"-t", "tmpfs"`.
    """
    try:
        subprocess.run(["mount", *options, str(source), str(place)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextlib.contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """Makes a folder with room for so many kilobytes, for a while."""
    place.mkdir()
    with mounted(place, "tmpfs", "-t", "tmpfs", "-o", f"size={kilobytes}k"):
        yield place


def remount(place: Path, options: str) -> None:
    """Changes how something is mounted, such as its size."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True, capture_output=True)
