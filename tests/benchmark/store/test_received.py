"""A run folder that another may have made: it chooses no code, opens no other file and steers no terminal."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest

from benchmark.store import digest, private, received
from benchmark.store.checkpoints import Checkpoints
from benchmark.store.store import RECORD
from benchmark.use import api
from benchmark.use.stored_run import StoredRun
from data.errors import UserError

SPEC = """
name = "received"
[dataset]
name = "digits"
[[generator]]
kind = "gaussian"
[[detector]]
kind = "mine.py:Bright"
id = "bright"
[[detector]]
kind = "sklearn.ensemble:BaggingClassifier"
id = "bagging"
n_estimators = 2
[quality]
enabled = false
"""
PLUGIN = """
class Bright:
    def fit(self, images, is_fake):
        return self

    def decision_function(self, images):
        return images.mean(axis=(1, 2, 3))
"""
EVIL = """
from pathlib import Path
Path("sprung").touch()
class Bright:
    def fit(self, images, is_fake):
        return self
    def decision_function(self, images):
        return images.mean(axis=(1, 2, 3))
    def get_params(self, deep=True):
        return {}
"""


class Trap:
    """Leaves a file where it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("sprung"),)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("received")
    (place / "mine.py").write_text(PLUGIN)
    (place / "spec.toml").write_text(SPEC)
    return api.run(place / "spec.toml", out=place / "run", smoke=True).folder


@pytest.fixture
def got(made, tmp_path, monkeypatch):
    """A copy of the run and its store, where nothing of it lies in the current folder."""
    shutil.copytree(made.parent, tmp_path / "got")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.delenv(private.TRUST, raising=False)
    monkeypatch.setenv("FAUXBENCH_OFFLINE", "1")
    return tmp_path / "got" / "run"


def manifest(folder: Path, change) -> None:
    path = folder / "manifest.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def sealed(stage: Path) -> None:
    """Writes the sizes and digests of a stage's files anew, as whoever changed them would."""
    record = json.loads((stage / RECORD).read_text())
    files = [path for path in sorted(stage.rglob("*")) if path.is_file() and path.name != RECORD]
    record["files"] = {
        path.relative_to(stage).as_posix(): [path.stat().st_size, digest.of_file(path)] for path in files
    }
    (stage / RECORD).write_text(json.dumps(record))


def kind(values, noun, name, wanted):
    next(row for row in values["spec"][noun] if row["id"] == name)["kind"] = wanted


def told(row_of, values, **more):
    next(row for row in values[row_of[0]] if row["id"] == row_of[1]).update(more)


def test_the_copy_is_used_as_it_is(got):
    assert StoredRun(got).trained_detector("bright").kind == "mine.py:Bright"
    assert StoredRun(got).trained_detector("bagging").detector.detector.n_estimators == 2


@pytest.mark.parametrize("wanted", ["os:system", "subprocess:Popen", "posix:system", "pickle:Unpickler"])
def test_a_kind_runs_no_program(got, wanted):
    manifest(got, lambda values: kind(values, "detector", "bright", wanted))
    with pytest.raises(UserError, match="holds no plug-ins"):
        StoredRun(got).trained_detector("bright")


def test_a_part_runs_no_program(got):
    part = {"estimator": {"kind": "subprocess:Popen", "args": ["touch", "sprung"]}}
    manifest(got, lambda values: told(("detectors", "bagging"), values, options=part))
    with pytest.raises(UserError, match="holds no plug-ins"):
        StoredRun(got).trained_detector("bagging")
    assert not Path("sprung").exists()


@pytest.mark.parametrize("place", ["run", ".store"])
def test_a_plugin_file_that_came_along_is_not_run(got, place, monkeypatch):
    StoredRun(got).trained_detector("bright")  # the class that is pickled is known
    file = got.parent / place / "evil.py"
    file.write_text(f"{EVIL}# {place}\n")  # a module is imported once for each content
    manifest(got, lambda values: kind(values, "detector", "bright", f"{file}:Bright"))
    with pytest.raises(UserError, match=r"lies inside .*, which may be another's. .* --trust-store"):
        StoredRun(got).trained_detector("bright")
    assert not Path("sprung").exists()
    monkeypatch.setenv(private.TRUST, "1")
    StoredRun(got).trained_detector("bright")
    assert Path("sprung").exists()


