"""Damage of a store or a run folder is never believed, a run mends it and says so, and a read-only disk will do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mounts
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.cli.running import report
from benchmark.processes.second import Second
from benchmark.results import collect
from benchmark.store import stage_files
from benchmark.store.folder_lock import only_writer
from benchmark.store.out_folder import new_folder
from benchmark.use import api
from benchmark.use.stored_run import StoredRun
from data.run_folder import PAGE, checked

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def nothing_was_read() -> None:
    """As in another process, which has not read any file of a store yet."""
    stage_files._read.clear()


@pytest.fixture
def pageless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `run` draw no page, which takes most of a run that has nothing else to do; `report` draws it."""
    page = report.page

    def drawn(folder: Path, *, again: bool = False, second: Second | None = None) -> Path:
        return page(folder, again=again, second=second) if again else folder / PAGE

    monkeypatch.setattr(report, "page", drawn)


def edit_metric(copied: Path) -> Path:
    """Makes the AUC of one stored cell worse, in a file of the same size."""
    for path in sorted((copied / "runs/.store/measure").glob("*/metrics.csv")):
        text = path.read_text()
        found = [line.split(",")[1] for line in text.splitlines() if line.startswith("auc,0.")]
        if not found:
            continue
        value = found[0]
        path.write_text(text.replace(value, "0.1" + value[3:]))
        if path.read_text() != text:
            return path
    raise AssertionError("no cell has such a value")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def frames(folder: Path) -> list[pd.DataFrame]:
    return [pd.read_csv(folder / "metrics.csv"), pd.read_parquet(folder / "scores.parquet")]


def assert_same(folder: Path, other: Path) -> None:
    for mine, theirs in zip(frames(folder), frames(other), strict=True):
        pd.testing.assert_frame_equal(mine, theirs)


# -- the store ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("pageless")
def test_an_edited_metric_and_a_flipped_byte_are_computed_again_and_said(
    finished: Path, copied: Path, call: Call
) -> None:
    edited = edit_metric(copied)
    bank = StoredRun(copied / "runs/images").bank("gaussian", 0) / "test.npy"
    flip(bank)
    answer = call("run", copied / "images.toml", "--store", copied / "runs/.store", "--out", "new")
    assert answer.code == 0
    said = [line for line in answer.err.splitlines() if "is damaged (" in line]
    assert len(said) == 2
    assert "'sample gaussian seed 0' is damaged (test.npy has other bytes than were written): it is done" in said[0]
    assert "metrics.csv has other bytes" in said[1]
    assert_same(Path("new"), finished / "runs/images")
    for path in (edited, bank):
        assert path.read_bytes() == (finished / path.relative_to(copied)).read_bytes()
    statuses = {row["key"]: row["status"] for row in checked("new")["stages"]}
    assert [key for key, status in statuses.items() if status == "done"] == [bank.parent.name, edited.parent.name]


@pytest.mark.usefixtures("pageless")
def test_a_current_run_folder_answers_for_itself(finished: Path, copied: Path, call: Call) -> None:
    edit_metric(copied)
    answer = call("run", copied / "images.toml", "--out", copied / "runs/images", "--json")
    assert answer.code == 0
    assert not stage_files._read, "nothing of the store is used, so nothing is read"
    assert_same(copied / "runs/images", finished / "runs/images")
    own = pd.read_csv(finished / "runs/images/metrics.csv")["value"]
    shown = [np.nan if row["value"] is None else row["value"] for row in json.loads(answer.out)["metrics"]]
    np.testing.assert_allclose(shown, own, atol=1e-9)


def test_the_half_of_a_run_killed_when_all_was_in_place_is_swept(copied: Path, call: Call) -> None:
    half = copied / "runs/images" / f"{collect.WORK}abc"
    (half / "images").mkdir(parents=True)
    before = (copied / "runs/images/manifest.json").read_bytes()
    assert call("run", copied / "images.toml", "--out", copied / "runs/images").code == 0
    assert not half.exists()
    assert (copied / "runs/images/manifest.json").read_bytes() == before, "the result was current"


