"""Where the processes that a plug-in starts find its file as a module, under the name that pickles know it by."""

from __future__ import annotations

from pathlib import Path

folders: list[Path] = []  # this process's own, in which `plugins.resolve` writes; none outside `hosted`
