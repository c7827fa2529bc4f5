"""FID and KID on the page: beside their floor, with what must be known, and not at all where they were not measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reports import page
from reports.load import load
from reports.sections import inception


def test_rows_are_the_measured_checkpoints(make_run: Callable[..., Path]) -> None:
    found = inception.section(load(make_run(distances=True)))
    rows = {row["generator"]: row for row in found["rows"]}
    assert list(rows) == ["baseline", "tuned", "noise"]
    assert rows["tuned"]["checkpoint"] == "epoch-0040"
    assert rows["tuned"]["cells"] == [("61.53", "[55.38, 67.68]"), ("0.0123", "[0.0111, 0.0135]")]
    assert rows["noise"]["control"]
    assert not rows["tuned"]["control"]
    assert found["floors"] == [("1,449", ["21.50", "-0.0001"])]
    assert found["notes"] == ["the FID of 1,449 images is biased upward"]


def test_seeds_are_named_where_there_are_several(make_run: Callable[..., Path]) -> None:
    rows = inception.section(load(make_run(distances=True, seeds=(0, 1))))["rows"]
    assert [row["seed"] for row in rows if row["generator"] == "tuned"] == ["seed 0", "seed 1"]


def test_page(make_run: Callable[..., Path]) -> None:
    text = page.render(load(make_run(distances=True, rename={"tuned": "<b>tuned</b>"})))
    assert 'id="inception"' in text
    assert 'href="#inception"' in text
    for said in ("FID and KID", "61.53", "1,449 against 1,449", "6726825d0123", "biased upward", "50,000"):
        assert said in text
    assert "<b>tuned</b>" not in text


def test_too_few_images_are_said(make_run: Callable[..., Path]) -> None:
    run = load(make_run(distances=True))
    frame = run.generators_frame
    frame.loc[frame["fid"].notna(), "inception_note"] = "8 images on a side are too few"
    frame.loc[:, ["fid", "kid", "fid_floor", "kid_floor"]] = float("nan")
    assert {row["note"] for row in inception.section(run)["rows"]} == {"8 images on a side are too few"}
    assert "8 images on a side are too few" in page.render(run)


@pytest.mark.parametrize("quality", [True, False])
def test_without_it_there_is_no_such_section(make_run: Callable[..., Path], quality: bool) -> None:
    run = load(make_run(quality=quality))
    assert inception.section(run) is None
    assert "#inception" not in page.render(run)
