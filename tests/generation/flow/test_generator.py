"""A flow as a plug-in: what it learns, how it goes on after a stop, its checkpoints, its average, and bad options."""

import json

import numpy as np
import pandas as pd
import pytest

from data.errors import UserError
from generation.flow.generator import Flow

pytestmark = pytest.mark.slow  # networks are trained

QUICK = {"width": 4, "batch_size": 8, "epochs": 1, "steps": 2}
LABELS = np.arange(44) % 3
TIMING = ["images_per_second"]


def _images(n=44, shape=(8, 8, 1)):
    return np.random.default_rng(5).integers(0, 256, (n, *shape), np.uint8)


def _saved(generator, folder):
    generator.save(folder)
    return [(folder / name).read_bytes() for name in ("weights.npz", "training.npz", "options.json")]


def _weights(generator):
    return generator._sampler.values()


class Interrupted(Exception):
    """Stands for a kill in the middle of the training."""


def _brightness(n, seed):
    """Grey images of one level each, and their levels: a Gaussian of one dimension in one of 64."""
    levels = np.random.default_rng(seed).normal(150, 25, n)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)


def test_a_trained_flow_gives_mean_and_covariance_of_a_gaussian():
    """A tiny network; noise is spread evenly over 64 dimensions, and images along one."""
    options = {"width": 8, "batch_size": 32, "epochs": 4, "learning_rate": 0.006, "ema": 1.0, "random_state": 1}
    flow = Flow(**options, steps=10).fit(_brightness(1920, 0))
    drawn = flow.sample(320, seed=1).astype(float)
    levels, within = drawn.mean(axis=(1, 2, 3)), drawn.std(axis=(1, 2, 3))
    assert abs(levels.mean() - 150) < 8
    assert 17 < levels.std() < 33
    assert within.mean() < 10  # a pixel's noise began with a standard deviation of 127
    loss = flow.history["g_loss"]
    assert loss.tail(20).mean() < 0.3 * loss.head(5).mean()


