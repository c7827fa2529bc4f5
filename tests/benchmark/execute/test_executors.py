"""One spec through every executor: the same keys, and the same bytes of everything that is not a timing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kill_tools
import pandas as pd
import pytest

from benchmark.execute.state import Listener
from benchmark.plan import specs
from benchmark.plan.stage import Stage
from benchmark.processes import nursery
from benchmark.use import api

HOUSE = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli.main import main; main()"]
SPEC = """
name = "tiny"
[dataset]
name = "digits"
limit = 200
[[generator]]
kind = "dcgan"
architecture = "small"
epochs = 2
width = 8
discriminator_width = 8
[[detector]]
kind = "cnn"
epochs = 1
[[detector]]
kind = "sklearn.ensemble:RandomForestClassifier"
id = "forest"
n_estimators = 20
[protocol]
display_interval = 1
"""
QUICK = """
name = "tiny"
[dataset]
name = "digits"
limit = 200
[[generator]]
kind = "gaussian"
[[detector]]
kind = "linear-dct"
[[detector]]
kind = "sklearn.ensemble:RandomForestClassifier"
id = "forest"
n_estimators = 20
[quality]
enabled = false
"""  # without a network, so that no process has to import Keras
TIMINGS = {"key.json", "facts.json", "training.csv"}  # they hold seconds or rates
Reference = tuple[Path, dict[str, dict[str, str]]]  # an inline run's folder, and stage/key -> file -> digest
TIMEOUT = 900  # seconds; a busy machine is slow, not wrong


def environment() -> dict[str, str]:
    """Workers find the packages where these tests do."""
    path = os.pathsep.join([str(HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])])
    return os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def digests(store: Path) -> dict[str, dict[str, str]]:
    """Returns stage/key -> file -> digest of all that a store holds but for timings."""
    found: dict[str, dict[str, str]] = {}
    for record in store.glob("*/*/key.json"):
        stage = record.parent
        files = {
            path.relative_to(stage).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in stage.rglob("*")
            if path.is_file() and path.name not in TIMINGS
        }
        found[f"{stage.parent.name}/{stage.name}"] = files
    return found


def cells(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "cells.csv").drop(columns=["seconds", "milliseconds_per_image"])


@contextlib.contextmanager
def started(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a group of its own, all of which has ended afterwards."""
    log = open(cwd / f"{len(list(cwd.iterdir()))}.log", "wb")  # noqa: SIM115
    process = subprocess.Popen(
        arguments, cwd=cwd, env=environment(), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An external scheduler on this machine, with two workers."""
    cluster = kill_tools.Cluster(tmp_path_factory.mktemp("dask"))
    try:
        cluster.start()
        yield cluster.address
    finally:
        cluster.stop()


def inline_run(folder: Path, spec: str) -> Reference:
    (folder / "spec.toml").write_text(spec)
    assert not api.run(folder / "spec.toml", out=folder / "runs/tiny").failures
    return folder, digests(folder / "runs/.store")


@pytest.fixture(scope="module")
def inline(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return inline_run(tmp_path_factory.mktemp("inline"), SPEC)


def equal(inline: Reference, found: dict[str, dict[str, str]], out: Path) -> None:
    reference, expected = inline
    assert found.keys() == expected.keys()
    differing = {key: [name for name in expected[key] if found[key].get(name) != expected[key][name]] for key in found}
    assert not any(differing.values()), differing
    assert {key: set(files) for key, files in found.items()} == {key: set(files) for key, files in expected.items()}
    pd.testing.assert_frame_equal(cells(out), cells(reference / "runs/tiny"))
    for name in ("scores.parquet", "metrics.csv", "roc.csv", "comparisons.csv", "audit.csv", "images/index.csv"):
        assert (out / name).read_bytes() == (reference / "runs/tiny" / name).read_bytes(), name


@pytest.mark.slow
def test_what_is_compared(inline: Reference) -> None:
    """The files that matter are among those compared."""
    folder, found = inline
    names = {name.split("/")[-1] for files in found.values() for name in files}
    assert {
        "weights.npz", "scores.parquet", "metrics.csv", "roc.csv", "test.npy", "ledger.csv", "preview.npy",
        "validation.parquet", "images.npy", "maps.npy", "spectra.npy",
    } <= names  # fmt: skip
    assert set(cells(folder / "runs/tiny")["status"]) == {"done"}


@pytest.mark.slow
def test_external_scheduler(inline: Reference, scheduler: str, tmp_path: Path) -> None:
    (tmp_path / "spec.toml").write_text(SPEC)
    assert not api.run(tmp_path / "spec.toml", out=tmp_path / "runs/tiny", scheduler=scheduler).failures
    equal(inline, digests(tmp_path / "runs/.store"), tmp_path / "runs/tiny")


@pytest.mark.slow
def test_plugin_files_and_their_failures_on_workers(call: Callable[..., Any]) -> None:
    """A worker finds a plug-in by its file, and one that calls `sys.exit`, or kills its process as a lack of memory
    would, costs its own cells: neither the worker nor the run ends."""
    file = HOUSE / "tests/plugins/failing.py"
    head = 'name = "tiny"\n[dataset]\nname = "digits"\nlimit = 200\n[quality]\nenabled = false\n'
    names = ("Good", "ExitsInFit", "Nan", "KillsItsProcess")
    rows = "".join(f'[[detector]]\nid = "{name}"\nkind = "{file}:{name}"\n' for name in names)
    Path("spec.toml").write_text(f'{head}{rows}[[detector]]\nkind = "linear-pixel"\n')
    tables = []
    for jobs in ("1", "2"):
        answer = call("run", "spec.toml", "--jobs", jobs, "--out", jobs, "--store", f"store{jobs}")
        assert answer.code == 1, answer.err
        assert "Traceback" not in answer.err
        tables.append(cells(Path(jobs)))
    pd.testing.assert_frame_equal(*tables)
    found = tables[0]
    status = found.groupby("detector")["status"].unique().map(list).to_dict()
    assert [status.pop(name) for name in names[1:]] == [["failed"]] * 3
    assert set(map(tuple, status.values())) == {("done",)}
    killed = found[found["detector"] == "KillsItsProcess"]
    assert killed["error"].str.startswith("Every process that tried it died").all()


@pytest.mark.slow
def test_two_runs_at_once_share_a_store(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each stage is worked on by one of them, and the other takes what it made; one does two stages at a time."""
    inline = inline_run(tmp_path_factory.mktemp("quick"), QUICK)
    (tmp_path / "spec.toml").write_text(QUICK)
    command = [*COMMAND, "run", "spec.toml", "--store", "store"]
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(started(*command, "--out", f"out{i}", "--jobs", str(i + 1), cwd=tmp_path))
            for i in range(2)
        ]
        for process in processes:
            assert process.wait(TIMEOUT) == 0
    manifests = [json.loads((tmp_path / f"out{i}/manifest.json").read_text()) for i in range(2)]
    for stages in zip(*(manifest["stages"] for manifest in manifests), strict=True):
        assert {stage["status"] for stage in stages} <= {"done", "cached"}
    frames = [pd.read_csv(tmp_path / f"out{i}/cells.csv") for i in range(2)]
    pd.testing.assert_frame_equal(*frames)  # seconds too: they are those of the one that did the work
    assert not list((tmp_path / "store/work").glob("*"))
    assert not list((tmp_path / "store/locks").glob("*"))
    for i in range(2):
        equal(inline, digests(tmp_path / "store"), tmp_path / f"out{i}")


