"""The spec: what to run, as a TOML file or a preset, checked before any work is done."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from data.errors import UserError, unknown

ALL = "all"
PRESETS = Path(__file__).parent / "presets"


def _distinct(values: list[int]) -> list[int]:
    if len(set(values)) < len(values):
        raise ValueError("each seed may stand there once")
    return values


Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]  # what NumPy and scikit-learn take
Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(_distinct)]


class DatasetSpec(BaseModel):
    """`[dataset]`: the source's `name`; its options stand beside."""

    model_config = ConfigDict(extra="allow", strict=True)
    name: str


class PluginSpec(BaseModel):
    """`[[generator]]` or `[[detector]]`: the plug-in's `kind`, the row's `id` (default: the kind), and options."""

    model_config = ConfigDict(extra="allow", strict=True)
    kind: str
    id: str = ""

    def model_post_init(self, context: Any, /) -> None:
        self.id = self.id or re.sub(r"^.*/", "", self.kind)

    @property
    def options(self) -> dict[str, Any]:
        """The options, which are everything but `kind` and `id`."""
        return dict(self.model_extra or {})


class DetectorSpec(PluginSpec):
    """`[[detector]]`: `train_on` says whose fakes it learns: each generator's own, or those of all together."""

    train_on: Literal["each", "all"] = "each"

    def model_post_init(self, context: Any, /) -> None:
        named = bool(self.id)
        super().model_post_init(context)
        if self.train_on == ALL and not named:
            self.id = f"{self.id}-{ALL}"


class ProtocolSpec(BaseModel):
    """`[protocol]`: seeds, the sizes of the parts, and the epochs between checkpoints.

    `limit` is how many seconds a stage of a plug-in that is not built in may take before it fails; 0 for as long as it
    likes. It changes no key.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    ledger_seed: Seed = 0
    generator_seeds: Seeds = [0]
    detector_seeds: Seeds = [0]
    display_interval: Annotated[int, Field(ge=1)] = 10
    parts: dict[str, float | int] | None = None
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    limit: Annotated[int, Field(ge=0)] = 0


class QualitySpec(BaseModel):
    """`[quality]`: whether the images of every checkpoint are compared with real ones, and with how many at most.

    `inception_weights` is a file of FID's Inception network, with which last checkpoints get an FID and a KID.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    enabled: bool = True
    n: Annotated[int, Field(ge=32)] = 5000
    inception_weights: str | None = None


