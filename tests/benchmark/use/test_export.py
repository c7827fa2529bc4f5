"""Exported folders: the run's own images, nothing in the files that tells real from fake, and all or nothing."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from benchmark.stages.bank import DETECTOR_PARTS, labelled
from benchmark.store import png
from benchmark.use.export import COLUMNS, FOLDERS, export
from benchmark.use.stored_run import StoredRun
from data.errors import UserError
from data.sources.digits import Digits
from data.sources.folder import Folder as Source
from detection.detectors.sentinel import SentinelFormat
from generation.folder import Folder

pytestmark = pytest.mark.slow  # networks are trained


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "set"
    return folder, export(finished / "runs/images", out=folder)


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "metadata.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def chunks(data: bytes) -> list[bytes]:
    """The names of a PNG file's chunks."""
    at, names = 8, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        names.append(data[at + 4 : at + 8])
        at += length + 12
    return names


def test_the_layout_is_that_of_image_folder_loaders(exported):
    folder, counts = exported
    beside = {"README.md", "images.csv", "croissant.json"}
    assert {path.name for path in folder.iterdir()} == {"train", "validation", "test"} | beside
    for part in ("train", "validation", "test"):
        assert {path.name for path in (folder / part).iterdir()} == {"real", "fake", "metadata.csv"}
        table = rows(folder / part)
        assert tuple(table[0]) == COLUMNS
        files = {path.relative_to(folder / part).as_posix() for path in (folder / part).rglob("*.png")}
        assert {row["file_name"] for row in table} == files
        assert len(table) == len(files) == sum(counts[part].values())
        for row in table:
            assert row["file_name"].startswith(f"{row['label']}/")
            assert row["is_fake"] == str(int(row["label"] == "fake"))
            content = (folder / part / row["file_name"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == row["sha256"]
    assert {row["generator"] for row in rows(folder / "test")} == {"", "gaussian", "by class"}


def test_source_and_generator_of_folders_read_the_same_pixels(finished, exported):
    folder, _ = exported
    opened = StoredRun(finished / "runs/images")
    for part, place in FOLDERS.items():
        wanted = labelled(opened.bank("gaussian", 0), opened.images, opened.ledger, part)
        reals = Source(path=str(folder / place / "real")).load()
        np.testing.assert_array_equal(reals.images, wanted.images[~wanted.is_fake])
        fakes = Folder(path=str(folder / place / "fake")).fit(reals.images)
        order = np.argsort(fakes.facts_of(fakes.n_available)["id"].to_numpy())
        named = fakes.facts_of(fakes.n_available)["id"].to_numpy()[order]
        mine = fakes.sample(fakes.n_available)[order][[name.startswith("gaussian-seed0-") for name in named]]
        np.testing.assert_array_equal(mine, wanted.images[wanted.is_fake])


def test_metadata_are_those_of_the_run(finished, exported):
    folder, _ = exported
    opened = StoredRun(finished / "runs/images")
    for part, place in FOLDERS.items():
        table = pd.read_csv(folder / place / "metadata.csv", dtype={"image_id": str})
        at = opened.ledger.parts[part]
        real = table[table["label"] == "real"]
        assert real["image_id"].tolist() == opened.images.ids[at].tolist()
        assert real["class"].tolist() == opened.images.labels[at].tolist()
        assert set(table["part"]) == {part}
        asked = table[table["generator"] == "by class"]["class"]
        np.testing.assert_array_equal(asked, np.load(opened.bank("by class", 0) / f"{part}.labels.npy"))
        assert table[table["generator"] == "gaussian"]["class"].isna().all()
        assert set(table[table["is_fake"] == 1]["checkpoint"]) == {"final"}


def test_the_files_hold_nothing_but_pixels(exported):
    folder, _ = exported
    heads = set()
    for path in folder.rglob("*.png"):
        data = path.read_bytes()
        assert set(chunks(data)) == {b"IHDR", b"IDAT", b"IEND"}
        heads.add(data[:33] + data[41:43])  # signature, header, and the compressed stream's own header
    assert len(heads) == 1


def test_sentinel_format_stays_at_chance(exported):
    folder, _ = exported

    def side(place: str) -> tuple[np.ndarray, np.ndarray]:
        pair = [Source(path=str(folder / place / kind)).load().images for kind in ("real", "fake")]
        return np.concatenate(pair), np.repeat([False, True], [len(one) for one in pair])

    (images, is_fake), (tested, answers) = side("train"), side("test")
    sentinel = SentinelFormat(random_state=0).fit(images, is_fake, validation=side("validation"))
    n = len(answers)
    error = np.sqrt((n + 1) / (3 * n**2))  # of an AUC at chance, of as many fakes as reals
    assert abs(roc_auc_score(answers, sentinel.decision_function(tested)) - 0.5) < 4 * error


def test_an_export_without_the_last_steps_would_be_caught():
    """Fakes off the reals' grey levels; of a few hundred images the sentinel learns too little to see that."""
    images = Digits().load([]).images.copy()
    is_fake = np.arange(len(images)) % 2 == 1
    images[is_fake] ^= 1
    caught = SentinelFormat(random_state=0).fit(images[:1200], is_fake[:1200])
    assert roc_auc_score(is_fake[1200:], caught.decision_function(images[1200:])) > 0.95


def test_the_card_says_what_it_is(exported):
    folder, counts = exported
    text = (folder / "README.md").read_text()
    for part, row in counts.items():
        assert f"| {part} | {' | '.join(map(str, row.values()))} |" in text
    for said in ("CC BY 4.0", "| real-copy | pass |", "8 x 8 px", '"conditional": true', "checkpoint `final`"):
        assert said in text
    assert "--force" not in text
    assert "smoke" not in text
    assert "\n\n\n" not in text


def test_one_generator_and_a_control(finished, tmp_path):
    counts = export(finished / "runs/images", out=tmp_path / "set", generators=["noise"])
    assert list(counts["test"]) == ["real", "noise"]
    assert {row["generator"] for row in rows(tmp_path / "set/test")} == {"", "noise"}


def test_the_same_export_gives_the_same_bytes(finished, exported, tmp_path):
    export(finished / "runs/images", out=tmp_path / "set")
    for path in exported[0].rglob("*"):
        if path.is_file():
            assert (tmp_path / "set" / path.relative_to(exported[0])).read_bytes() == path.read_bytes()


def test_ids_that_no_file_can_bear(copied):
    run = copied / "runs/images"
    manifest = json.loads((run / "manifest.json").read_text())
    for table in (manifest["generators"], manifest["spec"]["generator"]):
        for row in table:
            row["id"] = {"gaussian": "a:b", "by class": "A b"}.get(row["id"], row["id"])
    text = json.dumps(manifest).replace(" gaussian seed", " a:b seed").replace(" by class seed", " A b seed")
    (run / "manifest.json").write_text(text)
    export(run, out=copied / "set")
    names = {path.name[:-11] for path in (copied / "set/test/fake").iterdir()}
    assert names == {"a-b-seed0", "A-b-seed0x"}
    stems = {row["generator"]: row["file_name"][5:-11] for row in rows(copied / "set/test") if row["generator"]}
    assert stems == {"a:b": "a-b-seed0", "A b": "A-b-seed0x"}


def test_an_alarm_stops_it_unless_forced(refused, call, copied, sealed):
    run = copied / "runs/images"
    audit = pd.read_csv(run / "audit.csv")
    audit.loc[audit["name"] == "real-copy", ["verdict", "advice"]] = ["alarm", "A detector tells reals from reals."]
    audit.to_csv(run / "audit.csv", index=False)
    assert "audit.csv is not what the run wrote" in refused("export", run, "--out", "set")
    sealed(run)
    line = refused("export", run, "--out", "set")
    assert "has an alarm, 'real-copy': A detector tells reals from reals. --force" in line
    answer = call("export", run, "--out", "set", "--force")
    assert answer.code == 0
    assert "although the audit has an alarm: real-copy" in Path("set/README.md").read_text()
    os.remove(run / "audit.csv")
    assert "audit.csv cannot be read" in refused("export", run, "--out", "other")


def test_a_smoke_run_is_called_one(copied):
    run = copied / "runs/images"
    (run / "manifest.json").write_text(
        (run / "manifest.json").read_text().replace('"smoke": false', '"smoke": true', 1)
    )
    export(run, out=copied / "set")
    assert "smoke run" in (copied / "set/README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--generator", "gausian"], "Did you mean 'gaussian'"),
        (["--generator", "real-copy"], "are real images"),
        (["--store", "nowhere"], "does not hold 'sample gaussian seed 0'"),
        (["--out", "full"], "full, which is not empty"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_arguments(refused, finished, arguments, said):
    Path("full").mkdir()
    Path("full/file").write_text("")
    assert said in refused("export", finished / "runs/images", "--out", "new", *arguments)


def test_controls_alone(refused, copied):
    run = copied / "runs/images"
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["generators"] = [row for row in manifest["generators"] if row["control"]]
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert "holds controls only" in refused("export", run, "--out", "new")


def test_a_failed_bank_is_told(refused, copied):
    run = copied / "runs/images"
    manifest = json.loads((run / "manifest.json").read_text())
    for row in manifest["stages"]:
        if row["id"] == "sample gaussian seed 0":
            row |= {"status": "failed", "error": "ValueError: out of ideas"}
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert "ValueError: out of ideas" in refused("export", run, "--out", "new")


def test_a_pruned_store_is_told(refused, copied):
    run = copied / "runs/images"
    shutil.rmtree(StoredRun(run).prepared)
    assert "does not hold 'prepare digits'" in refused("export", run, "--out", "new")


def test_a_full_disk_leaves_nothing(finished, tmp_path, monkeypatch):
    plain, written = png.plain, []

    def fails(image):
        written.append(1)
        if len(written) > 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return plain(image)

    monkeypatch.setattr(png, "plain", fails)
    with pytest.raises(UserError, match="No space left"):
        export(finished / "runs/images", out=tmp_path / "deep" / "set")
    assert not list(tmp_path.iterdir())


def test_images_stay_on_disk(finished, tmp_path, monkeypatch):
    """No array of a whole part is ever made: images are read one by one from the memory map."""
    loaded = []
    real_load = np.load

    def load(path, *arguments, **keywords):
        array = real_load(path, *arguments, **keywords)
        loaded.append((Path(path).name, isinstance(array, np.memmap)))
        return array

    monkeypatch.setattr(np, "load", load)
    export(finished / "runs/images", out=tmp_path / "set", generators=["gaussian"])
    assert {name for name, _ in loaded} == {"images.npy", *(f"{part}.npy" for part in DETECTOR_PARTS)}
    assert all(mapped for _, mapped in loaded)


def test_the_real_command_and_what_a_run_measures_of_an_export(finished, tmp_path, told, call):
    code = "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli.main import main; main()"
    command = [sys.executable, "-c", code, "export", finished / "runs/images", "--generator", "gaussian"]
    ended = subprocess.run(
        [*command, "--out", "set"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert (ended.returncode, told(ended.stderr)) == (0, [])
    assert ended.stdout.splitlines()[-1] == "Card: set/README.md"
    (tmp_path / "spec.toml").write_text(
        f'name = "read"\n[dataset]\nname = "folder"\npath = "{tmp_path}/set/train/real"\n'
        f'[[generator]]\nkind = "folder"\npath = "{tmp_path}/set/train/fake"\n[[detector]]\nkind = "linear-pixel"\n'
        "[quality]\nenabled = false\n"
    )
    answer = call("run", tmp_path / "spec.toml", "--out", "read")
    assert answer.code == 0, answer.err
    audit = pd.read_csv("read/audit.csv").set_index("name")["verdict"]
    assert audit["file-facts / folder seed 0"] == "pass"
    assert audit["sentinel-format / folder"] == "pass"
    assert audit["value-grid / folder seed 0"] == "pass"
