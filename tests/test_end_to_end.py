"""The whole way through the real command: images in, a report out, and nothing computed twice."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from benchmark.cli import main as cli
from benchmark.machine import device, processor, runtime

COMMAND = [sys.executable, "-c", "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli.main import main; main()"]
COLUMNS = {
    "cells.csv": "cell question table dataset ledger_seed generator generator_seed checkpoint asked_checkpoint "
    "train_generator train_sources train_checkpoint train_n train_draw n_train_real n_train_fake n_test_real "
    "n_test_fake train_perturbation "
    "detector detector_seed perturbation purpose status error seconds parameters milliseconds_per_image",
    "scores.parquet": "cell part image_id label group unit is_fake score probability",
    "metrics.csv": "scope cell question table ledger_seed generator generator_seed checkpoint asked_checkpoint "
    "train_generator train_checkpoint train_n train_draw train_perturbation detector detector_seed perturbation "
    "class metric value low high n_real "
    "n_fake note",
    "comparisons.csv": "table cell best_cell generator generator_seed checkpoint detector best difference low high p "
    "p_holm separable sentinel",
    "ranks.csv": "table scope ledger_seed generator generator_seed checkpoint asked_checkpoint perturbation "
    "train_generator train_checkpoint train_n train_draw train_perturbation detector name value compared "
    "rank_low rank_high group may_be_best "
    "margin_low margin_high best_low best_high p_chance p_chance_holm tells note",
    "roc.csv": "cell fpr tpr threshold tpr_low tpr_high",
    "reliability.csv": "cell bin n probability share low high",
    "training.csv": "ledger_seed generator generator_seed step epoch d_loss g_loss d_real d_fake images_per_second",
    "histories.csv": "ledger_seed generator generator_seed detector detector_seed epoch loss val_auc val_loss",
    "generators.csv": "ledger_seed generator generator_seed checkpoint kind control parameters seconds "
    "images_per_second "
    + " ".join(
        f"{name}{end}"
        for name in ("fd", "kd", "precision", "recall", "density", "coverage", "memorisation")
        for end in ("", "_low", "_high", "_floor")
    )
    + " fd_train fd_gap fd_gap_low fd_gap_high n_quality extractor extractor_digest extractor_accuracy quality_note"
    + " fid fid_low fid_high fid_floor kid kid_low kid_high kid_floor n_fid inception inception_note",
    "classes.csv": "ledger_seed generator generator_seed checkpoint class d_accuracy_real d_accuracy_fake d_loss_real "
    "d_loss_fake n recognised recognised_low recognised_high recognised_real n_recognised",
    "reconstruction.csv": "ledger_seed generator generator_seed",
    "identity.csv": "ledger_seed generator generator_seed checkpoint direction source target kind "
    + " ".join(
        f"{name}{end}"
        for name in (
            "transfer",
            "transfer_reconstruction",
            "transfer_real",
            "retention",
            "retention_reconstruction",
            "retention_real",
            "retention_other",
            "similarity_source",
            "similarity_target",
        )
        for end in ("", "_low", "_high")
    )
    + " n_swaps n_persons embedding embedding_digest n_learned verification verification_low verification_high "
    "identity_note",
    "memorisation_gap.csv": "cell purpose auc low high p n_seen n_unseen units_seen units_unseen note",
    "components.csv": "table generator asked_checkpoint train_generator train_checkpoint train_n train_draw "
    "train_perturbation perturbation "
    "detector component levels variance sd low high note",
    "over_runs.csv": "generator measure runs value low high note",
    "format_bias.csv": "cell side quality n accuracy accuracy_after change change_low change_high change_p auc "
    "auc_after auc_change auc_change_low auc_change_high auc_change_p",
    "audit.csv": "finding name about value low high smallest verdict advice",
    "images/index.csv": "file kind generator generator_seed checkpoint rows columns height width note",
    "explanations/index.csv": "file data kind generator generator_seed detector detector_seed rows columns height "
    "width low high limit",
    "explanations/picks.csv": "generator generator_seed detector detector_seed kind row column image_id label is_fake "
    "score probability threshold",
    "explanations/spectra.csv": "generator generator_seed radius frequency real fake difference real_se fake_se n_real "
    "n_fake",
}
# where no generator is conditional, none swaps faces, and nothing has five seeds
EMPTY = ("classes.csv", "reconstruction.csv", "identity.csv", "components.csv")
MANIFEST = (
    "format name command smoke spec started finished seconds jobs dataset generators detectors stages failures seeds "
    "versions backend threads devices cpu platform"
)


Ended = subprocess.CompletedProcess[str]


def fauxbench(*arguments: str | Path, cwd: Path, timeout: float = 600) -> Ended:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Calls the command in this process, for what does not depend on how it is started: a start takes seconds."""

    def call(*arguments: str | Path, cwd: Path) -> Ended:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["fauxbench", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(sys.argv, int(ended.value.code or 0), said.out, said.err)

    return call


STREAMS = ("stdout", "stderr")


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the default benchmark has been run once, shrunk to seconds.

    `heard.json` has when each line came, and where it went.
    """
    folder = tmp_path_factory.mktemp("smoke")
    lines: list[tuple[float, str, str]] = [(time.monotonic(), "begun", "")]

    def listen(stream: IO[str], name: str) -> None:
        lines.extend((time.monotonic(), name, line.rstrip("\n")) for line in stream)

    with subprocess.Popen(
        [*COMMAND, "run", "--smoke"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        listeners = [threading.Thread(target=listen, args=(getattr(process, name), name)) for name in STREAMS]
        for one in listeners:
            one.start()
        for one in listeners:
            one.join(600)
    lines.append((time.monotonic(), "ended", ""))
    said = [line for _, name, line in lines if name == "stdout"]
    assert process.returncode == 0, lines
    assert said[-1] == "Report: runs/digits-smoke/report.html"
    (folder / "first.txt").write_text("".join(f"{line}\n" for line in said))
    (folder / "heard.json").write_text(json.dumps(sorted(lines)))
    return folder


def table(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", COLUMNS)
def test_tables_have_their_columns(smoke: Path, name: str) -> None:
    found = table(smoke / "runs/digits-smoke" / name)
    assert list(found.columns) == COLUMNS[name].split()
    assert len(found) or name in EMPTY


@pytest.mark.slow
def test_run_folder_holds_these_files_and_no_others(smoke: Path) -> None:
    run = smoke / "runs/digits-smoke"
    top = {name for name in COLUMNS if "/" not in name} | {"images", "explanations", "manifest.json", "report.html"}
    top |= {"card.md", "card.json", "cards"}
    assert {path.name for path in run.iterdir()} == top
    index = table(run / "images/index.csv")
    assert {path.name for path in (run / "images").iterdir()} == {"index.csv", *index["file"]}
    for row in index.itertuples():
        with Image.open(run / "images" / row.file) as image:
            assert image.size == (row.columns * row.width, row.rows * row.height)
    index = table(run / "explanations/index.csv")
    named = {*index["file"], *index["data"].dropna(), "index.csv", "picks.csv", "spectra.csv"}
    assert {path.name for path in (run / "explanations").iterdir()} == named
    for row in index.itertuples():
        with Image.open(run / "explanations" / row.file) as image:
            assert image.size == (row.columns * row.width, row.rows * row.height)
    assert {path.name for path in smoke.iterdir()} == {"runs", "first.txt", "heard.json"}


@pytest.mark.slow
def test_manifest(smoke: Path) -> None:
    manifest = json.loads((smoke / "runs/digits-smoke/manifest.json").read_text())
    assert set(MANIFEST.split()) <= set(manifest)
    assert manifest["command"] == "fauxbench run --smoke"
    assert manifest["smoke"] is True
    assert manifest["failures"] == []
    assert {row["status"] for row in manifest["stages"]} == {"done"}
    assert str(smoke) not in json.dumps(manifest), "a run folder can be given away"


@pytest.mark.slow
def test_no_silence_without_a_word(smoke: Path) -> None:
    """A gap of more than two seconds has a word that says what is being done; a busy machine may let it come late."""
    lines = json.loads((smoke / "heard.json").read_text())
    for before, after in itertools.pairwise(lines):
        told = any(line[2].startswith("    ") for line in (before, after))
        longest = 10 if after[1] == "ended" else 2  # nothing is left to do then, but a busy machine takes its time
        assert told or after[0] - before[0] <= longest, (before, after)


@pytest.mark.slow
def test_it_ends_with_a_table_of_80_columns(smoke: Path) -> None:
    lines = (smoke / "first.txt").read_text().splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("AUC"))
    assert all(len(line) <= 80 for line in lines[at:-1])
    assert lines[at + 1].split() == ["nearest", "transposed", "real-copy", "noise"]
    assert lines[-2].split()[0] == "cnn"


@pytest.mark.slow
def test_report_is_one_file_that_says_it_is_no_result(smoke: Path) -> None:
    page = (smoke / "runs/digits-smoke/report.html").read_text(encoding="utf-8")
    assert "smoke" in page.lower()
    assert 'src="http' not in page
    assert 'href="http' not in page


@pytest.mark.slow
def test_every_cell_is_scored_and_measured(smoke: Path) -> None:
    run = smoke / "runs/digits-smoke"
    cells, scores, metrics = (table(run / name) for name in ("cells.csv", "scores.parquet", "metrics.csv"))
    assert (cells["status"] == "done").all()
    assert set(scores["cell"]) == set(cells["cell"])
    assert set(metrics[metrics["scope"] == "cell"]["cell"]) == set(cells["cell"])
    counted = scores[scores["part"] == "test"].groupby(["cell", "is_fake"], observed=True).size().unstack()
    wanted = cells.set_index("cell")[["n_test_real", "n_test_fake"]].astype(int)
    np.testing.assert_array_equal(counted.loc[wanted.index].to_numpy(), wanted.to_numpy())


@pytest.mark.slow
def test_what_detectors_look_at_is_of_their_cells(smoke: Path) -> None:
    run = smoke / "runs/digits-smoke"
    scores, picked = table(run / "scores.parquet"), table(run / "explanations/picks.csv")
    kept = scores[scores["part"] == "test"].set_index(["cell", "image_id"])
    cells = picked["generator"] + "/0/" + picked["detector"] + "/0"
    mine = kept.loc[list(zip(cells, picked["image_id"], strict=True))]
    np.testing.assert_allclose(mine["score"], picked["score"])
    np.testing.assert_array_equal(mine["is_fake"], picked["is_fake"])
    called = picked["score"] >= picked["threshold"]
    mistakes = picked["kind"] != "doubtful"
    assert (called != picked["is_fake"])[mistakes].all()
    index = table(run / "explanations/index.csv")
    kinds = index.groupby(index["detector"].fillna(""))["kind"].agg(set).to_dict()
    assert kinds[""] == {"spectrum"}
    assert kinds["cnn"] == {"picks", "heat", "means"}
    assert kinds["linear-pixel"] == {"picks", "heat", "means", "weights"}
    assert kinds["linear-log-fft"] == {"picks", "weights"}
    assert kinds["spectrum"] == {"picks"}


@pytest.mark.slow
def test_a_second_run_computes_nothing(smoke: Path) -> None:
    kept = {path: path.stat().st_mtime_ns for path in smoke.rglob("*") if path.is_file()}
    again = fauxbench("run", "--smoke", cwd=smoke)
    assert again.returncode == 0
    assert again.stdout == (smoke / "first.txt").read_text()
    assert "train_generator" not in again.stderr
    assert {path: path.stat().st_mtime_ns for path in smoke.rglob("*") if path.is_file()} == kept


@pytest.mark.slow
def test_json_for_scripts(smoke: Path, called: Callable[..., Ended]) -> None:
    ended = called("run", "--smoke", "--json", cwd=smoke)
    assert ended.returncode == 0
    answer = json.loads(ended.stdout)
    assert answer["smoke"] is True
    assert answer["failures"] == []
    assert Path(smoke, answer["report"]).is_file()
    assert len(answer["metrics"]) == len(table(smoke / "runs/digits-smoke/metrics.csv"))


@pytest.mark.slow
def test_plan_knows_what_is_stored(smoke: Path, called: Callable[..., Ended]) -> None:
    lines = called("plan", "digits", "--smoke", "--long", cwd=smoke).stdout.splitlines()
    short = called("plan", "digits", "--smoke", cwd=smoke).stdout.splitlines()
    planned = json.loads(called("plan", "digits", "--smoke", "--json", cwd=smoke).stdout)
    stages, seen = planned["stages"], planned["can_see"]
    assert all(line.startswith("stored") for line in lines[: len(stages)])
    assert not any(line.startswith("stored") for line in lines[len(stages) :])
    assert short[:-1] == lines[len(stages) :]
    assert short[0].startswith("digits: 4 generators (2 controls) and 9 detectors (2 sentinels) on digits; 1 split")
    assert f"{planned['cells']} cells" in short[0]
    assert short[1].startswith(f"{len(stages)} of {len(stages)} stages are in the store")
    assert not any(line.startswith("To do") for line in short)
    assert all(row["stored"] for row in stages)
    assert seen["assumed"] == ""
    assert seen["test_images"] == 32
    assert "32 test images of a class" in " ".join(lines)
    longer = called("plan", "digits", "--smoke", "--set", "detector.cnn.epochs=2", "--json", cwd=smoke).stdout
    assert all(row["stored"] for row in json.loads(longer)["stages"] if "cnn" not in row["id"])


@pytest.mark.slow
def test_report_is_written_again_from_files_alone(smoke: Path, called: Callable[..., Ended]) -> None:
    page = smoke / "runs/digits-smoke/report.html"
    before = page.read_bytes()
    page.unlink()
    ended = called("report", "runs/digits-smoke", cwd=smoke)
    assert ended.returncode == 0, ended.stderr
    assert page.read_bytes() == before


@pytest.mark.slow
def test_list(tmp_path: Path, called: Callable[..., Ended]) -> None:
    text = called("list", cwd=tmp_path).stdout
    for name in ("cifar10-dog", "celeba", "dcgan", "linear-log-dct", "learning_rate"):
        assert name in text
    found = json.loads(called("list", "--json", cwd=tmp_path).stdout)
    assert set(found) == {"presets", "datasets", "generators", "detectors"}
    assert not [row for group in found.values() for row in group if row.get("broken")]


@pytest.mark.slow
def test_describe_prints_the_three_networks(tmp_path: Path) -> None:
    ended = fauxbench("describe", "mnist-1d", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    for count in ("1,027,073", "1,026,177", "2,717,025", "2,716,065", "3,744,098"):
        assert count in ended.stdout


@pytest.mark.slow
def test_data_deals_a_set_into_its_parts(tmp_path: Path, called: Callable[..., Ended]) -> None:
    facts = json.loads(called("data", "digits", "--json", cwd=tmp_path).stdout)
    assert facts["images"] == 1797
    parts = [facts[name] for name in ("generator-train", "detector-train", "detector-validation", "test")]
    assert sum(parts) + sum(facts["dropped"].values()) == 1797
    every = called("data", cwd=tmp_path)
    assert every.returncode == 0
    assert len(every.stdout.splitlines()) == 5


@pytest.mark.slow
def test_doctor(tmp_path: Path, called: Callable[..., Ended]) -> None:
    ended = called("doctor", "--json", cwd=tmp_path)
    rows = {row["name"]: row for row in json.loads(ended.stdout)}
    assert ended.returncode == 0, rows
    assert rows["data: digits"]["verdict"] == "good"
    assert "tensorflow on" in rows["backend"]["value"] or os.environ.get("KERAS_BACKEND")
    on_cpu = device.expected(runtime.backend()) == device.CPU
    assert ("bfloat16" in rows) == bool(on_cpu and processor.bfloat16_units(runtime.backend()))


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["run", "digitz"], ["plan", "digits", "--set", "name=5"]]
)
def test_light_verbs_import_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    code = (
        "import atexit, sys\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'pandas', 'matplotlib', 'seaborn', 'sklearn', 'scipy'}\n"
        "heavy |= {'distributed'}\n"
        "atexit.register(lambda: print('HEAVY', sorted(heavy & set(sys.modules))))\n"
        f"sys.argv = ['fauxbench', *{arguments!r}]\n"
        "from benchmark.cli.main import main\nmain()"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.stdout.splitlines()[-1] == "HEAVY []"


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["list"], ["plan", "digits"]])
def test_planning_imports_neither_keras_nor_what_draws(tmp_path: Path, arguments: list[str]) -> None:
    code = (
        "import atexit, sys\n"
        "heavy = {'keras', 'tensorflow', 'distributed', 'matplotlib', 'seaborn'}\n"
        "atexit.register(lambda: print('HEAVY', sorted(heavy & set(sys.modules))))\n"
        f"sys.argv = ['fauxbench', *{arguments!r}]\n"
        "from benchmark.cli.main import main\nmain()"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.stdout.splitlines()[-1] == "HEAVY []"


# -- the commonest question: how well can these be told apart? ----------------------------------------------------


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small pictures of smooth texture, and the same kind blurred a little and a lot."""
    root = tmp_path_factory.mktemp("folders")
    rng = np.random.default_rng(3)
    for name, radius, n in (("real", 0.0, 120), ("soft", 0.6, 90), ("softer", 1.2, 70)):
        (root / name).mkdir()
        for i in range(n):
            coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((16, 16))
            noisy = np.asarray(coarse) + rng.normal(0, 12, (16, 16, 3))
            image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
            image.filter(ImageFilter.GaussianBlur(radius)).save(root / name / f"{i:03d}.png")
    return root


@pytest.mark.slow
def test_two_folders_of_fakes(folders: Path, tmp_path: Path, called: Callable[..., Ended]) -> None:
    ended = called(
        "run", "--real", folders / "real", "--fake", folders / "soft", "--fake", folders / "softer",
        "--set", "detector.cnn.epochs=2", cwd=tmp_path,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    run = tmp_path / "runs" / "real-against-soft"
    cells, metrics = table(run / "cells.csv"), table(run / "metrics.csv")
    assert set(cells["generator"]) == {"soft", "softer", "real-copy", "noise"}
    assert (cells["status"] == "done").all()
    auc = metrics[(metrics["metric"] == "auc") & (metrics["scope"] == "cell")]
    best = auc.groupby("generator")["value"].max()
    assert best["softer"] > 0.95
    assert best["noise"] > 0.99
    audit = table(run / "audit.csv").set_index("name")
    assert audit.loc["real-copy", "verdict"] == "pass"
    assert audit.loc["noise", "verdict"] == "pass"
    assert not table(run / "scores.parquet").duplicated(["cell", "image_id"]).any()
    card = json.loads((run / "card.json").read_text())
    assert {bank["generator"]: bank["codecs"] for bank in card["banks"]} == {
        "soft": {"PNG in RGB": 90}, "softer": {"PNG in RGB": 70}, "real-copy": {}, "noise": {},
    }  # fmt: skip
    assert sum(part.get("PNG in RGB", 0) for part in card["splits"][0]["codecs"].values()) == 120
    assert str(folders) not in json.dumps(card), "a run folder can be given away"
    assert "soft" in ended.stdout
    again = called(
        "run", "--real", folders / "real", "--fake", folders / "soft", "--fake", folders / "softer",
        "--set", "detector.cnn.epochs=2", cwd=tmp_path,
    )  # fmt: skip
    assert again.stdout == ended.stdout
    assert "train_detector" not in again.stderr
