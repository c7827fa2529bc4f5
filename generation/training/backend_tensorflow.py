"""What the training needs from TensorFlow. Another Keras backend needs a module with these same functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from data.few_steps import FEW_STEPS

# Where oneDNN's weight gradient is slower than a product of matrices: measured in bfloat16 on an AVX-512 processor, at
# 8 to 4 pixels 1.7 times for 128 -> 256 channels; in float32, and at 16 pixels, the product is the slower one.
SMALL, WIDE = 8, 128  # sides of the larger map at most, and its channels at least


def vjp(
    function: Callable[..., Any], weights: Sequence[Any], inputs: Sequence[Any] = ()
) -> tuple[Any, Callable[[Any, str], list[Any]]]:
    """Runs a function and returns its output with the pullback, which turns a gradient of the output into
    gradients of what went in.

    Calls may be nested: the function may itself take gradients, and they are differentiated in turn.

    Args:
        function: Called once, as `function(*inputs)`.
        weights: Keras variables that it uses.
        inputs: Tensors.

    Returns:
        `(output, pullback)`, where `pullback(cotangent, "weights")` and `pullback(cotangent, "inputs")` return a
        gradient for each, zeros where the output does not depend on it. It may be called more than once.
    """
    sources = {"weights": [item.value for item in weights], "inputs": list(inputs)}
    # persistent, since the pullback may be called more than once
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        for source in (*sources["weights"], *sources["inputs"]):
            tape.watch(source)
        output = function(*inputs)

    def pullback(cotangent: Any, of: str) -> list[Any]:
        zero = tf.UnconnectedGradients.ZERO
        return tape.gradient(output, sources[of], output_gradients=cotangent, unconnected_gradients=zero)

    return output, pullback


def jvp(function: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Runs a function and returns its output with the derivative of the output along a direction, in forward mode.

    It may stand inside the function of a `vjp`, which then differentiates both in turn.

    Args:
        function: Called once, as `function(*inputs)`.
        inputs: Tensors.
        tangents: How fast each of them changes, in their shapes.
    """
    with tf.autodiff.ForwardAccumulator(list(inputs), list(tangents)) as forward:
        output = function(*inputs)
    return output, forward.jvp(output, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def normal(shape: tuple[int, ...], seed: int, step: Any) -> Any:
    """Standard normal float32 numbers that depend on nothing but `(seed, step)`."""
    return tf.random.stateless_normal(shape, seed=_seed(seed, step))


def uniform(shape: tuple[int, ...], seed: int, step: Any) -> Any:
    """Uniform float32 numbers in [0, 1) that depend on nothing but `(seed, step)`."""
    return tf.random.stateless_uniform(shape, seed=_seed(seed, step))


def _seed(seed: int, step: Any) -> Any:
    return tf.stack([tf.constant(seed, tf.int64), tf.cast(step, tf.int64)])


def compiled_steps(
    step: Callable[[Any, Any, Any], Any],
    state: Sequence[Any],
    image_shape: tuple[int, ...],
    n_conditions: int,
    images_per_step: int,
    steps: int | None = None,
) -> Callable[[Any, Any, np.ndarray, int], np.ndarray]:
    """Compiles a training step into a loop that stays on the device, when it is first called, unless the training has
    few steps.

    Args:
        step: `step(images, conditions, number) -> (k,)` float32 logs, with images uint8 `(images_per_step, height,
            width, channels)` and conditions float32 `(images_per_step, n_conditions)`.
        state: Every Keras variable that the step changes.
        image_shape: `(height, width, channels)`.
        n_conditions: Length of a condition vector; 0 without.
        images_per_step: Images that one step takes.
        steps: Of the whole training. Defaults to `None`, many.

    Returns:
        `run(images, conditions, index, first)`: one step per row of `index`, int32 `(steps, images_per_step)`, into
        the device arrays, numbered from `first`. Returns the logs, float32 `(steps, k)`, in one transfer. How the
        steps are cut into calls does not change a bit of the outcome.
    """
    del state  # TensorFlow finds the variables itself
    if steps is not None and steps <= FEW_STEPS:
        return _one_by_one(step)

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec((None, *image_shape), tf.uint8),
            tf.TensorSpec((None, n_conditions), tf.float32),
            tf.TensorSpec((None, images_per_step), tf.int32),
            tf.TensorSpec((), tf.int64),
        ],
    )
    def loop(images: Any, conditions: Any, index: Any, first: Any) -> Any:
        steps = tf.shape(index)[0]

        def body(done: Any, logs: Any) -> tuple[Any, Any]:
            chosen = tf.gather(images, index[done]), tf.gather(conditions, index[done])
            row = step(*chosen, first + tf.cast(done, tf.int64))
            return done + 1, logs.write(done, row)

        start = (tf.constant(0), tf.TensorArray(tf.float32, size=steps))
        # each step needs the weights that the one before has left
        _, logs = tf.while_loop(lambda done, _: done < steps, body, start, parallel_iterations=1)
        return logs.stack()

    concrete = cache(loop.get_concrete_function)  # by the first call: a training that has ended needs none

    def run(images: Any, conditions: Any, index: np.ndarray, first: int) -> np.ndarray:
        numbers = tf.constant(index, tf.int32), tf.constant(first, tf.int64)
        return concrete()(images, conditions, *numbers).numpy()

    return run


