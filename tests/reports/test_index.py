"""`index.html` over a folder of runs: every run is in it, the damaged ones too, and it asks the network for nothing."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from data.errors import UserError
from data.run_folder import MANIFEST
from reports import index


class Board:
    """A leaderboard as `benchmark.use.compare.board` gives it."""

    dataset, digest, ledger_seed, n_real, detectors = "digits", "ab" * 32, 0, 120, ["cnn"]

    def __init__(self, run: str, note: str = "") -> None:
        nan = float("nan")
        about = {"kind": "dcgan", "options": '{"depth": 3}', "runs": [run], "trainings": 1, "note": "one training"}
        ranked = {"detector": "cnn", "validation_auc": 0.9, "auc": 0.8, "low": 0.7, "high": 0.9}
        places = {"rank_low": 1.0, "rank_high": 2.0, "group": "a"}
        if note:
            places = dict.fromkeys(places, nan)
        lost = dict.fromkeys([*ranked, *places], nan) | {"detector": ""}
        rows = [about | ranked | places | {"generator": "tuned"}]
        rows += [about | lost | {"generator": "<script>x</script>", "note": "no detector has a result"}]
        self.rows, self.note = pd.DataFrame(rows), note


@pytest.fixture
def runs(run_folder: Path, tmp_path: Path) -> Path:
    """A folder of runs: a whole one with a name to be quoted, a damaged one, one that was killed, and others."""
    folder = tmp_path / "runs"
    shutil.copytree(run_folder, folder / "good run #1")
    shutil.copytree(run_folder, folder / "damaged")
    (folder / "damaged" / "cells.csv").write_text("cell\n")
    (folder / "killed" / ".fauxbench-part1").mkdir(parents=True)
    (folder / "photos").mkdir()
    (folder / ".store").mkdir()
    return folder


@pytest.fixture
def page(runs: Path) -> str:
    found, others = index.listed(runs)
    return index.write(runs, found, others, [Board("good run #1")]).read_text()


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("</style>")[2]).split())


def test_every_run_is_listed_and_nothing_is_skipped_silently(runs: Path) -> None:
    found, others = index.listed(runs)
    assert [(run.name, bool(run.problem)) for run in found] == [
        ("damaged", True),
        ("good run #1", False),
        ("killed", True),
    ]
    assert others == ["photos"]
    assert found[0].problem == "is damaged: cells.csv is not what the run wrote. Run it again."


def test_the_page_says_what_is_damaged(page: str) -> None:
    said = text_of(page)
    assert "2 of 3 cannot be read" in said
    assert "cells.csv is not what the run wrote" in said
    assert "No run folders: photos" in said


def test_a_run_without_a_page_has_no_link_and_one_with_it_has_one(runs: Path) -> None:
    place = runs / "good run #1"
    found, others = index.listed(runs)
    (place / "report.html").unlink(missing_ok=True)
    assert "report.html" not in index.render(runs, found, others, [])
    (place / "report.html").write_text("page")
    assert 'href="good%20run%20%231/report.html"' in index.render(runs, found, others, [])


def test_the_leaderboard_has_intervals_and_tied_groups(page: str) -> None:
    said = text_of(page)
    assert "1 to 2" in said
    assert "0.800 [0.700, 0.900]" in said
    assert '<span class="group">a</span>' in page
    assert "no detector has a result" in said


def test_what_cannot_be_ranked_says_so(runs: Path) -> None:
    found, others = index.listed(runs)
    said = text_of(index.render(runs, found, others, [Board("good run #1", "cannot rank: all 2 are near the end")]))
    assert "Cannot rank: all 2 are near the end." in said
    assert "not ranked" in said


def test_a_smoke_run_is_stamped(runs: Path, sealed: Callable[[Path], Path]) -> None:
    path = runs / "good run #1" / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"smoke": True}))
    sealed(path.parent)
    found, others = index.listed(runs)
    assert "Smoke run, not a result" in text_of(index.render(runs, found, others, []))


def test_the_page_stands_alone_and_names_are_text(page: str) -> None:
    assert "<script" not in page, "a name is never markup, and the page has no script of its own"
    assert "&lt;script&gt;x" in page
    assert "default-src 'none'" in page
    seen: list[tuple[str, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            seen.extend((name, value or "") for name, value in attributes if name in ("href", "src", "id"))

    Reader().feed(page)
    ids = [value for name, value in seen if name == "id"]
    assert len(ids) == len(set(ids))
    assert all(" " not in one for one in ids)
    targets = [value for name, value in seen if name == "href" and value.startswith("#")]
    assert {one[1:] for one in targets} <= set(ids)
    assert not [value for name, value in seen if name in ("href", "src") and "//" in value]


def test_the_same_runs_give_the_same_page(runs: Path, page: str) -> None:
    found, others = index.listed(runs)
    assert index.write(runs, found, others, [Board("good run #1")]).read_text() == page


def test_a_half_of_a_killed_process_goes_and_a_users_file_stays(runs: Path) -> None:
    for name in (".index-abcd_123.html", ".index-of-mine.html"):
        (runs / name).write_text("half")
    index.write(runs, *index.listed(runs), [])
    assert [path.name for path in runs.glob(".index-*")] == [".index-of-mine.html"]


@pytest.mark.parametrize("there", ["file", "link", "folder"])
def test_a_page_that_is_not_ours_is_left_as_it_is(runs: Path, there: str) -> None:
    place = runs / index.INDEX
    if there == "file":
        place.write_text("<h1>My own page</h1>")
    elif there == "link":
        place.symlink_to(runs / "photos" / "elsewhere.html")
    else:
        place.mkdir()
    found, others = index.listed(runs)
    with pytest.raises(UserError, match="not an index that fauxbench has written"):
        index.write(runs, found, others, [])
    assert there != "file" or place.read_text() == "<h1>My own page</h1>"


def test_folders_that_are_no_folder_of_runs(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which is no folder"):
        index.listed(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"is a run folder\. Expected the folder"):
        index.listed(runs / "good run #1")
    with pytest.raises(UserError, match="holds no run folder"):
        index.listed(runs / "photos")
