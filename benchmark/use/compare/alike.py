"""Which row of one run is which row of another: by what it is, not by what it is called.

A generator or a detector is its kind with its options, defaults included, and the files that it reads. Rows of two runs
that are the same are partners, whatever their ids. Of those that are left two of one id and one kind are partners too,
and what their options differ in is said wherever they are compared; under an id that means another kind nothing is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.plan.questions.transfer import EARLIER, REST
from benchmark.plugins import resolve as plugins
from benchmark.use.compare.opened import Opened, joined, sources
from benchmark.use.compare.specs import ABSENT, text

GROUPS = ("generators", "detectors")
EACH = "each"  # whose fakes a detector learns where its row does not say
Cell = dict[str, Any]
About = tuple[str, str]  # a group, and an id in the reference


@dataclass(frozen=True)
class What:
    """What a row is: its kind, its options with the defaults, whose fakes it learns, its files and its code."""

    id: str
    kind: str
    options: dict[str, Any]
    train_on: str
    files: str
    code: str

    def is_same(self, other: What) -> bool:
        """Whether two rows are the same, whatever their ids and whichever version their code has."""
        mine, theirs = ((one.kind, one.train_on, one.files) for one in (self, other))
        return mine == theirs and not any(_differing(self, other))


@dataclass
class Partners:
    """Which rows of a later run are which of the reference.

    Attributes:
        names: (group, id in the later run) -> the id of its partner in the reference; of a row that has none, a name
            that no row of the reference has.
        changed: (group, id in the reference) -> what its partner's options differ in.
        refused: (group, id in the reference) -> why the row of this id in the later run is another one altogether.
        alone: (group, such a name) -> what it is, where the reference has another row of its id.
    """

    names: dict[tuple[str, str], str] = field(default_factory=dict)
    changed: dict[About, str] = field(default_factory=dict)
    refused: dict[About, str] = field(default_factory=dict)
    alone: dict[About, str] = field(default_factory=dict)

    def translated(self, cell: Cell) -> Cell:
        """Returns a cell of the later run, as the reference calls its generators and its detector."""
        called = cell["train_generator"]
        for start in (REST, EARLIER):
            if called.startswith(start) and ("generators", called) not in self.names:
                called = start + self._name("generators", called.removeprefix(start))
        return cell | {
            "generator": self._name("generators", cell["generator"]),
            "detector": self._name("detectors", cell["detector"]),
            "train_generator": self._name("generators", called),
            "train_sources": joined((self._name("generators", name), seed) for name, seed in sources(cell)),
        }

    def _name(self, group: str, name: str) -> str:
        return self.names.get((group, name), name)

    def differences(self, cell: Cell) -> str:
        """Returns what the rows that a translated cell rests on differ in; nothing where they are the same."""
        return "; ".join(self.changed[about] for about in _involved(cell) if about in self.changed)

    def refusal(self, cell: Cell) -> str:
        """Returns why a translated cell is of another row altogether, or nothing."""
        return next((self.refused[about] for about in _involved(cell) if about in self.refused), "")

    def misnamed(self, cell: Cell) -> str:
        """Returns what a translated cell that has no partner must not be taken for, or nothing."""
        for group, name in _involved(cell):
            if (group, name) in self.alone:
                return self.alone[group, name]
            if self.names.get((group, name), name) != name:
                return f"its {group[:-1]} {name} is what is called {self.names[group, name]} here"
        return ""


def identities(run: Opened, group: str) -> dict[str, str]:
    """Returns what each row of a run is, by its id, as text: that of rows that are the same is the same."""
    found = {row.id: [row.kind, row.train_on, row.files, row.options] for row in _rows(run, group)}
    return {name: json.dumps(what, sort_keys=True) for name, what in found.items()}


def partners(reference: Opened, other: Opened) -> Partners:
    """Returns which rows of two runs are the same, or one with other options."""
    found = Partners()
    for group in GROUPS:
        mine, theirs = _rows(reference, group), _rows(other, group)
        same = [(one, two) for two in theirs for one in mine if one.is_same(two)]
        taken: dict[str, What] = {}
        for one, two in sorted(same, key=lambda pair: pair[0].id != pair[1].id):  # one that has kept its id first
            if one.id not in taken and (group, two.id) not in found.names:
                _pair(found, group, taken, one, two)
        _by_id(found, group, taken, mine, theirs, (reference.name, other.name))
    return found


def _by_id(
    found: Partners, group: str, taken: dict[str, What], mine: Sequence[What], theirs: Sequence[What],
    runs: tuple[str, str],
) -> None:  # fmt: skip
    """Pairs rows of one id and one kind that have no partner; what is still alone keeps a name of its own."""
    known = {one.id: one for one in mine}
    for two in theirs:
        if (group, two.id) in found.names:
            continue
        one = known.get(two.id)
        if one is None or one.id in taken:
            name = found.names[group, two.id] = _unused(two.id, runs[1], known)
            if name != two.id:
                found.alone[group, name] = f"{group[:-1]} {two.id} of {runs[1]} is another one than that of {runs[0]}"
        elif one.kind == two.kind:
            _pair(found, group, taken, one, two)
        else:
            found.names[group, two.id] = two.id
            found.refused[group, two.id] = (
                f"{group[:-1]} {two.id} is another one: {one.kind} in {runs[0]}, {two.kind} in {runs[1]}"
            )


def _pair(found: Partners, group: str, taken: dict[str, What], one: What, two: What) -> None:
    taken[one.id] = two
    found.names[group, two.id] = one.id
    said = [f"{name} {first} and {second}" for name, first, second in _differing(one, two)]
    said += ["other files"] if one.files != two.files else []
    said += ["other code"] if one.code != two.code else []
    if said:
        found.changed[group, one.id] = f"{group[:-1]} {one.id}: {', '.join(said)}"


def _rows(run: Opened, group: str) -> list[What]:
    """Returns what the rows of a run are; worked out once a run, which several leaderboards ask."""
    kept: dict[str, Any] = vars(run)  # where the run keeps its cached properties too
    if f"rows of {group}" not in kept:
        kept[f"rows of {group}"] = list(_read(run, group))
    found: list[What] = kept[f"rows of {group}"]
    return found


def _read(run: Opened, group: str) -> Iterator[What]:
    spec = run.manifest["spec"].get(group[:-1])
    listed = [row for row in spec if isinstance(row, dict)] if isinstance(spec, list) else []
    train_on = {row.get("id"): str(row.get("train_on", EACH)) for row in listed}
    for row in run.manifest[group]:
        options = row.get("resolved")
        if options is None:  # of a version that wrote what was given alone
            options = _defaults(group, row["kind"]) | row.get("options", {})
        files, code = (str(row.get(name) or "") for name in ("fingerprint", "digest"))
        whose = train_on.get(row["id"], EACH)
        written = re.sub(" at 0x[0-9a-f]+", "", json.dumps(options, default=str))  # of a default that is an object
        yield What(row["id"], row["kind"], json.loads(written), whose, files, code)


def _defaults(group: str, kind: str) -> dict[str, Any]:
    """Returns the defaults of a built-in plug-in; no foreign code is run to know them."""
    if kind not in plugins.builtins(group):
        return {}
    return {one.name: one.default for one in plugins.resolve(group, kind).options if not one.required}


def _differing(one: What, two: What) -> Iterator[tuple[str, str, str]]:
    """Yields the options in which two rows differ, with both values as text."""
    for name in sorted({*one.options, *two.options}):
        values = [row.options.get(name, ABSENT) for row in (one, two)]
        # as text too: NaN is not equal to itself
        if values[0] != values[1] and json.dumps(values[0]) != json.dumps(values[1]):
            yield name, text(values[0]), text(values[1])


def _involved(cell: Cell) -> Iterator[About]:
    """Yields the rows that a translated cell rests on, each once: the generators of exam and lesson, the detector."""
    learned = [name for name, _ in sources(cell)] or [cell["train_generator"]]
    yield from (("generators", name) for name in dict.fromkeys([cell["generator"], *learned]))
    yield "detectors", cell["detector"]


def _unused(name: str, run: str, known: Any) -> str:
    """Returns a name for a row that has no partner, under which no row of the reference is found."""
    return _unused(f"{name} of {run}", run, known) if name in known else name
