"""What is made again from the store of a run whose generators are networks: Keras files, and banks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.plan import specs
from benchmark.use import api
from benchmark.use.networks import networks
from benchmark.use.regenerate import bank_again
from benchmark.use.stored_run import StoredRun
from data.errors import UserError

pytestmark = pytest.mark.slow  # networks are trained

DCGAN = {
    "kind": "dcgan", "architecture": "small", "width": 4, "discriminator_width": 4, "epochs": 3, "ema": 0.1,
}  # fmt: skip
SWAP = {"encoder_width": 4, "decoder_width": 4, "latent_dim": 8, "batch_size": 16, "epochs": 1}
FLOW = {"kind": "flow", "width": 4, "epochs": 1, "batch_size": 16, "steps": 2, "condition": "labels", "attention": True}
PLAIN = """
import json, sys
from pathlib import Path
import keras
import numpy as np

for line in iter(sys.stdin.readline, "\\n"):
    file, names = json.loads(line)
    folder = Path(file).parent
    given = dict(np.load(folder / "given.npz"))
    network = keras.saving.load_model(file, custom_objects={}, compile=False, safe_mode=True)
    inputs = [given[name] for name in names]
    outputs = network(inputs if len(inputs) > 1 else inputs[0], training=False)
    np.save(folder / "answer.npy", np.asarray(outputs))
    own = {"generation", "benchmark", "data", "detection", "reports"} & {name.partition(".")[0] for name in sys.modules}
    print(sorted(own), {type(layer).__module__.partition(".")[0] for layer in network.layers}, flush=True)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    spec = {
        "name": "trained", "dataset": {"name": "digits", "classes": ["3", "8"]}, "quality": {"enabled": False},
        "generator": [
            DCGAN | {"id": "free", "spectral_norm": True, "norm": "none", "ema": 0.1},
            DCGAN | {"id": "asked", "condition": "labels", "spectral_norm": True, "norm": "batch", "dropout": 0.2},
            {"kind": "autoencoder", "id": "swap", **SWAP},
            FLOW | {"id": "flow"},
            FLOW | {"id": "guided", "steps": 3, "solver": "heun", "guidance": 2.0},
        ],
        "detector": [{"kind": "linear-pixel"}],
    }  # fmt: skip
    done = api.run(specs.parse(spec), out=tmp_path_factory.mktemp("trained") / "runs" / "trained")
    assert not done.failures
    return done.folder


@pytest.fixture(scope="module")
def read_plain(tmp_path_factory):
    """Returns what a written network answers in a process that knows Keras and nothing of this project.

    One process reads all of them, since an import of Keras takes seconds.
    """
    place = tmp_path_factory.mktemp("plain")
    (place / "plain.py").write_text(PLAIN)
    with open(place / "err", "w") as err:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": err, "text": True}
        reader = subprocess.Popen([sys.executable, "-I", "plain.py"], cwd=place, **pipes)

    def read(folder: Path, file: str, **given: np.ndarray) -> np.ndarray:
        np.savez(folder / "given.npz", **given)
        (folder / "answer.npy").unlink(missing_ok=True)
        print(json.dumps([str(folder / file), list(given)]), file=reader.stdin, flush=True)
        assert reader.stdout.readline().strip() == "[] {'keras'}", (place / "err").read_text()
        return np.load(folder / "answer.npy")

    yield read
    print(file=reader.stdin, flush=True)  # an empty line ends it
    reader.stdin.close()
    assert reader.wait(timeout=60) == 0, (place / "err").read_text()
    reader.stdout.close()


def test_another_way_to_sample_is_not_another_training(run):
    opened = StoredRun(run)
    assert opened.training("flow", 0) == opened.training("guided", 0)
    drawn = [opened.trained(name, 0).generator.sample(6, labels=[0, 1, 0, 1, 1, 0]) for name in ("flow", "guided")]
    assert not np.array_equal(*drawn)


