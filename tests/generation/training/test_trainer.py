import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

from data.errors import UserError
from generation.dcgan.generator import DCGAN

pytestmark = pytest.mark.slow  # networks are trained

QUICK = {
    "architecture": "small",
    "width": 4,
    "discriminator_width": 4,
    "latent_dim": 4,
    "batch_size": 8,
    "dropout": 0.2,
}
EXACT = ["step", "epoch", "d_loss", "g_loss", "d_real", "d_fake"]


def _images(n=44, shape=(8, 8, 1)):
    return np.random.default_rng(5).integers(0, 256, (n, *shape), np.uint8)


class Interrupted(Exception):
    """Stands for a kill in the middle of the training."""


def _saved(generator, folder):
    generator.save(folder)
    return (folder / "weights.npz").read_bytes()


def _state(folder):
    with np.load(folder / "state.npz") as file:
        timing = {"logs"}
        return {name: file[name] for name in file.files if name not in timing}


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_resume_bit_for_bit(tmp_path, updates):
    options = {**QUICK, "epochs": 5, "display_interval": 2, "updates": updates, "random_state": 3}
    whole = DCGAN(**options).fit(_images(), folder=tmp_path / "whole")

    def stop(name, generator):
        seen.append(name)
        if name == "epoch-0004":
            raise Interrupted

    seen = []
    with pytest.raises(Interrupted):
        DCGAN(**options).fit(_images(), folder=tmp_path / "cut", on_checkpoint=stop)
    assert seen == ["epoch-0002", "epoch-0004"]
    seen = []
    again = DCGAN(**options).fit(
        _images(), folder=tmp_path / "cut", on_checkpoint=lambda name, generator: seen.append(name)
    )
    assert seen == ["epoch-0004", "epoch-0005"]  # the one that the kill interrupted comes again
    assert _saved(again, tmp_path / "a") == _saved(whole, tmp_path / "b")
    assert np.array_equal(again.sample(20), whole.sample(20))
    pd.testing.assert_frame_equal(again.history[EXACT], whole.history[EXACT], check_exact=True)
    one, other = _state(tmp_path / "whole"), _state(tmp_path / "cut")
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_finished_training_is_not_run_again(tmp_path, monkeypatch):
    """Nor is its step compiled."""
    from generation.dcgan import adversary

    options = {**QUICK, "epochs": 2}
    first = DCGAN(**options).fit(_images(), folder=tmp_path)
    calls = []
    monkeypatch.setattr(adversary, "adversarial_step", lambda *_, **__: lambda *given: calls.append(given))
    second = DCGAN(**options).fit(_images(), folder=tmp_path, on_checkpoint=lambda *args: calls.append(args))
    assert calls == []
    assert np.array_equal(first.sample(8), second.sample(8))
    pd.testing.assert_frame_equal(first.history, second.history)


OF_THE_KILLED = {**QUICK, "epochs": 4, "random_state": 1}
KILLED = """
    import json, os, signal, sys
    from pathlib import Path
    from benchmark.machine import runtime

    runtime.configure(threads=1, jobs=1)
    import numpy as np
    from generation.training import trainer
    from generation.dcgan.generator import DCGAN

    trainer.SAVE_SECONDS = 0.0
    images = np.random.default_rng(5).integers(0, 256, (44, 8, 8, 1), np.uint8)

    def progress(done, total, text):
        if done >= 12:  # 5 steps per epoch: in the third
            os.kill(os.getpid(), signal.SIGKILL)

    DCGAN(**json.loads(sys.argv[2])).fit(images, folder=Path(sys.argv[1]), progress=progress)
"""


