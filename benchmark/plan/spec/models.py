"""The models of a spec: its tables and rows, each with what it may say; `benchmark.plan.specs` reads and checks one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr

from benchmark.plan.spec import grids
from benchmark.plan.spec.names import ADDED
from data.reading import paths

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
    `benchmark.plan.spec.grids`; in each of those `grid` says its own values.
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
    _rung: bool = PrivateAttr(False)

    @property
    def rung(self) -> bool:
        """Whether the ladder has added it, see `benchmark.plan.ladder`."""
        return self._rung

    def as_rung(self) -> DetectorSpec:
        """Returns it as one that the ladder adds."""
        rung = self.model_copy()
        rung._rung = True
        return rung

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
