"""The page in a real browser: the first screen, what moves, what is saved, paper, no script, no request."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import made_along_training
import made_learning_curve
import made_profile
import made_robustness
import made_sets
import made_sources
import pytest
from made_run import write_run

from reports import page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = os.environ.get("FAUXBENCH_AXE", "")
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
ANSWERS = (made_along_training, made_learning_curve, made_profile, made_robustness, made_sets, made_sources)
WITH_LEGENDS = ("along_training", "learning_curve", "robustness", "sets")  # the questions that draw curves by detector
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


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, sealed: Callable[[Path], Path]) -> str:
    """The page of a run that has asked questions, so that whatever is tried here is tried on their sections too."""
    folder = write_run(tmp_path_factory.mktemp("asked") / "run")
    for answer in ANSWERS:
        answer.write(folder)
    return page.write(sealed(folder)).as_uri()


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    """The page at 1440 pixels; afterwards: nothing was requested but the file, and nothing complained."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(address)
    yield tab
    context.close()
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [address]
    assert complaints == []


def _column(tab: Any, column: int, body: int = 0) -> list[str]:
    selector = f".matrix:not([hidden]) tbody:nth-of-type({body + 1}) tr > :nth-child({column})"
    return tab.eval_on_selector_all(selector, "cells => cells.map(cell => cell.dataset.sort ?? cell.textContent)")


@pytest.mark.parametrize("size", SIZES)
def test_the_first_screen_holds_the_verdict_and_real_beside_fake(opened: Any, size: str) -> None:
    width, height = SIZES[size]
    opened.set_viewport_size({"width": width, "height": height})
    verdict = opened.locator(".headline").bounding_box()
    pictures = [picture.bounding_box() for picture in opened.locator(".lineup img").all()]
    assert "easy to detect" in opened.locator(".headline").inner_text()
    assert len(pictures) == 3  # real images, and the fakes of both configurations
    top = opened.locator(".top").bounding_box()["height"]
    assert top <= verdict["y"]
    assert verdict["y"] + verdict["height"] <= min(box["y"] for box in pictures)
    for box in pictures:
        assert box["width"] > 80
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
    assert pictures[0]["y"] == pictures[1]["y"]  # side by side
    profile = opened.locator(".profile").bounding_box()
    assert profile["y"] + profile["height"] <= height


def test_contents_stay_in_sight(opened: Any) -> None:
    opened.locator("#provenance").scroll_into_view_if_needed()
    shown = opened.locator("nav.side").bounding_box()
    assert 0 <= shown["y"] < 200
    opened.set_viewport_size({"width": 390, "height": 844})
    assert not opened.locator("nav.side").is_visible()
    opened.locator(".menu summary").click()
    opened.locator(".menu a", has_text="Ranks").click()
    assert opened.evaluate("location.hash") == "#ranks"
    assert not opened.locator(".menu nav").is_visible()
    assert 0 <= opened.locator("#ranks h2").bounding_box()["y"] < 844


def test_keyboard(opened: Any) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "Skip to the answer"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "answer"
    fold = opened.locator("#ranks h2 button")
    fold.focus()
    opened.keyboard.press("Enter")
    assert fold.get_attribute("aria-expanded") == "false"
    assert not opened.locator("#ranks .body").is_visible()
    opened.locator("nav.side a", has_text="Ranks").press("Enter")  # whoever asks for a section wants to see it
    assert opened.locator("#ranks .body").is_visible()
    opened.locator("#fold-all").press("Enter")
    assert opened.locator("main .body:visible").count() == 0


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


def test_filters_and_the_switch_of_the_metric(opened: Any) -> None:
    opened.get_by_label("Metric").select_option(label="Equal error rate")
    shown = opened.locator(".matrix:not([hidden]) caption").all_inner_texts()
    assert len(shown) == 1
    assert shown[0].startswith("Equal error rate")
    opened.get_by_label("Rows with").fill("LOG")
    opened.get_by_label("Columns with").fill("tuned")
    rows = opened.locator(".matrix:not([hidden]) tbody tr:visible th").all_inner_texts()
    assert rows == ["linear-log-dct", "linear-log-fft"]
    assert opened.locator(".matrix:not([hidden]) thead th:visible").count() == 2
    assert opened.locator("#filtered").inner_text() == "2 of 9 rows, 1 of 4 columns"


