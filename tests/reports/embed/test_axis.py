from __future__ import annotations

import pytest

from reports.embed.axis import axis
from reports.figures import svg


def drawn(x: tuple[float, float], *, log: bool = False, left: float = 0.1) -> str:
    with svg.panel(4, 2) as (figure, axes):
        axes.set_position((left, 0.2, 0.8, 0.7))
        axes.plot(x, (0, 1))
        if log:
            axes.set_xscale("log")
        axes.set_xlim(*x)
        axes.set_xlabel("epoch")
        return svg.export(figure, name="a", title="a")


@pytest.mark.parametrize("x", [(0, 40), (-3, 3), (5, 10_000)])
@pytest.mark.parametrize("left", [0.1, 0.15])
def test_a_value_stands_where_the_drawing_has_it(x: tuple[float, float], left: float) -> None:
    found = axis(drawn(x, left=left))
    assert found is not None
    assert found.label == "epoch"
    assert found.start + x[0] * found.step == pytest.approx(100 * left, abs=0.2)
    assert found.start + x[1] * found.step == pytest.approx(100 * (left + 0.8), abs=0.2)


def test_no_axis_is_read_where_a_straight_one_is_not_there() -> None:
    assert axis(drawn((1, 1000), log=True)) is None
    assert axis("") is None
    assert axis('<svg viewBox="0 0 10 10"></svg>') is None
