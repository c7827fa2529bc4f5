"""What a plan must know of plug-ins: built-in ones are described here, foreign ones in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark.plugins import nested
from benchmark.plugins import resolve as plugins
from benchmark.plugins.traits import traits
from benchmark.processes import apart
from benchmark.store import digest
from data.errors import UserError, apiece, together
from data.options import accepts
from data.reading import paths


@dataclass(frozen=True)
class Description:
    """A plug-in with the options that it is planned with.

    Attributes:
        plugin: The plug-in, with what its instances say of themselves.
        options: Its options, with files at absolute places.
        code: A digest of its code and of that of the objects in its options.
        fingerprint: Of the files that it reads itself.
        seen: What a warm start has seen, see `benchmark.plan.warm`.
        logs: Whether its `fit` tells of its losses while it trains.
        foreign: Whether its code, or that of an object in its options, is not ours or scikit-learn's.
        broken: Why it cannot be used, if it cannot: all that is about it fails, and nothing else.
        whole: The options that a smoke run has made smaller, as they were; `None` elsewhere.
    """

    plugin: plugins.Plugin
    options: dict[str, Any]
    code: str
    fingerprint: str | None = None
    seen: tuple[str, ...] = ()
    logs: bool = False
    foreign: bool = False
    broken: str | None = None
    whole: dict[str, Any] | None = None

    def apart(self) -> Description:
        """Returns what other processes may know: all but the code."""
        return replace(self, plugin=self.plugin.apart())


@dataclass(frozen=True)
class Wanted:
    """What is to be described.

    Attributes:
        group: `"datasets"`, `"generators"` or `"detectors"`.
        kind: The plug-in's name as a spec gives it.
        options: Its options.
        base: The folder that relative paths start from. Defaults to the current one.
        owner: What it is, for messages, such as `"detector 'mine'"`.
        defaults: Options that are set where the constructor takes them and the spec does not give them.
        imposed: Options that are set where the constructor takes them, whatever the spec says.
        most: How large an option may be that changes a generator's samples and no training; a larger one is made that.
        places: Where its options, and by the name `""` it itself, stand in a file, such as `"spec.toml:12: "`: messages
            begin with it. Defaults to nothing.
    """

    group: str
    kind: str
    options: dict[str, Any]
    base: Path | None = None
    owner: str | None = None
    defaults: dict[str, Any] = field(default_factory=dict)
    imposed: dict[str, Any] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def foreign(self) -> bool:
        """Whether its code, or that of an object in its options, is not ours or scikit-learn's."""
        return is_foreign(self.group, self.kind, self.options)


def is_foreign(group: str, kind: str, options: Mapping[str, Any]) -> bool:
    """Says whether a plug-in's code, or that of an object in its options, is not ours or scikit-learn's."""
    return plugins.is_foreign(group, kind) or any(plugins.is_foreign("parts", one) for one in nested.kinds(options))


def described(wanted: Sequence[Wanted]) -> list[Description]:
    """Describes plug-ins, in this order; each foreign one in a process of its own, several at a time.

    Raises:
        UserError: For what a spec says wrong: a plug-in that does not exist or import, an unknown or unusable option;
            for all of them together.
    """
    found: list[Description] = []
    wrong: list[UserError] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        waiting = [pool.submit(_from_apart, one) if one.foreign else None for one in wanted]
        for one, future in zip(wanted, waiting, strict=True):
            try:
                found.append(future.result() if future is not None else describe(one))
            except UserError as error:
                whole = one.places.get("", "")
                wrong += [UserError(f"{one.places.get(it.option, whole)}{it}") for it in apiece(error)]
    if wrong:
        raise together(wrong)
    return found


