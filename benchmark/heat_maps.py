"""Heat maps of scored pictures as files: each beside its picture, marked as an explanation, and as numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmark import plugins, png, runtime
from benchmark.out_folder import new_folder
from benchmark.stored_detector import TrainedDetector
from benchmark.stored_run import StoredRun
from data.errors import UserError

SHOWN = 128  # pixels, the shorter side of a written picture at least
RED, BLUE = np.array([220.0, 40.0, 30.0]), np.array([30.0, 80.0, 220.0])  # evidence for fake, and against


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
            for path, image, heat, score in zip(paths, images, maps, scores, strict=True):
                stem = f"{self.rows:06d}-{re.sub(r'[^A-Za-z0-9_.-]', '-', Path(path).stem)[:60]}"
                self.rows += 1
                largest = float(np.abs(heat).max())
                content = png.described(beside(image, heat), self.software, self._words(largest))
                (self.folder / f"{stem}.png").write_bytes(content)
                np.save(self.folder / f"{stem}.npy", heat, allow_pickle=False)
                table.writerow([f"{stem}.png", f"{stem}.npy", path, score])

    def _maps(self, images: np.ndarray) -> np.ndarray:
        try:
            maps = np.asarray(self.trained.detector.detector.explain(images.copy()), np.float64)
        except UserError:
            raise
        except Exception as error:  # a plug-in's own
            words = " ".join(str(error).split())
            raise UserError(
                f"Detector '{self.trained.id}' failed to explain: {type(error).__name__}: {words}."
            ) from error
        if maps.shape != images.shape[:3] or not np.isfinite(maps).all():
            raise UserError(
                f"explain of detector '{self.trained.id}' must give finite numbers of shape {images.shape[:3]}. "
                f"Received: shape {maps.shape}{'' if np.isfinite(maps).all() else ' with NaN or infinity'}."
            )
        return maps

    def _words(self, largest: float) -> str:
        run = self.trained.run.manifest["name"]
        return (
            f"An explanation, no evidence: left the picture as it was scored; right, over it in grey, where detector "
            f"'{self.trained.id}' of the run '{run}' sees marks of a fake (red) or of a real image (blue). Full colour "
            f"is {largest:.6g}, the largest of this picture."
        )


def beside(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Returns a picture and, right of it, its map over it, uint8 `(height, 2 width + gap, 3)`, enlarged to be seen.

    Args:
        image: uint8 `(h, w, 1 or 3)`.
        heat: float `(h, w)`; positive is red, negative blue, and the largest magnitude is full colour.
    """
    colour = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    grey = np.repeat(colour.mean(axis=2, keepdims=True), 3, axis=2)
    strength = (heat / max(float(np.abs(heat).max()), 1e-300))[..., None]
    alpha = 0.8 * np.abs(strength)
    over = (1 - alpha) * grey + alpha * np.where(strength > 0, RED, BLUE)
    both = np.stack([colour, np.rint(over).astype(np.uint8)])
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
    if not callable(getattr(trained.detector.detector, "explain", None)):
        able = [name for name in trained.run.detectors if _explains(trained.run, trained.run.detector_row(name))]
        others = f"Those of this run that do: {', '.join(able)}" if able else "None of this run does"
        raise UserError(f"Detector '{trained.id}' has no heat maps. {others}.")
    with new_folder(Path(out)) as folder:
        yield HeatMaps(folder, trained)


def _explains(run: StoredRun, row: dict[str, Any]) -> bool:
    try:
        plugin: plugins.Plugin = run.plugin("detectors", row)
    except UserError:
        return False
    return callable(plugin.attribute("explain"))
