"""TensorBoard event files: they say what `training.csv` says, change no result, and go on where a kill cut them off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import benchmark
from benchmark.execute.state import Listener
from benchmark.plan import specs
from benchmark.results import tensorboard_log
from benchmark.stages.event_log import EventLog
from benchmark.store.store import Store
from benchmark.use import api
from data.errors import UserError
from data.names import safe

HOUSE = Path(__file__).parents[3]
PLAIN = """
    import numpy as np

    class Plain:
        def fit(self, images):
            self.images = images
            return self

        def sample(self, n, *, seed=0):
            return self.images[np.random.default_rng(seed).integers(len(self.images), size=n)]
"""
SHORT = {"kind": "dcgan", "architecture": "small", "epochs": 2, "width": 4, "discriminator_width": 4}


class Notes(Listener):
    """Keeps the sentences that a run says before it works."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def read(folder: Path) -> tuple[pd.DataFrame, dict[str, list[tuple[int, int, int]]]]:
    """Returns the scalars, a row for each step, and the step, height and width of each picture, as TensorBoard shows
    them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    columns = {tag: pd.Series({e.step: e.value for e in events.Scalars(tag)}) for tag in events.Tags()["scalars"]}
    for tag, column in columns.items():
        assert len(column) == len(events.Scalars(tag)), "no step twice"
    images = {tag: [(e.step, e.height, e.width) for e in events.Images(tag)] for tag in events.Tags()["images"]}
    return pd.DataFrame(columns), images


def same_as_history(scalars: pd.DataFrame, history: pd.DataFrame) -> None:
    """Compares the shown scalars with a training's own table; a column's missing values are not shown."""
    expected = history.set_index("step").drop(columns="epoch").dropna(axis=1, how="all")
    assert set(scalars.columns) == set(expected.columns)
    assert list(scalars.index) == list(expected.index)
    np.testing.assert_array_equal(scalars[expected.columns].to_numpy("f4"), expected.to_numpy("f4"))


def spec(generators: list[dict[str, object]]) -> specs.Spec:
    return specs.Spec.model_validate(
        {
            "name": "watched",
            "dataset": {"name": "digits", "limit": 200},
            "generator": generators,
            "detector": [{"kind": "linear-pixel"}],
            "quality": {"enabled": False},
            "protocol": {"display_interval": 1},
        }
    )


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[benchmark.Run, Path, list[str]]:
    folder, notes = tmp_path_factory.mktemp("watched"), Notes()
    (folder / "plain.py").write_text(textwrap.dedent(PLAIN))
    rows = [{**SHORT, "id": "one/two"}, {"kind": f"{folder}/plain.py:Plain", "id": "foreign"}, {"kind": "noise"}]
    run = benchmark.run(spec(rows), out=folder / "run", tensorboard=folder / "board", listener=notes)
    assert not run.failures
    return run, folder / "board", notes.said


def weights(run: benchmark.Run) -> dict[str, bytes]:
    store = run.folder.parent / ".store"
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in store.rglob("weights.npz")}


@pytest.mark.slow
def test_events_say_what_the_training_table_says(watched):
    run, board, _ = watched
    scalars, images = read(board / "watched" / f"{safe('one/two')}-seed0")
    history = pd.read_csv(run.folder / "training.csv")
    mine = history[history["generator"] == "one/two"].drop(columns=["ledger_seed", "generator", "generator_seed"])
    same_as_history(scalars, mine)
    assert {"d_loss", "g_loss", "d_real", "d_fake", "images_per_second"} <= set(scalars.columns)
    ends = mine.groupby("epoch")["step"].max()
    assert images == {"samples": [(step, 64, 64) for step in ends]}, "one for each checkpoint: 8 by 8 digits"


@pytest.mark.slow
def test_who_is_not_seen_is_named(watched):
    _, board, said = watched
    assert said == ["'foreign' does not tell its steps: TensorBoard will not show it."]
    assert [path.name for path in (board / "watched").iterdir()] == [f"{safe('one/two')}-seed0"]


@pytest.mark.slow
def test_it_changes_no_key_and_no_weight(watched, tmp_path):
    run, _, _ = watched
    again = benchmark.run(spec([{**SHORT, "id": "one/two"}]), out=tmp_path / "run")
    found, expected = weights(again), weights(run)
    assert len(found) == 2
    assert found == {name: expected[name] for name in found}


@pytest.mark.slow
def test_what_is_in_the_store_is_not_written_again(watched, tmp_path):
    run, _, _ = watched
    notes = Notes()
    rows = spec([{**SHORT, "id": "one/two"}])
    place = {"out": tmp_path / "run", "store": run.folder.parent / ".store", "tensorboard": tmp_path / "board"}
    benchmark.run(rows, listener=notes, **place)
    assert notes.said == ["'one/two' seed 0 was trained before: nothing new for TensorBoard."]
    assert not (tmp_path / "board").exists()


def test_rows_of_one_training_are_shown_once_and_it_is_said(tmp_path):
    rows = spec([{**SHORT, "id": "a"}, {**SHORT, "id": "b"}, {**SHORT, "id": "c", "learning_rate": 0.001}])
    plan = api.make_plan(rows)
    said = tensorboard_log.attach(plan, Store(tmp_path / "store"), tmp_path / "board")
    assert said == ["'b' seed 0 is the training of 'a': TensorBoard shows it there."]
    told = {stage.name: stage.where.get("tensorboard", "") for stage in plan.stages}
    for name in ("a", "c"):
        assert told[f"train_generator {name} seed 0"] == str(tmp_path / "board" / "watched" / f"{name}-seed0")


@pytest.mark.slow
def test_two_processes_write_their_own_files(tmp_path):
    rows = spec([{**SHORT, "id": "a"}, {**SHORT, "id": "b", "learning_rate": 0.001}])
    run = benchmark.run(rows, out=tmp_path / "run", tensorboard=tmp_path / "board", jobs=2)
    history = pd.read_csv(run.folder / "training.csv")
    for name, mine in history.groupby("generator"):
        scalars, _ = read(tmp_path / "board" / "watched" / f"{name}-seed0")
        same_as_history(scalars, mine.drop(columns=["ledger_seed", "generator", "generator_seed"]))


@pytest.mark.slow
def test_a_swap_tells_of_its_discriminator_once_it_has_joined():
    from generation.swap.generator import Autoencoder

    found: dict[int, dict[str, float]] = {}

    def on_logs(first: int, columns: dict[str, np.ndarray]) -> None:
        for name, values in columns.items():
            for at, value in enumerate(values):
                found.setdefault(first + at, {})[name] = value

    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    options = {"encoder_width": 2, "decoder_width": 2, "latent_dim": 4, "batch_size": 8}
    made = Autoencoder(**options, epochs=2, adversarial=0.1, warm_up=1)
    made.fit(images, np.arange(40) % 2, on_logs=on_logs)
    assert made.history is not None
    expected = made.history.set_index("step").drop(columns="epoch")
    assert expected["d_loss"].isna().any()
    assert expected["d_loss"].notna().any()
    pd.testing.assert_frame_equal(
        pd.DataFrame(found).T[list(expected.columns)], expected, check_exact=True, check_names=False, check_dtype=False
    )


KILLED = """
    import json, os, signal, sys
    from pathlib import Path
    from benchmark.machine import runtime

    runtime.configure(threads=1, jobs=1)
    import numpy as np
    from benchmark.stages.event_log import EventLog
    from generation.training import trainer
    from generation.dcgan.generator import DCGAN

    trainer.SAVE_SECONDS = 0.0
    folder = Path(sys.argv[1])
    images = np.random.default_rng(5).integers(0, 256, (44, 8, 8, 1), np.uint8)
    events = EventLog(folder / "board")

    def progress(done, total, text):
        if done >= 13:  # 5 steps per epoch: in the third
            os.kill(os.getpid(), signal.SIGKILL)

    def on_checkpoint(name, generator):
        events.pictures({"samples": generator.sample(1)[0]})

    told = dict(on_logs=events.scalars, on_checkpoint=on_checkpoint, progress=progress)
    DCGAN(**json.loads(sys.argv[2])).fit(images, folder=folder / "state", **told)