def test_resume_bit_for_bit(tmp_path):
    """With everything that has a state or draws numbers."""
    options = {
        **QUICK, "batch_size": 16, "epochs": 4, "display_interval": 1, "dropout": 0.2, "mirror": True,
        "condition": "labels", "ema": 0.1, "random_state": 3,
    }  # fmt: skip
    images, labels = _images(20), LABELS[:20]  # a step for each epoch
    whole = Flow(**options).fit(images, labels, folder=tmp_path / "whole")

    def stop(name, generator):
        if name == "epoch-0003":
            raise Interrupted

    with pytest.raises(Interrupted):
        Flow(**options).fit(images, labels, folder=tmp_path / "cut", on_checkpoint=stop)
    seen = []
    again = Flow(**options).fit(
        images, labels, folder=tmp_path / "cut", on_checkpoint=lambda name, generator: seen.append(name)
    )
    assert seen == ["epoch-0003", "epoch-0004"]  # the one that the kill interrupted comes again
    assert _saved(again, tmp_path / "a") == _saved(whole, tmp_path / "b")
    assert np.array_equal(again.sample(20), whole.sample(20))
    histories = [flow.history.drop(columns=TIMING) for flow in (again, whole)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    with np.load(tmp_path / "whole/state.npz") as one, np.load(tmp_path / "cut/state.npz") as other:
        assert one.files == other.files
        assert all(np.array_equal(one[name], other[name]) for name in one.files if name != "logs")
    with pytest.raises(UserError, match=r"times was 'logit-normal' and is 'uniform'"):
        Flow(**options, times="uniform").fit(images, labels, folder=tmp_path / "cut")


def test_how_it_samples_changes_no_training(tmp_path, quick):
    options = QUICK | {"ema": 0.02, "learning_rate": 0.01, "steps": 5, "solver": "heun"}
    other = Flow(**options).fit(_images())
    assert _saved(quick, tmp_path / "a") == _saved(other, tmp_path / "b")
    loaded = Flow(**options).load(tmp_path / "a")
    assert np.array_equal(loaded.sample(6), other.sample(6))
    assert not np.array_equal(loaded.sample(6), quick.sample(6))
    assert set(Flow.sampling_options) == {"steps", "solver", "guidance"}
    assert not set(Flow.sampling_options) & set(json.loads((tmp_path / "a/options.json").read_text()))


@pytest.fixture(scope="module")
def quick():
    """A flow after a few steps."""
    return Flow(**QUICK, ema=0.02, learning_rate=0.01).fit(_images())


@pytest.fixture(scope="module")
def asked():
    """A flow of two classes, dark and bright."""
    levels = np.where(np.arange(512) % 2, 220, 40)
    images = (levels[:, None, None, None] + np.random.default_rng(0).integers(-8, 9, (512, 8, 8, 1))).astype(np.uint8)
    options = {"width": 8, "batch_size": 32, "learning_rate": 0.006, "ema": 0.5, "steps": 6, "condition": "labels"}
    return Flow(**options, epochs=10).fit(images, np.arange(512) % 2, classes=("dark", "bright"))


def _with(flow, **sampling):
    """Returns the same flow, followed in another way."""
    options = {"width": 8, "steps": 6, "condition": "labels", **sampling}
    other = Flow(**options)
    other.image_shape, other.conditions = flow.image_shape, flow.conditions
    other.use(flow._sampler, flow._networks)
    return other


def test_classes_are_drawn_as_asked(asked):
    labels = np.arange(40) % 2
    drawn = asked.sample(40, labels=labels, seed=1).mean(axis=(1, 2, 3))
    assert ((drawn > 130) == (labels == 1)).mean() > 0.9
    free = asked.sample(100, seed=2).mean(axis=(1, 2, 3)) > 130
    assert (free == (asked.labels(100, 2) == 1)).mean() > 0.9
    for wrong in ([2], [-1]):
        with pytest.raises(UserError, match="among the classes"):
            asked.sample(1, labels=wrong)
    with pytest.raises(UserError, match=r"one for each of 3 images\. Received: 2\."):
        asked.sample(3, labels=[0, 1])


def test_guidance_1_is_the_conditional_model_and_0_the_unconditional(asked):
    from generation.flow.solver import follow

    labels, noise = np.arange(8) % 2, asked.latents(8, 3)
    conditional = asked.sample(8, labels=labels, seed=3)
    assert np.array_equal(_with(asked, guidance=1.0).sample(8, labels=labels, seed=3), conditional)
    free = _with(asked, guidance=0.0)
    assert np.array_equal(free.sample(8, labels=labels, seed=3), free.sample(8, labels=1 - labels, seed=3))
    sampler, ask = asked._sampler, asked.conditions.vectors(labels)
    zeros = np.zeros_like(ask)
    own = sampler.outputs(noise, zeros, asked.sampling)
    assert np.array_equal(sampler.outputs(noise, ask, free.sampling), own)
    # in between and beyond, it is their mixture at each step
    padded = [np.concatenate([rows, np.zeros((56, 2), np.float32)]) for rows in (ask, zeros)]
    points = np.concatenate([noise, np.zeros((56, 64), np.float32)]).reshape(64, 8, 8, 1)

    def mixed(points, time):
        with_it, without = (sampler._velocity(points, np.full((64, 1), time, np.float32), c) for c in padded)
        return without + np.float32(2.5) * (with_it - without)

    guided = _with(asked, guidance=2.5)
    expected = follow(mixed, points, steps=6)[:8]
    np.testing.assert_allclose(sampler.outputs(noise, ask, guided.sampling), expected, atol=1e-5)
    assert not np.array_equal(guided.sample(8, labels=labels, seed=3), conditional)


def test_attributes_reach_the_network(tmp_path):
    yes = np.random.default_rng(1).random((44, 3)) < 0.5
    options = QUICK | {"condition": ["c", "a"], "learning_rate": 0.01, "ema": 0.0}
    flow = Flow(**options).fit(_images(), attributes=yes, attribute_names=("a", "b", "c"))
    assert flow.conditional
    assert flow.requested_attributes == ("c", "a")
    assert flow.conditions.vectors(yes[:, [2, 0]]).tolist() == np.where(yes[:, [2, 0]], 1, -1).tolist()
    wanted = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    noise = np.tile(flow.latents(1, 3), (4, 1))
    drawn = flow._sampler.outputs(noise, flow.conditions.vectors(wanted), flow.sampling)
    assert len({image.tobytes() for image in drawn}) == 4  # of the same noise
    flow.save(tmp_path)
    loaded = Flow(**options).load(tmp_path)
    assert np.array_equal(loaded.sample(4, labels=wanted, seed=1), flow.sample(4, labels=wanted, seed=1))
    with pytest.raises(UserError, match=r"2 zeros and ones for each image \(c, a\)"):
        flow.sample(4, labels=[0, 1, 0, 1])
    with pytest.raises(UserError, match="another condition"):
        Flow(**QUICK).load(tmp_path)
    with pytest.raises(UserError, match="Unknown attribute 'd'"):
        Flow(**QUICK, condition=["d"]).fit(_images(), attributes=yes, attribute_names=("a", "b", "c"))
    with pytest.raises(UserError, match="at least 2 classes"):
        Flow(**QUICK, condition="labels").fit(_images())


def test_checkpoints_are_of_matched_latents_and_a_way_goes_round():
    seen = []
    flow = Flow(**QUICK | {"epochs": 2, "batch_size": 16}, display_interval=1, learning_rate=1e-9).fit(
        _images(), on_checkpoint=lambda name, generator: seen.append((name, generator.sample(5, seed=9)))
    )
    assert [name for name, _ in seen] == ["epoch-0001", "epoch-0002"]
    # networks that hardly learned leave the noise as it is: the same at each checkpoint
    noise = flow.latents(5, 9).reshape(5, 8, 8, 1)
    expected = np.clip(np.rint((noise + 1) * 127.5), 0, 255)
    for _, images in seen:
        assert np.abs(images - expected).max() <= 1
    way = flow.interpolate(3, 4, seed=2)
    assert way.shape == (12, 8, 8, 1)
    assert np.array_equal(way[::4], flow.sample(3, seed=2))


def test_samples_are_drawn_from_the_average(quick):
    flow, plain = quick, Flow(**QUICK, ema=0.0, learning_rate=0.01).fit(_images())
    same = [np.array_equal(*pair) for pair in zip(_weights(plain), plain._networks["velocity"], strict=True)]
    assert all(same)
    assert np.array_equal(flow._networks["velocity"][1], plain._networks["velocity"][1])
    moved = [np.array_equal(*pair) for pair in zip(_weights(flow), flow._networks["velocity"], strict=True)]
    assert sum(moved) == 1  # the waves that tell the time
    assert flow.parameters < sum(value.size for value in _weights(flow))


def test_warm_start_begins_with_the_trained_network(tmp_path, quick):
    first = quick
    first.save(tmp_path / "saved")
    second = Flow(**QUICK, learning_rate=1e-12, warm_start=str(tmp_path / "saved"), random_state=5).fit(_images())
    pairs = zip(_weights(second), first._networks["velocity"], strict=True)
    assert all(np.allclose(one, other, atol=1e-6) for one, other in pairs)
    with pytest.raises(UserError, match=r"the velocity in .* has other layers"):
        Flow(**QUICK | {"width": 8}, warm_start=str(tmp_path / "saved")).fit(_images())
    with pytest.raises(UserError, match="holds no trained flow"):
        Flow(**QUICK, warm_start=str(tmp_path)).fit(_images())


@pytest.mark.bfloat16
def test_bfloat16_learns_the_same_within_its_precision(quick):
    half = Flow(**QUICK, ema=0.02, learning_rate=0.01, precision="mixed_bfloat16").fit(_images())
    losses = [flow.history["g_loss"].to_numpy() for flow in (quick, half)]
    assert not np.array_equal(*losses)
    np.testing.assert_allclose(*losses, rtol=0.05)
    assert all(value.dtype == np.float32 for value in half._networks["velocity"])


@pytest.mark.parametrize(("action", "epochs"), [("mark", 3), ("stop", 2), ("rollback", 2)])
def test_images_that_look_alike_raise_the_alarm(monkeypatch, tmp_path, action, epochs):
    """The images that the alarm looks at are made grey after the first epoch."""
    from generation.flow import fitting
    from generation.flow.sampler import Sampler

    draw, looks = Sampler.draw, []

    def drawn(self, noise, conditions, sampling):
        images = draw(self, noise, conditions, sampling)
        if sampling == fitting.WATCHING:
            looks.append(images)
            return images if len(looks) == 1 else np.full_like(images, 128)
        return images

    monkeypatch.setattr(Sampler, "draw", drawn)
    seen, options = [], QUICK | {"batch_size": 32, "epochs": 3, "display_interval": 1, "on_collapse": action}
    flow = Flow(**options).fit(_images(), folder=tmp_path, on_checkpoint=lambda name, _: seen.append(name))
    assert [(alarm["alarm"], alarm["epoch"]) for alarm in flow.alarms] == [("low-diversity", 2)]
    assert len(looks[0]) == fitting.WATCHED
    assert len(looks) == epochs
    assert seen[-1] == f"epoch-{1 if action == 'rollback' else epochs:04d}"
    assert flow.history["epoch"].max() == epochs


def test_a_training_that_diverges_says_so():
    with pytest.raises(FloatingPointError, match="diverged"):
        Flow(**QUICK, learning_rate=1e30, ema=0.0).fit(_images())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"guidance": 2.0}, r'give condition = "labels" .*Received: guidance=2\.0, condition=\'none\'\.'),
        ({"steps": 0}, r"steps must be from 1 to 100\. Received: steps=0\."),
        ({"steps": 101}, r"Received: steps=101\."),
        ({"condition_dropout": 0.2}, r"condition_dropout needs a condition"),
        ({"condition": "labels", "condition_dropout": 0.0, "guidance": 2.0}, r"a condition_dropout above 0"),
        ({"condition": []}, r"Received: \[\]\."),
        ({"condition": ["a", "a"]}, r"may stand there once"),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(UserError, match=message) as error:
        Flow(**options)
    assert "\n" not in str(error.value)


def test_the_conditional_model_alone_needs_no_condition_dropout():
    assert Flow(condition="labels", condition_dropout=0.0, guidance=1.0).settings.condition_dropout == 0
    assert Flow(condition="labels").settings.condition_dropout == 0.1
    assert Flow().settings.condition_dropout == 0
