"""Scores that another program gave to a run's exported images, to be measured like any detector's."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError
from data.reading import paths
from data.reading.bad_files import BadFiles
from data.reading.regular import read_regular, read_text_any
from data.reading.safe_image import open_image
from detection.base import BaseDetector, Pair, Progress

TABLE = "metadata.csv"


class External(BaseDetector):
    """Reads scores from a CSV file and looks each image's score up by its pixels.

    `fauxbench export RUN` writes the images of a run; another program scores them and adds a column to each
    `metadata.csv`, or writes a table of its own beside them. Each row names an image file, whose pixels are read here:
    a score belongs to these pixels and to no other, whatever the order of the rows, so images cannot be mixed up. The
    images of the parts `validation` and `test` need scores; nothing is trained, so those of `train` do not. The
    probabilities are calibrated on the validation images.

    `fauxbench export` leaves controls out unless they are named: a run whose rows include the control `noise` needs
    `--generator noise` beside the others there, or its cell fails for want of scores.

    Args:
        path: The CSV file, or a folder: then `metadata.csv` in it and in its sub-folders are read, those without the
            column left out.
        column: The column of the scores: finite numbers, higher means more likely fake. Defaults to `"score"`.
        file_column: The column of the image files, relative to the table. Defaults to `"file_name"`.
        random_state: Only draws the validation images when none are given. Defaults to `None`.
    """

    paper = "none: the scores are another program's"
    scores_new_images = False  # it knows scores of the images that were exported, and no others

    def __init__(
        self, *, path: str, column: str = "score", file_column: str = "file_name", random_state: int | None = None
    ) -> None:
        super().__init__(random_state=random_state)
        self.path = path
        self.column = column
        self.file_column = file_column
        self._table: dict[bytes, float] = {}

    def fingerprint(self) -> str:
        """Returns a sha256 over the images' pixels and their scores, whatever the tables' order and place.

        Raises:
            UserError: As `read_scores`.
        """
        sha = hashlib.sha256()
        for pixels, score in sorted(read_scores(self.path, self.column, self.file_column).items()):
            sha.update(pixels + np.float64(score).tobytes())
        return sha.hexdigest()

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        self._table = read_scores(self.path, self.column, self.file_column)

    def _scores(self, images: np.ndarray) -> np.ndarray:
        found = [self._table.get(pixel_digest(image)) for image in images]
        missing = [i for i, score in enumerate(found) if score is None]
        if missing:
            raise ValueError(
                f"{len(missing)} of {len(images)} images have no score in {self.path}; the first is image {missing[0]} "
                f"of these, sha256 of its pixels {pixel_digest(images[missing[0]]).hex()[:16]}. Expected a score for "
                "every image of validation and test: run `fauxbench export` on this run (name controls with "
                f"--generator too), and write each image's score into the column '{self.column}'."
            )
        return np.array(found, dtype=np.float64)

    def _options(self) -> dict[str, Any]:
        return {}  # the scores are saved themselves, wherever the table lay

    def _state(self) -> dict[str, np.ndarray]:
        order = sorted(self._table)
        digests = np.frombuffer(b"".join(order), np.uint8).reshape(len(order), 32)
        return {"digests": digests, "scores": np.array([self._table[key] for key in order])}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        pairs = zip(state["digests"], state["scores"], strict=True)
        self._table = {digest.tobytes(): float(score) for digest, score in pairs}


def pixel_digest(image: np.ndarray) -> bytes:
    """Returns the sha256 of an image's shape and pixels, uint8 `(height, width, channels)`."""
    return hashlib.sha256(f"{image.shape}".encode() + np.ascontiguousarray(image).tobytes()).digest()


def read_scores(path: str, column: str, file_column: str) -> dict[bytes, float]:
    """Returns the score of each image by the digest of its pixels.

    Args:
        path: A CSV file, or a folder with `metadata.csv` in it or in its sub-folders.
        column: The column of the scores.
        file_column: The column of the image files, relative to their table.

    Raises:
        UserError: If there is no table or column, a score is no finite number, images cannot be read (all are named, up
            to twenty), or the same pixels have two scores.
    """
    place = paths.place(path, "table of scores")
    tables = _tables(place) if place.is_dir() else [place]
    if not tables:
        raise UserError(f"{path} holds no {TABLE}, nor does a sub-folder. Expected a CSV file or an exported folder.")
    scores: dict[bytes, float] = {}
    first_of: dict[bytes, str] = {}
    columns: list[str] = []
    read, images, bad = 0, 0, BadFiles(path)
    for table in tables:
        columns, rows = _rows(table)
        if column not in columns and place.is_dir():
            continue  # such as train/, whose images need no scores
        for name in (column, file_column):
            if name not in columns:
                raise _lacking(str(table), name, columns)
        read += 1
        for line, row in rows:
            where = f"{table}, line {line}"
            score, images = _score(row[column], where), images + 1
            try:
                pixels = _pixels(table.parent / (row[file_column] or ""), where)
            except UserError as error:
                bad.add("", error)
                continue
            if scores.setdefault(pixels, score) != score:
                raise UserError(
                    f"{where}: the same pixels have two scores, {scores[pixels]!r} in {first_of[pixels]} and {score!r} "
                    "here. Expected one score for each image."
                )
            first_of.setdefault(pixels, where)
    bad.check(images)
    if not read:
        raise _lacking(f"Each {TABLE} in {path}", column, columns)
    return scores


def _tables(folder: Path) -> list[Path]:
    """Returns the tables in a folder and its sub-folders, hidden ones not: those are of an export under way."""
    found = [*folder.glob(TABLE), *folder.glob(f"*/{TABLE}")]
    return sorted(table for table in found if not table.parent.name.startswith(".") or table.parent == folder)


def _lacking(where: str, name: str, columns: list[str]) -> UserError:
    return UserError(f"{where} has no column '{name}'. Received: {', '.join(columns) or 'no columns'}.")


def _rows(table: Path) -> tuple[list[str], list[tuple[int, dict[str, str | None]]]]:
    reader = csv.DictReader(io.StringIO(read_text_any(table, what="a CSV file", raw_names=True), newline=""))
    try:
        rows = [(reader.line_num, row) for row in reader]
        return list(reader.fieldnames or []), rows
    except csv.Error as error:
        raise UserError(f"{table} is not a CSV file in UTF-8 ({' '.join(str(error).split())}).") from None


def _score(text: str | None, where: str) -> float:
    try:
        score = float(text or "")
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise UserError(f"{where}: a score must be a finite number. Received: {text!r}.")
    return score


def _pixels(path: Path, where: str) -> bytes:
    try:
        pixels = np.asarray(open_image(read_regular(path), str(path)).pixels)
    except OSError as error:
        raise UserError(f"{where}: the image {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UserError(f"{where}: no file can have the name {str(path)!r}.") from None
    return pixel_digest(pixels if pixels.ndim == 3 else pixels[..., None])
