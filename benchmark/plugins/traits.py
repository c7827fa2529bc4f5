"""What a plug-in says of itself: attributes and optional methods, read once, checked, and kept as plain values."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from data.errors import UserError
from data.options import options_of

NEEDS = ("extractor", "discriminator")  # what a detector may be given beside images
METHODS_KNOWN = ("check_shape", "explain", "fingerprint", "plain_networks", "strangers", "weights_image", "wider")


class Unusable(Exception):
    """A plug-in says something of itself that cannot be used; the message says what is expected."""


@dataclass(frozen=True)
class Declared:
    """One option of a constructor: its `name`, the annotation as `type`, `default` and whether it is `required`."""

    name: str
    type: str
    default: Any
    required: bool


def declared(factory: Callable[..., Any]) -> tuple[Declared, ...]:
    """Returns the options of a class or factory function, in the order of its signature."""
    return tuple(
        Declared(option.name, option.type_name, _plain(option.default), option.required)
        for option in options_of(factory).values()
    )


def traits(thing: Any, owner: str) -> dict[str, Any]:
    """Reads what a class, or an instance of it, says of itself.

    Args:
        thing: The class, factory function or instance.
        owner: What it is, for the message, such as `"detector 'mine'"`.

    Returns:
        The attributes that it has, and for each known method that it has `True`.

    Raises:
        Unusable: If one has a type that cannot be used, or cannot be read.
    """
    read = {name: _read(thing, name, owner) for name in (*EXPECTED, *METHODS_KNOWN)}
    said = {name: _checked(name, read[name], owner) for name in EXPECTED if read[name] is not None}
    return said | {name: True for name in METHODS_KNOWN if callable(read[name])}


def _read(thing: Any, name: str, owner: str) -> Any:
    try:
        value = getattr(thing, name, None)
    except UserError:
        raise
    except Exception as error:
        from benchmark.machine.blame import words

        raise Unusable(f"Attribute `{name}` of {owner} cannot be read: {words(error)}.") from error
    # a class knows of these only that its instances will have them
    return None if isinstance(value, property | functools.cached_property) else value


def _checked(name: str, value: Any, owner: str) -> Any:
    kind, expected = EXPECTED[name]
    try:
        return kind(value)
    except (TypeError, ValueError, LookupError):
        received = type(value).__name__ if not isinstance(value, str | int | float | tuple | list) else f"{value!r:.80}"
        raise Unusable(f"Attribute `{name}` of {owner} must be {expected}. Received: {received}.") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if type(value).__name__ not in ("bool", "bool_"):
        raise TypeError
    return bool(value)


def _number(value: Any) -> int:
    return operator.index(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, tuple | list):
        raise TypeError
    return tuple(map(_text, value))


def _pattern(value: Any) -> str:
    if _text(value).format(1) == value.format(2):
        raise ValueError
    return str(value)


def _needed(value: Any) -> tuple[str, ...]:
    names = _names(value)
    if not set(names) <= set(NEEDS):
        raise ValueError
    return names


def _numbers(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple | list) or not value:
        raise TypeError
    return tuple(map(_number, value))


def _plain(value: Any) -> Any:
    """Returns a default as a value that other processes can read without the plug-in's code."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if value is None or type(value) in (bool, int, float, str) else repr(value)


EXPECTED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "control": (_text, "a name"),
    "sentinel": (_text, "a name"),
    "paper": (_text, "text"),
    "terms": (_text, "text"),
    "trains": (_flag, "True or False"),
    "adversarial": (_flag, "True or False"),
    "unordered": (_flag, "True or False"),
    "conditional": (_flag, "True or False"),
    "consumes_sources": (_flag, "True or False"),
    "uses_sources": (_flag, "True or False"),
    "scores_new_images": (_flag, "True or False"),
    "min_size": (_number, "a whole number of pixels"),
    "size": (_number, "a whole number of pixels"),
    "needs": (_needed, f"a tuple of names out of {', '.join(NEEDS)}"),
    "sampling_options": (_names, "a tuple of names of options"),
    "checkpoint_names": (_pattern, "text with a place for the epoch, such as 'epoch-{:04d}'"),
    "channels": (_numbers, "a tuple of whole numbers, such as (1, 3)"),
}
