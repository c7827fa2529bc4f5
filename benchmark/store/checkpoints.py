"""A training's checkpoints: folders, and the order in which they were made."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.errors import UserError

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
        names = list(json.loads(self._order.read_text())) if self._order.exists() else []
        for name in names:
            _check(name, f"{self._order} is damaged")
        return names

    def folder(self, name: str = "last") -> Path:
        """Returns a checkpoint's folder by its name; `"last"` is the last one made.

        Raises:
            UserError: If there is none of this name: the training may have ended before.
        """
        names = self.names
        if name != "last" and name not in names:
            raise UserError(f"The training has no checkpoint '{name}'. It has: {', '.join(names) or 'none'}.")
        return self.root / (names[-1] if name == "last" else name)

    @property
    def folders(self) -> list[Path]:
        """All folders, in order."""
        return [self.root / name for name in self.names]

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Gives a folder to write into; the checkpoint counts once that is done, and replaces one of its name."""
        _check(name, "on_checkpoint(name, generator) got a wrong name")
        work = self.root / f"{name}.part"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        yield work
        shutil.rmtree(self.root / name, ignore_errors=True)
        work.rename(self.root / name)
        # The list last: a checkpoint counts once its folder is whole.
        names = [*(other for other in self.names if other != name), name]
        half = self._order.with_suffix(".part")
        half.write_text(json.dumps(names))
        os.replace(half, self._order)

    def clean(self) -> None:
        """Removes what a kill left half-written."""
        for work in self.root.glob("*.part"):
            shutil.rmtree(work)


def _check(name: Any, fault: str) -> None:
    """Refuses a name that would lead out of the folder of the checkpoints."""
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\0" in name:
        raise UserError(f"{fault}: a checkpoint's name is that of one folder, such as epoch-0040. Received: {name!r}.")