def test_a_flow_is_followed_by_plain_keras(run, tmp_path, read_plain):
    from generation.flow.solver import follow

    record = networks(run, out=tmp_path / "new", generator="flow")
    assert [row["file"] for row in record["files"]] == ["velocity.keras"]
    generator, labels = StoredRun(run).trained("flow", 0).generator, np.array([0, 1, 0, 1, 1, 0])
    asked, noise = generator.conditions.vectors(labels), generator.latents(6, 5)

    def velocity(points, time):
        given = {"points": points, "times": np.full((6, 1), time, np.float32), "conditions": asked}
        return read_plain(tmp_path / "new", "velocity.keras", **given)

    images = follow(velocity, noise.reshape(6, 8, 8, 1), steps=2)
    expected = np.clip(np.rint((images + 1) * 127.5), 0, 255)
    assert np.abs(expected - generator.draw(noise, labels)).max() <= 1


@pytest.mark.parametrize("name", ["free", "asked"])
def test_networks_load_as_plain_keras_and_say_the_same(run, tmp_path, read_plain, name):
    from generation.dcgan.networks import build_discriminator
    from generation.dcgan.trained import studies

    record = networks(run, out=tmp_path / "new", generator=name)
    assert json.loads((tmp_path / "new/manifest.json").read_text()) == record
    assert [row["file"] for row in record["files"]] == ["generator.keras", "discriminator.keras"]
    generator = StoredRun(run).trained(name, 0).generator
    vectors, labels = generator.latents(6, 5), np.array([0, 1, 0, 1, 1, 0]) if name == "asked" else None
    given = {} if labels is None else {"conditions": generator.conditions.vectors(labels)}
    drawn = read_plain(tmp_path / "new", "generator.keras", vectors=vectors, **given)
    assert drawn.dtype == np.float32
    assert np.abs((drawn + 1) * 127.5 - generator.draw(vectors, labels)).max() < 0.51, "half a grey level"
    times = studies.doublings("small", generator.study, (8, 8, 1))
    length = generator.conditions.length if name == "asked" else 0
    trained = build_discriminator(generator.study, (8, 8, 1), times, conditions=length)
    for variable, value in zip(trained.variables, generator._networks["discriminator"], strict=True):
        variable.assign(value)
    assert any(type(layer).__name__.startswith("Spectral") for layer in trained.layers)
    expected = np.asarray(trained([drawn, *given.values()] if given else drawn))
    logits = read_plain(tmp_path / "new", "discriminator.keras", images=drawn, **given)
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)
    assert np.ptp(logits) > 0
    about = [row["about"] for row in record["files"]]
    assert "images (n, 8, 8, 1) in [-1, 1]" in about[0]
    assert "images (n, 8, 8, 1) in [-1, 1]" in about[1]
    assert ("one of them 1" in about[0]) == (name == "asked")


def test_what_has_no_plain_networks_is_told(run, tmp_path, refused):
    with pytest.raises(UserError, match=r"'swap' \(autoencoder\) has no networks of Keras' own layers"):
        networks(run, out=tmp_path / "no", generator="swap")
    assert not (tmp_path / "no").exists()
    assert "'noise' (noise) has no networks" in refused("networks", run, "--out", "no", "--generator", "noise")
    assert "--generator is needed: " in refused("networks", run, "--out", "no")
    assert "Unknown checkpoint 'first'" in refused(
        "networks", run, "--out", "no", "--generator", "free", "--checkpoint", "first"
    )


def test_the_command_says_what_each_network_takes(run, call):
    answer = call("networks", run, "--generator", "free", "--out", "new")
    assert answer.code == 0, answer.err
    first, second = answer.out.splitlines()
    assert first.startswith("new/generator.keras: normal latent vectors (n, ")
    assert second.endswith("-> logits (n, 1), higher is more likely real")


@pytest.mark.parametrize("generator", ["free", "asked", "swap"])
def test_banks_of_networks_are_made_again_bit_for_bit(run, generator):
    assert bank_again(run, generator) == {"detector-train": True, "detector-validation": True, "test": True}
    record = StoredRun(run).bank_record(generator, 0)
    assert set(record["seeds"]) == ({"all"} if generator != "swap" else set(record["counts"]))


def test_the_command_is_not_silent_for_two_seconds_without_a_word(run, tmp_path, silences):
    assert silences("networks", run, "--generator", "free", "--out", tmp_path / "networks") == []
