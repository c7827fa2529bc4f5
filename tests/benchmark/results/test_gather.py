"""What stages wrote arrives in the run folder, and at the report, as they wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmark.quality import control, measures
from benchmark.quality.identity import transfer as identity
from benchmark.quality.inception import distances as inception
from benchmark.results.gather import Gathered
from benchmark.stages import measurements
from generation.dcgan.class_scores import COLUMNS as CLASS_COLUMNS
from reports.load import table

AWKWARD = ["1234e5678901", "012345678901", "000000000000", "007", "None", "NA", "nan", "1e5", "True", "Male, Young"]


class Shelf:
    """A store that has one folder for each kind of stage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, function: str, key: str) -> Path:
        del key
        return self.folder / function


def gathered(folder: Path, text: str) -> Gathered:
    """Returns what there is to gather of one generator, with `text` in every column of text."""
    stages = {
        name: SimpleNamespace(function=name, key=name)
        for name in ("train_generator", "quality", "inception_quality", "score_identity")
    }
    tables = {
        "quality/quality.csv": ["checkpoint", *measures.COLUMNS],
        "quality/control.csv": ["checkpoint", *control.COLUMNS],
        "inception_quality/inception.csv": ["checkpoint", *inception.COLUMNS],
        "score_identity/identity.csv": identity.COLUMNS,
        "train_generator/classes.csv": ["checkpoint", *CLASS_COLUMNS],
        "train_generator/reconstruction.csv": ["checkpoint", "psnr"],
    }
    named = {"class", "source", "target", "embedding_digest", "extractor_digest", "quality_note", "inception"}
    for name, columns in tables.items():
        row = {column: text if column in named else 0.1 + 0.2 for column in dict.fromkeys(columns)}
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame([row | {"checkpoint": "0001"}]).to_csv(folder / name, index=False)
    (folder / "train_generator/facts.json").write_text(json.dumps({"parameters": 5, "seconds": 1.0}))
    (folder / "train_generator/checkpoints.json").write_text('["0001"]')
    by_generator = {name: {("g", 0): stage} for name, stage in stages.items()}
    split = SimpleNamespace(
        name="", ledger_seed=0, trainings=by_generator["train_generator"],
        measured={
            "quality": by_generator["quality"], "inception": by_generator["inception_quality"],
            "format_bias": {},
            "identity": by_generator["score_identity"],
        },
    )  # fmt: skip
    plan = SimpleNamespace(
        cells=[],
        generators=[SimpleNamespace(id="g", plugin=SimpleNamespace(name="swap", attribute=lambda name: None))],
        splits=[split], trainings=split.trainings, measured=split.measured, measurements=measurements.known(),
    )  # fmt: skip
    outcomes = {name: SimpleNamespace(status="done") for name in stages}
    return Gathered(plan, Shelf(folder), outcomes)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", AWKWARD)
def test_text_stays_text_and_numbers_keep_their_digits(tmp_path: Path, text: str) -> None:
    read = gathered(tmp_path / "store", text)
    run = tmp_path / "run"
    run.mkdir()
    frames = {
        "identity": read.measurements()["identity.csv"],
        "generators": read.generators(),
        "classes": read.classes(),
    }
    for name, frame in frames.items():
        frame.to_csv(run / f"{name}.csv", index=False)
    loaded = SimpleNamespace(**{name: table(run, name) for name in frames})
    for frame, columns in (
        (loaded.identity, ["source", "target", "embedding_digest"]),
        (loaded.generators, ["extractor_digest", "quality_note", "inception"]),
        (loaded.classes, ["class"]),
    ):
        assert len(frame) == 1
        for column in ["generator", "checkpoint", *columns]:
            expected = {"generator": "g", "checkpoint": "0001"}.get(column, text)
            assert frame[column].tolist() == [expected], column
    assert loaded.generators["fd"].tolist() == loaded.identity["transfer"].tolist() == [0.1 + 0.2]
    assert loaded.classes["d_loss_real"].tolist() == loaded.classes["recognised"].tolist() == [0.1 + 0.2]
    assert read.reconstruction()["psnr"].tolist() == ["0.30000000000000004"], "not even rounded anew"
