"""The process model: what a plug-in does stays in its own process, whatever it is."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pandas as pd
import pytest

from benchmark.plan import specs
from benchmark.plugins import describe
from benchmark.processes import apart, nursery
from benchmark.use import api


class Answer(Protocol):
    """What a call of the command line did."""

    code: int
    out: str
    err: str


VANDALS = Path(__file__).parents[2] / "plugins" / "vandals.py"


def spec(*detectors: dict, generators: tuple[dict, ...] = ({"kind": "noise"},)) -> specs.Spec:
    return specs.parse(
        {
            "name": "tiny", "dataset": {"name": "digits", "limit": 200}, "quality": {"enabled": False},
            "generator": list(generators), "detector": list(detectors),
        }
    )  # fmt: skip


def rows(*names: str) -> list[dict]:
    return [{"id": name, "kind": f"{VANDALS}:{name}"} for name in names]


@pytest.mark.slow
def test_what_a_plugin_or_the_user_changes_changes_no_other_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The built-in network beside them gets the scores, bit for bit, that it gets alone with odd settings at home."""
    network = {"kind": "cnn", "epochs": 1}
    vandals = rows("TurnsKeras", "TurnsPython")
    (tmp_path / "keras.json").write_text('{"floatx": "float16", "image_data_format": "channels_first"}')
    with monkeypatch.context() as home:
        home.setenv("KERAS_HOME", str(tmp_path))
        home.setenv("SKLEARN_ASSUME_FINITE", "1")
        home.setenv("KERAS_MAX_EPOCHS", "0")
        alone = api.run(spec(network), out=tmp_path / "alone", store=tmp_path / "one")
    beside = api.run(spec(*vandals, network), out=tmp_path / "beside", store=tmp_path / "two")
    failed = set(beside.cells.loc[beside.cells["status"] != "done", "detector"])
    assert failed <= {"TurnsPython"}, "what it broke in its own process"
    both = [run.scores[run.scores["cell"].str.contains("cnn")] for run in (alone, beside)]
    mine, theirs = (scores.astype({"cell": str}).reset_index(drop=True) for scores in both)
    pd.testing.assert_frame_equal(mine, theirs)


def test_no_process_runs_two_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one of those in which a plug-in is imported, made, asked, fitted or scored is this one, or another row's."""
    seen = {}
    for name in ("Sum", "Prints"):
        place = tmp_path / name
        monkeypatch.setenv("FAUXBENCH_TEST_PIDS", str(place))
        result = api.run(spec(*rows(name)), out=tmp_path / f"out{name}", store=tmp_path / "store")
        assert set(result.cells["status"]) == {"done"}
        lines = [line.split() for line in place.read_text().splitlines()]
        assert {what for what, _ in lines} == {"imported", "made", "asked", "fitted", "scored"}
        seen[name] = {int(pid) for _, pid in lines}
    assert not seen["Sum"] & seen["Prints"]
    assert os.getpid() not in seen["Sum"] | seen["Prints"]


