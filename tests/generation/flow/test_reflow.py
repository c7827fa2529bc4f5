"""A reflow: it learns the pairs of a trained flow, its ways become straighter, and what is no such flow is refused."""

import numpy as np
import pytest

from data.errors import UserError
from generation.flow import reflow
from generation.flow.generator import Flow
from generation.flow.settings import Sampling
from generation.learner import Told

pytestmark = pytest.mark.slow  # networks are trained

OPTIONS = {"width": 8, "batch_size": 32, "ema": 0.5, "learning_rate": 0.006, "random_state": 1}


def _two(n=256):
    """Dark and bright images, so that ways from noise bend: they begin towards the middle of both."""
    levels = np.where(np.arange(n) % 2, 220, 40)[:, None, None, None]
    return (levels + np.random.default_rng(0).integers(-8, 9, (n, 8, 8, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def teacher():
    """A flow of two classes after a few steps."""
    return Flow(**OPTIONS, epochs=1, condition="labels").fit(_two(64), np.arange(64) % 2)


@pytest.fixture(scope="module")
def folder(teacher, tmp_path_factory):
    place = tmp_path_factory.mktemp("flow") / "saved"
    teacher.save(place)
    return place


def _bend(flow, noise, steps=16):
    """Returns the mean square by which the velocity on the way differs from the way as a whole: 0 where it is straight
    (Liu et al. 2023, section 2.2)."""
    velocity = flow._sampler._of(np.zeros((len(noise), 0), np.float32), steps)
    points, met = noise.reshape(-1, 8, 8, 1), []
    for step in range(steps):
        met.append(velocity(points, step / steps))
        points = points + met[-1] / steps
    whole = points - noise.reshape(points.shape)
    return np.mean([np.mean((each - whole) ** 2) for each in met])


def _gap(flow, noise):
    """Returns the mean square between what one step makes and what many make."""
    asked = np.zeros((len(noise), 0), np.float32)
    one, many = (flow._sampler.outputs(noise, asked, Sampling(steps)) for steps in (1, 64))
    return np.mean((one - many) ** 2)


def test_ways_become_straighter_and_one_step_goes_nearer(tmp_path):
    teacher = Flow(**OPTIONS, epochs=30).fit(_two())
    teacher.save(tmp_path)
    student = Flow(**OPTIONS, epochs=6, reflow=str(tmp_path), reflow_steps=12).fit(_two())
    noise = teacher.latents(64, 7)
    assert _bend(student, noise) < 0.5 * _bend(teacher, noise)
    assert _gap(student, noise) < 0.7 * _gap(teacher, noise)
    levels = student.sample(64, seed=7).mean(axis=(1, 2, 3)), teacher.sample(64, seed=7).mean(axis=(1, 2, 3))
    assert np.corrcoef(*levels)[0, 1] > 0.9  # the same noise becomes the same image
    assert any("another flow's images" in note for note in student.notes)


def test_it_begins_with_the_flow_that_it_learns_from(teacher, folder):
    still = OPTIONS | {"learning_rate": 1e-12}
    student = Flow(**still, epochs=1, condition="labels", reflow=str(folder), reflow_pairs=1, reflow_steps=1)
    student.fit(_two(64), np.arange(64) % 2)
    assert all(np.allclose(*pair, atol=1e-6) for pair in zip(student.values(), teacher.values(), strict=True))


def test_pairs_are_of_the_flow_and_of_no_noise_that_samples_begin_as(teacher, folder):
    student = Flow(**OPTIONS, condition="labels", reflow=str(folder), reflow_pairs=2, reflow_steps=3)
    student.image_shape, student.conditions = (8, 8, 1), teacher.conditions
    labels = np.arange(40) % 2
    lines = []
    found = reflow.pairs(student, folder, 40, labels, Told(progress=lambda *line: lines.append(line)))
    assert found.images.shape == (80, 8, 8, 1)
    assert np.array_equal(found.labels, np.arange(80) % 2)
    asked = teacher.conditions.vectors(found.labels)
    assert np.array_equal(found.images, teacher._sampler.draw(found.noise, asked, Sampling(3, "heun")))
    begun = np.concatenate([teacher.latents(80, seed) for seed in range(3)])
    assert not (found.noise[:, None, 0] == begun[None, :, 0]).any()
    assert lines[0][:2] == (0, 80)


def test_resume_bit_for_bit_with_pairs_made_once(folder, tmp_path, monkeypatch):
    options = OPTIONS | {"epochs": 3, "reflow_pairs": 1, "reflow_steps": 2, "display_interval": 1}
    options |= {"condition": "labels", "reflow": str(folder)}

    def stop(name, generator):
        if name == "epoch-0002":
            raise InterruptedError

    images, labels = _two(32), np.arange(32) % 2  # a step for each epoch
    whole = Flow(**options).fit(images, labels)
    with pytest.raises(InterruptedError):
        Flow(**options).fit(images, labels, folder=tmp_path, on_checkpoint=stop)
    key, kept = (np.load(tmp_path / reflow.FILE)[name] for name in ("key", "images"))
    monkeypatch.setattr(reflow.TrainedFlow, "draw", None)  # no pair is made anew
    again = Flow(**options).fit(images, labels, folder=tmp_path)
    monkeypatch.undo()
    assert all(np.array_equal(*pair) for pair in zip(again.values(), whole.values(), strict=True))
    # what is of other pairs, or half of a file, is not taken
    assert np.array_equal(reflow._kept(tmp_path, str(key)), kept)
    assert reflow._kept(tmp_path, "another") is None
    (tmp_path / reflow.FILE).write_bytes(b"PK")
    assert reflow._kept(tmp_path, str(key)) is None


def test_what_is_no_such_flow_is_refused_in_one_line(teacher, folder, tmp_path):
    from generation.dcgan.generator import DCGAN
    from generation.training.weights import write_options

    images, labels = _two(32), np.arange(32) % 2
    quick = OPTIONS | {"epochs": 1, "batch_size": 8, "condition": "labels", "reflow_pairs": 1, "reflow_steps": 1}
    for name, other in (("dcgan", DCGAN()), ("mean", Flow(loss="mean-flow"))):
        (tmp_path / name).mkdir()
        write_options(tmp_path / name, other.options())
    for place, options, given, message in (
        (tmp_path / "none", {}, images, r"^reflow: .*none holds no trained flow \("),
        (tmp_path / "dcgan", {}, images, r"^reflow: .*dcgan holds no trained flow\. Received: a generator of another"),
        (tmp_path / "mean", {}, images, r'^reflow learns from a flow with loss = "velocity"\. Received: .*mean-flow'),
        (folder, {"width": 4}, images, r"^reflow: .* holds a generator with other layers"),
        (folder, {"condition": "none"}, images, r"^reflow: .* another condition than 'none'"),
        (folder, {}, np.repeat(images, 2, axis=1), r"^reflow: .* makes images \(8, 8, 1\)\. Expected \(16, 8, 1\)\.$"),
    ):
        with pytest.raises(UserError, match=message) as error:
            Flow(**quick | options, reflow=str(place)).fit(given, labels)
        assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=r"draws 0, 1\. Expected the same .*: dark, bright\.$"):
        Flow(**quick, reflow=str(folder)).fit(images, labels, classes=("dark", "bright"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reflow_pairs": 2}, r"reflow_pairs needs reflow, the folder of a saved flow\. Received: reflow_pairs=2\."),
        ({"reflow_steps": 2}, r"reflow_steps needs reflow"),
        (
            {"reflow": "there", "reflow_steps": 101},
            r"reflow_steps must be from 1 to 100\. Received: .*101\.",
        ),
        ({"reflow": "there", "mirror": True}, r"a reflow has mirror = false"),
        ({"reflow": "there", "warm_start": "there"}, r"leave warm_start out"),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(UserError, match=message) as error:
        Flow(**options)
    assert "\n" not in str(error.value)
