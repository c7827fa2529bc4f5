"""The spec: what to run, as a TOML file or a preset, checked before any work is done."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from benchmark.plan import grids, spec_file, spec_names
from benchmark.plan.spec_lines import Lines
from benchmark.plan.spec_names import ADDED, ALL
from data.errors import UserError, shown, together, unknown
from data.reading import paths

PRESETS = Path(__file__).parent / "presets"
MANY = 2**31 - 1  # the most of what is counted
LEVELS = 5  # seeds of a kind, below which nothing is said of how much they change


def _distinct(values: list[int]) -> list[int]:
    if len(set(values)) < len(values):
        raise ValueError("each seed may stand there once")
    return values


def _asked(word: str) -> str:
    from benchmark.plan import questions  # whose files know the rows of a spec

    if word not in questions.words():
        raise ValueError(f"input should be {' or '.join(map(repr, questions.words()))}")
    return word


def _questions(ask: list[str]) -> list[str]:
    from benchmark.plan import questions

    return questions.chosen(ask)


Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]  # what NumPy and scikit-learn take
Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(_distinct)]


class DatasetSpec(BaseModel):
    """`[dataset]`: the source's `name`; its options stand beside."""

    model_config = ConfigDict(extra="allow", strict=True)
    name: str


class PluginSpec(BaseModel):
    """`[[generator]]` or `[[detector]]`: the plug-in's `kind`, the row's `id` (default: the kind), and options.

    With a `grid`, lists of values by option, the row stands for one row for each combination, see
    `benchmark.plan.grids`; in each of those `grid` says its own values.
    """

    model_config = ConfigDict(extra="allow", strict=True)
    kind: Annotated[str, Field(min_length=1)]
    id: str = ""
    grid: dict[str, Any] = {}

    def model_post_init(self, context: Any, /) -> None:
        self.id = self.id or re.sub(r"^.*/", "", self.kind)

    @property
    def options(self) -> dict[str, Any]:
        """The options, which are everything but what every row has."""
        return dict(self.model_extra or {})


class DetectorSpec(PluginSpec):
    """`[[detector]]`: `train_on` says whose fakes it learns: each generator's own, or those of all together.

    It is the word of a question, see `benchmark.plan.questions`.
    """

    train_on: Annotated[str, AfterValidator(_asked)] = "each"

    def model_post_init(self, context: Any, /) -> None:
        named = bool(self.id)
        super().model_post_init(context)
        if self.train_on != "each" and not named:
            self.id = f"{self.id}-{self.train_on}"


class ProtocolSpec(BaseModel):
    """`[protocol]`: seeds, the sizes of the parts, and the epochs between checkpoints.

    `ledger_seeds` are the splits of the real images, for each of which everything is done; `ledger_seed = N` says the
    same of one. `components = true` asks for variance components: a spec whose seeds are too few for any is refused.

    `ask` names questions beside the usual one, see `benchmark.plan.questions`; `"all"` is every one.

    `limit` is how many seconds a stage of a plug-in that is not built in may take before it fails; 0 for as long as it
    likes. It changes no key.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    ledger_seed: Seed = 0
    ledger_seeds: Seeds | None = None
    generator_seeds: Seeds = [0]
    detector_seeds: Seeds = [0]
    display_interval: Annotated[int, Field(ge=1, le=MANY)] = 10
    parts: dict[str, float | int] | None = None
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    limit: Annotated[int, Field(ge=0)] = 0
    components: bool = False
    ask: Annotated[list[str], AfterValidator(_questions)] = ["own"]

    @property
    def ledgers(self) -> list[int]:
        """The seeds of all splits, the first of which tables and pictures that show one are of."""
        return self.ledger_seeds or [self.ledger_seed]


class QualitySpec(BaseModel):
    """`[quality]`: whether the images of every checkpoint are compared with real ones, and with how many at most.

    `inception_weights` is a file of FID's Inception network, with which last checkpoints get an FID and a KID.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    enabled: bool = True
    n: Annotated[int, Field(ge=32, le=MANY)] = 5000
    inception_weights: str | None = None