@pytest.mark.usefixtures("pageless")
@pytest.mark.slow
def test_workers_verify_what_they_read(finished: Path, copied: Path, call: Call) -> None:
    flip(StoredRun(copied / "runs/images").prepared / "images/images.npy")
    spec = copied / "images.toml"
    spec.write_text(spec.read_text() + '\n[[detector]]\nkind = "linear-dct"\n')
    answer = call("run", spec, "--store", copied / "runs/.store", "--out", "new", "--jobs", "2")
    assert answer.code == 0
    assert answer.err.count("is damaged (images/images.npy") == 1


def test_damage_while_a_run_goes_on_is_no_result(copied: Path, call: Call, monkeypatch: Any) -> None:
    execute = api.execute

    def then_damaged(*given: Any, **more: Any) -> Any:
        outcomes = execute(*given, **more)
        edit_metric(copied)
        return outcomes

    monkeypatch.setattr(api, "execute", then_damaged)
    answer = call("run", copied / "images.toml", "--store", copied / "runs/.store", "--out", "new")
    assert answer.code == 2
    assert "changed under this run" in answer.err
    assert not Path("new").exists()


@pytest.mark.parametrize("command", ["generate", "export", "detect"])
def test_other_commands_name_what_is_damaged(copied: Path, refused: Call, command: str) -> None:
    run = copied / "runs/images"
    opened = StoredRun(run)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(copied / "one.png")
    places = {
        "generate": opened.training("gaussian", 0) / "checkpoints/final/basis.npz",
        "export": opened.bank("gaussian", 0) / "detector-train.npy",
        "detect": next((copied / "runs/.store/train_detector").glob("*/model/*.npz")),
    }
    more = {
        "generate": ("--generator", "gaussian", "--out", "new"),
        "export": ("--out", "new"),
        "detect": (copied / "one.png", "--generator", "gaussian"),
    }
    for path in (
        (copied / "runs/.store/train_detector").glob("*/model/*.npz") if command == "detect" else [places[command]]
    ):
        flip(path)
    stage_files._read.clear()
    line = refused(command, run, *more[command])
    assert f"{places[command].name} has other bytes than were written" in line
    assert "Compute it again: " in line


# -- the run folder -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("pageless")
def test_a_damaged_run_folder_is_written_again_by_run_and_refused_by_others(
    finished: Path, copied: Path, call: Call, refused: Call
) -> None:
    run = copied / "runs/images"
    (run / "notes.txt").write_text("mine")
    (run / "images/mine.png").write_text("mine")
    for name in ("metrics.csv", "scores.parquet", "images/index.csv", "images/real.png", "manifest.json"):
        (run / name).write_text("{}") if name == "manifest.json" else flip(run / name)
        for command in (["report", run], ["generate", run, "--out", "new"], ["export", run, "--out", "new"]):
            line = refused(*command)
            assert f"{run} is damaged: {name}" in line
        answer = call("run", copied / "images.toml", "--out", run)
        assert answer.code == 0
        (said,) = [line for line in answer.err.splitlines() if "damaged" in line]
        assert said.endswith("It is written again.")
        assert_same(run, finished / "runs/images")
        assert checked(run)["result"] == checked(finished / "runs/images")["result"]
        assert (run / "notes.txt").read_text() == (run / "images/mine.png").read_text() == "mine"
    assert call("report", run).code == 0


@pytest.mark.usefixtures("pageless")
def test_a_run_of_another_version_is_run_again(copied: Path, call: Call, refused: Call) -> None:
    run = copied / "runs/images"
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["files"]
    (run / "manifest.json").write_text(json.dumps(manifest | {"format": 1}))
    assert "written by another version" in refused("report", run)
    assert call("run", copied / "images.toml", "--out", run).code == 0
    assert call("report", run).code == 0


@pytest.mark.usefixtures("pageless")
def test_what_the_run_before_had_and_this_one_has_not_is_removed(copied: Path, call: Call) -> None:
    run = copied / "runs/images"
    before = {path.name for path in (run / "images").glob("gaussian*")}
    assert before
    spec = copied / "images.toml"
    spec.write_text(spec.read_text().replace('kind = "gaussian"\n[[', 'kind = "gaussian"\nid = "other"\n[[', 1))
    assert call("run", spec, "--out", run).code == 0
    assert not {path.name for path in (run / "images").glob("gaussian*")}
    assert list((run / "images").glob("other*"))


