"""Plug-ins: from the name in a spec to a class, its origin and a digest of its code.

Four doors: a built-in name, `path/to/file.py:Name`, `installed.module:Name`, or an entry point. `Name` is a class or
a factory function. A plug-in needs no import of ours: its methods make it one.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import linecache
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.machine import runtime, seeds
from benchmark.machine.blame import message_of, words
from benchmark.plugins import allowed
from benchmark.plugins.traits import METHODS_KNOWN, Declared, declared, traits
from benchmark.processes import lent, shims
from benchmark.store import digest, imports
from benchmark.store.installed import distributions
from benchmark.store.store import written
from data.errors import UserError, unknown
from data.options import accepts, check_options
from data.reading import paths

NOUNS = {"datasets": "dataset", "generators": "generator", "detectors": "detector"}
METHODS: dict[str, tuple[tuple[str, ...], ...]] = {
    "parts": (),  # objects inside the options of a plug-in, see `benchmark.plugins.nested`
    "datasets": (("load",),),
    "generators": (("fit",), ("sample",)),
    "detectors": (("fit",), ("decision_function", "predict_proba")),
}
CODE = 'exec(compile(pathlib.Path(__file__).read_bytes(), __file__, "exec"))'
PREFIX = "fauxbench_plugin_"
CHANGED = " Its code has changed since: what has no save and load of its own is read by the code that wrote it only."
_beside: dict[str, tuple[Path, ...]] = {}  # module -> the files of those that its first import brought along


@dataclass(frozen=True)
class Plugin:
    """A plug-in: what is known of it, and in a process that may run it the class or factory function.

    Attributes:
        group: `"datasets"`, `"generators"` or `"detectors"`.
        kind: Its name as a spec gives it; for a file, the path is absolute.
        origin: `path:line`, or the distribution it comes from.
        code: The module of the code that it runs, or the `digest` of that where another process has described it.
        traits: What it says of itself by attributes, checked; see `benchmark.plugins.traits`.
        options: What its constructor takes.
        summary: The first paragraph of its docstring.
        made_by: The class or factory function; `None` where another process has described it, which ran its code.
    """

    group: str
    kind: str
    origin: str
    code: str | ModuleType = field(repr=False)
    traits: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[Declared, ...] = ()
    summary: str = ""
    made_by: Callable[..., Any] | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The kind without the folder of its file, so that moving a file changes no key."""
        return self.kind.rpartition("/")[2]

    @cached_property
    def digest(self) -> str:
        """A digest of its code, part of every key that depends on it: a plan asks for it, and no stage."""
        return self.code if isinstance(self.code, str) else _digest(self.code)

    @property
    def factory(self) -> Callable[..., Any]:
        """The class or factory function.

        Raises:
            RuntimeError: If its code is not in this process.
        """
        if self.made_by is None:
            raise RuntimeError(f"{self.kind} was described by another process and is made in one of its own.")
        return self.made_by

    @property
    def foreign(self) -> bool:
        """Whether its code is the user's or another package's, which no process runs beside something else."""
        return is_foreign(self.group, self.kind)

    def attribute(self, name: str, default: Any = None) -> Any:
        """Returns what it says of itself, such as `control` or `min_size`, or the default."""
        return self.traits.get(name, default)

    def has(self, method: str) -> bool:
        """Says whether it has one of the optional methods that `benchmark.plugins.traits` names."""
        if method not in METHODS_KNOWN:
            raise KeyError(method)
        return bool(self.traits.get(method, False))

    def takes(self, option: str) -> bool:
        """Says whether its constructor names an option."""
        return any(known.name == option for known in self.options)

    def apart(self) -> Plugin:
        """Returns what other processes may know of it: all but the code."""
        return replace(self, code=self.digest, made_by=None)


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


def is_foreign(group: str, kind: str) -> bool:
    """Says by its name alone whether a kind is the user's own or another package's; scikit-learn counts as built-in."""
    if kind in builtins(group):
        return False
    place = kind.rpartition(":")[0]
    return place.endswith(".py") or place.split(".")[0] not in (*digest.PACKAGES, "sklearn")


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
        path = paths.place(place, f"{noun} file", base).resolve()
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
    summary = (inspect.getdoc(factory) or "").split("\n\n")[0].replace("\n", " ")
    return Plugin(
        group, kind, _origin(factory, module), module, traits(factory, f"{noun} '{kind}'"),
        declared(factory), summary, factory,
    )  # fmt: skip


