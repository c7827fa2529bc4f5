"""Plug-ins: from the name in a spec to a class, its origin and a digest of its code.

Four doors: a built-in name, `path/to/file.py:Name`, `installed.module:Name`, or an entry point. `Name` is a class or
a factory function. A plug-in needs no import of ours: its methods make it one.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark import allowed, digest, runtime
from data.errors import UserError, unknown
from data.options import accepts, check_options

NOUNS = {"datasets": "dataset", "generators": "generator", "detectors": "detector"}
METHODS: dict[str, tuple[tuple[str, ...], ...]] = {
    "parts": (),  # objects inside the options of a plug-in, see `benchmark.nested`
    "datasets": (("load",),),
    "generators": (("fit",), ("sample",)),
    "detectors": (("fit",), ("decision_function", "predict_proba")),
}


@dataclass(frozen=True)
class Plugin:
    """A resolved plug-in.

    Attributes:
        group: `"datasets"`, `"generators"` or `"detectors"`.
        kind: Its name as a spec gives it; for a file, the path is absolute.
        factory: The class or factory function.
        origin: `path:line`, or the distribution it comes from.
        digest: Of the code that it runs; part of every key that depends on it.
    """

    group: str
    kind: str
    factory: Callable[..., Any]
    origin: str
    digest: str

    @property
    def name(self) -> str:
        """The kind without the folder of its file, so that moving a file changes no key."""
        return self.kind.rpartition("/")[2]

    def attribute(self, name: str, default: Any = None) -> Any:
        """Returns a class attribute such as `control` or `min_size`, or the default."""
        return getattr(self.factory, name, default)


def builtins(group: str) -> dict[str, str]:
    """Returns the built-in plug-ins of a group: name -> `module:Name`."""
    if group not in NOUNS:
        return {}
    module = {"datasets": "data.sources", "generators": "generation", "detectors": "detection"}[group]
    return dict(importlib.import_module(module).BUILTINS)


@dataclass(frozen=True)
class Offer:
    """A plug-in that another package offers: its entry point's `name` and `target`, `module:Name`, its `distribution`
    and `version`, and `trouble`, why the name is not usable, if it is not."""

    name: str
    target: str
    distribution: str
    version: str
    trouble: str = ""


def offers(group: str) -> list[Offer]:
    """Returns what other packages offer, sorted by name, with those whose name is taken."""
    points = metadata.entry_points(group=f"fauxbench.{group}")
    found = sorted({(p.name, p.value.partition("[")[0].strip(), *_of_package(p)) for p in points})
    names = [name for name, *_ in found]
    return [Offer(*row, trouble=_taken(group, row, found, names)) for row in found]


def installed(group: str) -> dict[str, str]:
    """Returns the plug-ins of other packages that a name leads to: entry-point name -> `module:Name`."""
    return {offer.name: offer.target for offer in offers(group) if not offer.trouble}


def _of_package(point: metadata.EntryPoint) -> tuple[str, str]:
    package = getattr(point, "dist", None)
    return (package.name, package.version) if package is not None else ("an unknown package", "none")


def _taken(group: str, row: tuple[str, ...], found: Sequence[tuple[str, ...]], names: list[str]) -> str:
    name, target, package, _ = row
    instead = f"Name it in a spec as '{target}', or rename the entry point."
    if name in builtins(group):
        return f"'{name}' is the name of a built-in, which is used; {package} offers another one. {instead}"
    if names.count(name) > 1:
        packages = " and ".join(other[2] for other in found if other[0] == name)
        return f"'{name}' is offered by {packages}, and neither is used. {instead}"
    return ""


def resolve(group: str, kind: str, base: Path | None = None) -> Plugin:
    """Finds a plug-in.

    Args:
        group: `"datasets"`, `"generators"` or `"detectors"`.
        kind: A name, `file.py:Name` or `module:Name`.
        base: The folder that a relative file path starts from. Defaults to the current one.

    Raises:
        UserError: If there is none, its file or module cannot be imported, or it lacks a method.
    """
    noun = _noun(group)
    offered = {} if kind in builtins(group) else {offer.name: offer for offer in offers(group)}
    if kind in offered and offered[kind].trouble:
        raise UserError(offered[kind].trouble)
    target = offered[kind].target if kind in offered else builtins(group).get(kind, kind)
    place, _, name = target.rpartition(":")
    named = target == kind and not place.endswith(".py")  # `module:Name`, which anyone may have written
    if not place:
        raise unknown(noun, kind, [*builtins(group), *installed(group), "path/to/file.py:Name", "module:Name"])
    if place.endswith(".py"):
        path = ((base or Path.cwd()) / place).expanduser().resolve()
        module, kind = _load_file(path, noun), f"{path.as_posix()}:{name}"
    else:
        if named:
            allowed.check_module(place, noun, kind)
        module = _import(place, noun, kind)
    factory = getattr(module, name, None)
    if not callable(factory):
        public = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise unknown("name", name, public, f"in {place}")
    if named:
        allowed.check_class(group, noun, kind, factory, METHODS[group])
    try:
        inspect.signature(factory)
    except (ValueError, TypeError) as error:
        raise UserError(f"{noun} '{kind}' cannot be used: Python does not say which options it takes.") from error
    if inspect.isclass(factory):
        _check_methods(group, kind, factory)
    return Plugin(group, kind, factory, _origin(factory, module), _digest(factory, module))


def make(plugin: Plugin, options: Mapping[str, Any], random_state: int | None, owner: str | None = None) -> Any:
    """Makes an instance from checked options; `random_state` is passed when the constructor takes it.

    Raises:
        UserError: For an option that is unknown, of a wrong type or out of range, or an object without the methods.
    """
    from benchmark import nested  # which resolves and makes plug-ins itself

    owner = owner or f"{_noun(plugin.group)} '{plugin.name}'"
    given = nested.made(options, random_state)
    check_options(plugin.factory, given, owner)
    if random_state is not None and accepts(plugin.factory, "random_state"):
        given["random_state"] = random_state
    try:
        instance = plugin.factory(**given)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"{owner} could not be made: {_words(error)}") from error
    _check_methods(plugin.group, plugin.kind, instance)
    return instance


@contextlib.contextmanager
def blamed(what: str, more: str = "") -> Iterator[None]:
    """Says in one line what a plug-in's own error kept from being done: `WHAT: TYPE: WORDS.MORE`.

    Raises:
        UserError: In place of any other exception; one that is a `UserError` goes through as it is.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        words = " ".join(str(error).split())
        raise UserError(f"{what}: {type(error).__name__}: {words}.{more}") from error