class Places(dict[tuple[str, str], dict[str, str]]):
    """Where the rows of a spec, by table and id, and their options stand in its file: no part of what the spec says."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places)


class Spec(BaseModel):
    """A whole benchmark, its grids expanded.

    Controls and sentinels that a spec does not name are added: every run carries them.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    name: str = "run"
    description: str = ""
    dataset: DatasetSpec
    generator: list[PluginSpec] = []
    detector: list[DetectorSpec] = []
    protocol: ProtocolSpec = ProtocolSpec()
    quality: QualitySpec = QualitySpec()
    question: dict[str, dict[str, Any]] = {}
    _places: Places = PrivateAttr(default_factory=Places)

    @property
    def places(self) -> Places:
        """Where its rows stand in its file, such as `"spec.toml:12: "`, by the name `""`, and each of their options."""
        return self._places

    def model_post_init(self, context: Any, /) -> None:
        for kind in ADDED["generator"]:
            if all(row.kind != kind for row in self.generator):
                self.generator.append(PluginSpec(kind=kind))
        for kind in ADDED["detector"]:
            if all(row.kind != kind for row in self.detector):
                self.detector.append(DetectorSpec(kind=kind))
        self.generator = [one for row in self.generator for one in grids.expanded("generator", row)]
        self.detector = [one for row in self.detector for one in grids.expanded("detector", row)]

    def with_inception(self, weights: str | Path) -> Spec:
        """Returns the spec with a file of Inception weights, whose place is relative to the current folder."""
        place = str(paths.place(weights, "file of Inception weights").absolute())
        return self.model_copy(update={"quality": self.quality.model_copy(update={"inception_weights": place})})

    def resolved(self) -> dict[str, Any]:
        """Returns the spec as plain values, with what was added; a row that is of a grid says its values in `grid`."""
        values = self.model_dump()
        del values["protocol"]["ledger_seed" if self.protocol.ledger_seeds else "ledger_seeds"]
        for row in (*values["generator"], *values["detector"]):
            if not row["grid"]:
                del row["grid"]
        return values


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
    values, text = spec_file.read(path)
    values.setdefault("name", spec_names.of_file(path.stem))
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
    ids = spec_names.of_folders(fakes)
    rows = [{"kind": "folder", "id": ids[i], "path": str(folder.resolve())} for i, folder in enumerate(fakes)]
    detectors = tomllib.loads(presets()["digits"].read_text(encoding="utf-8"))["detector"]
    values = {
        "name": spec_names.of_file(f"{real.resolve().name or 'folder'}-against-{ids[0]}".lstrip(".")),
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
    spec_file.check(values)
    changed = {key: _copy(value) for key, value in values.items()}
    for change in changes:
        _apply(changed, change)
    spec_file.check(changed)

    def place(*path: str | int) -> str:
        """Returns where something stands in the file, unless a change has put it there."""
        if lines is None or _at(values, path) != _at(changed, path):
            return ""
        rows = _at(values, path[:1])
        gridded = isinstance(rows, list) and any(isinstance(row, dict) and "grid" in row for row in rows)
        return "" if gridded else lines.place(path)  # a grid makes several rows of one

    try:
        spec = Spec.model_validate(changed)
    except ValidationError as error:
        raise together(_explain(one, place(*one["loc"])) for one in _told(error)) from None
    found = _caught(place("protocol"), _check_seeds, spec.protocol)
    for what, rows in (("generator", spec.generator), ("detector", spec.detector)):
        found += _check_rows(what, rows, place, spec.places)
    found += _check_questions(spec, place)
    found += _caught(place("name"), spec_names.check, spec.name)
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
                UserError(f"{place(*at, *one['loc'])}{_words(one | {'loc': (*at, *one['loc'])}, model)}")
                for one in _told(error)
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
        found += _caught(place(what, at, "id"), spec_names.check_id, what, name)
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


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(part) for key, part in value.items()}
    return [_copy(part) for part in value] if isinstance(value, list) else value


