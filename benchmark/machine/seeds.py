"""Seeds for foreign code: as a keyword, as an attribute of any name that is known, or in a generator that it keeps.

Where a plug-in names no seed at all, the process's own generators are set before it is called, and set back after. What
is random even so shows when a call is made twice, see `benchmark.stages.repeats`.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmark.machine.house import PACKAGES

MOST = 10_000  # objects inside a plug-in that are looked at; a forest has hundreds
Place = tuple[Any, Callable[[Any], None]]


def keywords(seed: int) -> dict[str, Any]:
    """Returns a seed under each name that functions know it by, for `adapt.call`, which passes those that are taken.

    `generator` is not among them: it is PyTorch's name for an object of its own, whose default is set by `everywhere`.
    """
    return {"seed": seed, "random_state": seed, "random_seed": seed, "rng": np.random.default_rng(seed)}


def everywhere(seed: int) -> None:
    """Sets the generators of this process: Python's, NumPy's, and those of Keras and PyTorch if they are loaded."""
    random.seed(seed)
    # NumPy's old generators take 32 bits
    np.random.seed(seed % 2**32)
    if (keras := sys.modules.get("keras")) is not None:
        keras.utils.set_random_seed(seed % 2**32)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)


def plant(plugin: Any, seed: int) -> None:
    """Sets every `random_state` of a new plug-in that is not set, and every generator that it keeps.

    The parts of a Pipeline or another composition are reached too, also where a factory function made them.
    """
    if is_ours(plugin):
        return
    for value, put in _places(plugin):
        if value is None or not isinstance(value, int):
            put(_seeded(value, seed))


@contextlib.contextmanager
def lent(plugin: Any, seed: int, *, numbers: bool) -> Iterator[None]:
    """Lets a plug-in draw from a seed, wherever it takes it from, and puts everything back.

    A training that is looked at on its way thus goes on as if it had not been. Our own classes are left alone, since
    they take a seed, and so are the generators of Keras, which have no state to put back.

    Args:
        plugin: The plug-in.
        seed: The seed.
        numbers: Whether a `random_state` that is a number is replaced too, or only what would differ each time.
    """
    if is_ours(plugin):
        yield
        return
    before = [(value, put) for value, put in _places(plugin) if numbers or not isinstance(value, int)]
    states = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if torch is not None else None
    try:
        everywhere(seed)
        for value, put in before:
            put(_seeded(value, seed))
        yield
    finally:
        for value, put in before:
            put(value)
        random.setstate(states[0])
        np.random.set_state(states[1])
        if torch is not None:
            torch.set_rng_state(torch_state)


def is_ours(plugin: Any) -> bool:
    """Says whether a plug-in, its class or its factory function is one of this project's."""
    module = getattr(plugin, "__module__", None) or type(plugin).__module__
    return str(module).partition(".")[0] in PACKAGES


def _seeded(value: Any, seed: int) -> Any:
    """Returns what stands in for a seed or a generator, of the same kind."""
    if isinstance(value, np.random.Generator):
        return np.random.Generator(type(value.bit_generator)(seed))
    if isinstance(value, np.random.RandomState):
        return np.random.RandomState(seed % 2**32)
    if isinstance(value, random.Random):
        return type(value)(seed)
    return seed


def _places(plugin: Any) -> Iterator[Place]:
    """Yields what holds a seed inside a plug-in, with what puts another value there."""
    home = type(plugin).__module__
    seen: set[int] = set()
    waiting = [plugin]
    while waiting and len(seen) < MOST:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, dict | list | tuple):
            inner = thing.values() if isinstance(thing, dict) else thing
            waiting.extend(each for each in inner if _may_hold(each))
        elif isinstance(thing, np.ndarray):
            waiting.extend(each for each in (thing.ravel() if thing.dtype == object else ()) if _may_hold(each))
        elif hasattr(thing, "get_params") or type(thing).__module__ == home:
            for name, value in list(getattr(thing, "__dict__", {}).items()):
                if _holds_seed(name, value):
                    yield value, _putter(thing, name)
                elif _may_hold(value):
                    waiting.append(value)


def _holds_seed(name: str, value: Any) -> bool:
    if isinstance(value, np.random.Generator | np.random.RandomState | random.Random):
        return type(value) is not random.SystemRandom
    plain = value is None or (isinstance(value, int) and not isinstance(value, bool))
    return plain and name.endswith("random_state")


def _may_hold(value: Any) -> bool:
    return isinstance(value, list | tuple | dict | np.ndarray) or hasattr(value, "__dict__")


def _putter(thing: Any, name: str) -> Callable[[Any], None]:
    def put(value: Any) -> None:
        vars(thing)[name] = value  # past what a frozen dataclass forbids

    return put
