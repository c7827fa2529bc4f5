"""Data files and pictures that are missing, damaged or hostile: one line, exit code 2, and nothing half-written."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.sources.celeba_lists import LISTS


def spec_file(dataset: str) -> Path:
    """Writes a small spec of a data set."""
    rows = '[[generator]]\nkind = "noise"\n[[detector]]\nkind = "linear-pixel"\n'
    path = Path.cwd() / "spec.toml"
    path.write_text(f"[dataset]\n{dataset}\n{rows}", encoding="utf-8")
    return path


# -- data files ---------------------------------------------------------------------------------------------------


def cifar(name: str = "data_batch_1", content: bytes = b"not the published file") -> Path:
    folder = Path("files/cifar10/cifar-10-batches-py")
    folder.mkdir(parents=True)
    for batch in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        (folder / batch).write_bytes(content)
    return folder / name


CIFAR = 'name = "cifar10"\nclasses = ["dog"]'


def test_altered_batch(refused: Callable[..., str]) -> None:
    cifar()
    line = refused("run", spec_file(CIFAR), "--data", "files")
    assert "is not the published file" in line
    assert "data_batch_1" in line


def test_missing_batch(refused: Callable[..., str]) -> None:
    cifar("data_batch_3").unlink()
    assert "Missing: data_batch_3" in refused("run", spec_file(CIFAR), "--data", "files")


def test_pickle_that_runs_code(refused: Callable[..., str], tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path}/ran",)

    content = pickle.dumps({"data": Attack(), "labels": [0]})
    cifar(content=content)
    line = refused("run", spec_file(f"{CIFAR}\nverify = false"), "--data", "files")
    assert "asks to call" in line
    assert "system" in line
    assert not (tmp_path / "ran").exists()
    pickle.loads(content)  # the attack itself works
    assert (tmp_path / "ran").exists()


def test_truncated_batch(refused: Callable[..., str]) -> None:
    content = pickle.dumps({"data": np.zeros((10, 3072), np.uint8), "labels": [0] * 10})
    cifar(content=content[:-500])
    text = f"{CIFAR}\nverify = false"
    assert "truncated" in refused("run", spec_file(text), "--data", "files")


def test_truncated_mnist(refused: Callable[..., str]) -> None:
    folder = Path("files/mnist")
    folder.mkdir(parents=True)
    for part, n in (("train", 60), ("t10k", 10)):
        images = struct.pack(">4i", 2051, n, 28, 28) + bytes(n * 784)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images)[:-20])
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(struct.pack(">2i", 2049, n) + bytes(n)))
    text = 'name = "mnist"\nverify = false'
    assert "not a whole gzip file" in refused("run", spec_file(text), "--data", "files")


def celeba(archive: bytes) -> None:
    folder = Path("files/celeba")
    folder.mkdir(parents=True)
    (folder / "img_align_celeba.zip").write_bytes(archive)
    names = [f"{i:06d}.jpg" for i in range(1, 4)]
    rows = {
        "list_attr_celeba.txt": f"{len(names)}\nSmiling\n" + "".join(f"{name} 1\n" for name in names),
        "identity_CelebA.txt": "".join(f"{name} {i}\n" for i, name in enumerate(names)),
        "list_eval_partition.txt": "".join(f"{name} 0\n" for name in names),
    }
    assert set(rows) == set(LISTS)
    for name, text in rows.items():
        (folder / name).write_text(text)


CELEBA = 'name = "celeba"'


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_zip_that_escapes(refused: Callable[..., str], tmp_path: Path) -> None:
    celeba(zipped(**{"../../escaped.jpg": b"out"}))
    assert "leaves its folder" in refused("run", spec_file(CELEBA), "--data", "files")
    assert not list(tmp_path.rglob("escaped*"))


def test_truncated_zip(refused: Callable[..., str]) -> None:
    celeba(zipped(**{"img_align_celeba/000001.jpg": os.urandom(4000)})[:-100])
    assert "not a whole zip file" in refused("run", spec_file(CELEBA), "--data", "files")


def test_zip_of_what_is_no_image(refused: Callable[..., str]) -> None:
    celeba(zipped(**{"img_align_celeba/000001.jpg": b"hello"}))
    assert "is not an image" in refused("run", spec_file(CELEBA), "--data", "files")


def test_celeba_says_which_files_to_get(refused: Callable[..., str]) -> None:
    line = refused("run", spec_file(CELEBA))
    assert all(name in line for name in LISTS)


# -- folders of images --------------------------------------------------------------------------------------------


def pictures(folder: str, n: int = 40, size: tuple[int, int] = (8, 8), seed: int = 0) -> Path:
    path = Path(folder)
    path.mkdir()
    rng = np.random.default_rng(seed)
    for i in range(n):
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path / f"{i:03d}.png")
    return path


def bomb() -> bytes:
    """A PNG of 60,000 x 60,000 black pixels in a few kilobytes, whose head alone would fill the memory."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">2I5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", ["real", "fake"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"this is a text", "is not an image"),
        (b"", "is not an image"),
        (bomb(), "67,108,864"),
        (b"GIF89a" + bytes(40), "is not an image"),
    ],
    ids=["text", "empty", "bomb", "gif"],
)
def test_file_that_is_no_image(refused: Callable[..., str], side: str, content: bytes, said: str) -> None:
    pictures("real", seed=1), pictures("fake", seed=2)
    Path(side, "zzz.png").write_bytes(content)
    line = refused("run", "--real", "real", "--fake", "fake")
    assert said in line
    assert f"{side}/zzz.png" in line


def test_truncated_image(refused: Callable[..., str]) -> None:
    pictures("real", seed=1), pictures("fake", seed=2)
    path = Path("fake/003.png")
    path.write_bytes(path.read_bytes()[:-60])
    line = refused("run", "--real", "real", "--fake", "fake")
    assert "fake/003.png is a damaged image" in line


def test_empty_folders(refused: Callable[..., str]) -> None:
    pictures("real")
    Path("fake").mkdir()
    assert "no image in" in refused("run", "--real", "real", "--fake", "fake")
    assert "no image in" in refused("run", "--real", "fake", "--fake", "real")


def test_sizes_that_differ(refused: Callable[..., str]) -> None:
    pictures("real"), pictures("fake", size=(10, 8))
    line = refused("run", "--real", "real", "--fake", "fake")
    assert "8 x 10" in line
    assert "8 x 8" in line
    Image.new("RGB", (9, 9)).save("real/zz.png")
    line = refused("run", "--real", "real", "--fake", "fake")
    assert "zz.png has 9 x 9 pixels" in line


def test_same_folder_twice(refused: Callable[..., str]) -> None:
    pictures("real"), pictures("fake")
    assert "given twice" in refused("run", "--real", "real", "--fake", "fake", "--fake", "fake")


def test_too_few_images(refused: Callable[..., str]) -> None:
    pictures("few", n=3), pictures("many")
    assert "of 3 images" in refused("run", "--real", "few", "--fake", "many")
    assert "Received: 3 images" in refused("run", "--real", "many", "--fake", "few")
