"""Sets in every form that they are published or commonly kept in, and which folder is read."""

from __future__ import annotations

import csv
import gzip
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from data.errors import UserError
from data.reading.fetch import check_file
from data.sources.celeba import CelebA
from data.sources.cifar10 import CHECKSUMS, Cifar10
from data.sources.mnist import CHECKSUMS as PACKED
from data.sources.mnist import UNPACKED, Mnist

FOLDER = "cifar-10-batches-py"


def archive(source: Path, target: Path, mode: str = "w:gz") -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, mode) as file:
        file.add(source, FOLDER)


@pytest.fixture
def cifar(tmp_path, write):
    write.cifar10(tmp_path / "published" / FOLDER)
    return tmp_path / "published"


@pytest.mark.parametrize(
    "place",
    [
        FOLDER,
        f"cifar10/{FOLDER}",
        f"{FOLDER}/{FOLDER}",  # Keras 3.0
        f"{FOLDER}-target/{FOLDER}",  # Keras 3.2
        f"datasets/{FOLDER}-target/{FOLDER}",  # its home folder
        "",
    ],
)
def test_cifar10_batches_in_every_place(tmp_path, cifar, place):
    shutil.copytree(cifar / FOLDER, tmp_path / "data" / place)
    source = Cifar10(verify=False)
    assert source.load([tmp_path / "data"]).digest == source.load([cifar]).digest
    assert source.fingerprint([tmp_path / "data"]) == source.fingerprint([cifar])


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("cifar-10-python.tar.gz", "w:gz"),
        ("cifar-10-python.tar", "w"),
        (f"{FOLDER}.tar.gz", "w:gz"),  # Keras 2
        (f"{FOLDER}_archive", "w:gz"),
        (f"datasets/{FOLDER}-target_archive", "w:gz"),
    ],
)
def test_cifar10_archives_in_every_place(tmp_path, cifar, name, mode):
    archive(cifar / FOLDER, tmp_path / "data" / name, mode)
    source = Cifar10(verify=False)
    assert source.load([tmp_path / "data"]).digest == source.load([cifar]).digest
    with pytest.raises(UserError, match="is not the published file"):
        Cifar10().load([tmp_path / "data"])


def test_the_first_folder_with_any_form_wins(tmp_path, cifar, write):
    write.cifar10(tmp_path / "other" / "cifar10" / FOLDER, n=10)
    archive(cifar / FOLDER, tmp_path / "given" / f"{FOLDER}.tar.gz")
    source = Cifar10(verify=False)
    assert source.load([tmp_path / "given", tmp_path / "other"]).n == 180
    write.mnist(tmp_path / "other")
    arrays = {
        f"{axis}_{part}": np.zeros((3, 28, 28) if axis == "x" else 3, np.uint8)
        for axis in "xy"
        for part in ("train", "test")
    }
    np.savez_compressed(tmp_path / "given" / "mnist.npz", **arrays)
    assert Mnist(verify=False).load([tmp_path / "given", tmp_path / "other"]).n == 6


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            f"{FOLDER}-target/{FOLDER}/data_batch_1",
            r"not complete\. Expected the six .*Missing: data_batch_2",
        ),
        (f"{FOLDER}/readme.html", r"Missing: data_batch_1, data_batch_2"),
        ("cifar-10-batches-bin/data_batch_1.bin", "in a form that is not read. Expected the python version"),
    ],
)
def test_a_folder_with_a_part_or_another_form_is_an_error(tmp_path, cifar, made, said):
    (tmp_path / "given" / made).parent.mkdir(parents=True)
    (tmp_path / "given" / made).write_bytes(b"x")
    with pytest.raises(UserError, match=said):
        Cifar10(verify=False).load([tmp_path / "given", cifar])


def unpack(source: Path, target: Path, rename) -> None:
    for path in source.iterdir():
        place = target / rename(path.name.removesuffix(".gz"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(gzip.decompress(path.read_bytes()))


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name,
        lambda name: name.replace("-idx", ".idx"),
        lambda name: f"MNIST/raw/{name}",
        lambda name: f"mnist/{name}/{name}",
    ],
    ids=["hyphen", "dot", "torchvision", "folders"],
)
def test_mnist_unpacked(tmp_path, write, rename):
    write.mnist(tmp_path / "packed")
    unpack(tmp_path / "packed", tmp_path / "data", rename)
    source = Mnist(verify=False)
    assert source.load([tmp_path / "data"]).digest == source.load([tmp_path / "packed"]).digest
    before = source.fingerprint([tmp_path / "data"])
    changed = next((tmp_path / "data").rglob("t10k-labels*ubyte*/*")) if "mnist" in rename("") else None
    changed = changed or next(path for path in (tmp_path / "data").rglob("t10k-labels*") if path.is_file())
    changed.write_bytes(changed.read_bytes()[:-1] + b"\3")
    assert source.fingerprint([tmp_path / "data"]) != before
    with pytest.raises(UserError, match="is not the published file"):
        Mnist().load([tmp_path / "data"])