def test_one_slider_moves_panels_and_marks_together(opened: Any) -> None:
    slider = opened.get_by_label("Checkpoint", exact=True)
    state = """() => ({
        step: document.querySelector('.stepper output').textContent,
        pictures: [...document.querySelectorAll('.step-shown img')].map((image) => image.src),
        said: [...document.querySelectorAll('.step-shown .now')].map((one) => one.textContent),
        marks: [...document.querySelectorAll('.mark-now')].map((mark) => mark.hidden ? '' : mark.style.left),
    })"""
    last = opened.evaluate(state)
    assert last["step"] == "epoch-0040"
    assert len(set(last["pictures"])) == 2
    assert len(last["marks"]) == 6  # losses and outputs of two trainings, two curves of quality
    assert all(last["marks"])
    slider.focus()
    opened.keyboard.press("Home")
    first = opened.evaluate(state)
    assert first["step"] == "epoch-0005"
    assert not set(first["pictures"]) & set(last["pictures"])
    assert all(float(a[:-1]) < float(b[:-1]) for a, b in zip(first["marks"], last["marks"], strict=True))
    assert "FD" in first["said"][0]
    assert first["said"] != last["said"]
    assert "highest AUC" in last["said"][0]
    assert "not measured at this checkpoint" in first["said"][0]
    opened.get_by_label("Right").select_option(label="baseline")
    assert len(set(opened.evaluate(state)["pictures"])) == 1
    row = opened.locator(".steps tr[data-step='epoch-0005'] img").first.get_attribute("src")
    assert opened.locator(".step-shown img").first.get_attribute("src") == row


def test_a_mark_stands_where_the_curve_has_its_checkpoint(opened: Any) -> None:
    """The curve of the quality has a dot at each checkpoint: the mark goes through it."""
    found = opened.locator("#quality .drawn").first.evaluate(
        """drawing => {
            const box = drawing.querySelector('svg').getBoundingClientRect();
            const dots = [...drawing.querySelectorAll('use')].map((dot) => dot.getBoundingClientRect())
                .filter((dot) => dot.top < box.top + 0.78 * box.height);
            const mark = drawing.querySelector('.mark-now').getBoundingClientRect();
            return [mark.left + mark.width / 2, Math.max(...dots.map((dot) => dot.left + dot.width / 2))];
        }"""
    )
    assert abs(found[0] - found[1]) < 3


def _saved(tab: Any, subject: Any, kind: str) -> tuple[str, bytes]:
    subject.hover()
    subject.locator(".save").press("Enter")
    with tab.expect_download() as download:
        tab.locator("#save").get_by_role("button", name=kind, exact=True).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_figures_are_saved_whole(opened: Any) -> None:
    figure = opened.locator("#roc .drawn").first
    name, drawing = _saved(opened, figure, "SVG")
    assert name == "roc-curves-on-baseline.svg"
    assert b"var(" not in drawing
    assert b"#010" not in drawing
    assert _saved(opened, figure, "PNG")[1][:4] == b"\x89PNG"
    name, table = _saved(opened, figure, "CSV")
    lines = table.decode().splitlines()
    assert {"detector", "fpr", "tpr"} <= set(lines[0].split(","))
    assert {line.split(",")[lines[0].split(",").index("detector")] for line in lines[1:]} >= {"cnn", "spectrum"}


def test_tables_are_saved_and_copied(opened: Any) -> None:
    matrix = opened.locator(".matrix").first
    _, text = _saved(opened, matrix, "CSV")
    lines = text.decode().splitlines()
    assert lines[0].startswith("Detector,baseline,tuned")
    assert len(lines) == 10
    assert any("best" in line and "[" in line for line in lines)
    assert b"linear-log-dct" in _saved(opened, matrix, "SVG")[1]
    assert _saved(opened, matrix, "PNG")[1][:4] == b"\x89PNG"
    for kind, start, within in (("LaTeX", "% needs booktabs", r"\toprule"), ("Markdown", "| Detector |", "| --- |")):
        matrix.locator(".save").press("Enter")
        opened.get_by_role("button", name=f"copy as {kind}").press("Enter")
        opened.wait_for_function("document.getElementById('said').textContent === 'Copied'")
        copied = opened.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(start)
        assert within in copied
        opened.evaluate("document.getElementById('said').textContent = ''")
    matrix.locator(".save").press("Enter")
    opened.keyboard.press("Escape")
    assert not opened.locator("#save").is_visible()


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