class Spec(BaseModel):
    """A whole benchmark. Controls and sentinels that a spec does not name are added: every run carries them."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str = "run"
    description: str = ""
    dataset: DatasetSpec
    generator: list[PluginSpec] = []
    detector: list[DetectorSpec] = []
    protocol: ProtocolSpec = ProtocolSpec()
    quality: QualitySpec = QualitySpec()

    def model_post_init(self, context: Any, /) -> None:
        for kind in ("real-copy", "noise"):
            if all(row.kind != kind for row in self.generator):
                self.generator.append(PluginSpec(kind=kind))
        for kind in ("sentinel-format", "sentinel-content"):
            if all(row.kind != kind for row in self.detector):
                self.detector.append(DetectorSpec(kind=kind))

    def with_inception(self, weights: str | Path) -> Spec:
        """Returns the spec with a file of Inception weights, whose place is relative to the current folder."""
        place = str(Path(weights).expanduser().absolute())
        return self.model_copy(update={"quality": self.quality.model_copy(update={"inception_weights": place})})

    def resolved(self) -> dict[str, Any]:
        """Returns the spec as plain values, with what was added."""
        return self.model_dump()


def presets() -> dict[str, Path]:
    """Returns the presets that come with fauxbench: name -> file."""
    return {path.stem: path for path in sorted(PRESETS.glob("*.toml"))}


def load(source: str | Path, changes: Sequence[str] = ()) -> Spec:
    """Reads a preset or a TOML file, applies `key=value` changes, and checks the result.

    Raises:
        UserError: If there is no such preset or file, or something in it is wrong.
    """
    path = presets().get(str(source), Path(source))
    if not path.is_file():
        raise unknown("preset or file", str(source), presets())
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid TOML: {error}.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    values.setdefault("name", path.stem)
    return parse(values, changes)


def from_folders(real: Path, fakes: Sequence[Path], changes: Sequence[str] = ()) -> Spec:
    """Returns the spec that asks how well folders of fakes can be told from a folder of real images.

    Raises:
        UserError: If a folder does not exist.
    """
    for folder in (real, *fakes):
        if not folder.is_dir() and not (folder in fakes and folder.is_file()):  # frames of an animation may be fakes
            raise UserError(f"There is no folder {folder}.")
    names = _names(fakes)
    rows = [{"kind": "folder", "id": names[i], "path": str(folder.resolve())} for i, folder in enumerate(fakes)]
    detectors = tomllib.loads(presets()["digits"].read_text(encoding="utf-8"))["detector"]
    name = re.sub(r"[^\w.-]", "-", f"{real.resolve().name}-against-{names[0]}").lstrip(".-") or "folders"
    values = {
        "name": name, "dataset": {"name": "folder", "path": str(real.resolve())},
        "generator": rows, "detector": [{"kind": row["kind"]} for row in detectors],
    }  # fmt: skip
    return parse(values, changes)


def _names(folders: Sequence[Path]) -> list[str]:
    """Names folders by their last part, or by as many as it takes to tell them apart."""
    for depth in range(1, 20):
        names = ["-".join(folder.resolve().parts[-depth:]) for folder in folders]
        if len(set(names)) == len(names):
            return names
    raise UserError(f"The same folder of fakes is given twice: {folders[0]}.")


def parse(values: Mapping[str, Any], changes: Sequence[str] = ()) -> Spec:
    """Checks a spec given as plain values, after `key=value` changes.

    Raises:
        UserError: For an unknown key, a wrong type or range, or two rows with one id.
    """
    changed = {key: _copy(value) for key, value in values.items()}
    for change in changes:
        _apply(changed, change)
    try:
        spec = Spec.model_validate(changed)
    except ValidationError as error:
        raise _explain(error) from None
    if any(row.id == ALL for row in spec.generator):
        raise UserError(f"A generator's id may not be '{ALL}', which stands for all generators together. Give another.")
    for what, rows in (("generator", spec.generator), ("detector", spec.detector)):
        ids = [row.id for row in rows]
        odd = next((name for name in ids if not name.strip() or "/" in name or not name.isprintable()), None)
        if odd is not None:
            raise UserError(f"A {what}'s id must be printable, without '/', and not blank. Received: id={odd!r}.")
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice:
            raise UserError(f"Two {what}s are called '{twice}'. Give each its own id, such as id = \"{twice}-2\".")
    if not re.fullmatch(r"[\w][\w. -]{0,99}", spec.name):
        raise UserError(
            f"A spec's name must be letters, digits, '.', '_', '-' or spaces. Received: name={spec.name!r}."
        )
    return spec


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(part) for key, part in value.items()}
    return [_copy(part) for part in value] if isinstance(value, list) else value


def _apply(values: dict[str, Any], change: str) -> None:
    """Applies `protocol.threads=2`, `dataset.classes=["cat"]`, `generator.NAME.epochs=3` or `generator.*.epochs=3`."""
    keys, equals, text = change.partition("=")
    if not equals or not keys.strip():
        raise UserError(f"--set takes key=value, such as generator.baseline.epochs=5. Received: {change}.")
    for table in ("generator", "detector"):
        if not all(isinstance(row, dict) for row in _listed(values, table)):
            raise UserError(f"'{table}' in the spec must be a list of tables: write [[{table}]].")
    path = _split(keys.strip(), values)
    if path[0] in ("generator", "detector") and len(path) > 1:
        rows = _rows(values, path[0], path[1])
        if len(path) != 3:
            raise UserError(f"--set takes {path[0]}.ID.OPTION=value. Received: {change}.")
        for row in rows:
            row[path[2]] = _value(text)
        return
    for key in path[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise UserError(f"--set {change}: '{key}' is not a table.")
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
    except tomllib.TOMLDecodeError:
        return text.strip()  # a bare word is a string


def _explain(error: ValidationError) -> UserError:
    first = min(
        error.errors(), key=lambda one: one["type"] != "extra_forbidden"
    )  # a misspelt key explains a missing one
    where = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        tables: dict[str, type[BaseModel]] = {"protocol": ProtocolSpec, "quality": QualitySpec}
        model = tables.get(where[0], Spec)
        return unknown("key", where[-1], model.model_fields, f"of [{where[0]}]" if len(where) > 1 else "of the spec")
    name = ".".join(where)
    if first["type"] == "missing":
        return UserError(f"The spec lacks '{name}'.")
    message = first["msg"][0].lower() + first["msg"][1:]
    return UserError(f"'{name}' in the spec is not usable: {message}. Received: {first['input']!r}.")
