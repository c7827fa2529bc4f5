"""Heat maps of scored pictures as files: each beside its picture, marked as an explanation, and as numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.machine import runtime
from benchmark.plugins import resolve as plugins
from benchmark.results import heat
from benchmark.store import png
from benchmark.store.out_folder import new_folder
from benchmark.use.stored_detector import TrainedDetector
from benchmark.use.stored_run import StoredRun
from data.errors import UserError
from data.names import as_text

SHOWN = 128  # pixels, the shorter side of a written picture at least


class HeatMaps:
    """Writes `000000-NAME.png` and `000000-NAME.npy` for each picture, and `index.csv`, which says whose they are.

    Args:
        folder: Where they go.
        trained: The detector.
    """

    def __init__(self, folder: Path, trained: TrainedDetector) -> None:
        self.folder, self.trained, self.rows = folder, trained, 0
        self.software = f"fauxbench {runtime.version('fauxbench')}"
        with open(folder / "index.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(["picture", "map", "path", "score"])

    def write(self, paths: list[str], images: np.ndarray, scores: np.ndarray) -> None:
        """Explains and writes images, uint8 `(n, h, w, c)`, with their paths and scores `(n,)`.

        Raises:
            UserError: If the detector gives something else than one finite map per image.
        """
        maps = self._maps(images)
        with open(self.folder / "index.csv", "a", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            for path, image, values, score in zip(paths, images, maps, scores, strict=True):
                stem = f"{self.rows:06d}-{re.sub(r'[^A-Za-z0-9_.-]', '-', Path(path).stem)[:60]}"
                self.rows += 1
                limit = heat.limit_of(values)
                content = png.described(beside(image, values, limit), self.software, self._words(limit))
                (self.folder / f"{stem}.png").write_bytes(content)
                np.save(self.folder / f"{stem}.npy", values, allow_pickle=False)
                table.writerow([f"{stem}.png", f"{stem}.npy", as_text(path), score])

    def _maps(self, images: np.ndarray) -> np.ndarray:
        with plugins.blamed(f"Detector '{self.trained.id}' failed to explain"):
            return self.trained.detector.heat_maps(images)

    def _words(self, limit: float) -> str:
        run = self.trained.run.manifest["name"]
        return (
            f"An explanation, no evidence: left the picture as it was scored; right, over it in grey, where detector "
            f"'{self.trained.id}' of the run '{run}' sees marks of a fake (orange) or of a real image (blue). The "
            f"darkest colour is {limit:.6g} and beyond, which one place in a hundred of this picture exceeds."
        )


def beside(image: np.ndarray, values: np.ndarray, limit: float) -> np.ndarray:
    """Returns a picture and, right of it, its map over it, uint8 `(height, 2 width + gap, 3)`, enlarged to be seen.

    Args:
        image: uint8 `(h, w, 1 or 3)`.
        values: Its map, float `(h, w)`, in the colours of `benchmark.results.heat`, as in the report.
        limit: The size of value that has the darkest colour.
    """
    colour = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    both = np.stack([colour, heat.overlaid(image[None], values[None], limit)[0]])
    times = max(1, -(-SHOWN // min(image.shape[:2])))
    left, right = both.repeat(times, axis=1).repeat(times, axis=2)
    return np.concatenate([left, np.full((len(left), max(4, times // 2), 3), 255, np.uint8), right], axis=1)


@contextmanager
def heat_maps(out: str | Path | None, trained: TrainedDetector) -> Iterator[HeatMaps | None]:
    """Gives what writes heat maps into a new folder, which appears when all are written; nothing without one.

    Raises:
        UserError: If the detector cannot explain itself, with those of the run that can; if the folder is not empty.
    """
    if out is None:
        yield None
        return
    if not trained.detector.explains:
        able = [name for name in trained.run.detectors if _explains(trained.run, trained.run.detector_row(name))]
        others = f"Those of this run that do: {', '.join(able)}" if able else "None of this run does"
        raise UserError(f"Detector '{trained.id}' has no heat maps. {others}.")
    with new_folder(Path(out)) as folder:
        yield HeatMaps(folder, trained)


def _explains(run: StoredRun, row: dict[str, Any]) -> bool:
    try:
        return bool(run.known("detectors", row).has("explain"))
    except UserError:
        return False