"""
OF_THE_KILLED = {
    "architecture": "small", "width": 4, "discriminator_width": 4, "latent_dim": 4, "batch_size": 8, "epochs": 4,
    "display_interval": 1, "random_state": 1,
}  # fmt: skip


@pytest.mark.slow
def test_a_killed_training_goes_on_without_a_gap_or_a_step_twice(tmp_path):
    """The process that dies is one of its own; this one goes on from what it left."""
    from generation.dcgan.generator import DCGAN

    path = os.pathsep.join([str(HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), json.dumps(OF_THE_KILLED)]
    assert subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=False).returncode == -signal.SIGKILL
    (first,) = (tmp_path / "board").iterdir()
    shown, _ = read(tmp_path / "board")
    assert list(shown.index) == list(range(1, shown.index.max() + 1))
    assert shown.index.max() >= 13, "the steps after the state were seen, and will be done again"
    first.write_bytes(first.read_bytes()[:-5])  # the last record half written, as a kill may leave it
    generator, events = DCGAN(**OF_THE_KILLED), EventLog(tmp_path / "board")
    generator.fit(
        np.random.default_rng(5).integers(0, 256, (44, 8, 8, 1), np.uint8), folder=tmp_path / "state",
        on_logs=events.scalars, on_checkpoint=lambda _, it: events.pictures({"samples": it.sample(1)[0]}),
    )  # fmt: skip
    events.close()
    assert len(list((tmp_path / "board").iterdir())) == 2
    scalars, images = read(tmp_path / "board")
    same_as_history(scalars, generator.history)
    assert [step for step, _, _ in images["samples"]] == [5, 10, 15, 20]


def test_another_training_in_the_same_folder_replaces_what_is_shown(tmp_path):
    for value in (1.0, 2.0):
        log = EventLog(tmp_path)
        log.scalars(1, {"loss": np.full(3 if value == 1 else 2, value, np.float32)})
        log.close()
    scalars, _ = read(tmp_path)
    assert scalars["loss"].to_dict() == {1: 2.0, 2: 2.0}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="The TensorBoard folder cannot be"):
        benchmark.run(spec([SHORT]), out=tmp_path / "run", tensorboard=tmp_path / "file" / "board")


def test_a_missing_package_is_one_line_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # what an import of it then meets is an ImportError
    with pytest.raises(UserError, match=r"pip install 'fauxbench\[tensorboard\]'. Received: it is not installed.$"):
        benchmark.run(spec([SHORT]), out=tmp_path / "run", tensorboard=tmp_path / "board")
    assert list(tmp_path.iterdir()) == []


def test_writing_needs_no_tensorflow():
    code = """
        import sys, tempfile
        from pathlib import Path
        import numpy as np
        from benchmark.stages.event_log import EventLog
        log = EventLog(Path(tempfile.mkdtemp()))
        log.scalars(1, {"loss": np.ones(2)})
        log.pictures({"samples": np.zeros((8, 8, 1), np.uint8)})
        log.close()
        assert not {"tensorflow", "keras"} & set(sys.modules)
    """
    path = os.pathsep.join([str(HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])])
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=os.environ | {"PYTHONPATH": path}, check=True)
