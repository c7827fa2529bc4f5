import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SHAPE = (2, 6, 8, 3)


def _images(shape=SHAPE):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _np(x):
    return np.asarray(x)


def test_color_by_hand():
    from generation.training.augment import color

    x = _images()
    got = _np(color(x, np.float32([0.5, 0]), np.float32([1, 2]), np.float32([1, 0.5])))
    np.testing.assert_allclose(got[0], x[0] + 0.5, rtol=1e-5, atol=1e-6)
    grey = x[1].mean(axis=2, keepdims=True)
    saturated = (x[1] - grey) * 2 + grey
    np.testing.assert_allclose(got[1], (saturated - saturated.mean()) * 0.5 + saturated.mean(), rtol=1e-4, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(-5, 5), st.integers(-7, 7))
def test_translation_moves_whole_pixels_and_fills_with_zero(down, right):
    from generation.training.augment import translate

    x = _images()
    got = _np(translate(x, np.int32([down, 0]), np.int32([right, 0])))
    expected = np.zeros_like(x[0])
    h, w = SHAPE[1:3]
    for row in range(h):
        for column in range(w):
            if 0 <= row - down < h and 0 <= column - right < w:
                expected[row, column] = x[0, row - down, column - right]
    assert np.array_equal(got[0], expected)
    assert np.array_equal(got[1], x[1])


def test_cutout_removes_a_rectangle_of_half_the_sides():
    from generation.training.augment import cutout

    got = _np(cutout(np.ones(SHAPE, "float32"), np.int32([3, 0]), np.int32([4, 0])))
    expected = np.ones(SHAPE[1:], "float32")
    expected[2:5, 2:6] = 0  # 3 rows and 4 columns about (3, 4)
    assert np.array_equal(got[0], expected)
    assert np.array_equal(got[1, :2, :2], np.zeros((2, 2, 3)))  # about the corner: what is left of it
    assert got[1, 2:].all()
    assert got[1, :, 2:].all()


def test_mirror():
    from generation.training.augment import mirror

    x = _images()
    got = _np(mirror(x, np.array([True, False])))
    assert np.array_equal(got[0], x[0][:, ::-1])
    assert np.array_equal(got[1], x[1])


def test_a_quarter_turn_goes_counter_clockwise():
    from generation.training.augment import affine

    x = _images((2, 5, 5, 1))
    got = _np(affine(x, np.float32([np.pi / 2, 0]), np.float32([1, 1])))
    np.testing.assert_allclose(got[0], np.rot90(x[0]), atol=1e-5)
    np.testing.assert_allclose(got[1], x[1], atol=1e-5)


def test_scale_enlarges_about_the_centre():
    from generation.training.augment import affine

    ramp = np.tile(np.arange(-2.0, 3.0, dtype="float32")[None, None, :, None], (1, 5, 1, 1))
    got = _np(affine(ramp, np.float32([0]), np.float32([2])))
    np.testing.assert_allclose(got, ramp / 2, atol=1e-6)


def test_policies_draw_numbers_of_their_own_in_the_published_ranges():
    from generation.training.augment import diffaugment

    class Draws:
        def __init__(self, value):
            self.shapes, self.value = [], value

        def __call__(self, shape):
            self.shapes.append(shape)
            return np.full(shape, self.value, np.float32)

    x = _images()
    draws = Draws(0.5)
    middle = _np(diffaugment(x, ["color", "translation"], draws, 2.0))
    np.testing.assert_allclose(middle, x, atol=1e-5)  # 0.5 is the identity: no brightness, factors 1, no shift
    assert draws.shapes == [(2, 3), (2, 2)]
    low = _np(diffaugment(x, ["color"], Draws(0.0), 2.0))
    grey = np.broadcast_to((x - 0.5).mean(axis=3, keepdims=True), x.shape)
    mean = grey.mean(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(low, (grey - mean) * 0.5 + mean, atol=1e-5)
    shifted = _np(diffaugment(x, ["translation"], Draws(0.999), 2.0))
    assert np.array_equal(shifted[:, 1:, 1:], x[:, :-1, :-1])  # an eighth of 6 and of 8 pixels is 1


def test_the_gradient_passes_through_diffaugment():
    from generation.training.augment import diffaugment
    from generation.training.backend import backend

    x = _images()
    import keras

    images = keras.ops.convert_to_tensor(x)
    rng = np.random.default_rng(1)

    def draw(shape):
        return np.asarray(fixed[shape])

    fixed = {shape: rng.random(shape, dtype=np.float32) for shape in ((2, 3), (2, 2))}
    output, back = backend().vjp(lambda z: diffaugment(z, ["color", "translation"], draw, 2.0), [], [images])
    weights = rng.normal(size=SHAPE).astype("float32")
    (gradient,) = back(weights, "inputs")
    step = rng.normal(size=SHAPE).astype("float32")
    moved = diffaugment(images + 1e-2 * step, ["color", "translation"], draw, 2.0)
    slope = ((_np(moved) - _np(output)) * weights).sum() / 1e-2  # it is linear in the images
    assert (_np(gradient) * step).sum() == pytest.approx(slope, rel=1e-2)


def test_what_can_leak_is_named():
    from generation.dcgan.generator import DCGAN

    assert DCGAN(architecture="tuned").notes == []
    note = DCGAN(architecture="stable", augment=["rotation"], diffaugment=["color", "cutout"]).notes[0]
    assert "rotation, cutout" in note


def test_mirror_images_are_no_distortion():
    from generation.dcgan.generator import DCGAN

    (note,) = DCGAN(architecture="tuned", augment=["flip"]).notes
    assert note == "Augmentation by flip: samples may be mirror images, which matters for text and digits."
    turned, mirrored = DCGAN(architecture="tuned", augment=["flip", "scale"]).notes
    assert turned == "Augmentation by scale can show in the generated images: the generator may learn it."
    assert mirrored == note
