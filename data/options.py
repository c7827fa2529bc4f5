"""A plug-in's options, read from its constructor: names, types, ranges and defaults.

A constructor declares its options as keyword arguments with annotations, ranges included
(`epochs: Annotated[int, Ge(1)] = 40`, with `Ge` from `annotated_types`). That one declaration is what `list` prints,
what a spec is checked against, and what the error message says.
"""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from data.errors import UserError, shown, together, unknown

LARGEST = 2**63  # beyond the whole numbers that arrays hold
RESERVED = frozenset({"self", "random_state"})  # supplied by the benchmark, never by a spec


@dataclass(frozen=True)
class Option:
    """One constructor keyword: its `name`, `annotation` (or `None`), `default` and whether it is `required`."""

    name: str
    annotation: Any
    default: Any
    required: bool

    @property
    def type_name(self) -> str:
        """The annotation as a reader would write it, such as `int >= 1` or `'adam' or 'sgd'`."""
        return _type_name(self.annotation)


def options_of(factory: Callable[..., Any]) -> dict[str, Option]:
    """Returns the options of a class or factory function, by name, in the order of its signature.

    Where a class takes `**options`, those of the class that it derives from follow: it passes them on.
    """
    options: dict[str, Option] = {}
    for target, parameters in _signatures(factory):
        try:
            hints = typing.get_type_hints(target, include_extras=True)
        except (NameError, TypeError):  # annotations that cannot be evaluated say nothing; names are still checked
            hints = {}
        for name, parameter in parameters.items():
            if (
                name in RESERVED
                or name in options
                or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            ):
                continue
            required = parameter.default is parameter.empty
            default = None if required else parameter.default
            options[name] = Option(name, hints.get(name), default, required)
    return options


def accepts(function: Callable[..., Any], keyword: str) -> bool:
    """Says whether a signature names a keyword. One that takes any (`**options`) has not asked for this one."""
    for _, parameters in _signatures(function):
        if keyword in parameters:
            return parameters[keyword].kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return False


def _signatures(factory: Any) -> list[tuple[Any, Mapping[str, inspect.Parameter]]]:
    """Returns a function, or the constructors that a class's keywords reach, each with its parameters.

    The second constructor is there if the first takes `**options`, and so on up the bases.
    """
    if not inspect.isclass(factory):
        return [(factory, inspect.signature(factory).parameters)]
    found: list[tuple[Any, Mapping[str, inspect.Parameter]]] = [
        (factory.__init__, inspect.signature(factory).parameters)  # type: ignore[misc]
    ]
    constructors = [vars(base)["__init__"] for base in factory.__mro__[:-1] if "__init__" in vars(base)]
    for constructor in constructors[1:]:
        if not _takes_any(found[-1][1]):
            break
        _, *parameters = inspect.signature(constructor).parameters.items()  # less `self`
        found.append((constructor, dict(parameters)))
    return found


def _takes_any(parameters: Mapping[str, inspect.Parameter]) -> bool:
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())


def check_options(factory: Callable[..., Any], received: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """Checks options against a constructor and returns them with the defaults filled in.

    Args:
        factory: The class or factory function that will take them.
        received: The options that a user gave.
        owner: What they belong to, for the message, such as `"generator 'tuned'"`.

    Raises:
        UserError: For unknown and missing options, wrong types, and values out of range; for all of them together.
    """
    wrong: list[UserError] = []
    options = options_of(factory)
    takes_any = _takes_any(_signatures(factory)[-1][1])
    for name, value in received.items():
        try:
            if name in options:
                _check_value(options[name], value, owner)
            elif not takes_any or name in RESERVED:
                raise unknown("option", name, options, f"of {owner}")
        except UserError as error:
            error.option = name
            wrong.append(error)
    missing = [option for name, option in options.items() if option.required and name not in received]
    if missing and not wrong:  # which a misspelt name explains
        wrong = [UserError(f"Missing option '{one.name}' of {owner}. Expected {one.type_name}.") for one in missing]
    if wrong:
        raise together(wrong)
    defaults = {name: option.default for name, option in options.items() if not option.required}
    return {**defaults, **received}


def _check_value(option: Option, value: Any, owner: str) -> None:
    if option.annotation is None:
        return
    from pydantic import ConfigDict, TypeAdapter, ValidationError
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

    try:
        adapter = TypeAdapter(option.annotation, config=ConfigDict(strict=True, allow_inf_nan=_endless(option.default)))
    except (PydanticSchemaGenerationError, PydanticUserError):
        try:
            adapter = TypeAdapter(option.annotation)
        except (PydanticSchemaGenerationError, PydanticUserError):
            return  # an annotation that pydantic cannot read: the plug-in checks its own value
    try:
        adapter.validate_python(value)
        if _huge(value):
            raise OverflowError
    except (ValidationError, OverflowError):
        number = "a finite number, " if _endless(value) or _huge(value) else ""
        raise UserError(
            f"Option '{option.name}' of {owner} must be {number}{option.type_name}. "
            f"Received: {option.name}={shown(repr(value) if isinstance(value, str) else value)}."
        ) from None


def _huge(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= LARGEST


def _endless(value: Any) -> bool:
    """Says whether a value is infinite or no number, which an option takes only if its default is such a one too."""
    return isinstance(value, float) and not math.isfinite(value)


def _type_name(annotation: Any) -> str:
    if annotation is None:
        return "any value"
    if annotation is type(None):
        return "none"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        bounds = " and ".join(_bound(extra) for extra in arguments[1:] if _bound(extra))
        return f"{_type_name(arguments[0])} {bounds}".strip()
    if origin is typing.Literal:
        return " or ".join(repr(value) for value in arguments)
    if origin is typing.Union or str(origin) == "<class 'types.UnionType'>":
        return " or ".join(_type_name(argument) for argument in arguments)
    if origin is not None:
        inner = ", ".join(_type_name(a) for a in arguments if a is not Ellipsis)
        return f"{getattr(origin, '__name__', origin)} of {inner}" if inner else str(origin.__name__)
    return getattr(annotation, "__name__", str(annotation))


def _bound(extra: Any) -> str:
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    parts = [f"{sign} {getattr(extra, name)}" for name, sign in signs.items() if getattr(extra, name, None) is not None]
    if getattr(extra, "min_length", None):
        parts.append(f"with at least {extra.min_length} entries")
    return " and ".join(parts)