def _one_by_one(step: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, np.ndarray, int], np.ndarray]:
    """Returns what `compiled_steps` does, without a graph."""

    def run(images: Any, conditions: Any, index: np.ndarray, first: int) -> np.ndarray:
        rows = (
            step(tf.gather(images, row), tf.gather(conditions, row), tf.constant(first + done, tf.int64))
            for done, row in enumerate(index)
        )
        return np.array([row.numpy() for row in rows], np.float32)

    return run


def compiled(function: Callable[..., Any], *shapes: tuple[int, ...]) -> Callable[..., np.ndarray]:
    """Compiles a function of float32 arrays of fixed shapes that changes no variable, when it is first called."""
    signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    concrete = cache(tf.function(function, autograph=False, input_signature=signature).get_concrete_function)

    def run(*arrays: np.ndarray) -> np.ndarray:
        return concrete()(*[tf.constant(array, tf.float32) for array in arrays]).numpy()

    return run


def device_array(array: np.ndarray) -> Any:
    """Puts an array where the training runs."""
    return tf.constant(array)


def batch_norm(inputs: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Normalises `(batch, height, width, channels)` by its own statistics.

    Returns:
        The outputs, and mean and (biased) variance of each channel, float32.
    """
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs, scale=gamma, offset=beta, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    n = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
    return outputs, mean, variance * ((n - 1) / n)  # the operation gives the unbiased variance


def by_patches(larger: Sequence[int | None], kernel: Sequence[int], strides: Sequence[int], dtype: str) -> bool:
    """Says whether the weight gradient of a convolution is computed as patches and one product of matrices.

    The rule is fixed, so that equal settings give equal bits: it knows shapes and precision alone, on a CPU.

    Args:
        larger: Shape of the larger map, `(batch, height, width, channels)`.
        kernel: Shape of the kernel, `(height, width, ...)`.
        strides: Of both sides.
        dtype: Of the maps.
    """
    fits = tuple(kernel[:2]) == (4, 4) and tuple(strides) == (2, 2) and dtype == "bfloat16"
    small = max(side or SMALL + 1 for side in larger[1:3]) <= SMALL and (larger[3] or 0) >= WIDE
    return fits and small and not tf.config.list_logical_devices("GPU")


def convolution(inputs: Any, kernel: Any, strides: Sequence[int]) -> Any:
    """Convolves maps `(batch, height, width, channels)`, padded to `"same"`."""
    if not by_patches(inputs.shape, kernel.shape, strides, inputs.dtype.name):
        return keras.ops.conv(inputs, kernel, strides=list(strides), padding="same")
    return _with_product(inputs, tf.cast(tf.convert_to_tensor(kernel), inputs.dtype), strides)


def transposed_convolution(inputs: Any, kernel: Any, strides: Sequence[int]) -> Any:
    """Convolves the other way round, padded to `"same"`: maps become larger by the strides."""
    sides = [None if side is None else side * by for side, by in zip(inputs.shape[1:3], strides, strict=True)]
    if not by_patches((None, *sides, kernel.shape[2]), kernel.shape, strides, inputs.dtype.name):
        return keras.ops.conv_transpose(inputs, kernel, strides=list(strides), padding="same")
    return _with_product_transposed(inputs, tf.cast(tf.convert_to_tensor(kernel), inputs.dtype), strides)


def _with_product(inputs: Any, kernel: Any, strides: Sequence[int]) -> Any:
    @tf.custom_gradient
    def convolved(x: Any, k: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def back(gradient: Any) -> tuple[Any, Any]:
            to_inputs = tf.nn.conv2d_transpose(gradient, k, tf.shape(x), strides, "SAME")
            return to_inputs, _of_kernel(x, gradient, k.shape, strides)

        return tf.nn.conv2d(x, k, strides, "SAME"), back

    return convolved(inputs, kernel)


def _with_product_transposed(inputs: Any, kernel: Any, strides: Sequence[int]) -> Any:
    down, right = (side * by for side, by in zip(inputs.shape[1:3], strides, strict=True))

    @tf.custom_gradient
    def convolved(x: Any, k: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def back(gradient: Any) -> tuple[Any, Any]:
            return tf.nn.conv2d(gradient, k, strides, "SAME"), _of_kernel(gradient, x, k.shape, strides)

        return tf.nn.conv2d_transpose(x, k, (tf.shape(x)[0], down, right, k.shape[2]), strides, "SAME"), back

    return convolved(inputs, kernel)


def _of_kernel(larger: Any, smaller: Any, shape: Any, strides: Sequence[int]) -> Any:
    """Returns the gradient of the kernel between two maps: each patch of the larger by its pixel of the smaller."""
    window = [1, shape[0], shape[1], 1]
    patches = tf.image.extract_patches(larger, window, [1, *strides, 1], [1, 1, 1, 1], "SAME")
    rows = tf.reshape(patches, (-1, shape[0] * shape[1] * shape[2])), tf.reshape(smaller, (-1, shape[3]))
    return tf.reshape(tf.matmul(*rows, transpose_a=True), shape)


def random_16_bits(like: Any, seed: Any) -> Any:
    """Uniform int16 numbers in the shape of `like`, from a seed of two integers alone."""
    n = tf.size(like)
    # two numbers from each word of 32 bits
    words = tf.random.stateless_uniform([(n + 1) // 2], tf.cast(seed, tf.int32), None, None, tf.int32)
    return tf.reshape(tf.reshape(tf.bitcast(words, tf.int16), [-1])[:n], tf.shape(like))


def adam(
    variable: Any,
    mean: Any,
    square: Any,
    gradient: Any,
    rate: Any,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    t: Any,
) -> None:
    """Updates a Keras variable and its two moments by Adam's rule, at its step `t`, counted from 1."""
    step = tf.cast(t, tf.float32)
    tf.raw_ops.ResourceApplyAdam(
        var=_handle(variable),
        m=_handle(mean),
        v=_handle(square),
        beta1_power=tf.pow(beta_1, step),
        beta2_power=tf.pow(beta_2, step),
        lr=tf.cast(rate, tf.float32),
        beta1=beta_1,
        beta2=beta_2,
        epsilon=epsilon,
        grad=gradient,
    )


def _handle(variable: Any) -> Any:
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