@pytest.mark.parametrize("question", WITH_LEGENDS)
def test_legends_of_the_questions_single_out_a_detector(opened: Any, question: str) -> None:
    figure = opened.locator(f"#{question} figure:has([data-series])").first
    keys = figure.locator("[data-series]")
    pressed = "keys => keys.map((key) => key.getAttribute('aria-pressed'))"
    others = ["false"] * (keys.count() - 1)
    assert keys.count() > 1
    assert keys.evaluate_all(pressed) == ["false", *others]
    series = [keys.nth(at).get_attribute("data-series") for at in range(keys.count())]
    shown = """(figure, series) => {
        const opacity = (of) => [...figure.querySelectorAll(of)].map((one) => Number(getComputedStyle(one).opacity));
        return [opacity(`.curve.s-${series}`), opacity(`.curve:not(.s-${series})`)];
    }"""
    opened.add_style_tag(content=".curve { transition: none !important }")
    for at, one in enumerate(series):
        keys.nth(at).press("Enter")
        keys.nth(at).blur()  # what is pressed stays, what is pointed at does not
        assert keys.evaluate_all(pressed) == ["true" if other == at else "false" for other in range(len(series))]
        kept, faded = figure.evaluate(shown, one)
        assert kept, "its curve is in the figure"
        assert set(kept) == {1}
        assert faded
        assert max(faded) < 0.5
    keys.last.press("Space")
    keys.last.blur()
    assert keys.evaluate_all(pressed) == ["false", *others]
    kept, faded = figure.evaluate(shown, series[-1])
    assert {*kept, *faded} == {1}
    keys.first.click()
    assert keys.first.get_attribute("aria-pressed") == "true"


def test_lightbox_enlarges_by_whole_factors(opened: Any) -> None:
    opened.locator(".grids button.zoom").first.click()
    assert opened.locator("dialog").is_visible()
    size = opened.locator("dialog img").evaluate("i => [i.width, i.naturalWidth, getComputedStyle(i).imageRendering]")
    assert size[0] > size[1]
    assert size[0] % size[1] == 0
    assert size[2] == "pixelated"
    opened.keyboard.press("Escape")
    assert not opened.locator("dialog").is_visible()


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_nothing_sticks_out(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_has_everything_unfolded(opened: Any) -> None:
    opened.locator("#fold-all").click()
    opened.emulate_media(media="print")
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.locator("main > section > .body:visible").count() == opened.locator("main > section > .body").count()
    assert opened.locator("main details:not([open])").count() == 0
    assert opened.locator(".matrix:visible").count() == opened.locator(".matrix").count()
    assert opened.locator(".save:visible, nav:visible, .stepper:visible").count() == 0
    assert opened.locator(".all-steps img:visible").count() == 10


def test_without_javascript_all_is_there(browser: Any, address: str) -> None:
    tab = browser.new_page(viewport={"width": 1440, "height": 900}, java_script_enabled=False)
    tab.goto(address)
    assert tab.locator("main > section > .body:visible").count() == tab.locator("main > section").count() - 1
    assert tab.locator(".matrix:visible").count() == tab.locator(".matrix").count() > 5
    assert tab.locator(".all-steps img:visible").count() == 10
    assert tab.locator(".switch:visible, .stepper:visible, .panels:visible, #save:visible, .save").count() == 0
    tab.close()


HOSTILE = {
    "baseline": "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED} \u202egnp.exe \N{GRINNING FACE} " + "x" * 280,
    "tuned": "<script>alert(1)</script>",
    "cnn": "\"><img src=x onerror=alert(1)> ' &amp; {{ 7 * 7 }} $x^2$",
    "spectrum": "y" * 300,
}


def test_hostile_names_are_text_and_keep_the_layout(browser: Any, make_run: Callable[..., Path]) -> None:
    tab = browser.new_page(viewport={"width": 1440, "height": 900})
    dialogs: list[str] = []
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    tab.goto(page.write(make_run(n=40, rename=HOSTILE)).as_uri())
    assert HOSTILE["tuned"] in tab.locator(".headline").inner_text()
    assert tab.locator("main img[src=x], main script").count() == 0
    for width in (390, 768, 1440):
        tab.set_viewport_size({"width": width, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        boxes = [one.bounding_box() for one in tab.locator(".lineup img").all()]
        assert max(box["y"] + box["height"] for box in boxes) <= 844
    # A name that turns the direction of writing does not turn the sentence around it.
    turned = tab.locator(".card .sentence", has_text="tell").first.inner_text()
    assert turned.index("All 7" if "All 7" in turned else "of 7") < turned.index("real ones")
    assert dialogs == []
    tab.close()


@pytest.mark.skipif(not AXE, reason="axe-core is not there: FAUXBENCH_AXE names no file (.ci/run fetches it)")
@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_axe_finds_nothing(browser: Any, address: str, look: str) -> None:
    width, height = SIZES["phone" if look == "phone" else "desk"]
    scheme = "dark" if look == "dark" else "light"
    tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    tab.goto(address)
    tab.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    tab.close()
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == [], json.dumps(found)[:2000]