def test_killed_in_the_middle_of_an_epoch(tmp_path):
    """The process that dies is one of its own; this one goes on from what it left."""
    arguments = [str(tmp_path / "cut-state"), json.dumps(OF_THE_KILLED)]
    command = [sys.executable, "-c", textwrap.dedent(KILLED), *arguments]
    ended = subprocess.run(command, cwd=os.getcwd(), capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with np.load(tmp_path / "cut-state" / "state.npz") as state:
        assert state["epoch"] == 2
    for name in ("whole", "cut"):
        generator = DCGAN(**OF_THE_KILLED).fit(_images(), folder=tmp_path / f"{name}-state")
        generator.save(tmp_path / name)
        np.save(tmp_path / name / "samples.npy", generator.sample(10))
        generator.history[EXACT].to_csv(tmp_path / name / "history.csv")
    for name in ("weights.npz", "options.json", "samples.npy", "history.csv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_refuses_to_resume_under_other_options(tmp_path):
    DCGAN(**QUICK, epochs=1, random_state=1).fit(_images(), folder=tmp_path)
    with pytest.raises(UserError, match=r"epochs was 1 and is 2, learning_rate was 0\.001 and is 0\.002, seed was 1"):
        DCGAN(**QUICK, epochs=2, learning_rate=0.002, random_state=2).fit(_images(), folder=tmp_path)
    with pytest.raises(UserError, match="images was"):
        DCGAN(**QUICK, epochs=1, random_state=1).fit(255 - _images(), folder=tmp_path)
    (tmp_path / "state.npz").write_bytes((tmp_path / "state.npz").read_bytes()[:500])
    with pytest.raises(UserError, match=r"state\.npz cannot be read"):
        DCGAN(**QUICK, epochs=1, random_state=1).fit(_images(), folder=tmp_path)


def test_how_many_steps_a_call_takes_changes_nothing(monkeypatch):
    from generation.training.trainer import Trainer

    outcome = {}
    for steps in (1, 3, 100):
        monkeypatch.setattr(Trainer, "_call_steps", lambda self, steps=steps: steps)
        generator = DCGAN(**QUICK, epochs=3).fit(_images())
        outcome[steps] = (generator._sampler.values(), generator.history[EXACT])
    for steps in (3, 100):
        assert all(np.array_equal(a, b) for a, b in zip(outcome[1][0], outcome[steps][0], strict=True))
        pd.testing.assert_frame_equal(outcome[1][1], outcome[steps][1], check_exact=True)


def test_streaming_a_large_set_changes_nothing(monkeypatch):
    from generation.training import trainer

    resident = DCGAN(**QUICK, epochs=2).fit(_images())
    monkeypatch.setattr(trainer, "RESIDENT_BYTES", 1000)
    streamed = DCGAN(**QUICK, epochs=2).fit(_images())
    assert np.array_equal(resident.sample(10), streamed.sample(10))


def test_sampling_at_a_checkpoint_does_not_disturb_the_training():
    options = {**QUICK, "epochs": 3, "display_interval": 1}
    quiet = DCGAN(**options).fit(_images())
    watched = DCGAN(**options).fit(_images(), on_checkpoint=lambda name, generator: generator.sample(200))
    assert np.array_equal(quiet.sample(10), watched.sample(10))


def test_what_looks_at_a_training_is_compiled_once(monkeypatch):
    """The alarm looks with the network that samples, and one judge of classes serves every checkpoint."""
    from generation.training.backend import backend

    compiled, made = backend().compiled, []
    monkeypatch.setattr(backend(), "compiled", lambda *given: made.append(given) or compiled(*given))
    generator = DCGAN(**QUICK, epochs=2, display_interval=1, condition="labels").fit(_images(16), np.arange(16) % 2)
    assert generator.by_class["checkpoint"].nunique() == 2
    assert len(made) == 2


def test_history_and_progress():
    lines = []
    options = {**QUICK, "epochs": 3}
    generator = DCGAN(**options).fit(_images(), progress=lambda *line: lines.append(line))
    history = generator.history
    assert list(history) == [*EXACT, "images_per_second"]
    assert history["step"].tolist() == list(range(1, 16))  # 44 images make 5 batches of 8
    assert history["epoch"].tolist() == [1] * 5 + [2] * 5 + [3] * 5
    assert np.isfinite(history).all().all()
    assert (history["images_per_second"] > 0).all()
    assert history[["d_real", "d_fake"]].stack().between(0, 1).all()
    assert lines[0] == (0, 15, "compiling")
    assert lines[-1][:2] == (15, 15)
    assert lines[-1][2].startswith("epoch 3/3, ")
    assert "images/s, d_loss " in lines[-1][2]


def test_a_training_that_diverges_stops_and_says_so():
    with pytest.raises(FloatingPointError, match=r"a loss is not finite at step \d+ .* learning_rate=1e\+30"):
        DCGAN(**QUICK, epochs=20, learning_rate=1e30).fit(_images())


def test_load_refuses_what_is_not_a_saved_generator(tmp_path):
    with pytest.raises(UserError, match="holds no saved DCGAN"):
        DCGAN(**QUICK).load(tmp_path)
    DCGAN(**QUICK, epochs=1).fit(_images()).save(tmp_path)
    with pytest.raises(UserError, match="other layers than these options give"):
        DCGAN(**{**QUICK, "width": 5}).load(tmp_path)
    (tmp_path / "weights.npz").write_bytes((tmp_path / "weights.npz").read_bytes()[:300])
    with pytest.raises(UserError, match="holds no saved DCGAN"):
        DCGAN(**QUICK).load(tmp_path)


def test_a_batch_larger_than_the_data():
    with pytest.raises(UserError, match=r"training set of 5 images\. Received: batch_size=8"):
        DCGAN(**QUICK).fit(_images(5))


def test_wrong_images():
    with pytest.raises(UserError, match="must be uint8"):
        DCGAN(**QUICK).fit(_images().astype(np.float32))
    with pytest.raises(UserError, match="cannot make images of 9x9"):
        DCGAN(**QUICK).fit(_images(shape=(9, 9, 1)))


def test_latents_are_shared_by_configurations():
    """Two configurations with equally long latent vectors get the same ones, so equal weights give equal images."""
    slow, fast = (DCGAN(**QUICK, epochs=1, learning_rate=rate).fit(_images()) for rate in (1e-12, 1e-11))
    assert abs(slow.sample(5, seed=1).astype(int) - fast.sample(5, seed=1)).max() <= 1


@pytest.mark.parametrize(("output", "low", "high"), [("tanh", -1.0, 1.0), ("sigmoid", 0.0, 1.0)])
def test_rounding_reaches_both_ends_and_inverts_the_scaling(output, low, high):
    from generation.training.levels import levels
    from generation.training.step import to_range

    assert levels(np.array([low, high], np.float32), output).tolist() == [0, 255]
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(levels(np.asarray(to_range(every, output)), output), every)


@pytest.mark.bfloat16
def test_mixed_bfloat16_trains_and_stays_reproducible():
    first, second = (DCGAN(**QUICK, epochs=2, precision="mixed_bfloat16").fit(_images()) for _ in range(2))
    assert np.array_equal(first.sample(10), second.sample(10))
    assert all(weight.dtype == np.float32 for weight in first._sampler.values())


def test_another_keras_backend_is_refused(monkeypatch):
    import keras

    from generation.training.backend import backend

    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(UserError, match="KERAS_BACKEND=torch"):
        backend()


def test_importing_the_plug_ins_imports_no_keras():
    code = "import sys, generation.controls, generation.folder, generation.dcgan.studies as s; s.STUDIES;"
    code += "from generation.dcgan.generator import DCGAN; DCGAN();"
    code += "print([m for m in ('keras', 'tensorflow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