def describe(wanted: Wanted) -> Description:
    """Describes a plug-in in this process."""
    plugin = plugins.resolve(wanted.group, wanted.kind, wanted.base)
    options = nested.located(located(wanted.options, wanted.base), wanted.base)
    for name, value in wanted.defaults.items():
        if plugin.takes(name):
            options.setdefault(name, value)
    options |= {name: value for name, value in wanted.imposed.items() if plugin.takes(name)}
    options |= at_most(wanted.most, plugin, options)
    owner = wanted.owner or f"{plugins.NOUNS[wanted.group]} '{plugin.name}'"
    seed = None if wanted.group == "datasets" else 0
    instance = plugins.make(plugin, options, seed, owner)  # so that a wrong option is met before any work
    plugin = replace(plugin, code=plugin.digest, traits={**plugin.traits, **traits(instance, owner)})
    fingerprint = _fingerprint(instance, options) if wanted.group != "datasets" else None
    logs = wanted.group == "generators" and accepts(instance.fit, "on_logs")
    code = nested.code(plugin, options)
    return Description(plugin, options, code, fingerprint, logs=logs, foreign=wanted.foreign)


def at_most(most: Mapping[str, int], plugin: plugins.Plugin, options: Mapping[str, Any]) -> dict[str, int]:
    """Returns the options of sampling that are larger than they may be, made that."""
    of = {option.name: option.default for option in plugin.options} | dict(options)
    found = {name: of.get(name) for name in most if name in plugin.attribute("sampling_options", ())}
    return {name: most[name] for name, given in found.items() if isinstance(given, int) and given > most[name]}


def known(group: str, kind: str, base: Path | None = None) -> plugins.Plugin:
    """Returns what is known of a plug-in without making an instance; one that is foreign is asked in its own process.

    Raises:
        UserError: If there is none, or it cannot be used.
    """
    if not plugins.is_foreign(group, kind) or apart.inside:
        return plugins.resolve(group, kind, base)
    owner = f"{plugins.NOUNS[group].capitalize()} '{kind}'"
    asked = (group, kind, base)
    found: plugins.Plugin = apart.verb("benchmark.plugins.describe:known_apart", owner, *asked, limit=apart.TO_ANSWER)
    return found


def known_apart(group: str, kind: str, base: Path | None) -> plugins.Plugin:
    """What `known` calls in the process of a foreign plug-in."""
    return plugins.resolve(group, kind, base).apart()


def described_apart(wanted: Wanted) -> Description:
    """What `described` calls in the process of a foreign plug-in."""
    return describe(wanted).apart()


def located(options: dict[str, Any], base: Path | None) -> dict[str, Any]:
    """Makes the options that are paths absolute, since a worker may have another current folder."""
    given = {name: options[name] for name in ("path", "groups_csv") if isinstance(options.get(name), str)}
    return options | {name: str(paths.place(at, f"option '{name}'", base).resolve()) for name, at in given.items()}


def check_shape(group: str, kind: str, options: dict[str, Any], shape: tuple[int, int, int]) -> None:
    """Lets a plug-in that has a method `check_shape` refuse images of a shape `(height, width, channels)`."""
    instance = plugins.make(plugins.resolve(group, kind), options, 0)
    if callable(check := getattr(instance, "check_shape", None)):
        check(shape)


def _from_apart(wanted: Wanted) -> Description:
    try:
        found: Description = apart.call("benchmark.plugins.describe:described_apart", wanted, limit=apart.TO_ANSWER)
    except apart.Failed as failed:
        return _broken(wanted, str(failed))
    return found


def _broken(wanted: Wanted, reason: str) -> Description:
    place, _, name = wanted.kind.rpartition(":")
    kind = wanted.kind
    if place.endswith(".py"):
        kind = f"{paths.place(place, 'plug-in file', wanted.base).resolve().as_posix()}:{name}"
    code = digest.of_value(["broken", kind, reason])
    plugin = plugins.Plugin(wanted.group, kind, "unknown", code)
    return Description(plugin, dict(wanted.options), code, foreign=True, broken=reason)


def _fingerprint(instance: Any, options: dict[str, Any]) -> str | None:
    """Returns a digest of the files that a plug-in reads by its option `path`, or `None` if there is none."""
    if hasattr(instance, "fingerprint"):
        return str(instance.fingerprint())
    path = Path(options["path"]) if isinstance(options.get("path"), str) else None
    return digest.of_path(path) if path is not None and path.exists() else None