# -- one writer ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("pageless")
def test_a_second_run_into_one_folder_is_refused_and_a_first_one_is_not_disturbed(
    copied: Path, refused: Call, call: Call
) -> None:
    spec = copied / "images.toml"
    with only_writer(Path("out"), "run folder out"):
        line = refused("run", spec, "--store", copied / "runs/.store", "--out", "out")
        assert "Another process is writing into the run folder out." in line
    arguments = ("run", spec, "--store", copied / "runs/.store", "--out")
    assert call(*arguments, "out").code == 0
    with only_writer(Path("out"), "run folder out"):
        assert call(*arguments, "out").code == 0, "nothing is written: this run is there already"
        assert "Another process" in refused(*arguments, "out", "--set", "protocol.ledger_seed=5")
        assert "Another process" in refused("report", "out")
        assert call(*arguments, "other").code == 0


@pytest.mark.parametrize("command", ["generate", "export"])
def test_a_second_output_folder_of_one_name_is_refused(finished: Path, refused: Call, command: str) -> None:
    more = ["--generator", "gaussian"] if command == "generate" else []
    with new_folder(Path("new/out")):
        line = refused(command, finished / "runs/images", *more, "--out", "new/out")
    assert "Another process is writing into the output folder new/out" in line


def test_a_failed_run_leaves_what_is_not_its_own(copied: Path, call: Call, monkeypatch: Any) -> None:
    def fail(*_: Any) -> None:
        Path("deep/other").mkdir()  # another process finishes meanwhile
        Path("deep/other/file").write_text("")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(collect.pictures, "write", fail)
    answer = call("run", copied / "images.toml", "--store", copied / "runs/.store", "--out", "deep/run")
    assert answer.code == 2
    assert {path.as_posix() for path in Path().rglob("*")} == {"deep", "deep/other", "deep/other/file"}


# -- read-only disks ----------------------------------------------------------------------------------------------


@pytest.fixture
def read_only(copied: Path) -> Iterator[Path]:
    """The finished run and its store on a read-only file system; skips visibly where none can be mounted."""
    with mounts.mounted(copied, copied, "--bind"):
        try:
            mounts.remount(copied, "ro,bind")
        except subprocess.CalledProcessError:
            pytest.skip("no file system can be mounted read-only here")
        yield copied


def test_a_read_only_disk_is_read(read_only: Path, finished: Path, call: Call, refused: Call) -> None:
    run, store = read_only / "runs/images", read_only / "runs/.store"
    with pytest.raises(OSError, match="Read-only"):
        (run / "new").write_text("")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save("one.png")
    if not (run / "report.html").exists():
        line = refused("report", run)
        assert "Read-only file system" in line
    for command in (
        ["plan", read_only / "images.toml", "--out", run],
        ["detect", run, "one.png", "--generator", "gaussian"],
        ["generate", run, "--generator", "gaussian", "--n", "2", "--out", "made"],
        ["export", run, "--out", "exported"],
        ["store", "list", "--store", store],
        ["store", "verify", "--store", store],
        ["store", "prune", "--store", store],
    ):
        answer = call(*command)
        assert answer.code == 0, (command, answer)
    assert api.run(read_only / "images.toml", out=run).folder == run
    line = refused("run", read_only / "images.toml", "--out", run, "--set", "protocol.ledger_seed=5")
    assert "Read-only file system" in line


def test_a_whole_run_with_its_page_is_told_from_a_read_only_disk(copied: Path, request: Any, call: Call) -> None:
    assert call("report", copied / "runs/images").code == 0
    shutil.rmtree(copied / "runs/.store/runs")  # a store that does not know of the run, and cannot be told
    place = request.getfixturevalue("read_only")
    answer = call("run", place / "images.toml", "--out", place / "runs/images")
    assert answer.code == 0
    assert "Report: " in answer.out
    assert not os.access(place / "runs/.store/runs", os.F_OK)
