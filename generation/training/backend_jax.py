"""What the training needs from JAX: the functions of `generation.training.backend_tensorflow`, and a step for a whole
sweep.

JAX compiles functions without side effects, and Keras layers have some: batch statistics, spectral vectors and dropout
seeds move when a layer is called. A `Scope` catches them, as Keras' `StatelessScope` does; scopes may be nested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import keras
import numpy as np
from jax import numpy as jnp

ROWS = 512  # steps that the loop on a GPU has room for; one program serves any number of them
WORD = 2**32


class Scope(keras.StatelessScope):
    """Keeps what is assigned to Keras variables, and reads the rest from the scope around it.

    Args:
        variables: Keras variables that have other values inside.
        values: Those values.

    Attributes:
        seen: Variables that were read or assigned, by identity, in order.
        assigned: Those that were assigned.
    """

    def __init__(self, variables: Sequence[Any] = (), values: Sequence[Any] = ()) -> None:
        super().__init__(list(zip(variables, values, strict=True)))
        self.seen: dict[int, Any] = {}
        self.assigned: dict[int, Any] = {}

    def add_update(self, update: tuple[Any, Any]) -> None:
        self.seen[id(update[0])] = self.assigned[id(update[0])] = update[0]
        super().add_update(update)

    def get_current_value(self, variable: Any) -> Any:
        self.seen[id(variable)] = variable
        value = super().get_current_value(variable)
        # Keras' scope knows its own variables only: of others the value from before all scopes would be read.
        outer = self.original_scope
        return outer.get_current_value(variable) if value is None and outer is not None else value


class Seed:
    """A seed that a compiled program takes in as a variable, so that one program serves many seeds.

    A multiple of 2**32 may be added to it, which is how `generation.training.step` tells its streams apart.
    """

    def __init__(self, variable: Any, shift: int = 0) -> None:
        self.variable, self._shift = variable, shift

    @classmethod
    def of(cls, seed: int) -> Seed:
        """Makes one with a variable of its own."""
        words = np.array(_words(seed), np.uint32)
        return cls(keras.Variable(words, dtype="uint32", trainable=False, name="seed"))

    def __add__(self, other: int) -> Seed:
        return Seed(self.variable, self._shift + other)

    def words(self) -> Any:
        """Returns the two halves of the seed, high and low."""
        return self.variable.value + np.array(_words(self._shift), np.uint32)


def vjp(
    function: Callable[..., Any], weights: Sequence[Any], inputs: Sequence[Any] = ()
) -> tuple[Any, Callable[[Any, str], list[Any]]]:
    """Runs a function and returns its output with the pullback, as `generation.training.backend_tensorflow.vjp` does.

    What the function assigns to variables is assigned when this returns.
    """
    assigned: list[Any] = []

    def pure(values: Sequence[Any], arrays: Sequence[Any]) -> tuple[Any, list[Any]]:
        with Scope(weights, values) as scope:
            output = function(*arrays)
            assigned[:] = scope.assigned.values()
            return output, [scope.get_current_value(v) for v in assigned]

    output, back, updates = jax.vjp(pure, [v.value for v in weights], list(inputs), has_aux=True)
    for variable, value in zip(assigned, updates, strict=True):
        variable.assign(value)

    def pullback(cotangent: Any, of: str) -> list[Any]:
        return back(cotangent)[("weights", "inputs").index(of)]  # what is not used is not compiled

    return output, pullback


def jvp(function: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Runs a function and returns its output with its derivative along a direction, as
    `generation.training.backend_tensorflow.jvp` does.

    What the function assigns to variables is assigned when this returns.
    """
    assigned: list[Any] = []

    def pure(*arrays: Any) -> tuple[Any, list[Any]]:
        with Scope() as scope:
            output = function(*arrays)
            assigned[:] = scope.assigned.values()
            return output, [scope.get_current_value(v) for v in assigned]

    output, along, updates = jax.jvp(pure, tuple(inputs), tuple(tangents), has_aux=True)
    for variable, value in zip(assigned, updates, strict=True):
        variable.assign(value)
    return output, along


def normal(shape: tuple[int, ...], seed: int | Seed, step: Any) -> Any:
    """Standard normal float32 numbers that depend on nothing but `(seed, step)`."""
    return jax.random.normal(_key(seed, step), shape, jnp.float32)


