"""What a drawing looks like where it is to stand: colours, and how wide its lines are."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

STYLE = Path(__file__).parents[1] / "template" / "report.css"


class Look(NamedTuple):
    """The colours of all that a figure may draw.

    Attributes:
        ink: Text, strokes and axes' labels.
        faint: Grids and frames.
        real: Real images, and the discriminator.
        fake: Fakes, and the generator.
        rest: Curves that are not singled out.
        series: Detectors, or generators; the last is for sentinels.
        width: Of lines, in those of the page.
    """

    ink: str
    faint: str
    real: str
    fake: str
    rest: str
    series: tuple[str, ...]
    width: float = 1.0


NAMES = Look("--ink", "--line", "--real", "--fake", "--soft", tuple(f"--s{number}" for number in range(8)))
# Stand-ins that no other part of a drawing uses: the page replaces them by its own colours, so that one drawing
# suits light, dark and print.
PAGE = Look(
    "#010203", "#010204", "#010205", "#010206", "#010207", tuple(f"#0102{number:02x}" for number in range(0x10, 0x18))
)


@cache
def light() -> dict[str, str]:
    """The variables of the page's colours, with the value that each has on a light page."""
    return dict(re.findall(r"(--\w+): (#[0-9a-f]{6})", STYLE.read_text(encoding="utf-8").partition("}")[0]))


@cache
def variables() -> dict[str, str]:
    """Stand-in -> the page's variable, and the colour that it has on a light page, for a drawing outside the page."""
    stand_ins, names = ([*look[:5], *look.series] for look in (PAGE, NAMES))
    return {colour: f"var({name}, {light()[name]})" for colour, name in zip(stand_ins, names, strict=True)}


@cache
def paper() -> Look:
    """The look of a figure in a file: the light page's colours on white, on lines that suit a column of print."""
    ink, real, fake = (light()[name] for name in (NAMES.ink, NAMES.real, NAMES.fake))
    series = tuple(light()[name] for name in NAMES.series)
    return Look(ink, "#d9d9d9", real, fake, "#a7adb5", series, 0.75)
