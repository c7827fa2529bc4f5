"""One spec through every executor: the same keys, and the same bytes of everything that is not a timing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import kill_tools
import pandas as pd
import pytest

HOUSE = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli.main import main; main()"]
SPEC = """
name = "tiny"
[dataset]
name = "digits"
limit = 200
[[generator]]
kind = "gaussian"
[[generator]]
kind = "dcgan"
architecture = "small"
epochs = 2
width = 8
discriminator_width = 8
[[detector]]
kind = "linear-dct"
[[detector]]
kind = "cnn"
epochs = 2
[[detector]]
kind = "sklearn.ensemble:RandomForestClassifier"
id = "forest"
n_estimators = 20
[protocol]
display_interval = 1
"""
TIMINGS = {"key.json", "facts.json", "training.csv"}  # they hold seconds or rates
TIMEOUT = 900  # seconds; a busy machine is slow, not wrong


def environment() -> dict[str, str]:
    """Workers find the packages where these tests do."""
    path = os.pathsep.join([str(HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])])
    return os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def run(folder: Path, *arguments: str) -> dict[str, dict[str, str]]:
    """Runs the spec in a folder of its own; returns stage/key -> file -> digest."""
    folder.mkdir()
    (folder / "spec.toml").write_text(SPEC)
    command = [*COMMAND, "run", "spec.toml", *arguments]
    ended = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Traceback" not in ended.stderr
    return digests(folder / "runs" / ".store")


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


@pytest.fixture(scope="module")
def inline(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("inline") / "run"
    return folder, run(folder, "--jobs", "1")


def same(inline: tuple[Path, dict[str, dict[str, str]]], folder: Path, *arguments: str) -> None:
    equal(inline, run(folder, *arguments), folder / "runs/tiny")


def equal(inline: tuple[Path, dict[str, dict[str, str]]], found: dict[str, dict[str, str]], out: Path) -> None:
    reference, expected = inline
    assert found.keys() == expected.keys()
    differing = {key: [name for name in expected[key] if found[key].get(name) != expected[key][name]] for key in found}
    assert not any(differing.values()), differing
    assert {key: set(files) for key, files in found.items()} == {key: set(files) for key, files in expected.items()}
    pd.testing.assert_frame_equal(cells(out), cells(reference / "runs/tiny"))
    for name in ("scores.parquet", "metrics.csv", "roc.csv", "comparisons.csv", "audit.csv", "images/index.csv"):
        assert (out / name).read_bytes() == (reference / "runs/tiny" / name).read_bytes(), name


@pytest.mark.slow
def test_what_is_compared(inline: tuple[Path, dict[str, dict[str, str]]]) -> None:
    """The files that matter are among those compared."""
    folder, found = inline
    names = {name.split("/")[-1] for files in found.values() for name in files}
    assert {
        "weights.npz", "scores.parquet", "metrics.csv", "roc.csv", "test.npy", "ledger.csv", "preview.npy",
        "validation.parquet", "images.npy", "maps.npy", "spectra.npy",
    } <= names  # fmt: skip
    assert set(cells(folder / "runs/tiny")["status"]) == {"done"}


@pytest.mark.slow
def test_external_scheduler(inline: tuple[Path, dict[str, dict[str, str]]], scheduler: str, tmp_path: Path) -> None:
    same(inline, tmp_path / "run", "--scheduler", scheduler)


@pytest.mark.slow
def test_plugin_files_and_their_failures_on_workers(tmp_path: Path) -> None:
    """A worker finds a plug-in by its file, and one that calls `sys.exit` ends neither it nor the run."""
    file = HOUSE / "tests/plugins/failing.py"
    head = 'name = "tiny"\n[dataset]\nname = "digits"\nlimit = 200\n[quality]\nenabled = false\n'
    spec = head + "".join(
        f'[[detector]]\nid = "{name}"\nkind = "{file}:{name}"\n' for name in ("Good", "ExitsInFit", "Nan")
    )
    tables = []
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        folder.mkdir()
        (folder / "spec.toml").write_text(spec)
        command = [*COMMAND, "run", "spec.toml", "--jobs", jobs]
        ended = subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        assert ended.returncode == 1, ended.stderr[-3000:]
        assert "Traceback" not in ended.stderr
        tables.append(cells(folder / "runs/tiny"))
    pd.testing.assert_frame_equal(*tables)
    status = tables[0].groupby("detector")["status"].unique().map(list).to_dict()
    assert status.pop("ExitsInFit") == status.pop("Nan") == ["failed"]
    assert set(map(tuple, status.values())) == {("done",)}


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_plugin_that_kills_its_process_costs_its_own_cells(tmp_path: Path, jobs: str) -> None:
    """Out of memory looks the same; the other cells are there."""
    file = HOUSE / "tests/plugins/failing.py"
    (tmp_path / "spec.toml").write_text(
        'name = "tiny"\n[dataset]\nname = "digits"\nlimit = 150\n[quality]\nenabled = false\n'
        '[[detector]]\nkind = "linear-pixel"\n'
        f'[[detector]]\nid = "killer"\nkind = "{file}:KillsItsProcess"\n'
    )
    command = [*COMMAND, "run", "spec.toml", "--jobs", jobs]
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert ended.returncode == 1, ended.stderr[-3000:]
    assert "Traceback" not in ended.stderr
    found = cells(tmp_path / "runs/tiny")
    assert set(found[found["detector"] == "killer"]["status"]) == {"failed"}
    assert found[found["detector"] == "killer"]["error"].str.startswith("Every process that tried it died").all()
    assert set(found[found["detector"] != "killer"]["status"]) == {"done"}


@pytest.mark.slow
def test_two_runs_at_once_share_a_store(inline: tuple[Path, dict[str, dict[str, str]]], tmp_path: Path) -> None:
    """Each stage is worked on by one of them, and the other takes what it made; one does two stages at a time."""
    (tmp_path / "spec.toml").write_text(SPEC)
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
