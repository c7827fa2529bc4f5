"""`croissant.json` of an export: every name in it leads to a file or a column that is there, and loaders read it."""

from __future__ import annotations

import csv
import hashlib
import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from benchmark.use.export import export


@pytest.fixture(scope="module")
def exported(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("croissant") / "set"
    export(finished / "runs" / "images", out=folder)
    return folder


@pytest.fixture(scope="module")
def about(exported: Path) -> dict[str, Any]:
    return dict(json.loads((exported / "croissant.json").read_text()))


def test_it_has_what_the_specification_requires(about: dict[str, Any]) -> None:
    required = {"@context", "@type", "name", "description", "license", "conformsTo", "distribution", "recordSet"}
    assert required <= about.keys()
    assert about["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert "CC BY 4.0" in about["license"]


def test_its_files_are_those_of_the_folder(exported: Path, about: dict[str, Any]) -> None:
    table, files = about["distribution"]
    content = (exported / table["contentUrl"]).read_bytes()
    assert table["sha256"] == hashlib.sha256(content).hexdigest()
    assert table["contentSize"] == f"{len(content)} B"
    found = [path.relative_to(exported).as_posix() for path in exported.rglob("*.png")]
    assert all(any(fnmatch(path, pattern) for pattern in files["includes"]) for path in found)
    with open(exported / "images.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["file_name"] for row in rows) == sorted(found)
    for row in rows:
        assert row["is_fake"] == str(int("/fake/" in row["file_name"]))
        assert hashlib.sha256((exported / row["file_name"]).read_bytes()).hexdigest() == row["sha256"]


def test_its_fields_are_columns_or_files(exported: Path, about: dict[str, Any]) -> None:
    header = (exported / "images.csv").read_text().splitlines()[0].split(",")
    (records,) = about["recordSet"]
    fields = {field["name"].removeprefix("images/"): field for field in records["field"]}
    assert {"image", "is_fake", "generator", "part"} <= fields.keys()
    assert set(header) == fields.keys() - {"image"}
    ids = {one["@id"] for one in about["distribution"]}
    for name, field in fields.items():
        for source in (field["source"], field.get("references", {})):
            assert {source[kind]["@id"] for kind in ("fileObject", "fileSet") if kind in source} <= ids
            if "column" in source.get("extract", {}):
                assert source["extract"]["column"] == name
    assert fields["image"]["source"]["extract"] == {"fileProperty": "content"}


@pytest.mark.filterwarnings("ignore")  # of its own libraries
def test_mlcroissant_validates_and_reads_it(exported: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed: pip install mlcroissant")
    data = mlcroissant.Dataset(exported / "croissant.json")  # raises on what the specification does not allow
    assert not data.metadata.ctx.issues.errors
    records = [record for record, _ in zip(data.records("images"), range(400), strict=False)]
    for record in records:
        name = record["images/file_name"].decode()
        assert record["images/is_fake"] == ("/fake/" in name)
        assert record["images/image"].size == (8, 8)
    assert {record["images/part"] for record in records} <= {b"detector-train", b"detector-validation", b"test"}