def _noun(group: str) -> str:
    return NOUNS.get(group, "part")


def _load_file(path: Path, noun: str) -> ModuleType:
    if not path.is_file():
        raise UserError(f"There is no {noun} file at {path}.")
    name = f"fauxbench_plugin_{digest.of_file(path)[:16]}"  # one module per content, found again by pickles
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{noun} file {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        message = _words(error)
        raise UserError(f"{noun} file {path}{where} does not import: {message}") from error
    return module


def _import(place: str, noun: str, kind: str) -> ModuleType:
    try:
        return importlib.import_module(place)
    except (Exception, SystemExit) as error:
        message = _words(error)
        raise UserError(f"{noun} '{kind}': module '{place}' does not import: {message}") from error


def _check_methods(group: str, kind: str, thing: Any) -> None:
    for choice in METHODS[group]:
        if not any(callable(getattr(thing, name, None)) for name in choice):
            raise UserError(f"{_noun(group)} '{kind}' lacks the method {' or '.join(choice)}.")


def _origin(factory: Any, module: ModuleType) -> str:
    try:
        path, (_, line) = Path(inspect.getsourcefile(factory) or ""), inspect.getsourcelines(factory)
    except (OSError, TypeError):
        return str(module.__name__)
    if path.is_relative_to(digest.HOUSE) and "site-packages" not in path.parts:
        path = path.relative_to(digest.HOUSE)
    return f"{path}:{line}" if "site-packages" not in path.parts else f"{_distribution(module)} ({module.__name__})"


def _digest(factory: Any, module: ModuleType) -> str:
    path = Path(getattr(module, "__file__", None) or "")
    package = module.__name__.split(".")[0]
    if package in digest.PACKAGES or module.__name__.startswith("fauxbench_plugin_"):
        return digest.of_code(path)
    return digest.of_value([_distribution(module), digest.of_file(path) if path.is_file() else module.__name__])


def _distribution(module: ModuleType) -> str:
    package = module.__name__.split(".")[0]
    names = metadata.packages_distributions().get(package, [package])
    return f"{names[0]} {runtime.version(names[0])}"


def _words(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({error.code!r})."
    text = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {text}." if text else f"{type(error).__name__}."