def test_a_part_in_a_file_that_came_along_is_not_run(got):
    (got / "evil.py").write_text(EVIL)
    part = {"estimator": {"kind": f"{got / 'evil.py'}:Bright"}}
    manifest(got, lambda values: told(("detectors", "bagging"), values, options=part))
    with pytest.raises(UserError, match="lies inside"):
        StoredRun(got).trained_detector("bagging")
    assert not Path("sprung").exists()


def test_a_module_that_came_along_is_not_imported(got, monkeypatch):
    (got / "evil_module.py").write_text(EVIL)
    monkeypatch.syspath_prepend(str(got))
    manifest(got, lambda values: kind(values, "detector", "bright", "evil_module:Bright"))
    with pytest.raises(UserError, match="lies inside the run folder or its store"):
        StoredRun(got).trained_detector("bright")
    assert not Path("sprung").exists()


def test_a_plugin_file_that_others_can_write_is_not_run(got):
    manifest(got, lambda values: kind(values, "detector", "bright", f"{got.parent / 'mine.py'}:Bright"))
    (got.parent / "mine.py").chmod(0o666)
    with pytest.raises(UserError, match=r"is not run: users other than .* can write .*mine\.py"):
        StoredRun(got).trained_detector("bright")


def test_a_pickle_laid_beside_a_generator_is_not_read(got):
    stage = StoredRun(got).training("gaussian", 0)
    folder = Checkpoints(stage).folder()
    (folder / "plugin.cloudpickle").write_bytes(pickle.dumps(Trap()))
    (folder / "plugin.skops").write_bytes(b"neither is this")
    sealed(stage)
    assert StoredRun(got).trained("gaussian", 0).generator.sample(2).shape[0] == 2
    assert not Path("sprung").exists()


@pytest.mark.parametrize("key", ["../../elsewhere", "/etc", "", 5, "A" * 64])
def test_a_key_leads_nowhere_else(got, key):
    def change(values):
        for row in values["stages"]:
            row["key"] = key

    manifest(got, change)
    with pytest.raises(UserError, match=r"a key is 64 hexadecimal digits|lack one of id, stage, key"):
        StoredRun(got).training("gaussian", 0)


@pytest.mark.parametrize("name", ["../../../elsewhere", "/etc", "..", "", 3])
def test_a_checkpoint_leads_nowhere_else(got, name):
    stage = StoredRun(got).training("gaussian", 0)
    (stage / "checkpoints.json").write_text(json.dumps([name]))
    sealed(stage)
    with pytest.raises(UserError, match=r"is damaged: a checkpoint's name is that of one folder"):
        StoredRun(got).trained("gaussian", 0)


@pytest.mark.parametrize("name", ["../out", ".", "a/b"])
def test_a_plugin_names_no_checkpoint_outside(name, tmp_path):
    with pytest.raises(UserError, match="got a wrong name"), Checkpoints(tmp_path / "stage").writing(name):
        pass


def test_a_command_steers_no_terminal(got):
    shutil.rmtree(got.parent / ".store" / "train_generator")
    manifest(got, lambda values: values.update(command="fauxbench \x1b]0;title\x07\x9b2J"))
    with pytest.raises(UserError, match=r"fauxbench \\x1b\]0;title\\x07\\x9b2J"):
        StoredRun(got).training("gaussian", 0)


@pytest.mark.parametrize("threads", [0, 10**9, -1])
def test_threads_are_those_that_a_spec_takes(got, threads):
    manifest(got, lambda values: values.update(threads=threads))
    with pytest.raises(UserError, match="is damaged, or of another version"):
        StoredRun(got)


def test_what_is_printed_steers_no_terminal(call):
    answer = call("run", "no-such\x1b[31m-spec")
    assert answer.code == 2
    assert "\x1b" not in answer.err


def test_letters_of_all_scripts_are_printable():
    assert received.values({"größe": ["日本語 é\n", 1]}) == {"größe": ["日本語 é\n", 1]}
    assert received.values({"\x1b[2J": "\u202e\r"}) == {"\\x1b[2J": "\\u202e\\r"}
    assert received.values("/runs/\udce9") == "/runs/\udce9", "a folder whose name is no UTF-8 is still found"


@pytest.mark.parametrize("verb", ["run", "detect", "generate", "networks", "export"])
def test_each_verb_that_reads_a_store_can_be_told_to_trust_it(verb, call, monkeypatch):
    monkeypatch.setenv(private.TRUST, "0")
    rest = {"detect": ["x.png"], "run": ["no-such-spec"]}.get(verb, ["--out", "out"])
    answer = call(verb, "--trust-store", *([] if verb == "run" else ["nowhere"]), *rest)
    assert answer.code == 2
    assert private.trusting()
