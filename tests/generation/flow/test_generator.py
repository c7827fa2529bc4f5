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
    options = {"width": 8, "batch_size": 64, "epochs": 20, "learning_rate": 0.004, "ema": 2.0, "random_state": 1}
    flow = Flow(**options, steps=10).fit(_brightness(1280, 0))
    drawn = flow.sample(400, seed=1).astype(float)
    levels, within = drawn.mean(axis=(1, 2, 3)), drawn.std(axis=(1, 2, 3))
    assert abs(levels.mean() - 150) < 6
    assert 18 < levels.std() < 32
    assert within.mean() < 8  # a pixel's noise began with a standard deviation of 127
    loss = flow.history["g_loss"]
    assert loss.tail(20).mean() < 0.25 * loss.head(5).mean()
    # the same noise along another way becomes nearly the same image
    finer = Flow(**options, steps=40, solver="heun")
    finer.image_shape = flow.image_shape
    finer.use(flow._sampler, {})
    assert np.abs(finer.sample(400, seed=1).astype(float).mean(axis=(1, 2, 3)) - levels).mean() < 6


@pytest.mark.parametrize("cut", [2, 4])
def test_resume_bit_for_bit(tmp_path, cut):
    """With everything that has a state or draws numbers."""
    options = {
        **QUICK, "epochs": 5, "display_interval": 2, "dropout": 0.2, "mirror": True, "condition": "labels", "ema": 0.1,
        "random_state": 3,
    }  # fmt: skip
    whole = Flow(**options).fit(_images(), LABELS, folder=tmp_path / "whole")

    def stop(name, generator):
        if name == f"epoch-{cut:04d}":
            raise Interrupted

    with pytest.raises(Interrupted):
        Flow(**options).fit(_images(), LABELS, folder=tmp_path / "cut", on_checkpoint=stop)
    seen = []
    again = Flow(**options).fit(
        _images(), LABELS, folder=tmp_path / "cut", on_checkpoint=lambda name, generator: seen.append(name)
    )
    assert seen == [name for name in ("epoch-0002", "epoch-0004", "epoch-0005") if name >= f"epoch-{cut:04d}"]
    assert _saved(again, tmp_path / "a") == _saved(whole, tmp_path / "b")
    assert np.array_equal(again.sample(20), whole.sample(20))
    histories = [flow.history.drop(columns=TIMING) for flow in (again, whole)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    with np.load(tmp_path / "whole/state.npz") as one, np.load(tmp_path / "cut/state.npz") as other:
        assert one.files == other.files
        assert all(np.array_equal(one[name], other[name]) for name in one.files if name != "logs")
    with pytest.raises(UserError, match=r"times was 'logit-normal' and is 'uniform'"):
        Flow(**options, times="uniform").fit(_images(), LABELS, folder=tmp_path / "cut")


def test_how_it_samples_changes_no_training(tmp_path):
    one, other = Flow(**QUICK).fit(_images()), Flow(**{**QUICK, "steps": 5}, solver="heun").fit(_images())
    assert _saved(one, tmp_path / "a") == _saved(other, tmp_path / "b")
    loaded = Flow(**{**QUICK, "steps": 5}, solver="heun").load(tmp_path / "a")
    assert np.array_equal(loaded.sample(6), other.sample(6))
    assert set(Flow.sampling_options) == {"steps", "solver", "guidance"}
    assert not set(Flow.sampling_options) & set(json.loads((tmp_path / "a/options.json").read_text()))


@pytest.fixture(scope="module")
def asked():
    """A flow of two classes, dark and bright."""
    levels = np.where(np.arange(512) % 2, 220, 40)
    images = (levels[:, None, None, None] + np.random.default_rng(0).integers(-8, 9, (512, 8, 8, 1))).astype(np.uint8)
    options = {"width": 8, "batch_size": 64, "learning_rate": 0.004, "ema": 0.5, "steps": 6, "condition": "labels"}
    return Flow(**options, epochs=20).fit(images, np.arange(512) % 2, classes=("dark", "bright"))


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
    assert (drawn[labels == 0] < 100).all()
    assert (drawn[labels == 1] > 160).all()
    free = asked.sample(200, seed=2).mean(axis=(1, 2, 3)) > 130
    assert np.array_equal(free, asked.labels(200, 2) == 1)
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


def test_attributes_are_drawn_as_asked():
    yes = np.random.default_rng(1).random((512, 2)) < 0.5
    images = np.full((512, 8, 8, 1), 128, np.uint8)
    images[:, :, :4] += np.where(yes[:, 0], 100, -100).astype(np.int8).view(np.uint8)[:, None, None, None]
    images[:, :, 4:] += np.where(yes[:, 1], 100, -100).astype(np.int8).view(np.uint8)[:, None, None, None]
    options = {"width": 8, "batch_size": 64, "epochs": 20, "learning_rate": 0.004, "ema": 0.5, "steps": 6}
    flow = Flow(**options, condition=["b", "a"]).fit(images, attributes=yes, attribute_names=("a", "b"))
    assert flow.conditional
    assert flow.requested_attributes == ("b", "a")
    wanted = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    drawn = flow.sample(4, labels=wanted, seed=1).astype(float)
    halves = np.stack([drawn[:, :, 4:].mean(axis=(1, 2, 3)), drawn[:, :, :4].mean(axis=(1, 2, 3))], axis=1)
    assert np.array_equal(halves > 128, wanted.astype(bool))


def test_checkpoints_are_of_matched_latents_and_a_way_goes_round():
    seen = []
    flow = Flow(**QUICK | {"epochs": 2}, display_interval=1, learning_rate=1e-9).fit(
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


def test_samples_are_drawn_from_the_average(tmp_path):
    flow = Flow(**QUICK, ema=0.02, learning_rate=0.01).fit(_images())
    plain = Flow(**QUICK, ema=0.0, learning_rate=0.01).fit(_images())
    same = [np.array_equal(*pair) for pair in zip(_weights(plain), plain._networks["velocity"], strict=True)]
    assert all(same)
    assert np.array_equal(flow._networks["velocity"][1], plain._networks["velocity"][1])
    moved = [np.array_equal(*pair) for pair in zip(_weights(flow), flow._networks["velocity"], strict=True)]
    assert sum(moved) == 1  # the waves that tell the time
    assert flow.parameters < sum(value.size for value in _weights(flow))


def test_warm_start_begins_with_the_trained_network(tmp_path):
    first = Flow(**QUICK, ema=0.02).fit(_images())
    first.save(tmp_path / "saved")
    second = Flow(**QUICK, learning_rate=1e-12, warm_start=str(tmp_path / "saved"), random_state=5).fit(_images())
    pairs = zip(_weights(second), first._networks["velocity"], strict=True)
    assert all(np.allclose(one, other, atol=1e-6) for one, other in pairs)
    with pytest.raises(UserError, match="the velocity in .* has other layers"):
        Flow(**QUICK | {"width": 8}, warm_start=str(tmp_path / "saved")).fit(_images())
    with pytest.raises(UserError, match="holds no trained flow"):
        Flow(**QUICK, warm_start=str(tmp_path)).fit(_images())


def test_bfloat16_learns_the_same_within_its_precision():
    exact, half = (Flow(**QUICK | {"epochs": 3}, precision=p).fit(_images()) for p in ("float32", "mixed_bfloat16"))
    losses = [flow.history["g_loss"].to_numpy() for flow in (exact, half)]
    assert not np.array_equal(*losses)
    np.testing.assert_allclose(*losses, rtol=0.05)
    assert all(value.dtype == np.float32 for value in half._networks["velocity"])


def test_alarms():
    """Images that all look alike are marked, or end the training; a training that diverges says so."""
    alike = Flow(**QUICK | {"epochs": 60, "learning_rate": 0.01}, ema=0.0, on_collapse="stop")
    images = _images(40)
    images[:, :, :, :] = 128  # which the flow learns
    images[0] = 255
    images[1:20:2] = 0
    flow = alike.fit(images)
    assert [alarm["alarm"] for alarm in flow.alarms] in ([], ["low-diversity"])
    with pytest.raises(FloatingPointError, match="diverged"):
        Flow(**QUICK, learning_rate=1e30, ema=0.0).fit(_images())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"guidance": 2.0}, r'give condition = "labels" .*Received: guidance=2\.0, condition=\'none\'\.'),
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
