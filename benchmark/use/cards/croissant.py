"""`croissant.json` of an export: its files and columns as MLCommons' Croissant 1.0 names them, so that loaders of data
sets find images and labels without reading our docs.

The vocabulary is that of https://docs.mlcommons.org/croissant/docs/croissant-spec.html: `images.csv` is a file object,
the PNG files are a file set, and the record set `images` joins each row of the one with a file of the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark.results.cards.markdown import terms
from benchmark.use.stored_run import StoredRun

PARTS = ("train", "validation", "test")
FILE, TABLE = "croissant.json", "images.csv"
CONFORMS = "http://mlcommons.org/croissant/1.0"
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
COLUMNS = {  # column of images.csv -> its type, and what it says
    "is_fake": ("sc:Boolean", "Whether a generator made the image."),
    "label": ("sc:Text", "The same in a word: real or fake."),
    "generator": ("sc:Text", "Which configuration made it; empty for a real image."),
    "training_seed": ("sc:Text", "Which training of it; empty for a real image."),
    "checkpoint": ("sc:Text", "Which checkpoint of that training; empty for a real image."),
    "part": ("sc:Text", "Which part it serves: detector-train, detector-validation or test."),
    "image_id": ("sc:Text", "Its name in the run's scores.parquet, unique within its generator or the real images."),
    "group": ("sc:Text", "Images of one group show one person or come from one source; empty for one alone."),
    "class": ("sc:Text", "What a real image shows, and what a conditional generator was asked for; else empty."),
    "sha256": ("sc:Text", "Of the file."),
}


def write(folder: Path, opened: StoredRun, generators: list[str]) -> None:
    """Writes `croissant.json` beside `images.csv`, which must be there.

    Args:
        folder: The folder of the export.
        opened: The run.
        generators: Whose fakes it holds.
    """
    table = folder / TABLE
    about = described(opened, generators, table.stat().st_size, hashlib.sha256(table.read_bytes()).hexdigest())
    (folder / FILE).write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def described(opened: StoredRun, generators: list[str], size: int, sha256: str) -> dict[str, Any]:
    """Returns the description as JSON-LD.

    Args:
        opened: The run.
        generators: Whose fakes the export holds.
        size: Bytes of `images.csv`.
        sha256: Of it.
    """
    manifest, images = opened.manifest, opened.images
    height, width, channels = images.shape
    smoke = " From a smoke run, which shows nothing." if opened.smoke else ""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": f"{manifest['name']}: real and generated images",
        "conformsTo": CONFORMS,
        "description": f"Real images ({images.name}) and images of {', '.join(generators)}, {width} x {height} pixels, "
        f"{'grey' if channels == 1 else 'colour'}, for training and testing detectors of generated images. Written by "
        f"fauxbench, with equal last steps for both sides.{smoke} README.md is the card.",
        "citeAs": f"fauxbench: how detectable is an image generator? Cite the publisher of {images.name} too.",
        "license": terms(manifest["spec"]["dataset"]["name"]),
        "version": "1.0.0",
        "datePublished": str(manifest.get("finished", ""))[:10],
        "keywords": ["generated images", "detection", "benchmark"],
        "isLiveDataset": False,
        "distribution": [
            {
                "@type": "cr:FileObject", "@id": TABLE, "name": TABLE, "contentUrl": TABLE,
                "description": "A row for each image of all parts.", "contentSize": f"{size} B",
                "encodingFormat": "text/csv", "sha256": sha256,
            },
            {
                "@type": "cr:FileSet", "@id": "files", "name": "files", "encodingFormat": "image/png",
                "description": "Every image, in train/, validation/ and test/.",
                "includes": [f"{part}/{side}/*.png" for part in PARTS for side in ("real", "fake")],
            },
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet", "@id": "images", "name": "images", "key": {"@id": "images/file_name"},
                "description": "One record for each image.", "field": list(_fields()),
            }
        ],
    }  # fmt: skip


def _fields() -> Iterator[dict[str, Any]]:
    """Yields the fields of a record: the file's name, the image of that name, and the other columns."""
    files = {"fileSet": {"@id": "files"}}
    path = files | {"extract": {"fileProperty": "fullpath"}, "transform": {"regex": "^(.*)$"}}  # a path, as text
    column = {"fileObject": {"@id": TABLE}, "extract": {"column": "file_name"}}
    yield _field("file_name", "sc:Text", "Where it lies in the folder.", path) | {"references": column}
    yield _field("image", "sc:ImageObject", "The image.", files | {"extract": {"fileProperty": "content"}})
    for name, (kind, about) in COLUMNS.items():
        yield _field(name, kind, about)


def _field(name: str, kind: str, about: str, source: dict[str, Any] | None = None) -> dict[str, Any]:
    column = {"fileObject": {"@id": TABLE}, "extract": {"column": name}}
    return {
        "@type": "cr:Field", "@id": f"images/{name}", "name": f"images/{name}", "description": about,
        "dataType": kind, "source": column if source is None else source,
    }  # fmt: skip
