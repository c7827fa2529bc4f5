import numpy as np
import pytest


def _images(n=3, shape=(12, 10, 3)):
    return np.random.default_rng(0).random((n, *shape), np.float32)


def _view(n=3, **changes):
    from generation.swap.warp import POINTS, View

    values = {
        "warp": np.zeros((n, POINTS, POINTS, 2)), "angle": np.zeros(n), "zoom": np.zeros(n),
        "shift": np.zeros((n, 2)), "mirrored": np.zeros(n),
    }  # fmt: skip
    return View(**{name: np.asarray(value, np.float32) for name, value in (values | changes).items()})


def test_parameters_of_zero_change_no_bit():
    images, view = _images(), _view()
    assert np.array_equal(view.targets(images), images)
    assert np.array_equal(view.inputs(images), images)


def test_strengths_of_zero_draw_parameters_of_zero():
    from generation.swap.warp import draw_view
    from generation.training.backend import backend

    draws = (lambda shape, draw=draw: draw(shape, 1, 1) for draw in (backend().uniform, backend().normal))
    view = draw_view(3, (12, 10), *draws, warp=0.0, transform=0.0, mirror=False)
    assert np.array_equal(view.inputs(_images()), _images())


def test_the_warp_changes_inputs_and_not_targets():
    images = _images()
    view = _view(warp=np.random.default_rng(1).normal(0, 1, (3, 5, 5, 2)))
    assert np.array_equal(view.targets(images), images)
    assert np.abs(np.asarray(view.inputs(images)) - images).mean() > 0.05


def test_a_warp_that_is_the_same_everywhere_is_a_shift():
    images = _images()
    moved = np.asarray(_view(warp=np.broadcast_to(np.float32([2, 1]), (3, 5, 5, 2))).inputs(images))
    np.testing.assert_allclose(moved[:, :-2, :-1], images[:, 2:, 1:], atol=1e-5)  # taken from below and right


def test_shift_turn_zoom_and_mirror():
    images = _images(shape=(9, 9, 1))
    shifted = np.asarray(_view(shift=np.float32([[2, -1]] * 3)).targets(images))
    np.testing.assert_allclose(shifted[:, 2:, :-1], images[:, :-2, 1:], atol=1e-6)  # down and left
    turned = np.asarray(_view(angle=[np.pi / 2] * 3).targets(images))
    np.testing.assert_allclose(turned, np.rot90(images, axes=(1, 2)), atol=1e-5)  # counter-clockwise
    doubled = np.asarray(_view(zoom=[1.0] * 3).targets(images))
    np.testing.assert_allclose(doubled[:, ::2, ::2], images[:, 2:7, 2:7], atol=1e-6)
    some = np.asarray(_view(mirrored=[1, 0, 1]).targets(images))
    np.testing.assert_allclose(some, np.stack([images[0, :, ::-1], images[1], images[2, :, ::-1]]), atol=1e-6)


def test_the_warp_happens_before_the_turn_that_both_share():
    """What the decoder is asked for is the input without the warp, not another view of the face."""
    images = np.zeros((1, 33, 33, 1), np.float32)
    images[0, 8:12, 20:24] = 1
    common = {"angle": [0.3], "zoom": [0.1], "shift": [[1, 2]], "mirrored": [1]}
    view = _view(1, **common, warp=np.broadcast_to(np.float32([3, 0]), (1, 5, 5, 2)))
    inputs, targets = np.asarray(view.inputs(images))[0, ..., 0], np.asarray(view.targets(images))[0, ..., 0]
    centres = [np.argwhere(x > 0.5).mean(axis=0) for x in (inputs, targets)]
    np.testing.assert_allclose(centres[1] - centres[0], [3, 0], atol=0.3)


def test_control_points_lie_on_the_corners_and_are_joined_by_lines():
    from generation.swap.warp import upsampled

    points = np.random.default_rng(0).normal(size=(1, 5, 5)).astype(np.float32)
    values = np.asarray(upsampled(points, (9, 5)))[0]
    np.testing.assert_allclose(values[::2], points[0], atol=1e-6)
    np.testing.assert_allclose(values[1::2], (points[0][:-1] + points[0][1:]) / 2, atol=1e-6)


def test_ranges_of_the_draws():
    from generation.swap.warp import ANGLE, SHIFT, WARP, ZOOM, draw_view
    from generation.training.backend import backend

    draws = (lambda shape, draw=draw: draw(shape, 1, 1) for draw in (backend().uniform, backend().normal))
    view = draw_view(4000, (32, 64), *draws, warp=2.0, transform=0.5, mirror=True)
    assert np.asarray(view.warp).std(axis=(0, 1, 2)) == pytest.approx([2 * WARP * 32, 2 * WARP * 64], rel=0.02)
    for values, most in ((view.angle, ANGLE), (view.zoom, ZOOM), (view.shift[:, 0] / 32, SHIFT)):
        assert 0.98 < np.abs(np.asarray(values)).max() / (most / 2) <= 1
    assert np.asarray(view.mirrored).mean() == pytest.approx(0.5, abs=0.03)