def _apply(values: dict[str, Any], change: str) -> None:
    """Applies `protocol.threads=2`, `dataset.classes=["cat"]`, `generator.NAME.epochs=3` or `generator.*.epochs=3`.

    A row with a grid is changed before it is expanded: `generator.NAME.grid.depth=[3, 4]` sets one of its lists.
    """
    keys, equals, text = change.partition("=")
    if not equals or not keys.strip():
        raise UserError(f"--set takes key=value, such as generator.baseline.epochs=5. Received: {shown(change)}.")
    if keys.count(".") > spec_file.DEEPEST:
        raise UserError(spec_file.too_deep(f"--set {shown(change)}"))
    for table in ("generator", "detector"):
        if not all(isinstance(row, dict) for row in _listed(values, table)):
            raise UserError(f"'{table}' in the spec must be a list of tables: write [[{table}]].")
    path = _split(keys.strip(), values)
    if not all(key.strip() for key in path):
        raise UserError(f"--set takes key=value, and no part of a key is empty. Received: {shown(change)}.")
    if path[0] in ("generator", "detector") and len(path) > 1:
        rows = _rows(values, path[0], path[1])
        if path[2:-1] == ["grid"]:
            path[2:] = [f"grid.{path[-1]}"]
        if len(path) != 3:
            raise UserError(f"--set takes {path[0]}.ID.OPTION=value. Received: {shown(change)}.")
        for row in rows:
            grids.put(row, path[2], _value(text))
        return
    for key in path[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise UserError(f"--set {shown(change)}: '{shown(key)}' is not a table.")
    values[path[-1]] = _value(text)


def _listed(values: Mapping[str, Any], table: str) -> list[Any]:
    rows = values.get(table, [])
    return rows if isinstance(rows, list) else [None]


def _split(keys: str, values: Mapping[str, Any]) -> list[str]:
    """Splits a dotted key; ids may hold dots themselves, so the known ones are looked for first."""
    table, _, rest = keys.partition(".")
    for row in values.get(table, []) if table in ("generator", "detector") else []:
        name = row.get("id") or row.get("kind", "")
        if rest.startswith(f"{name}."):
            return [table, name, rest[len(name) + 1 :]]
    return keys.split(".")


def _rows(values: Mapping[str, Any], table: str, name: str) -> list[dict[str, Any]]:
    rows = list(values.get(table, []))
    found = rows if name == "*" else [row for row in rows if name in (row.get("id"), row.get("kind"))]
    if not found:
        raise unknown(table, name, [row.get("id") or row.get("kind", "") for row in rows])
    return found


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except RecursionError:
        raise UserError(spec_file.too_deep(f"--set {shown(text)}")) from None
    except ValueError:
        return text.strip()  # a bare word is a string


def _at(values: Any, path: Sequence[str | int]) -> Any:
    """Returns what stands at a path, `None` if nothing does."""
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return None
    return values


def _caught(where: str, check: Callable[..., None], *given: Any) -> list[UserError]:
    """Returns what a check raises, with its place before it."""
    try:
        check(*given)
    except UserError as error:
        return [UserError(f"{where}{error}")]
    return []


def _told(error: ValidationError) -> list[Any]:
    """Returns what is wrong, in the order of the file; a misspelt key explains that one is missing beside it."""
    # of a value that may be of several types each of them complains, by its name behind the key
    first = {loc: one for one in reversed(error.errors()) for loc in [_key(one["loc"])]}
    every: list[Any] = [one | {"loc": loc} for loc, one in reversed(first.items())]
    odd = {one["loc"][:-1] for one in every if one["type"] == "extra_forbidden"}
    return [one for one in every if one["type"] != "missing" or one["loc"][:-1] not in odd]


def _key(path: tuple[int | str, ...]) -> tuple[int | str, ...]:
    return path[:-1] if path[-1:] in (("float",), ("int",)) else path


def _explain(first: Any, place: str) -> UserError:
    """Returns the message for one thing that is wrong, with its place before it."""
    return UserError(f"{place}{_words(first)}")


def _words(first: Any, of: type[BaseModel] | None = None) -> UserError:
    where = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        tables: dict[str, type[BaseModel]] = {"protocol": ProtocolSpec, "quality": QualitySpec}
        model = of or tables.get(where[0], Spec)
        table = f"of [{'.'.join(where[:-1])}]" if len(where) > 1 else "of the spec"
        return unknown("key", where[-1], model.model_fields, table)
    name = ".".join(where)
    if first["type"] == "missing":
        return UserError(f"The spec lacks '{shown(name)}'.")
    message = first["msg"][0].lower() + first["msg"][1:]
    received = first["input"]
    received = shown(repr(received) if isinstance(received, str) else received)
    return UserError(f"'{shown(name)}' in the spec is not usable: {message}. Received: {received}.")