def uniform(shape: tuple[int, ...], seed: int | Seed, step: Any) -> Any:
    """Uniform float32 numbers in [0, 1) that depend on nothing but `(seed, step)`."""
    return jax.random.uniform(_key(seed, step), shape, jnp.float32)


def _key(seed: int | Seed, step: Any) -> Any:
    words = seed.words() if isinstance(seed, Seed) else jnp.array(_words(seed), jnp.uint32)
    return jax.random.fold_in(_threefry(words), step)


def _words(seed: int) -> tuple[int, int]:
    return seed // WORD % WORD, seed % WORD


def _threefry(words: Any) -> Any:
    return jax.random.wrap_key_data(words, impl="threefry2x32")  # whatever the process has as its default


def compiled_steps(
    step: Callable[[Any, Any, Any], Any],
    state: Sequence[Any],
    image_shape: tuple[int, ...],
    n_conditions: int,
    images_per_step: int,
    steps: int | None = None,
) -> Callable[[Any, Any, np.ndarray, int], np.ndarray]:
    """Compiles a training step into a loop that stays on the device, as its namesake for TensorFlow does.

    Buffers are not donated: `assign` hands a JAX array on as it is, so variables of other networks may share them.
    """
    del image_shape, n_conditions, images_per_step  # the arrays have them
    del steps  # operation by operation JAX compiles all the same
    repeat = _repeated(_pure(step, state))

    def run(images: Any, conditions: Any, index: np.ndarray, first: int) -> np.ndarray:
        values, logs = repeat([v.value for v in state], images, conditions, index, np.int32(first))
        for variable, value in zip(state, values, strict=True):
            variable.assign(value)
        return logs

    return run


def compiled_sweep(
    step: Callable[[Any, Any, Any], Any], state: Sequence[Any], members: Sequence[Sequence[Any]]
) -> Callable[[Any, Any, Sequence[np.ndarray], Sequence[int]], list[np.ndarray]]:
    """Compiles a training step into a loop that turns many trainings at once.

    Args:
        step: As for `compiled_steps`.
        state: Every Keras variable in which the members differ or that the step changes, as the step knows them.
        members: The variables of each member, in the order of `state`.

    Returns:
        `run(images, conditions, indices, firsts)`: for each member, a step per row of its index, numbered from its
        first; all have equally many rows. Returns the logs of each.
    """
    repeat = _repeated(jax.vmap(_pure(step, state), in_axes=(0, None, None, 0, 0)))
    stack = jax.jit(lambda values: [jnp.stack(each) for each in zip(*values, strict=True)])
    split = jax.jit(lambda stacked: [[value[at] for value in stacked] for at in range(len(members))])

    def run(images: Any, conditions: Any, indices: Sequence[np.ndarray], firsts: Sequence[int]) -> list[np.ndarray]:
        stacked = stack([[v.value for v in member] for member in members])
        index = np.stack(indices, axis=1)
        stacked, logs = repeat(stacked, images, conditions, index, np.array(firsts, np.int32))
        for member, values in zip(members, split(stacked), strict=True):
            for variable, value in zip(member, values, strict=True):
                variable.assign(value)
        return list(logs.swapaxes(0, 1))

    return run


def _pure(step: Callable[[Any, Any, Any], Any], state: Sequence[Any]) -> Callable[..., tuple[list[Any], Any]]:
    """Returns the step as a function of the state's values, which returns the new ones and the logs."""

    def turn(values: Sequence[Any], images: Any, conditions: Any, chosen: Any, number: Any) -> tuple[list[Any], Any]:
        with Scope(state, values) as scope:
            logs = step(images[chosen], conditions[chosen], number)
            return [scope.get_current_value(v) for v in state], logs

    return turn


def _repeated(turn: Callable[..., Any]) -> Callable[..., tuple[Any, np.ndarray]]:
    """Returns `run(values, images, conditions, index, first)`, which takes a turn for each row of the index and returns
    the last values and all logs. For no row at all it compiles.

    On a CPU each turn is a call, since XLA computes convolutions inside a loop several times more slowly there.
    """
    one, many = jax.jit(turn), jax.jit(_loop(turn))

    def run(values: Any, images: Any, conditions: Any, index: np.ndarray, first: Any) -> tuple[Any, np.ndarray]:
        index, logs = np.asarray(index, np.int32), []
        if one_by_one():
            if not len(index):
                unused = one(values, images, conditions, np.zeros(index.shape[1:], np.int32), first)
                return values, np.stack([unused[1]])[:0]
            for done, row in enumerate(index):
                values, log = one(values, images, conditions, row, first + np.int32(done))
                logs.append(log)
            return values, np.stack(logs)
        for start in range(0, max(1, len(index)), ROWS):
            part = index[start : start + ROWS]
            room = np.zeros((ROWS, *index.shape[1:]), np.int32)
            room[: len(part)] = part
            values, found = many(values, images, conditions, room, first + np.int32(start), len(part))
            logs.append(np.asarray(found)[: len(part)])
        return values, np.concatenate(logs)

    return run