def test_mnist_with_a_part_is_an_error_unless_another_form_is_whole(tmp_path, write):
    write.mnist(tmp_path / "packed")
    unpack(tmp_path / "packed", tmp_path / "given", lambda name: name)
    (tmp_path / "given/t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match=r"is not complete.*Missing: t10k-labels-idx1-ubyte.gz"):
        Mnist(verify=False).load([tmp_path / "given", tmp_path / "packed"])
    shutil.copy(tmp_path / "packed/t10k-labels-idx1-ubyte.gz", tmp_path / "given/mnist.npz")
    with pytest.raises(UserError, match=r"mnist\.npz is not a whole zip"):
        Mnist(verify=False).load([tmp_path / "given", tmp_path / "packed"])


def test_unpacked_checksums_are_of_the_published_files(real_data, tmp_path):
    folder = real_data[0] / "mnist"
    for name, checksum in UNPACKED.items():
        check_file(folder / f"{name}.gz", PACKED[f"{name}.gz"])
        (tmp_path / name).write_bytes(gzip.decompress((folder / f"{name}.gz").read_bytes()))
        check_file(tmp_path / name, checksum)


def test_batches_of_an_unpacked_archive_are_compared(real_data, tmp_path):
    archive(real_data[0] / "cifar10" / FOLDER, tmp_path / "cifar-10-python.tar", "w")
    assert Cifar10(classes=["dog"], limit=1).load([tmp_path]).n == 2
    assert len(CHECKSUMS) == 6


def repack(folder: Path, *, identities: bool, signs: tuple[str, str] = ("-1", "1"), coding: str = "utf-8") -> None:
    """Makes the official lists CSV files, and puts the images one folder deeper."""
    for name in ("list_attr_celeba", "identity_CelebA", "list_eval_partition"):
        lines = [line.split() for line in (folder / f"{name}.txt").read_text().splitlines()]
        (folder / f"{name}.txt").unlink()
        if name.startswith("list_attr"):
            lines = [
                ["image_id", *lines[1]],
                *([row[0], *(signs[value == "1"] for value in row[1:])] for row in lines[2:]),
            ]
        else:
            lines = [["image_id", "partition"], *lines]
        if identities or not name.startswith("identity"):
            with open(folder / f"{name}.csv", "w", newline="", encoding=coding) as file:
                csv.writer(file).writerows(lines)
    (folder / "img_align_celeba").rename(folder / "inner")
    (folder / "img_align_celeba").mkdir()
    (folder / "inner").rename(folder / "img_align_celeba/img_align_celeba")


CODINGS = [(("-1", "1"), "utf-8"), (("0", "1"), "utf-8-sig"), (("-1", "1"), "utf-16")]


@pytest.mark.parametrize(("signs", "coding"), CODINGS)
def test_celeba_repacked(tmp_path, write, signs, coding):
    for name in ("official", "repacked", "without"):
        write.celeba(tmp_path / name, extracted=True)
    repack(tmp_path / "repacked", identities=True, signs=signs, coding=coding)
    official = CelebA(size=16, label="Smiling").load([tmp_path / "official"])
    assert CelebA(size=16, label="Smiling").load([tmp_path / "repacked"]).digest == official.digest
    repack(tmp_path / "without", identities=False)
    source = CelebA(size=16, label="Smiling")
    found = source.load([tmp_path / "without"])
    assert found.groups is None
    assert any("no list of identities" in note for note in found.notes)
    np.testing.assert_array_equal(found.images, official.images)
    assert found.official.tolist() == official.official.tolist()
    before = source.fingerprint([tmp_path / "without"])
    path = tmp_path / "without/img_align_celeba/img_align_celeba/000001.jpg"
    path.write_bytes(write.jpeg(seed=99))
    assert source.fingerprint([tmp_path / "without"]) != before
    with pytest.raises(UserError, match="identities need the list of identities"):
        CelebA(identities=[7, 8]).load([tmp_path / "without"])


def test_celeba_lists_with_marks_of_byte_order(tmp_path, write):
    write.celeba(tmp_path / "plain")
    write.celeba(tmp_path / "marked")
    for path in (tmp_path / "marked").glob("*.txt"):
        path.write_text(path.read_text(), encoding="utf-8-sig")
    assert CelebA(size=16).load([tmp_path / "marked"]).digest == CelebA(size=16).load([tmp_path / "plain"]).digest


def test_celeba_of_two_folders_is_never_mixed(tmp_path, write):
    write.celeba(tmp_path / "whole")
    write.celeba(tmp_path / "given")
    (tmp_path / "given/img_align_celeba.zip").unlink()
    with pytest.raises(UserError, match=r"Missing: img_align_celeba\.zip"):
        CelebA().load([tmp_path / "given", tmp_path / "whole"])


def test_celeba_leaves_out_hidden_files_and_names_all_bad_ones(tmp_path, write):
    write.celeba(tmp_path, extracted=True)
    for number in (1, 3):
        (tmp_path / f"img_align_celeba/._00000{number}.jpg").write_bytes(b"x")
    found = CelebA(size=16).load([tmp_path])
    assert "2 hidden or system files and folders were left out, such as ._000001.jpg." in found.notes
    for number in (2, 5):
        (tmp_path / f"img_align_celeba/00000{number}.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match=r"2 of 24 files .*000002.jpg is not an image; 000005.jpg is not an image\."):
        CelebA(size=16).load([tmp_path])


def test_celeba_as_its_makers_give_it_out(tmp_path, write):
    write.celeba(tmp_path / "plain")
    for name in ("Anno/list_attr_celeba.txt", "Anno/identity_CelebA.txt", "Eval/list_eval_partition.txt"):
        place = tmp_path / "data/CelebA" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "plain" / place.name, place)
    (tmp_path / "data/CelebA/Img").mkdir()
    shutil.copy(tmp_path / "plain/img_align_celeba.zip", tmp_path / "data/CelebA/Img")
    source = CelebA(size=16)
    assert source.load([tmp_path / "data"]).digest == source.load([tmp_path / "plain"]).digest
