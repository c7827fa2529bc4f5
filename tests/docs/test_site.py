"""The docs as a site: it builds without a warning, needs no network, and names what the code has."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import blocks
import pytest

from benchmark.findings import registry
from benchmark.quality.measures import MEASURES
from benchmark.statistics.cells.metrics import METRICS
from data.run_folder import MANIFEST, PAGE, TABLES

DOCS = blocks.ROOT / "docs"
OTHER_HOSTS = re.compile(r"""(?:src|srcset|action)=["']?(?:https?:)?//|<link[^>]+href=["']?(?:https?:)?//""")


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("mkdocs") is None:
        pytest.skip("the site is built by the package 'mkdocs', of the extra 'docs'")
    folder = tmp_path_factory.mktemp("site")
    ended = build(blocks.ROOT, folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def test_the_site_has_every_page(site: Path) -> None:
    pages = {path.stem for path in DOCS.glob("*.md")}
    assert {path.stem for path in site.glob("*.html")} == pages | {"404"}


def test_no_page_asks_another_host_for_anything(site: Path) -> None:
    text = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert {path.name: found for path, page in text.items() if (found := OTHER_HOSTS.findall(page))} == {}
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.search(r"(?:url\(|@import )[\"']?(?:https?:)?//", styles)


def test_every_file_that_a_page_links_to_is_in_the_site(site: Path) -> None:
    lacking = {}
    for page in site.rglob("*.html"):
        links = re.findall(r'(?:href|src)="([^"#?:]+)[^":]*"', page.read_text(encoding="utf-8"))
        if page.stem != "404" and (gone := [link for link in links if not (page.parent / link).exists()]):
            lacking[page.name] = gone
    assert lacking == {}


def test_a_link_or_an_anchor_that_leads_nowhere_ends_the_build(site: Path, tmp_path: Path) -> None:
    del site  # it builds as it is
    shutil.copy(blocks.ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(DOCS, tmp_path / "docs")
    with open(tmp_path / "docs" / "index.md", "a", encoding="utf-8") as page:
        page.write("\n[a page](nowhere.md), [a heading](metrics.md#nothing)\n")
    ended = build(tmp_path, tmp_path / "site")
    assert ended.returncode != 0
    assert "nowhere.md" in ended.stderr
    assert "#nothing" in ended.stderr


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        pytest.skip("no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


def test_no_page_is_wider_than_a_phone(site: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    wide = {}
    for path in site.glob("*.html"):
        page.goto(path.as_uri())
        wide[path.name] = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert {name: width for name, width in wide.items() if width > 390} == {}


def test_the_search_works_from_a_disk(site: Path, browser: Any) -> None:
    """From `file://`: what is typed is found, nothing is asked of any other place, and no error is told."""
    told: list[str] = []
    asked: list[str] = []
    with browser.new_page() as page:
        page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "index.html").as_uri())
        page.get_by_text("Search", exact=True).first.click()
        page.fill("#mkdocs-search-query", "reliability")
        page.wait_for_selector("#mkdocs-search-results a")
        found = page.locator("#mkdocs-search-results a").evaluate_all("links => links.map(link => link.href)")
    assert any("metrics.html" in link or "files.html" in link for link in found)
    assert told == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def tool(name: str) -> ModuleType:
    spec = spec_from_file_location(name, DOCS / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_files_are_made_from_the_code() -> None:
    columns, page = tool("columns"), (DOCS / "files.md").read_text(encoding="utf-8")
    assert columns.filled(page) == page, "python docs/tools/columns.py"
    assert f"| `{next(iter(TABLES))}` |" in page.split(columns.BEGIN)[1]


def test_the_tables_of_the_results_are_made_from_what_the_cells_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS / "tools")  # as where one of them is run
    results, page = tool("results"), (DOCS / "results-cifar10-dog.md").read_text(encoding="utf-8")
    made = results.tables(results.cells())
    assert results.filled(page, made) == page, "python docs/tools/results.py"
    assert all(f"results.py: {name} -->" in page for name in made)


def test_every_file_of_a_run_is_said_what_it_holds() -> None:
    page = (DOCS / "files.md").read_text(encoding="utf-8").split("## Tables")[0]
    for name in (*TABLES, MANIFEST, PAGE):
        assert f"`{name}`" in page or f"`{name.split('/')[-1]}`" in page, name


def test_every_metric_is_explained() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    explained = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*) \|", page, flags=re.M)))
    assert set(METRICS) | set(MEASURES) <= set(explained)


def test_every_finding_has_a_heading_that_can_be_linked() -> None:
    assert re.findall(r"^## (FB\d{3})", (DOCS / "findings.md").read_text(encoding="utf-8"), flags=re.M) == list(
        registry.KINDS
    )


def test_every_picture_and_page_that_the_readme_names_is_there() -> None:
    paths = re.findall(r"\[[^\]]*\]\(([^):#]+)", (blocks.ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(paths) > 10
    assert [path for path in paths if not (blocks.ROOT / path).is_file()] == []
