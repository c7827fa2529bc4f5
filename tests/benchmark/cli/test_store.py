"""`fauxbench store`: what is there, whether it is whole, and what no run needs; nothing that a run needs is removed."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.store import folder_lock, prune, run_register, stage_files
from benchmark.store.run_register import registered, registrations
from benchmark.store.store import Store
from data.run_folder import MANIFEST

Call = Callable[..., Any]


def key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def finish(store: Store, function: str, name: str) -> Path:
    store.complete(function, key(name), {}, lambda folder: (folder / "file").write_text(name), resumes=False) or None
    return store.path(function, key(name))


def run_of(folder: Path, store: Store, *stages: tuple[str, str]) -> Path:
    """Registers a run folder with a manifest that names stages."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"id": name, "stage": function, "key": key(name), "status": "done"} for function, name in stages]
    with registered(store, folder, [(function, key(name)) for function, name in stages]):
        (folder / MANIFEST).write_text(json.dumps({"stages": rows}))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with three stages, of which the first two are needed by a run."""
    store = Store(tmp_path / "store")
    for name in ("a", "b", "c"):
        finish(store, "sample" if name == "a" else "score", name)
    run_of(tmp_path / "run", store, ("sample", "a"), ("score", "b"))
    return store


def kept(store: Store) -> set[str]:
    return {stage.key for stage in prune.stages(store)}


def test_a_real_store_is_listed_verified_and_needed(finished: Path, call: Call) -> None:
    place = finished / "runs/.store"
    answer = call("store", "list", "--store", place)
    assert answer.code == 0
    assert re.search(r"Used by \S+/runs/images: finished", answer.out)
    told = json.loads(call("store", "list", "--store", place, "--json").out)
    files = [path for path in place.glob("*/*/**/*") if path.is_file() and len(path.relative_to(place).parts) > 2]
    assert told["bytes"] == sum(row["bytes"] for row in told["stages"]) == sum(path.stat().st_size for path in files)
    assert len(told["stages"]) == told["runs"][0]["stages"] == len(list(place.glob("*/*/key.json")))
    assert f"{len(told['stages'])} stages in " in answer.out
    assert call("store", "verify", "--store", place).code == 0
    assert json.loads(call("store", "prune", "--store", place, "--json").out)["found"] == []


def test_the_default_is_the_store_of_the_default_run_folder(finished: Path, call: Call) -> None:
    shutil.copytree(finished / "runs", "runs")
    answer = call("store", "verify")
    assert answer.code == 0
    assert "runs/.store" in answer.out


def test_verify_names_everything_that_is_damaged(store: Store, call: Call) -> None:
    stage_files._read.clear()
    (store.path("score", key("b")) / "file").write_text("x")
    (store.path("score", key("c")) / "key.json").unlink()
    answer = call("store", "verify", "--store", store.root)
    assert answer.code == 1
    assert f"damaged: score {key('b')[:12]}: file has other bytes than were written" in answer.out
    assert f"damaged: score {key('c')[:12]}: key.json is missing" in answer.out
    assert "1 of 3 stages whole" in answer.out
    answer = call("store", "verify", "--store", store.root, "--json")
    assert answer.code == 1
    assert [row["key"] for row in json.loads(answer.out)["damaged"]] == sorted(map(key, "bc"))


def test_prune_is_dry_unless_told(store: Store, call: Call) -> None:
    before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*")}
    answer = call("store", "prune", "--store", store.root)
    assert answer.code == 0
    assert f"score {key('c')[:12]}" in answer.out
    assert "1 item would be removed; --yes removes it" in answer.out
    assert {path: path.stat().st_mtime_ns for path in store.root.rglob("*")} == before
    answer = call("store", "prune", "--store", store.root, "--yes", "--json")
    assert json.loads(answer.out)["removed"] is True
    assert kept(store) == {key("a"), key("b")}
    assert "0 items" in call("store", "prune", "--store", store.root, "--yes").out


def test_runs_that_are_gone_keep_nothing_and_others_are_kept_when_named(
    store: Store, tmp_path: Path, call: Call
) -> None:
    shutil.move(tmp_path / "run", tmp_path / "moved")
    answer = call("store", "prune", "--store", store.root)
    assert f"run {tmp_path / 'run'} is gone: nothing is kept for it" in answer.out
    assert "4 items" in answer.out
    arguments = ("store", "prune", "--store", store.root, "--keep", tmp_path / "moved")
    assert "2 items" in call(*arguments).out
    assert call(*arguments, "--yes").code == 0
    assert kept(store) == {key("a"), key("b")}
    assert registrations(store) == []
    assert call("store", "prune", "--store", store.root, "--yes").code == 0
    assert kept(store) == set()
    assert not (store.root / "score").exists()


def test_keep_takes_run_folders(store: Store, refused: Call) -> None:
    assert "--keep takes run folders" in refused("store", "prune", "--store", store.root, "--keep", "nowhere", "--yes")
    assert len(kept(store)) == 3


def test_a_damaged_manifest_keeps_what_its_run_has_registered(store: Store, tmp_path: Path) -> None:
    (tmp_path / "run" / MANIFEST).write_text("{")
    assert {one.path.name for one in prune.useless(store)[0]} == {key("c")}


def test_a_rerun_with_another_spec_keeps_what_it_names_now(store: Store, tmp_path: Path) -> None:
    run_of(tmp_path / "run", store, ("sample", "a"), ("score", "c"))
    assert {one.path.name for one in prune.useless(store)[0]} == {key("b")}
    assert len(registrations(store)) == 1


def test_a_run_under_way_keeps_its_whole_plan(store: Store, tmp_path: Path) -> None:
    with registered(store, tmp_path / "other", [("score", key("c"))]):
        assert {one.state for one in registrations(store)} == {"running", "finished"}
        assert prune.prune(store) == []
    assert {one.state for one in registrations(store)} == {"finished"}, "it left no manifest"
    assert [one.path.name for one in prune.prune(store)] == [key("c")]


def test_a_rerun_under_way_keeps_what_the_run_before_needs(store: Store, tmp_path: Path) -> None:
    with registered(store, tmp_path / "run", [("score", key("c"))]):
        assert prune.prune(store) == []


def _work(root: str, ready: Any, end: Any) -> None:
    def work(folder: Path) -> None:
        (folder / "half").write_text("x")
        ready.set()
        end.wait(120)

    Store(Path(root)).complete("score", key("d"), {}, work, resumes=True)


def test_nothing_that_a_living_process_works_on_is_removed(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    ready, end = context.Event(), context.Event()
    process = context.Process(target=_work, args=(str(store.root), ready, end))
    process.start()
    try:
        assert ready.wait(120)
        with store.lock(key("c")):
            assert prune.prune(store) == []
        assert (store.root / "work" / key("d") / "half").exists()
        assert folder_lock.is_held(store.root / "locks" / key("d"))
    finally:
        process.kill()
        process.join(60)
    assert {one.what for one in prune.prune(store)} == {"score", "work", "lock"}
    assert not list(store.root.glob("work/*"))
    assert not list(store.root.glob("locks/*"))


def test_what_a_killed_training_left_is_kept_for_a_run_that_needs_it(store: Store, tmp_path: Path) -> None:
    (store.root / "work" / key("d")).mkdir(parents=True)
    run_of(tmp_path / "run", store, ("sample", "a"), ("score", "b"), ("train_generator", "d"))
    assert {one.what for one in prune.useless(store)[0]} == {"score"}


def test_other_things_are_never_removed(store: Store, tmp_path: Path, refused: Call) -> None:
    """Whatever folder is given, and whatever lies in it."""
    mine = ["work/project/file", "runs/digits/cells.csv", "runs/x.json", "score/notes/file", "Photos/1.jpg", "locks/x"]
    for name in mine:
        for place in (store.root, tmp_path / "home"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text("mine")
    (store.root / "score" / key("link")).symlink_to(tmp_path / "home")
    prune.prune(store)
    assert all((store.root / name).read_text() == "mine" for name in mine)
    assert "is no store" in refused("store", "prune", "--store", tmp_path / "home", "--yes")
    assert "There is no store" in refused("store", "list", "--store", "nowhere")
    assert all((tmp_path / "home" / name).exists() for name in mine)


def test_an_unreadable_registration_is_removed_and_keeps_nothing(store: Store) -> None:
    (store.root / "runs" / ("0" * 16 + ".json")).write_text("{")
    (store.root / "runs" / f"{run_register.PART}abc").write_text("of a killed process")
    found = [one.path.name for one in prune.prune(store) if one.what == "registration"]
    assert len(found) == 2
    assert len(registrations(store)) == 1


def test_a_link_in_place_of_a_registration_is_replaced_and_not_followed(store: Store, tmp_path: Path) -> None:
    (place,) = (one.file for one in registrations(store))
    (tmp_path / "victim").write_text("precious")
    place.unlink()
    place.symlink_to(tmp_path / "victim")
    run_of(tmp_path / "run", store, ("sample", "a"))
    assert (tmp_path / "victim").read_text() == "precious"
    assert [one.stages for one in registrations(store)] == [{("sample", key("a"))}]


def test_a_run_registers_again_where_the_store_has_forgotten_it(copied: Path, call: Call) -> None:
    shutil.rmtree(copied / "runs/.store/runs")
    assert call("run", copied / "images.toml", "--out", copied / "runs/images").code == 0
    (one,) = registrations(Store(copied / "runs/.store"))
    assert (one.folder, one.state) == (os.fspath(copied / "runs/images"), "finished")
