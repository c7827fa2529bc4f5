"""A run never takes the place of another question's result."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest

from benchmark.execute.state import Listener
from benchmark.plan import specs
from benchmark.store import earlier_result, prune
from benchmark.store.store import Store
from benchmark.use import api
from data.run_folder import checked

OLD = specs.load("digits").resolved()


def changed(**protocol):
    return OLD | {"protocol": OLD["protocol"] | protocol}


@pytest.mark.parametrize(
    ("new", "held"),
    [
        (OLD, True),
        (OLD | {"name": "other", "description": "words"}, True),
        (OLD | {"detector": [*OLD["detector"], {"kind": "npr", "id": "npr", "train_on": "each"}]}, True),
        (OLD | {"detector": OLD["detector"][::-1]}, True),
        (OLD | {"detector": OLD["detector"][1:]}, False),
        (OLD | {"generator": [OLD["generator"][0] | {"upsampling": "transposed"}, *OLD["generator"][1:]]}, False),
        (OLD | {"dataset": {"name": "mnist"}}, False),
        (OLD | {"quality": OLD["quality"] | {"inception_weights": "/w.h5"}}, True),
        (OLD | {"quality": OLD["quality"] | {"n": 64}}, False),
        (changed(detector_seeds=[0, 1]), True),
        (changed(detector_seeds=[1]), False),
        (changed(display_interval=5), False),
        (changed(limit=60), True),
    ],
)
def test_what_a_result_holds(new, held):
    assert earlier_result.holds(new, OLD) is held


def test_a_split_more_holds_the_first():
    several = {name: value for name, value in OLD["protocol"].items() if name != "ledger_seed"}
    assert earlier_result.holds(OLD | {"protocol": several | {"ledger_seeds": [0, 1]}}, OLD)


class Told(Listener):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def place(copied: Path) -> Path:
    return copied / "runs" / "images"


def others(place: Path) -> list[Path]:
    return sorted(path for path in place.parent.iterdir() if path.name not in (place.name, ".store"))


def test_another_result_is_kept_with_its_date(copied, place):
    before, told = checked(place), Told()
    api.run(copied / "images.toml", out=place, changes=["generator.gaussian.components=8"], listener=told)
    (kept,) = others(place)
    assert kept.name == f"images-{before['finished'][:10]}"
    assert checked(kept) == before
    assert checked(place)["spec"]["generator"][0]["components"] == 8
    assert [note for note in told.notes if str(kept) in note and "another spec" in note]
    prune.prune(Store(copied / "runs" / ".store"))
    assert api.load(kept).generate(copied / "new", generator="gaussian", n=2)["files"]
    again = Told()  # the same once more changes nothing
    api.run(copied / "images.toml", out=place, changes=["generator.gaussian.components=8"], listener=again)
    assert others(place) == [kept]
    assert not again.notes


def test_an_added_row_brings_it_up_to_date_in_its_place(copied, place):
    added = (copied / "images.toml").read_text() + '\n[[generator]]\nkind = "gaussian"\nid = "few"\ncomponents = 4\n'
    (copied / "images.toml").write_text(added)
    api.run(copied / "images.toml", out=place)
    assert not others(place)
    assert "few" in {row["id"] for row in checked(place)["generators"]}


def test_a_failure_leaves_all_as_it_was(place, tmp_path):
    before, store = checked(place), Store(place.parent / ".store")
    registered = set((store.root / "runs").iterdir())
    with contextlib.suppress(OSError), earlier_result.kept(place, store, OLD, smoke=False) as kept:
        assert kept is not None
        assert checked(kept) == before
        raise OSError("full")
    assert checked(place) == before
    assert not others(place)
    assert set((store.root / "runs").iterdir()) == registered


def test_a_kill_before_the_new_result_is_written_loses_nothing_and_the_next_run_keeps_no_second_copy(place):
    before, store = checked(place), Store(place.parent / ".store")
    child = os.fork()
    if child == 0:
        with earlier_result.kept(place, store, OLD, smoke=False):
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    (kept,) = others(place)
    assert checked(place) == checked(kept) == before
    prune.prune(store)
    assert all(store.has(row["stage"], row["key"]) for row in before["stages"])
    with earlier_result.kept(place, store, OLD, smoke=False) as again:
        assert again == kept
    assert others(place) == [kept]


def test_names_that_are_taken_are_not_taken_again(place):
    store, names = Store(place.parent / ".store"), []
    for started in ("2020-01-01T00:00:00+00:00", "2020-01-02T00:00:00+00:00"):
        manifest = json.loads((place / "manifest.json").read_text())
        (place / "manifest.json").write_text(json.dumps(manifest | {"started": started}))
        with earlier_result.kept(place, store, OLD, smoke=False) as kept:
            names.append(kept.name)
    assert names[1] == f"{names[0]}-2"


def test_a_result_of_another_version_is_kept_too(place):
    manifest = json.loads((place / "manifest.json").read_text())
    (place / "manifest.json").write_text(json.dumps(manifest | {"format": 4}))
    with earlier_result.kept(place, Store(place.parent / ".store"), OLD, smoke=False) as kept:
        assert json.loads((kept / "manifest.json").read_text())["format"] == 4
        assert (kept / "scores.parquet").is_file()


def test_smoke_has_a_folder_of_its_own():
    spec = specs.load("digits")
    assert api.default_folder(spec) == Path("runs/digits")
    assert api.default_folder(spec, smoke=True) == Path("runs/digits-smoke")
