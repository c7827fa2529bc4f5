"""A run's detectors at work on files: the benchmark's own scores, what is said of the rest, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.special import logit

from benchmark.cli import detect as cli_detect
from benchmark.results import heat
from benchmark.use import api, detect, export
from benchmark.use.pool import by_source
from benchmark.use.stored_run import StoredRun
from data.errors import UserError

SPEC = """
name = "detectors"
[dataset]
name = "digits"
[[generator]]
kind = "gaussian"
id = "one"
[[generator]]
kind = "gaussian"
id = "two"
components = 2
[[generator]]
kind = "noise"
[[detector]]
kind = "linear-log-dct"
[[detector]]
kind = "mine.py:Bright"
id = "bright"
[[detector]]
kind = "linear-pixel"
id = "joint"
train_on = "all"
[quality]
enabled = false
"""
NETWORK = """
name = "network"
[dataset]
name = "digits"
[[generator]]
kind = "gaussian"
id = "one"
[[detector]]
kind = "cnn"
epochs = 1
[quality]
enabled = false
"""
PLUGIN = """
import numpy as np

class Bright:
    def fit(self, images, is_fake):
        return self

    def decision_function(self, images):
        return images.mean(axis=(1, 2, 3))

    def explain(self, images):
        return images[..., 0] - 128.0
"""
LINEAR = ("--detector", "linear-log-dct", "--generator", "one")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `run`, of three generators, `network`, of one, their store, and images as files."""
    folder = tmp_path_factory.mktemp("detectors")
    (folder / "mine.py").write_text(PLUGIN)
    (folder / "spec.toml").write_text(SPEC)
    (folder / "network.toml").write_text(NETWORK)
    for spec, out in (("spec.toml", "run"), ("network.toml", "network")):
        assert not api.run(folder / spec, out=folder / out).failures
    export.export(folder / "run", out=folder / "set", force=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("name", "detector"), [("run", "linear-log-dct"), ("run", "bright"), ("network", "cnn")])
def test_exported_images_get_the_scores_of_the_benchmark(made, name, detector):
    test, run = made / "set/test", api.load(made / name)
    asked = {"detector": detector, "generator": "one"} if name == "run" else {}  # the other has one of each
    found = run.detect([test / "real", f"{test}/fake/one-*.png"], **asked)
    index = pd.read_csv(test / "metadata.csv").set_index("file_name")
    ids = index.loc[[Path(path).relative_to(test).as_posix() for path in found["path"]], "image_id"]
    cell = run.scores[(run.scores["cell"] == f"one/0/{detector}/0") & (run.scores["part"] == "test")]
    wanted = cell.set_index("image_id").loc[ids]
    assert len(found) == len(wanted) == len(cell)
    np.testing.assert_array_equal(found["score"], wanted["score"])
    np.testing.assert_array_equal(found["probability"], wanted["probability"])
    about = found.attrs["about"]["detector"]
    metrics = run.metrics.query("cell == @cell.cell.iloc[0] and metric in ('fpr', 'tpr')")
    rates = dict(zip(metrics["metric"], metrics["value"], strict=False))
    called, is_fake = (found["verdict"] == "fake").to_numpy(), wanted["is_fake"].to_numpy(bool)
    assert called[is_fake].mean() == pytest.approx(rates["tpr"])
    assert called[~is_fake].mean() == pytest.approx(rates["fpr"])
    np.testing.assert_array_equal(called, found["score"] >= about["threshold"])
    assert (found["unlike"] > 1).mean() < 0.03
    assert about["generator"] == "one"
    assert about["validation"]["n_real"] == about["validation"]["n_fake"] > 100


@pytest.mark.slow
def test_a_picture_is_scored_alone_as_among_others_in_blocks(made, monkeypatch):
    sizes = []
    scored = detect._Scorer._scores
    monkeypatch.setattr(detect._Scorer, "_scores", lambda self, x: (sizes.append(len(x)), scored(self, x))[1])
    run = api.load(made / "network")
    all_of = run.detect([made / "set/test/real"])
    alone = run.detect([all_of["path"].iloc[300]])
    assert sizes == [256, len(all_of) - 256, 1]
    assert alone["score"].iloc[0] == all_of["score"].iloc[300]


@pytest.fixture
def mixed(made, tmp_path) -> Path:
    """A folder with three good pictures, of which two are of another kind, and two bad ones."""
    folder = tmp_path / "mixed"
    (folder / "sub").mkdir(parents=True)
    shutil.copy(made / "set/test/real/000000.png", folder / "a é.png")
    noise = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    Image.fromarray(noise).save(folder / "b.jpg")
    Image.fromarray(noise[:8, :8, 0]).save(folder / "sub/c.png")
    (folder / "d.png").write_bytes(b"no image")
    Image.fromarray(noise[:4, :4]).save(folder / "e.bmp")
    (folder / "notes.txt").write_text("")
    return folder


