"""The file of Inception weights: what is read, and what is refused at the start of a run, in one line."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.quality.inception import network as inception_network
from benchmark.quality.inception import weights as inception_weights
from data.errors import UserError

KERNEL, VARIANCE = "Conv2d_1a_3x3.conv.weight", "Conv2d_1a_3x3.bn.running_var"


def test_an_npz_gives_back_what_was_written(weights_file: Path, formula: ModuleType) -> None:
    found = inception_weights.read(weights_file)
    wanted = formula.weights(inception_network.shapes())
    assert found.arrays.keys() == wanted.keys()
    assert all(np.array_equal(found.arrays[name], wanted[name]) for name in wanted)
    assert found.sha256 == hashlib.sha256(weights_file.read_bytes()).hexdigest()
    assert not found.published


def test_the_published_file_is_known_by_its_digest() -> None:
    assert inception_weights.Weights({}, "6726825d" + 56 * "0").published


def arrays(**changes: object) -> dict[str, np.ndarray]:
    """Arrays of the right names, most of them of the wrong shape: what is looked at first comes first."""
    first = {name: value for name, value in changes.items() if value is not None}
    rest = {name: np.zeros(1, np.float32) for name in inception_network.shapes() if name not in changes}
    return first | rest


def good(name: str, value: float = 1.0) -> np.ndarray:
    return np.full(inception_network.shapes()[name], value, np.float32)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "nowhere": (lambda path: None, "No such file"),
    "folder": (lambda path: path.mkdir(), "must be a file"),
    "empty": (lambda path: path.write_bytes(b""), "cannot be read as a file of PyTorch tensors"),
    "text": (lambda path: path.write_text("weights\n"), "cannot be read as a file of PyTorch tensors"),
    "zip of nothing": (lambda path: zipfile.ZipFile(path, "w").close(), "no data.pkl"),
    "no names": (lambda path: savez(path, {}), "no data.pkl"),
    "other network": (lambda path: savez(path, {"w0": np.zeros(3)}), "lacks 'Conv2d_1a_3x3.bn.bias' and 469 more"),
    "one missing": (lambda path: savez(path, arrays(**{KERNEL: None})), f"lacks '{KERNEL}', of 470"),
    "one more": (lambda path: savez(path, arrays(AuxLogits=np.zeros(1))), "also has 'AuxLogits', of 470"),
    "other shape": (lambda path: savez(path, arrays(**{KERNEL: np.zeros(32)})), "float (32, 3, 3, 3), and is float64"),
    "other classes": (lambda path: savez(path, arrays(**{"fc.bias": np.zeros(1000)})), "float (1008,)"),
    "whole numbers": (lambda path: savez(path, arrays(**{KERNEL: good(KERNEL).astype(int)})), "and is int64"),
    "not finite": (lambda path: savez(path, arrays(**{KERNEL: good(KERNEL, np.nan)})), "not finite"),
    "no variance": (lambda path: savez(path, arrays(**{VARIANCE: good(VARIANCE, -1)})), "negative variance"),
    "objects": (
        lambda path: savez(path, arrays(**{KERNEL: np.array([{}])}), allow_pickle=True), "no array of numbers",
    ),
    "more than memory": (lambda path: forged(path, (10**13,)), f"{KERNEL}.npy is no array of numbers"),
    "more than numbers": (lambda path: forged(path, (2**62, 2**62)), f"{KERNEL}.npy is no array of numbers"),
    "much packed": (lambda path: packed(path), "unpacks to too much. Allowed: 268,435,456 bytes in all"),
}  # fmt: skip


def savez(path: Path, content: dict[str, np.ndarray], *, allow_pickle: bool = False) -> None:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=allow_pickle, **content)


def forged(path: Path, shape: tuple[int, ...]) -> None:
    """Writes a file whose first array says that it is larger than it is."""
    savez(path, arrays(**{KERNEL: None}))
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{KERNEL}.npy", header.getvalue())


def packed(path: Path) -> None:
    """Writes a small file of arrays that are large, each within what one may be."""
    savez(path, arrays(**{KERNEL: None}))
    block = np.random.default_rng(0).bytes(1400) + bytes(2**17)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for i in range(5):
            archive.writestr(f"{KERNEL}{i}.npy", block * (60 * 2**20 // len(block)))


def test_what_the_network_has_not_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    savez(tmp_path / "more.npz", arrays(Other=np.zeros(1)))
    monkeypatch.setattr(inception_weights, "read_member", None)
    with pytest.raises(UserError, match="also has 'Other'"):
        inception_weights.read(tmp_path / "more.npz")


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_before_anything_is_done(refused: Callable[..., str], name: str) -> None:
    make, said = BAD[name]
    path = Path.cwd().parent / f"{name}.pth"
    make(path)
    answer = refused("run", "--inception-weights", path)
    assert said in answer
    assert path.name in answer
    assert "pt_inception-2015-12-05-6726825d.pth, or an .npz" in answer


def test_a_file_that_is_cut_short_is_refused(refused: Callable[..., str], weights_file: Path) -> None:
    path = Path.cwd().parent / "half.npz"
    path.write_bytes(weights_file.read_bytes()[: 2**20])
    assert "Expected pt_inception" in refused("run", "--inception-weights", path)


def test_damaged_numbers_are_refused(refused: Callable[..., str], weights_file: Path) -> None:
    path = Path.cwd().parent / "damaged.npz"
    shutil.copy(weights_file, path)
    with path.open("r+b") as file:
        file.seek(2**20)
        file.write(b"damage")
    assert "damaged" in refused("run", "--inception-weights", path)


def test_the_option_asks_for_quality_and_for_a_generator_that_trains(
    refused: Callable[..., str], weights_file: Path
) -> None:
    off = refused("run", "--inception-weights", weights_file, "--set", "quality.enabled=false")
    assert "needs quality.enabled = true" in off
    Path("controls.toml").write_text('dataset = {name = "digits"}\ndetector = [{kind = "linear-pixel"}]\n')
    assert "needs a generator that trains" in refused("run", "controls.toml", "--inception-weights", weights_file)


def test_a_spec_names_the_file_from_its_own_folder(refused: Callable[..., str]) -> None:
    Path("specs").mkdir()
    text = 'dataset = {name = "digits"}\nquality = {inception_weights = "mine.pth"}\n'
    Path("specs/mine.toml").write_text(text)
    assert str(Path("specs/mine.pth")) in refused("run", "specs/mine.toml")
    assert "valid string" in refused("run", "specs/mine.toml", "--set", "quality.inception_weights=3")
