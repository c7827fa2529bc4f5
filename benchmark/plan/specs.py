"""The spec: what to run, as a TOML file or a preset, checked before any work is done."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmark.plan.spec import changes as changing
from benchmark.plan.spec import file, mistakes, names
from benchmark.plan.spec.lines import Lines
from benchmark.plan.spec.models import LEVELS, DetectorSpec, Places, PluginSpec, ProtocolSpec, Spec
from benchmark.plan.spec.names import ALL
from data.errors import UserError, shown, together, unknown
from data.reading import paths

__all__ = [
    "ALL", "LEVELS", "PRESETS", "DetectorSpec", "Places", "PluginSpec", "ProtocolSpec", "Spec", "from_folders", "load",
    "parse", "presets",
]  # fmt: skip
PRESETS = Path(__file__).parent / "presets"


def presets() -> dict[str, Path]:
    """Returns the presets that come with fauxbench: name -> file."""
    return {path.stem: path for path in sorted(PRESETS.glob("*.toml"))}


def load(source: str | Path, changes: Sequence[str] = ()) -> Spec:
    """Reads a preset or a TOML file, applies `key=value` changes, and checks the result.

    Raises:
        UserError: If there is no such preset or file, or something in it is wrong.
    """
    path = presets().get(str(source)) or paths.place(source, "preset or file")
    if not path.is_file():
        if path.exists():
            raise UserError(f"{shown(str(path))} is a {'folder' if path.is_dir() else 'device'}. Expected a TOML file.")
        raise unknown("preset or file", str(source), presets())
    values, text = file.read(path)
    values.setdefault("name", names.of_file(path.stem))
    return parse(values, changes, Lines(str(source) if path.stem != str(source) else path.name, text))


def from_folders(real: Path, fakes: Sequence[Path], changes: Sequence[str] = ()) -> Spec:
    """Returns the spec that asks how well folders of fakes can be told from a folder of real images.

    Raises:
        UserError: If a folder does not exist.
    """
    real, fakes = paths.place(real, "folder of real images"), [paths.place(f, "folder of fakes") for f in fakes]
    for folder in (real, *fakes):
        if not folder.is_dir() and not (folder in fakes and folder.is_file()):  # frames of an animation may be fakes
            raise UserError(f"There is no folder {shown(str(folder))}.")
    ids = names.of_folders(fakes)
    rows = [{"kind": "folder", "id": ids[i], "path": str(folder.resolve())} for i, folder in enumerate(fakes)]
    detectors = tomllib.loads(presets()["digits"].read_text(encoding="utf-8"))["detector"]
    values = {
        "name": names.of_file(f"{real.resolve().name or 'folder'}-against-{ids[0]}".lstrip(".")),
        "dataset": {"name": "folder", "path": str(real.resolve())},
        "generator": rows, "detector": [{"kind": row["kind"]} for row in detectors],
    }  # fmt: skip
    return parse(values, changes)


def parse(values: Mapping[str, Any], changes: Sequence[str] = (), lines: Lines | None = None) -> Spec:
    """Checks a spec given as plain values, after `key=value` changes.

    Args:
        values: The values.
        changes: The changes.
        lines: Where they stand in a file, for messages. Defaults to `None`, they are of none.

    Raises:
        UserError: For an unknown key, a wrong type or range, a grid that is none, or two rows with one id; all that is
            wrong is told together.
    """
    file.check(values)
    changed = {key: changing.copied(value) for key, value in values.items()}
    for change in changes:
        changing.apply(changed, change)
    file.check(changed)

    def place(*path: str | int) -> str:
        """Returns where something stands in the file, unless a change has put it there."""
        if lines is None or changing.at(values, path) != changing.at(changed, path):
            return ""
        rows = changing.at(values, path[:1])
        gridded = isinstance(rows, list) and any(isinstance(row, dict) and "grid" in row for row in rows)
        return "" if gridded else lines.place(path)  # a grid makes several rows of one

    try:
        spec = Spec.model_validate(changed)
    except ValidationError as error:
        raise together(mistakes.explained(one, place(*one["loc"])) for one in mistakes.told(error)) from None
    found = _caught(place("protocol"), _check_seeds, spec.protocol)
    for what, rows in (("generator", spec.generator), ("detector", spec.detector)):
        found += _check_rows(what, rows, place, spec.places)
    found += _check_questions(spec, place)
    found += _caught(place("name"), names.check, spec.name)
    if found:
        raise together(found)
    return spec


def _check_questions(spec: Spec, place: Callable[..., str]) -> list[UserError]:
    """Returns what is wrong with the tables `[question.NAME]`: each is of a question that is asked and has options."""
    from benchmark.plan import questions

    found: list[UserError] = []
    for name, given in spec.question.items():
        try:
            if name not in questions.names():
                raise unknown("question", name, questions.names())
            if name not in spec.protocol.ask:
                asked = ", ".join(spec.protocol.ask)
                raise UserError(
                    f"[question.{name}] sets a question that is not asked: add it to 'ask' of [protocol]. "
                    f"Asked: {asked}."
                )
            checked = questions.options(name, given)
            if checked is None:
                raise UserError(f"[question.{name}] sets a question that has no options. Remove the table.")
        except ValidationError as error:
            at = ("question", name)
            model = questions.known()[name].Options
            found += [
                UserError(f"{place(*at, *one['loc'])}{mistakes.words(one | {'loc': (*at, *one['loc'])}, model)}")
                for one in mistakes.told(error)
            ]
        except UserError as error:
            found.append(UserError(f"{place('question', name)}{error}"))
    return found


def _check_rows(what: str, rows: Sequence[PluginSpec], place: Callable[..., str], places: Places) -> list[UserError]:
    """Returns what is wrong with the ids of generators or detectors, and takes note of where they stand."""
    found, ids = [], [row.id for row in rows]
    for at, name in enumerate(ids):
        where = place(what, at)  # those that were added last are in no file; a grid's are not told
        places[what, name] = {"": where} | {option: place(what, at, option) for option in rows[at].options}
        found += _caught(place(what, at, "id"), names.check_id, what, name)
        if what == "generator" and name == ALL:
            said = f"A generator's id may not be '{ALL}', which stands for all generators together. Give another."
            found.append(UserError(where + said))
        if name in ids[:at]:
            said = f"Two {what}s are called '{shown(name)}'. Give each its own id, such as id = \"{shown(name)}-2\"."
            found.append(UserError(where + said))
    return found


def _check_seeds(protocol: ProtocolSpec) -> None:
    if {"ledger_seed", "ledger_seeds"} <= protocol.model_fields_set and protocol.ledger_seeds is not None:
        raise UserError(
            f"[protocol] takes ledger_seed = N or ledger_seeds = [N, ...]. Received: both, {protocol.ledger_seed} and "
            f"{protocol.ledger_seeds}."
        )
    counts = [len(seeds) for seeds in (protocol.ledgers, protocol.generator_seeds, protocol.detector_seeds)]
    if protocol.components and max(counts) < LEVELS:
        raise UserError(
            f"components = true needs at least {LEVELS} seeds in one of ledger_seeds, generator_seeds and "
            f"detector_seeds, and says nothing of those with fewer. Received: {counts[0]}, {counts[1]} and {counts[2]}."
        )


def _caught(where: str, check: Callable[..., None], *given: Any) -> list[UserError]:
    """Returns what a check raises, with its place before it."""
    try:
        check(*given)
    except UserError as error:
        return [UserError(f"{where}{error}")]
    return []