def one_by_one() -> bool:
    """Whether each step is a call of its own."""
    return jax.default_backend() == "cpu"


def _loop(turn: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `n` turns, each with its row of the index; `n` is known when it runs, so nothing is compiled anew."""

    def loop(values: Any, images: Any, conditions: Any, index: Any, first: Any, n: Any) -> Any:
        def body(done: Any, carried: Any) -> Any:
            values, logs = carried
            values, row = turn(values, images, conditions, index[done], first + done)
            return values, logs.at[done].set(row)

        row = jax.eval_shape(turn, values, images, conditions, index[0], first)[1]
        return jax.lax.fori_loop(0, n, body, (values, jnp.zeros((len(index), *row.shape), row.dtype)))

    return loop


def compiled(function: Callable[..., Any], *shapes: tuple[int, ...]) -> Callable[..., np.ndarray]:
    """Compiles a function of float32 arrays of fixed shapes that changes no variable."""
    with Scope() as scope:
        jax.eval_shape(function, *[jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes])
    read = list(scope.seen.values())  # their values may change between two calls

    @jax.jit
    def pure(values: Sequence[Any], *arrays: Any) -> Any:
        with Scope(read, values):
            return function(*arrays)

    def run(*arrays: np.ndarray) -> np.ndarray:
        return np.asarray(pure([v.value for v in read], *[np.asarray(array, np.float32) for array in arrays]))

    return run


def device_array(array: np.ndarray) -> Any:
    """Puts an array where the training runs."""
    return jax.device_put(np.ascontiguousarray(array))


def batch_norm(inputs: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Normalises `(batch, height, width, channels)` by its own statistics.

    Returns:
        The outputs, and mean and (biased) variance of each channel, float32.
    """
    exact = inputs.astype(jnp.float32)
    mean = exact.mean((0, 1, 2))
    variance = jnp.square(exact - mean).mean((0, 1, 2))
    factor = jnp.asarray(gamma) * jax.lax.rsqrt(variance + epsilon)
    return ((exact - mean) * factor + jnp.asarray(beta)).astype(inputs.dtype), mean, variance


def convolution(inputs: Any, kernel: Any, strides: Sequence[int]) -> Any:
    """Convolves maps `(batch, height, width, channels)`, padded to `"same"`."""
    return keras.ops.conv(inputs, kernel, strides=list(strides), padding="same")


def transposed_convolution(inputs: Any, kernel: Any, strides: Sequence[int]) -> Any:
    """Convolves the other way round, padded to `"same"`: maps become larger by the strides."""
    return keras.ops.conv_transpose(inputs, kernel, strides=list(strides), padding="same")


def random_16_bits(like: Any, seed: Any) -> Any:
    """Uniform int16 numbers in the shape of `like`, from a seed of two integers alone."""
    words = jax.random.bits(_threefry(jnp.asarray(seed, jnp.uint32)), ((like.size + 1) // 2,), jnp.uint32)
    return jax.lax.bitcast_convert_type(words, jnp.int16).ravel()[: like.size].reshape(like.shape)


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
    step, keep_mean, keep_square = (jnp.asarray(value, jnp.float32) for value in (t, beta_1, beta_2))
    # the order of computation at the end of the paper's section 2, which TensorFlow's operation has too
    corrected = jnp.asarray(rate, jnp.float32) * jnp.sqrt(1 - keep_square**step) / (1 - keep_mean**step)
    new_mean = mean.value + (gradient - mean.value) * (1 - keep_mean)
    new_square = square.value + (jnp.square(gradient) - square.value) * (1 - keep_square)
    mean.assign(new_mean)
    square.assign(new_square)
    variable.assign(variable.value - corrected * new_mean / (jnp.sqrt(new_square) + epsilon))
