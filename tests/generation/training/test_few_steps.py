"""Steps of a short training are done one by one, without a graph, and are the same steps."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize("steps", [3, None])
def test_the_same_steps(steps):
    import tensorflow as tf

    from generation.training import backend_tensorflow

    total, in_graph = tf.Variable(0.0), []

    def step(images, conditions, number):
        in_graph.append(not tf.executing_eagerly())
        total.assign_add(tf.reduce_sum(tf.cast(images, tf.float32)) + tf.reduce_sum(conditions))
        return tf.stack([total.read_value(), tf.cast(number, tf.float32)])

    run = backend_tensorflow.compiled_steps(step, [], (1, 1, 1), 1, 2, steps)
    images, conditions = tf.constant(np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1)), tf.ones((4, 1))
    none = run(images, conditions, np.zeros((0, 2), np.int32), 0)
    logs = run(images, conditions, np.array([[0, 1], [2, 3], [3, 3]], np.int32), 5)
    assert len(none) == 0
    assert logs.dtype == np.float32
    np.testing.assert_array_equal(logs, [[3, 5], [10, 6], [18, 7]])
    assert set(in_graph) == {steps is None}
