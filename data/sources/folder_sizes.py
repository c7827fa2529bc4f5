"""What to ask for so that folders of several sizes can be compared: one size, and the same last step for both sides."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

from data.errors import UserError
from data.reading.regular import read_file
from data.reading.safe_image import open_frames
from data.sources.folder_files import list_images, within

SIZES = re.compile(
    r"mixed='center-crop'|must be as large as the real ones|nothing is enlarged"
)  # in a reader's refusal


def changes(real: Path, fakes: Sequence[Path]) -> list[str]:
    """Returns the changes to a spec of `--real` and `--fake` by which images of any size are cut to one, both sides
    alike: the middle square of the smallest side that there is. Nothing is resampled, which one side alone would show.

    Args:
        real: The folder of real images.
        fakes: The folders of fakes.

    Raises:
        UserError: If a folder has no image.
    """
    sides, kinds = [], []
    for at, folder in enumerate((real, *fakes)):
        found = _looked(folder, animations=at > 0)
        sides += [min(size) for size, _ in found]
        kinds.append({kind for _, kind in found})
    side = min(sides)
    asked = [f"{what}={value}" for table in ("dataset", "generator.*")
             for what, value in ((f"{table}.mixed", "center-crop"), (f"{table}.size", side))]  # fmt: skip
    return asked + ["generator.*.formats=any"] * any(len(of) > 1 for of in kinds[1:])


def _looked(folder: Path, *, animations: bool) -> list[tuple[tuple[int, int], tuple[str, str]]]:
    """Returns size, format and mode of every image that can be read."""
    found = []
    for name in list_images(folder, animations=animations)[0]:
        place = within(folder, name)
        with contextlib.suppress(UserError, OSError):
            for opened in open_frames(read_file(place), str(place)):
                found.append((opened.pixels.size, (opened.format, opened.mode)))
                if not animations:  # of a real image that moves, the first is taken
                    break
    return found
