"""Small hand-made data in the layouts of the publishers, and what tests of the data package share."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from data.imageset import ImageSet
from data.sources.celeba import CelebA
from data.sources.cifar10 import CHECKSUMS, Cifar10
from data.sources.digits import Digits
from data.sources.folder import Folder
from data.sources.mnist import Mnist

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines differ
settings.load_profile("busy")
ATTRIBUTES = ("Male", "Smiling", "Young")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test fetches anything from the network or sees the user's cache."""
    monkeypatch.setenv("FAUXBENCH_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-cache"))


@pytest.fixture
def real_data() -> list[Path]:
    if not os.environ.get("FAUXBENCH_DATA"):
        pytest.skip("needs the real images: set FAUXBENCH_DATA to their folder")
    return [Path(os.environ["FAUXBENCH_DATA"])]


@pytest.fixture
def make_set() -> Callable[..., ImageSet]:
    """Returns a maker of image sets of noise, in which no two images are alike."""

    def make(n: int = 60, size: int = 8, channels: int = 1, classes: int = 3, **extra: object) -> ImageSet:
        rng = np.random.default_rng(n)
        return ImageSet(
            name="noise",
            images=rng.integers(0, 256, (n, size, size, channels), dtype=np.uint8),
            labels=np.arange(n) % classes,
            ids=np.array([f"{i:05d}" for i in range(n)], str),
            classes=tuple("abcdefghij"[:classes]),
            **extra,  # type: ignore[arg-type]
        )

    return make


def write_mnist(folder: Path, n: tuple[int, int] = (40, 20)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name, count in (("train", n[0]), ("t10k", n[1])):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            with gzip.open(folder / f"{name}-{kind}-ubyte.gz", "wb") as file:
                file.write(head + array.tobytes())


def write_cifar10(folder: Path, n: int = 30) -> None:
    """Writes the six batches of `n` images each; the pickle has a name as Python 2's numpy did."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name in CHECKSUMS:
        pixels = rng.integers(0, 256, (n, 3072), dtype=np.uint8)
        content = pickle.dumps({"data": pixels, "labels": [i % 10 for i in range(n)], "batch_label": name}, 2)
        (folder / name).write_bytes(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))


def jpeg(size: tuple[int, int] = (178, 218), seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (10, 8, 3), dtype=np.uint8))
    file = io.BytesIO()
    small.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=95)
    return file.getvalue()


def write_celeba(folder: Path, n: int = 24, *, extracted: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{i + 1:06d}.jpg" for i in range(n)]
    signs = [" ".join("1" if (i >> k) & 1 else "-1" for k in range(3)) for i in range(n)]
    rows = [f"{name}  {sign}" for name, sign in zip(names, signs, strict=True)]
    (folder / "list_attr_celeba.txt").write_text("\n".join([str(n), " ".join(ATTRIBUTES) + " ", *rows]) + "\n")
    (folder / "identity_CelebA.txt").write_text("".join(f"{m} {i // 2 + 7}\n" for i, m in enumerate(names)))
    parts = [0 if i < n // 2 else 1 if i < 3 * n // 4 else 2 for i in range(n)]
    (folder / "list_eval_partition.txt").write_text("".join(f"{m} {p}\n" for m, p in zip(names, parts, strict=True)))
    if extracted:
        (folder / "img_align_celeba").mkdir()
        for i, name in enumerate(names):
            (folder / "img_align_celeba" / name).write_bytes(jpeg(seed=i))
        return
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
        archive.writestr("img_align_celeba/", "")
        for i, name in enumerate(names):
            archive.writestr(f"img_align_celeba/{name}", jpeg(seed=i))


def write_folder(folder: Path, n: int = 5, size: int = 16, endings: tuple[str, ...] = ("png",)) -> None:
    rng = np.random.default_rng(0)
    for label in ("cats", "dogs"):
        (folder / label).mkdir(parents=True)
        for i in range(n):
            pixels = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{i}.{endings[i % len(endings)]}")


@pytest.fixture(params=["digits", "mnist", "cifar10", "celeba", "celeba-extracted", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Callable[..., object], list[Path]]:
    """Each source as a factory that takes `limit`, with the folders to search."""
    name, data = request.param, tmp_path / "data"
    if name == "mnist":
        write_mnist(data / "mnist")
    elif name == "cifar10":
        write_cifar10(data / "cifar10" / "cifar-10-batches-py")
    elif name.startswith("celeba"):
        write_celeba(data / "celeba", extracted=name != "celeba")
    elif name == "folder":
        write_folder(data / "own")
    factories: dict[str, Callable[..., object]] = {
        "digits": Digits,
        "mnist": lambda **options: Mnist(verify=False, **options),
        "cifar10": lambda **options: Cifar10(verify=False, **options),
        "celeba": lambda **options: CelebA(size=32, label="Smiling", **options),
        "folder": lambda **options: Folder(path=str(data / "own"), **options),
    }
    return factories[name.split("-")[0]], [data]


class Writers:
    """The makers of hand-made data, for tests that need one of them."""

    mnist = staticmethod(write_mnist)
    cifar10 = staticmethod(write_cifar10)
    celeba = staticmethod(write_celeba)
    folder = staticmethod(write_folder)
    jpeg = staticmethod(jpeg)


@pytest.fixture
def write() -> type[Writers]:
    return Writers
