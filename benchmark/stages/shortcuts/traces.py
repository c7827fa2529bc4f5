"""Every trace that the shortcut audit looks for: under which finding, how grave it is, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from detection.features.traces import borders, chroma, jpeg, levels, smooth


@dataclass(frozen=True)
class Trace:
    """One trace.

    Attributes:
        name: In a word or two.
        number: Of the finding that it is told under, by which `--ignore` names it.
        graver: `"alarm"` where only files or preprocessing leave it, `"note"` where an honest generator may too.
        least: The difference of shares below which nothing is said of it: what clean images were seen to differ by.
        look: From `detection.features.traces`: where the trace may be, and who carries it.
        says: What it means, in a sentence, and what to do.
    """

    name: str
    number: str
    graver: Literal["alarm", "note"]
    least: float
    look: Any
    says: str


SAME_STEPS = "Give both the same last steps, from originals of one kind."
TRACES = (
    Trace(
        "a level left out", "FB024", "alarm", 0.20, levels.MissingLevel(),
        "A grey level between others is left out by one class: values were moved or rounded there. " + SAME_STEPS,
    ),
    Trace(
        "a constant pixel", "FB025", "alarm", 0.20, borders.ConstantPixel(),
        "One place has the same value in images of one class, and stands out there: a mark, or a faulty sensor. "
        "Cut it off both, or replace it in both.",
    ),
    Trace(
        "a border of one colour", "FB026", "alarm", 0.15, borders.Frame(),
        "Images of one class have a frame. Cut it off before anything else is done.",
    ),
    Trace(
        "a repeated border", "FB026", "alarm", 0.05, borders.Repeat(),
        "Border lines of one class are copies of others, as padding leaves them. Cut both sides by as many lines.",
    ),
    Trace(
        "JPEG", "FB027", "alarm", 0.05, jpeg.Jpeg(),
        "One class was compressed as JPEG, or more strongly. Take originals that were not, or compress both alike.",
    ),
    Trace(
        "halved chroma", "FB027", "alarm", 0.05, chroma.Chroma(),
        "Colour of one class was stored at half the resolution, as JPEG files and videos do. " + SAME_STEPS,
    ),
    Trace(
        "ends of the range", "FB028", "note", 0.10, levels.EndLevels(),
        "The brightest or darkest values of the classes differ. A generator that shrinks from the ends of its range "
        "does so, and so does a limited range of levels in files: this cannot tell which. " + SAME_STEPS,
    ),
    Trace(
        "a cut-off", "FB028", "note", 0.10, smooth.CutOff(),
        "High frequencies of the classes differ. A smooth or a noisy generator does so, and so do images that were "
        "reduced and enlarged again: this cannot tell which.",
    ),
    Trace(
        "enlargement", "FB028", "note", 0.10, smooth.Resampled(),
        "A rhythm of two pixels differs. Upsampling inside a generator leaves it, and so does a file that was "
        "enlarged: this cannot tell which.",
    ),
)  # fmt: skip
BY_NAME = {trace.name: trace for trace in TRACES}