@pytest.mark.slow
def test_bad_files_are_listed_the_rest_is_scored_and_the_code_is_1(made, mixed, call):
    answer = call("detect", made / "run", *LINEAR, mixed)
    assert answer.code == 1
    rows = answer.out.split("\n\n")[1].splitlines()
    assert [row.split("  ")[0].removeprefix(f"{mixed}/") for row in rows[1:]] == ["a é.png", "b.jpg", "sub/c.png"]
    assert "unlike" not in rows[1]
    assert "unlike the training images" in rows[2]
    assert "reduced: evidence in high frequencies is lost; colour turned to grey" in rows[2].replace(
        "; reduced from 30 x 40", ""
    )
    assert "grey levels that the reals do not have" in rows[3]
    listed = [line for line in answer.err.splitlines() if line.startswith("not scored: ")]
    assert [line.split(": ")[1].removeprefix(f"{mixed}/") for line in listed] == ["d.png", "e.bmp"]
    assert "4 x 4 pixels. Expected at least 8 x 8" in listed[1]
    assert "1 of 3 images reduced" in answer.err
    assert f"1 file with another ending was left out: {mixed}/notes.txt." in answer.err
    assert "3 images in " in answer.err
    assert " images/s; 2 not scored." in answer.err


@pytest.mark.slow
def test_the_header_says_what_a_verdict_rests_on(made, mixed, call):
    answer = call("detect", made / "run", *LINEAR, "--fit", "exact", mixed / "a é.png")
    assert answer.code == 0
    head = answer.out.split("\n\n")[0]
    trained = StoredRun(made / "run").trained_detector("linear-log-dct", generator="one")
    assert f"from a score of {trained.threshold:.6g} on" in head
    assert "trained to tell the fakes of 'one' (training seed 0) from the real images of 'digits'" in head
    assert "balanced accuracy on validation images" in head
    assert "8 x 8 pixels, grey; others are left out" in head
    assert head.endswith(detect.CAUTION)
    about = detect.detect(made / "run", [mixed / "a é.png"], detector="bright", generator="noise").about
    assert any("is a control (noise)" in line for line in cli_detect.header(about))
    assert any("--smoke" in line for line in cli_detect.header(about | {"smoke": True}))
    assert not any("--smoke" in line for line in cli_detect.header(about))


@pytest.mark.slow
def test_json_and_csv_hold_the_same(made, mixed, call):
    told = json.loads(call("detect", made / "run", *LINEAR, mixed, "--json").out)
    assert call("detect", made / "run", *LINEAR, mixed, "--csv", "t.csv").code == 1
    table = pd.read_csv("t.csv", keep_default_na=False, na_values={"score": [""]})
    good = table[table["error"] == ""]
    assert [row["score"] for row in told["images"]] == good["score"].tolist()
    assert [row["path"] for row in told["unreadable"]] == table.loc[table["error"] != "", "path"].tolist()
    assert told["smoke"] is False
    assert told["caution"] == detect.CAUTION


@pytest.mark.slow
def test_pooled_folders_get_the_mean_score_and_the_same_threshold(made, mixed, call):
    run = api.load(made / "run")
    paths = [made / "set/test/fake", made / "set/test", mixed]
    pooled = run.detect(paths, detector="linear-log-dct", generator="one", pool=True).set_index("source")
    assert list(pooled.index) == [str(made / "set/test/fake"), str(made / "set/test/real"), str(mixed), f"{mixed}/sub"]
    fakes = run.detect([made / "set/test/fake"], detector="linear-log-dct", generator="one")
    row = pooled.loc[str(made / "set/test/fake")]
    assert row["frames"] == len(fakes)
    assert row["score"] == pytest.approx(fakes["score"].mean())
    assert row["spread"] == pytest.approx(fakes["score"].std())
    assert logit(row["probability"]) == pytest.approx(logit(fakes["probability"].clip(1e-6, 1 - 1e-6)).mean())
    assert row["verdict"] == "fake"
    assert row["frames_fake"] == (fakes["verdict"] == "fake").sum()
    assert pooled.loc[str(mixed), "frames"] == 2
    assert "2 frames cannot be read" in pooled.loc[str(mixed), "warning"]
    answer = call("detect", made / "run", *LINEAR, "--pool", mixed)
    assert answer.code == 1
    assert len(answer.out.split("\n\n")[1].splitlines()) == 3
    told = json.loads(call("detect", made / "run", *LINEAR, "--pool", made / "set/test/fake", "--json").out)
    assert told["sources"][0]["score"] == row["score"]
    assert told["sources"][0]["frames_fake"] == row["frames_fake"]


