from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from reports import page
from reports.load import load
from reports.sections import views

VOID = {"meta", "link", "img", "br", "input", "hr"}
FOREIGN = {"path", "g", "circle", "use", "rect", "line"}


class Page(HTMLParser):
    """Collects elements with their attributes and text; fails on tags that do not close what is open."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.headings: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID | FOREIGN
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        return [
            found
            for name, found in self.elements
            if name == tag and all(found.get(key.rstrip("_")) == value for key, value in attributes.items())
        ]

    @property
    def plain(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.text))


def written(folder: Path) -> tuple[str, Page]:
    path = page.write(folder)
    assert path == folder / "report.html"
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


@pytest.fixture(scope="module")
def report(run_folder: Path) -> tuple[str, Page]:
    return written(run_folder)


def test_structure(report: tuple[str, Page]) -> None:
    _, found = report
    sections = [section["id"] for section in found.all("section")]
    expected = "answer table checks failures images configurations ranks roc scores explain training quality "
    expected += "reading provenance"
    assert sections == expected.split()
    assert {link["href"] for link in found.all("a") if link["href"].startswith("#")} <= {f"#{s}" for s in sections}
    assert found.headings[0] == "h1"
    levels = [int(heading[1]) for heading in found.headings]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(image.get("alt") or "src" not in image for image in found.all("img"))
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_asks_the_network_for_nothing(report: tuple[str, Page]) -> None:
    text, found = report
    for _, attributes in found.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href"):
            assert re.match(r"$|#|data:", attributes.get(name, "")), attributes
    assert all(target.startswith(("#", "data:")) for target in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in text
    policy = next(meta["content"] for meta in found.all("meta") if "default-src" in meta.get("content", ""))
    assert policy.startswith("default-src 'none'; img-src data:")


def test_size(report: tuple[str, Page]) -> None:
    assert len(report[0]) < 1_500_000


def test_states_numbers_and_marks(report: tuple[str, Page]) -> None:
    plain = report[1].plain
    for phrase in (
        "≈ best",
        "✓ passed",
        "▲ alarm",
        "● note",
        "Border rows differ. Check the padding.",
        "not resolvable",
    ):
        assert phrase in plain
    assert "Smoke run" not in plain
    assert "1.000 [1.000, 1.000]" not in plain


def test_one_table_per_metric_with_sortable_cells(report: tuple[str, Page]) -> None:
    _, found = report
    assert len(found.all("option")) == 10 + 2 * 2  # metrics, and the generators of both panels
    assert len(found.all("table", class_="sortable heatmap")) == 10
    assert len(found.all("table", class_="sortable")) == 1  # the ranks
    cells = [attributes for tag, attributes in found.elements if tag == "td" and "data-sort" in attributes]
    assert len(cells) == 10 * 36 + 14  # ranks of seven detectors under two generators
    lost = [cell for cell in cells if cell.get("class", "").startswith("failed")]
    assert len(lost) == 10
    failed = lost[0]
    assert failed["title"] == "ValueError: scores are constant"


def test_failures_fold_their_traceback(report: tuple[str, Page]) -> None:
    text, found = report
    assert len(found.all("details", class_="failure")) == 1
    assert "Cost the cell spectrum on tuned." in found.plain
    assert "Traceback (most recent call last):" in text


@pytest.mark.slow
def test_equal_input_gives_equal_bytes(make_run: Callable[..., Path], report: tuple[str, Page]) -> None:
    again = make_run("other/digits")
    assert written(again)[0] == report[0]
    assert not list(again.glob(".report*"))


@pytest.mark.slow
def test_equal_bytes_in_another_process(run_folder: Path, report: tuple[str, Page]) -> None:
    code = "import sys, pathlib; from reports import page, load; p = pathlib.Path(sys.argv[1])"
    code += "; sys.stdout.buffer.write(page.render(load.load(p)).encode())"
    found = subprocess.run(
        [sys.executable, "-c", code, str(run_folder)], capture_output=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    assert found.stdout.decode() == report[0]


def test_several_training_runs_are_drawn(make_run: Callable[..., Path], report: tuple[str, Page]) -> None:
    _, found = written(make_run("several", n=40, seeds=(0, 1), rename={"tuned": "<b>tuned"}))
    labels = [drawing.get("aria-label") for drawing in found.all("svg", class_="plot")]
    assert "AUC of every training of <b>tuned, and their mean" in labels
    assert "A dot is the AUC of one training" in found.plain
    assert "A dot is the AUC of one training" not in report[1].plain


def test_what_stands_under_an_alarm_is_marked_in_card_table_and_figures(report: tuple[str, Page]) -> None:
    _, found = report
    tags = found.all("span", class_="tag doubt")
    assert tags
    assert all(tag["title"] == "sentinel-format / tuned (FB020) alarms" for tag in tags)
    assert len(found.all("span", class_="mark doubt")) == 10 * 8 - 8  # no TPR at 1 % FPR, and one detector failed
    assert len(found.all("p", class_="big doubtful")) == 1


def test_a_value_below_chance_has_its_place(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    metrics = pd.read_csv(folder / "metrics.csv")
    row = (metrics["metric"] == "auc") & (metrics["generator"] == "tuned") & (metrics["detector"] == "cnn")
    metrics.loc[row, ["value", "low", "high"]] = [0.25, 0.15, 0.35]
    metrics.to_csv(folder / "metrics.csv", index=False)
    run = load(sealed(folder))
    card = views.everything(run)["cards"][1]
    assert (card["start"], card["guessing"]) == ("0.2", "37.5")
    assert next(dot["at"] for dot in card["dots"] if dot["detector"] == "cnn") == "6.2"
    matrix = next(one for one in views.everything(run)["matrices"] if one["metric"] == "auc")
    assert matrix["scale"] == "Bars run from 0.1 to 1."
    shown = next(row for detector, row in matrix["groups"][0] if detector.id == "cnn")[1]
    assert (shown["at"], shown["from"], shown["width"]) == ("16.7", "5.6", "22.2")


def test_smoke_stamp(make_run: Callable[..., Path]) -> None:
    text, found = written(make_run(smoke=True, n=40))
    assert "Smoke run, not a result" in found.plain
    assert "(smoke run, not a result)</title>" in text
    assert text.count('<figure class="roc"') == 2, "of four"


HOSTILE = {
    "tuned": "<script>alert(1)</script>",
    "cnn": '"><img src=x onerror=alert(1)>',
    "spectrum": "{{ 7 * 7 }} $x^2$ </style> ' &amp;",
}


def test_everything_is_escaped(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40, rename=HOSTILE)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["name"] = "<h1>&"
    manifest["spec"]["note"] = "</pre><script>alert(2)</script>"
    manifest["failures"][0] |= {"error": "<b>bold</b>", "traceback": "</pre><script>alert(3)</script>"}
    manifest["dataset"]["notes"] = ["<i>italic</i>"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    cells = pd.read_csv(folder / "cells.csv")
    cells["error"] = cells["error"].where(cells["status"] == "done", "\"'><script>alert(4)</script>")
    cells.to_csv(folder / "cells.csv", index=False)
    _, found = written(sealed(folder))
    assert len(found.all("script")) == 1
    assert not [a for tag, a in found.elements if tag == "img" and a.get("src") == "x"]
    assert not [a for _, a in found.elements if any(name.startswith("on") for name in a)]
    assert not found.all("b", class_="")
    assert not found.all("i", class_="") or all("style" in a for a in found.all("i"))
    for name in HOSTILE.values():
        assert re.sub(r"\s+", " ", name) in found.plain
    assert "</pre><script>alert(3)</script>" in found.plain


def test_headers_without_rows(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    for path in [*folder.glob("*.csv"), folder / "images" / "index.csv"]:
        path.write_text(path.read_text().splitlines()[0] + "\n")
    written(sealed(folder))


def test_everything_failed(make_run: Callable[..., Path], run_folder: Path) -> None:
    run = load(run_folder)
    folder = make_run(n=40, failed=tuple((g.id, d.id) for g in run.generators for d in run.detectors))
    for path in ("comparisons.csv", "roc.csv", "metrics.csv"):
        assert len((folder / path).read_text().splitlines()) == 1
    _, found = written(folder)
    assert "In part failed: 36 of 36 cells failed." in found.plain
    assert "No detector has a result." in found.plain


def test_a_failed_write_leaves_the_old_page(make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run(n=40)
    (folder / "report.html").write_text("old")

    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        page.write(folder)
    assert (folder / "report.html").read_text() == "old"
    assert not list(folder.glob(".report*"))


def test_imports_neither_keras_nor_what_draws_nor_what_makes_a_run() -> None:
    code = "import sys, reports.page, reports.sections.tables, reports.sections.summary"
    code += "; print(sorted({m.split('.')[0] for m in sys.modules}"
    code += " & {'keras', 'tensorflow', 'sklearn', 'matplotlib', 'seaborn', 'generation', 'detection', 'benchmark'}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "[]"


def test_half_of_it_by_another_process_makes_the_same_page(make_run: Callable[..., Path]) -> None:
    folder = make_run(n=40)
    alone = page.render(load(folder))
    half = pickle.loads(pickle.dumps(page.half(str(folder))))
    assert set(half) == {"rocs", "questions"}
    assert half["rocs"]
    asked = []
    for other in (half, None):  # a process that has failed says nothing
        assert page.render(load(folder), lambda other=other: asked.append(1) or other) == alone
    assert asked == [1, 1]
