"""Each warning once, though many processes meet it: what a plug-in warns of in one stage, it does in all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import warnings
from pathlib import Path
from typing import TextIO


def once(folder: Path) -> None:
    """Prints a warning of this process unless one that shares the folder has printed it already.

    Equal are warnings of one place in the code whose words differ in nothing but numbers.

    Args:
        folder: Where a file for each is made; it is there already.
    """

    def show(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,
        line: str | None = None,
    ) -> None:  # fmt: skip
        words = re.sub(r"[0-9.]+", "0", str(message))
        name = hashlib.sha256(repr((words, category.__name__, filename, lineno)).encode()).hexdigest()[:32]
        with contextlib.suppress(OSError):  # of a full disk: then it is said again
            try:
                os.close(os.open(folder / f"warned-{name}", os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                return
        with contextlib.suppress(OSError, ValueError):
            (file or sys.stderr).write(warnings.formatwarning(message, category, filename, lineno, line))

    warnings.showwarning = show