class _Enough(Exception):
    pass


class _Watching(Listener):
    """Notes what begins, and ends the run with the first stage that waits for Keras."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.idled = 0

    def started(self, stage: Stage) -> None:
        self.began.append(stage.name)
        if stage.name == "train_generator dcgan seed 0":
            raise _Enough

    def idle(self) -> None:
        self.idled += 1


def test_what_has_no_network_is_done_while_keras_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nursery, "_shared", [])
    rows = {
        "generator": [{"kind": "dcgan", "architecture": "small"}, {"kind": "gaussian"}],
        "detector": [{"kind": "cnn"}, {"kind": "linear-pixel"}], "quality": {"enabled": False},
    }  # fmt: skip
    listener, learning, last = _Watching(), nursery.learning, "score linear-pixel seed 0 on noise seed 0"

    def for_long_enough() -> nursery.Nursery | None:  # however quick the import is
        return None if last in listener.began else learning() or nursery._shared[0]

    monkeypatch.setattr(nursery, "learning", for_long_enough)
    with pytest.raises(_Enough):
        api.run(
            specs.parse({"dataset": {"name": "digits", "limit": 200}} | rows), out=tmp_path / "run", jobs=2,
            smoke=True, listener=listener,
        )  # fmt: skip
    nursery._shared.pop().close()
    assert listener.began[:2] == ["prepare digits", "audit ledger"]
    assert set(listener.began[2:-1]) >= {
        "train_generator real-copy seed 0", "sample noise seed 0", "train_generator gaussian seed 0", last,
    }  # fmt: skip
    assert not any("cnn" in name or "dcgan" in name for name in listener.began[:-1])
    assert listener.idled
