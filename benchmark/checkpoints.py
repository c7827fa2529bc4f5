"""A training's checkpoints: folders, and the order in which they were made."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

ORDER = "checkpoints.json"
INTERPOLATION = "interpolation.npy"  # beside them: images on a closed way through latent vectors


class Checkpoints:
    """The checkpoints below the folder of a `train_generator` stage.

    Args:
        stage: That folder.
    """

    def __init__(self, stage: Path) -> None:
        self.root = stage / "checkpoints"
        self._order = stage / ORDER

    @property
    def names(self) -> list[str]:
        """Their names in the order in which they were made, whatever they would sort like."""
        return list(json.loads(self._order.read_text())) if self._order.exists() else []

    def folder(self, name: str = "last") -> Path:
        """Returns a checkpoint's folder by its name; `"last"` is the last one made."""
        return self.root / (self.names[-1] if name == "last" else name)

    @property
    def folders(self) -> list[Path]:
        """All folders, in order."""
        return [self.root / name for name in self.names]

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Gives a folder to write into; the checkpoint counts once that is done, and replaces one of its name."""
        work = self.root / f"{name}.part"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        yield work
        shutil.rmtree(self.root / name, ignore_errors=True)
        work.rename(self.root / name)
        names = [*(other for other in self.names if other != name), name]
        half = self._order.with_suffix(".part")
        half.write_text(json.dumps(names))
        os.replace(half, self._order)

    def clean(self) -> None:
        """Removes what a kill left half-written."""
        for work in self.root.glob("*.part"):
            shutil.rmtree(work)