def test_a_source_without_a_readable_picture_says_why_and_detectors_without_probabilities_pool():
    about = {"path": "x", "unlike": 0.1, "warning": "", "note": ""}
    images = pd.DataFrame(
        [
            {"source": "a", "score": 1.0, "probability": np.nan, "verdict": "real", "error": "", **about},
            {"source": "a", "score": 4.0, "probability": np.nan, "verdict": "fake", "error": "", **about},
            {"source": "b", "score": np.nan, "probability": np.nan, "verdict": "", "error": "cut short", **about},
        ]
    )
    a, b = by_source(images, 2.5).to_dict("records")
    assert (a["score"], a["verdict"], a["frames"], a["frames_fake"]) == (2.5, "fake", 2, 1)
    assert np.isnan(a["probability"])
    assert (b["frames"], b["verdict"], b["error"]) == (0, "", "cut short")


@pytest.mark.slow
def test_heat_maps_are_written_beside_their_pictures(made, mixed, call):
    answer = call("detect", made / "run", "--detector", "bright", "--generator", "one", mixed, "--explain", "maps")
    assert answer.code == 1
    index = pd.read_csv("maps/index.csv")
    assert [Path(path).name for path in index["path"]] == ["a é.png", "b.jpg", "c.png"]
    pixels = np.asarray(Image.open(mixed / "a é.png"))
    np.testing.assert_array_equal(np.load(Path("maps") / index["map"][0]), pixels - 128.0)
    with Image.open(Path("maps") / index["picture"][0]) as shown:
        assert shown.size == (128 + 8 + 128, 128)
        assert shown.info["Description"].startswith("An explanation, no evidence")
        left, right = np.asarray(shown)[:, :128], np.asarray(shown)[:, 136:]
    np.testing.assert_array_equal(left[::16, ::16, 0], pixels)
    dark = right[::16, ::16][pixels == 0].astype(int)
    assert (dark[:, 2] > dark[:, 0]).all()  # against fake: blue
    values = pixels - 128.0
    over = heat.overlaid(pixels[None, ..., None], values[None], heat.limit_of(values))[0]
    np.testing.assert_array_equal(right[::16, ::16], over)  # the colours of the report


@pytest.mark.slow
def test_what_cannot_be_done_is_refused(made, mixed, refused):
    run = made / "run"
    line = refused("detect", run, "--detector", "linear-log-dct", "--generator", "one", mixed, "--explain", "maps")
    assert "'linear-log-dct' has no heat maps" in line
    assert "bright" in line
    assert "Did you mean 'linear-log-dct'?" in refused("detect", run, "--detector", "linear-logdct", mixed)
    line = refused("detect", run, mixed)
    assert "--detector is needed" in line
    assert "linear-log-dct, bright, joint" in line
    line = refused("detect", run, "--detector", "bright", mixed)
    assert "--generator is needed" in line
    assert "one, two, noise" in line
    assert "not trained on 'all'" in refused("detect", run, "--detector", "bright", "--generator", "all", mixed)
    assert "Did you mean 'one'?" in refused("detect", run, "--detector", "bright", "--generator", "onn", mixed)
    assert "Received: 7" in refused("detect", run, *LINEAR, "--detector-seed", "7", mixed)
    assert "no such file" in refused("detect", run, *LINEAR, mixed / "none.png")
    assert "not a run folder" in refused("detect", mixed, *LINEAR, mixed)
    assert "does not hold" in refused("detect", run, *LINEAR, mixed, "--store", mixed)
    assert "not both" in refused("detect", run, *LINEAR, mixed, "--json", "--csv", "t.csv")
    assert "no folder" in refused("detect", run, *LINEAR, mixed, "--csv", "none/t.csv")


@pytest.mark.slow
def test_a_detector_of_all_generators_needs_no_choice_and_knows_the_fakes_of_each(made, mixed, call):
    opened = StoredRun(made / "run")
    trained = opened.trained_detector("joint")
    assert trained.generator == "all"
    assert trained.control is None
    with pytest.raises(UserError, match="not trained on 'two'"):
        opened.trained_detector("joint", generator="two")
    images, is_fake, units = trained.seen("test")
    assert len(np.unique(units[is_fake])) == is_fake.sum()  # those of two banks are no copies of each other
    fakes = {np.load(opened.bank(name, 0) / "test.npy")[::2].tobytes() for name in ("one", "two")}
    half = is_fake.sum() // 2
    assert {images[is_fake][:half].tobytes(), images[is_fake][half:].tobytes()} == fakes
    np.testing.assert_array_equal(images[~is_fake], opened.images.images[opened.ledger.parts["test"]])
    assert "the fakes of all generators together" in call("detect", made / "run", "--detector", "joint", mixed).out


@pytest.mark.slow
def test_a_detector_whose_code_has_changed_is_said_to(made, mixed, call, refused):
    asked = ("detect", made / "run", "--detector", "bright", "--generator", "one", mixed / "a é.png")
    assert "code has changed" not in call(*asked).out
    Path("mine.py").write_text(PLUGIN.replace("mean", "max"))
    line = refused(*asked)
    assert "cannot be loaded" in line
    assert "Its code has changed since" in line