def test_what_a_plugin_prints_is_not_in_the_way(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    api.run(spec(*rows("Prints")), out=tmp_path / "out", store=tmp_path / "store")
    shown = capfd.readouterr()
    assert "printed" in shown.err
    assert "written" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("class Odd(BaseException):\n    def __str__(self): raise RuntimeError\nraise Odd", "cannot be printed"),
        ("import os\nos._exit(5)", "It ended its process (exit code 5)"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
        ("class Mine:\n    needs = 5\n    def fit(s, i, f): ...\n    decision_function = fit", "Attribute `needs`"),
        ("class Mine:\n    min_size = 'x'\n    def fit(s, i, f): ...\n    decision_function = fit", "whole number"),
    ],
)
def test_a_plugin_that_cannot_even_be_asked_costs_its_own_cells(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    mine = {"id": "mine", "kind": f"{tmp_path}/mine.py:Mine"}
    result = api.run(spec(mine, {"kind": "linear-pixel"}), out=tmp_path / "out", store=tmp_path / "store")
    status = result.cells.groupby("detector")["status"].unique().map(list).to_dict()
    assert status.pop("mine") == ["failed"]
    assert set(map(tuple, status.values())) == {("done",)}
    errors = result.cells.loc[result.cells["detector"] == "mine", "error"]
    assert errors.str.contains(words, regex=False).all(), errors.tolist()


ODD = """
import os
from data.errors import UserError
class Odd(BaseException):
    def __str__(self): raise RuntimeError
class Mine:
    def __init__(self, *, how: str): self.how = how
    def fit(self, images, is_fake):
        raise {
            "full": OSError(28, "No space left on device"), "interrupt": KeyboardInterrupt(), "odd": Odd(),
            "leave": GeneratorExit("bye"), "ours": UserError("No."), "read-only": OSError(30, "Read-only file system"),
            "denied": PermissionError(13, "Permission denied", os.getcwd()), "long": ValueError("x\\x1b[31m" * 10_000),
        }[self.how]
    def decision_function(self, images): return images.mean(axis=(1, 2, 3))
"""


def test_whatever_a_plugin_raises_costs_its_own_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that only it finds full is no reason to end the run, and its words steer no terminal."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(ODD)
    ways = ("full", "interrupt", "odd", "leave", "ours", "read-only", "denied", "long")
    mine = [{"id": way, "kind": "mine.py:Mine", "how": way} for way in ways]
    result = api.run(spec(*mine, {"kind": "linear-pixel"}), out=tmp_path / "out", store=tmp_path / "store", jobs=2)
    status = result.cells.groupby("detector")["status"].unique().map(list).to_dict()
    assert {way: status.pop(way) for way in ways} == {way: ["failed"] for way in ways}
    assert set(map(tuple, status.values())) == {("done",)}
    errors = result.cells.dropna(subset="error").groupby("detector")["error"].first()
    assert "No space left on device" in errors["full"]
    assert re.fullmatch(r"Odd: its message cannot be printed \(.+\.py:\d+\)", errors["odd"])
    assert len(errors["long"]) < 3000
    assert all(text.isprintable() for text in errors)


def test_a_lost_process_is_told_and_another_one_is_there() -> None:
    host = nursery.host()
    host.ask("os:_exit", 7)
    with pytest.raises(nursery.Lost, match="exit code 7"):
        host.heard()
    assert apart.call("os:getpid") not in (host.pid, os.getpid())


def test_what_is_known_of_a_foreign_plugin_holds_none_of_its_code() -> None:
    plugin = describe.known("detectors", f"{VANDALS}:Sum")
    assert plugin.foreign
    assert plugin.summary == "Ranks by the sum of the pixels."
    with pytest.raises(RuntimeError, match="another process"):
        plugin.factory()


def test_processes_of_a_plugin_find_its_file(tmp_path: Path) -> None:
    """`multiprocessing` and joblib import by name what they are to call."""
    (tmp_path / "beside.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "mine.py").write_text(
        "import multiprocessing, joblib, beside\ndef double(x):\n    return beside.double(x)\n"
        "class Mine:\n    def fit(self, images, is_fake):\n"
        "        for way in ('spawn', 'fork'):\n"
        "            with multiprocessing.get_context(way).Pool(2) as pool:\n"
        "                assert pool.map(double, [1, 2]) == [2, 4]\n"
        "        assert joblib.Parallel(2)(joblib.delayed(double)(x) for x in (1, 2)) == [2, 4]\n        return self\n"
        "    def decision_function(self, images):\n        return images.reshape(len(images), -1).mean(axis=1)\n"
    )
    result = api.run(
        spec({"id": "mine", "kind": f"{tmp_path}/mine.py:Mine"}), out=tmp_path / "out", store=tmp_path / "store", jobs=2
    )
    assert set(result.cells["status"]) == {"done"}, result.cells["error"].tolist()


def test_a_plugin_that_hangs_ends_at_the_limit(tmp_path: Path) -> None:
    """And so does what it has started; the limit is in no key."""
    (tmp_path / "mine.py").write_text(
        "import subprocess, sys, time\nclass Mine:\n    def fit(self, images, is_fake):\n"
        f"        child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"        open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid))\n        time.sleep(600)\n"
        "    def decision_function(self, images):\n        return images.reshape(len(images), -1).mean(axis=1)\n"
    )
    mine = {"id": "mine", "kind": f"{tmp_path}/mine.py:Mine"}
    limited = spec(mine).model_copy(update={"protocol": specs.ProtocolSpec(limit=3)})
    result = api.run(limited, out=tmp_path / "out", store=tmp_path / "store")
    hung = result.cells["detector"] == "mine"
    assert result.cells.loc[hung, "error"].str.contains("did not end within 3 seconds").all()
    assert set(result.cells.loc[~hung, "status"]) == {"done"}
    child = Path("/proc") / (tmp_path / "child").read_text() / "stat"
    assert not child.exists() or child.read_text().split()[2] == "Z", "it has ended, if nobody has asked for it yet"
    both = [{stage.key for stage in api.make_plan(one).stages} for one in (limited, spec(mine))]
    assert both[0] == both[1]


@pytest.fixture(scope="module")
def printing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a detector and of a generator that print, and of one whose process ends at a certain seed."""
    generators = [
        {"id": "Levels", "kind": f"{VANDALS}:Levels"},
        {"id": "Ends", "kind": f"{VANDALS}:Levels", "ends": True},
    ]
    chosen = spec(*rows("Prints"), generators=tuple(generators))
    result = api.run(chosen, out=tmp_path_factory.mktemp("printing") / "out")
    assert set(result.cells["status"]) == {"done"}
    return result.folder


def test_json_is_all_that_detect_and_generate_print(printing: Path, call: Callable[..., Answer]) -> None:
    drawn = call("generate", printing, "--generator", "Levels", "--n", "3", "--out", "drawn", "--json")
    assert drawn.code == 0, drawn
    assert json.loads(drawn.out)["sampling"]["n"] == 3
    scored = call("detect", printing, "--detector", "Prints", "--generator", "Levels", "--json", "drawn")
    assert scored.code == 0, scored
    assert len(json.loads(scored.out)["images"]) == 3
    here = [module for name, module in sys.modules.items() if name.startswith("fauxbench_plugin_")]
    assert not [module for module in here if hasattr(module, "TurnsKeras")], "none of its code was ever here"


def test_a_process_that_ends_in_generate_is_told_in_one_line(printing: Path, call: Callable[..., Answer]) -> None:
    ended = call("generate", printing, "--generator", "Ends", "--seed", "7", "--out", "drawn")
    assert ended.code == 2
    assert "Generator 'Ends' failed: It ended its process (exit code 9)" in ended.err
    assert not list(Path.cwd().iterdir()), "what it had written went with it"
