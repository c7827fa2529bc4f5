"""The page in a real browser: sorting, the switch of the metric, the legend, the lightbox, no request."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports import page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, run_folder: Path) -> Iterator[Any]:
    """The page at 1280 pixels; afterwards: nothing was requested but the file, and nothing complained."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    requests: list[str] = []
    complaints: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(page.write(run_folder).as_uri())
    yield tab
    tab.close()
    assert [url for url in requests if not url.startswith("data:")] == [(run_folder / "report.html").as_uri()]
    assert complaints == []


def _column(tab: Any, column: int, body: int = 0) -> list[str]:
    selector = f".matrix:not([hidden]) tbody:nth-of-type({body + 1}) tr > :nth-child({column})"
    return tab.eval_on_selector_all(selector, "cells => cells.map(cell => cell.dataset.sort ?? cell.textContent)")


def test_sorting(opened: Any) -> None:
    heading = opened.locator(".matrix:not([hidden]) thead th").nth(2)
    heading.get_by_role("button").click()
    values = _column(opened, 3)
    assert heading.get_attribute("aria-sort") == "descending"
    assert values[-1] == ""  # the failed cell
    numbers = [float(value) for value in values[:-1]]
    assert numbers == sorted(numbers, reverse=True)
    heading.get_by_role("button").click()
    again = _column(opened, 3)
    assert heading.get_attribute("aria-sort") == "ascending"
    assert again[-1] == ""
    assert [float(value) for value in again[:-1]] == numbers[::-1]
    assert all(text.startswith("sentinel") for text in _column(opened, 1, body=1))
    opened.locator(".matrix:not([hidden]) thead button").first.click()
    names = _column(opened, 1)
    assert names == sorted(names)
    assert heading.get_attribute("aria-sort") == "none"


def test_switch_of_the_metric(opened: Any) -> None:
    opened.get_by_label("Metric").select_option(label="Equal error rate")
    shown = opened.locator(".matrix:not([hidden]) caption").all_inner_texts()
    assert len(shown) == 1
    assert shown[0].startswith("Equal error rate")


def test_legend_singles_out_a_curve(opened: Any) -> None:
    figure = opened.locator("figure.roc").first
    figure.locator("[data-series='3']").click()
    assert "single" in figure.get_attribute("class")
    assert figure.locator(".curve.on").count() == 2
    assert figure.locator("[data-series='3']").get_attribute("aria-pressed") == "true"
    opened.wait_for_timeout(300)
    fade = "e => Number(getComputedStyle(e).opacity)"
    assert figure.locator(".curve.s-0").first.evaluate(fade) < 0.5
    assert figure.locator(".curve.s-3").first.evaluate(fade) == 1


def test_lightbox_enlarges_by_whole_factors(opened: Any) -> None:
    opened.locator(".grids button.zoom").first.click()
    assert opened.locator("dialog").is_visible()
    size = opened.locator("dialog img").evaluate("i => [i.width, i.naturalWidth, getComputedStyle(i).imageRendering]")
    assert size[0] > size[1]
    assert size[0] % size[1] == 0
    assert size[2] == "pixelated"
    opened.keyboard.press("Escape")
    assert not opened.locator("dialog").is_visible()


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_sticks_out(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
