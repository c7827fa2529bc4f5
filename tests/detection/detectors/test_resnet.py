from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from detection.detectors.resnet import ResNet


def weights_by_hand(width: int, stages: int, channels: int) -> int:
    """Convolutions without a bias, four numbers of batch normalisation per filter, and the last layer."""

    def convolution(size, given, filters):
        return size**2 * given * filters + 4 * filters

    total, given = convolution(3, channels, width), width
    for stage in range(stages):
        filters = width * 2**stage
        total += convolution(3, given, filters) + convolution(3, filters, filters)
        total += convolution(1, given, filters) if stage else 0  # a shortcut where the shape changes
        given = filters
    return total + given + 1


@pytest.mark.parametrize(
    ("shape", "options", "sides"),
    [
        ((32, 32, 3), {}, [32, 32, 32, 16, 16, 8, 8]),
        ((8, 8, 1), {}, [8, 8, 8, 4, 4, 4, 4]),  # no map of less than four pixels
        ((9, 14, 1), {"width": 4}, [9, 9, 9, 5, 5, 5, 5]),
        ((128, 128, 3), {"width": 4, "blocks": 5}, [128, 128, 128, 64, 64, 32, 32, 16, 16, 8, 8]),
    ],
)
def test_resnet_keeps_full_resolution_through_its_first_stage(shape, options, sides):
    import keras

    network = ResNet(**options).build(shape, 0)
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.output.shape[1] for layer in convolutions if layer.kernel_size == (3, 3)] == sides
    width, stages = options.get("width", 16), options.get("blocks", 3)
    assert network.count_params() == weights_by_hand(width, stages, shape[2])
    if not options and shape[2] == 3:
        assert network.count_params() == 78_129  # as its docstring says
    assert network.output.shape == (None, 1)


def test_a_block_adds_its_input():
    """With all kernels of the block zero, the block gives what it got."""
    import keras

    network = ResNet(width=3, blocks=1).build((8, 8, 1), 0)
    block = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)][1:]
    assert len(block) == 2
    for layer in block:
        layer.set_weights([np.zeros_like(layer.get_weights()[0])])
    add = next(layer for layer in network.layers if isinstance(layer, keras.layers.Add))
    inner = keras.Model(network.input, [*add.input, add.output])
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1)).astype(np.float32)
    branch, shortcut, total = (np.asarray(values) for values in inner(images))
    assert not branch.any()
    assert shortcut.std() > 0.1
    np.testing.assert_array_equal(total, shortcut)


@pytest.mark.slow
def test_resnet_learns_a_faint_pattern():
    def checkered(n, seed):
        images = np.random.default_rng(seed).integers(60, 180, (n, 8, 8, 1))
        is_fake = np.arange(n) % 2 == 0
        images[is_fake, ::2, ::2] += 60
        return images.astype(np.uint8), is_fake

    detector = ResNet(random_state=0, width=8, blocks=2, epochs=8).fit(*checkered(240, 0), validation=checkered(80, 1))
    images, is_fake = checkered(200, 2)
    assert roc_auc_score(is_fake, detector.decision_function(images)) > 0.95