def make(plugin: Plugin, options: Mapping[str, Any], random_state: int | None, owner: str | None = None) -> Any:
    """Makes an instance from checked options; `random_state` is passed when the constructor takes it.

    Raises:
        UserError: For an option that is unknown, of a wrong type or out of range, or an object without the methods.
    """
    from benchmark.plugins import nested  # which resolves and makes plug-ins itself

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
        raise UserError(f"{owner} could not be made: {_reason(error)}") from error
    if random_state is not None:
        seeds.plant(instance, random_state)
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
        raise UserError(f"{what}: {words(error).rstrip('.')}.{more}") from error


def _noun(group: str) -> str:
    return NOUNS.get(group, "part")


def _load_file(path: Path, noun: str) -> ModuleType:
    if not path.is_file():
        raise UserError(f"There is no {noun} file at {path}.")
    name = f"{PREFIX}{digest.of_code(path)[:16]}"  # one module per content, found again by pickles
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{noun} file {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    # Before its code runs: dataclasses and pickles look their module up there.
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        for ours in digest.PACKAGES:
            importlib.import_module(ours)  # before a file beside the plug-in could hide it
        sys.path.insert(0, str(path.parent))  # as for a script: it can import what lies beside it
    lent.give_way(path.parent)
    for folder in shims.folders:
        lines = ("import pathlib", f"__file__ = {str(path)!r}", CODE)
        with written(folder):
            (folder / f"{name}.py").write_text("\n".join(lines), encoding="utf-8")
    before = set(sys.modules)
    try:
        spec.loader.exec_module(module)
        _beside[name] = tuple(imports.loaded(before))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        message = _reason(error)
        raise UserError(f"{noun} file {path}{where} does not import: {message}") from error
    return module


def _import(place: str, noun: str, kind: str) -> ModuleType:
    before = set(sys.modules)
    try:
        module = importlib.import_module(place)
        if place.split(".")[0] not in (*digest.PACKAGES, "sklearn"):  # which bring only installed ones along
            _beside.setdefault(place, tuple(imports.loaded(before)))
        return module
    except (Exception, SystemExit) as error:
        message = _reason(error)
        raise UserError(f"{noun} '{kind}': module '{place}' does not import: {message}") from error


def _check_methods(group: str, kind: str, thing: Any) -> None:
    for choice in METHODS[group]:
        if not any(callable(getattr(thing, name, None)) for name in choice):
            raise UserError(f"{_noun(group)} '{kind}' lacks the method {' or '.join(choice)}.")


def _origin(factory: Any, module: ModuleType) -> str:
    try:
        file = inspect.getsourcefile(factory) or ""
        path, line = Path(file), _line(factory, file)
    except (OSError, TypeError):
        return str(module.__name__)
    if path.is_relative_to(digest.HOUSE) and "site-packages" not in path.parts:
        path = path.relative_to(digest.HOUSE)
    return f"{path}:{line}" if "site-packages" not in path.parts else f"{_distribution(module)} ({module.__name__})"


def _line(factory: Any, file: str) -> int:
    """Returns where a factory begins in its file: of a plain class without parsing the file, which takes 0.03 s."""
    if inspect.isclass(factory) and "." not in factory.__qualname__:
        linecache.checkcache(file)  # it may have been edited since it was last looked at, as inspect knows too
        lines = linecache.getlines(file)
        start = re.compile(rf"class {factory.__name__}\b")
        found = [number for number, line in enumerate(lines) if start.match(line)]
        if len(found) == 1 and not (found[0] and lines[found[0] - 1].startswith(("@", ")"))):
            return found[0] + 1
    return inspect.getsourcelines(factory)[1]


def _digest(module: ModuleType) -> str:
    name, file = module.__name__, getattr(module, "__file__", None)
    path = Path(file) if file else None
    more = _beside.get(name, ())
    return digest.of_code(path, more) if path and name.startswith(PREFIX) else digest.of_module(name, path, more)


def _distribution(module: ModuleType) -> str:
    package = module.__name__.split(".")[0]
    return next(iter(distributions(package)), f"{package} {runtime.version(package)}")


def _reason(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({message_of(error)})."
    return f"{words(error).rstrip('.')}."
