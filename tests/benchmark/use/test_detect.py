"""A run's detectors at work on files: the benchmark's own scores, what is said of the rest, and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.special import expit
from scipy.stats import beta

from benchmark.cli import detect_words
from benchmark.results import heat
from benchmark.store import png
from benchmark.use import api, detect, export
from benchmark.use.pool import by_source
from benchmark.use.stored_run import StoredRun
from benchmark.use.verdicts.band import Band
from benchmark.use.verdicts.scorer import Scorer
from data.errors import UserError
from detection.limits import Limit

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
    like = (found["unlike"] <= 1).to_numpy()
    np.testing.assert_array_equal(found["probability"][like], wanted["probability"].to_numpy()[like])
    (about,) = found.attrs["about"]["detectors"]
    limits, is_fake = about["limits"], wanted["is_fake"].to_numpy(bool)
    high, low = (found["score"] >= limits["like"]["score"]), (found["score"] <= limits["not_like"]["score"])
    known = found["verdict"] != "undecided"
    assert set(found["verdict"]) <= {"like the fakes of one", "not like them", "undecided"}
    np.testing.assert_array_equal(found["verdict"] == "like the fakes of one", high & ~low & known)
    np.testing.assert_array_equal(found["verdict"] == "not like them", low & ~high & known)
    strange = found["unlike"] > 1
    assert (found["why"][strange] == "unlike the training images").all()
    assert found["probability"].isna().equals(strange | wanted["probability"].isna().to_numpy())
    assert not known[strange].any()
    (reals, fakes) = about["tested"]
    assert (reals["images"], fakes["images"]) == ("reals", "fakes of one")
    assert reals["like"]["share"] == (high & ~low)[~is_fake].mean()  # each digit is a unit
    assert fakes["not_like"]["share"] == (low & ~high)[is_fake].mean()
    for row, key in ((reals, "like"), (fakes, "not_like")):
        assert row[key]["low"] < 0.06  # at most 5 % were promised
    assert strange.mean() < 0.03
    assert about["generator"] == "one"
    assert limits["like"]["units"] == limits["not_like"]["units"] > 100


@pytest.mark.slow
def test_a_picture_is_scored_alone_as_among_others_in_blocks(made, monkeypatch):
    sizes = []
    scored = Scorer._both
    monkeypatch.setattr(Scorer, "_both", lambda self, one, x: (sizes.append(len(x)), scored(self, one, x))[1])
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
    (trained,) = detect.detect(made / "run", [mixed / "a é.png"], detector="linear-log-dct", generator="one").about[
        "detectors"
    ]
    high, low = (trained["limits"][key]["score"] for key in ("like", "not_like"))
    assert f"like the fakes of one: a score of {high:.6g} or more, set on 180 validation reals" in head
    assert f"not like them: a score of {low:.6g} or less, set on 180 validation fakes" in head
    assert "to tell the fakes of 'one' (training seed 0) from the real images of 'digits', and tested" in head
    assert "On the run's test images: of 359 reals" in head
    assert "8 x 8 pixels, grey; others are left out" in head
    assert head.endswith(detect.CAUTION)
    about = detect.detect(made / "run", [mixed / "a é.png"], detector="bright", generator="noise").about
    assert any("is a control (noise)" in line for line in detect_words.header(about))
    assert any("--smoke" in line for line in detect_words.header(about | {"smoke": True}))
    assert not any("--smoke" in line for line in detect_words.header(about))


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
    assert 0 < row["probability"] < 1
    assert row["verdict"] in ("like the fakes of one", "undecided", "not like them")
    assert row["frames_like"] == (fakes["verdict"] == "like the fakes of one").sum()
    assert pooled.loc[str(mixed), "frames"] == 2
    assert "2 frames cannot be read" in pooled.loc[str(mixed), "warning"]
    answer = call("detect", made / "run", *LINEAR, "--pool", mixed)
    assert answer.code == 1
    assert len(answer.out.split("\n\n")[1].splitlines()) == 3
    told = json.loads(call("detect", made / "run", *LINEAR, "--pool", made / "set/test/fake", "--json").out)
    assert told["sources"][0]["score"] == row["score"]
    assert told["sources"][0]["frames_like"] == row["frames_like"]


def test_a_source_without_a_readable_picture_says_why_and_the_mean_is_judged_where_most_frames_are_alike():
    about = {"path": "x", "warning": "", "note": ""}

    def frame(source: str, score: float, unlike: float = 0.1, error: str = "", marks: str = "") -> dict[str, object]:
        scored = {"score: d": score, "probability: d": expit(score), "strange: d": unlike > 1}
        return {"source": source, "unlike": unlike, "error": error, "marks": marks, **scored, **about}

    images = pd.DataFrame(
        [
            frame("a", 1.0, marks="marked"), frame("a", 4.0), frame("a", 2.5, unlike=3.0),
            frame("b", np.nan, error="cut short"), frame("c", 9.0, unlike=2.0),
        ]
    )  # fmt: skip
    limit = Limit(2.5, 99, 0.05, 0.02, 0.1)
    a, b, c = by_source(images, {"d": Band("one", limit, replace(limit, value=0.0))}).to_dict("records")
    assert (a["score: d"], a["frames"], a["frames_like: d"], a["strange: d"]) == (2.5, 3, 1, False)
    assert a["probability: d"] == pytest.approx(expit(2.5))
    assert a["marks"] == "1 of 3 files marked"
    assert a["warning"] == "1 of 3 frames are unlike the training images"
    assert (b["frames"], b["error"], b["frames_like: d"]) == (0, "cut short", 0)
    assert np.isnan(b["score: d"])
    assert (c["strange: d"], c["frames_like: d"]) == (True, 0)


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


def files(folder: Path, of: Path, n: int, start: int = 0) -> Path:
    """Copies some of a folder's images to another one."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(of.iterdir())[start : start + n]:
        shutil.copy(path, folder / f"{of.parent.name}-{path.name}")
    return folder


@pytest.mark.slow
def test_own_reals_set_the_limit_and_say_the_interval(made, tmp_path, call):
    reals, scored = files(tmp_path / "reals", made / "set/test/real", 200), made / "set/test/fake"
    run = api.load(made / "run")
    asked = {"detector": "bright", "generator": "one", "reals": reals}
    found = run.detect([scored], **asked, fpr=0.1)
    (about,) = found.attrs["about"]["detectors"]
    like = about["limits"]["like"]
    scores = np.sort(run.detect([reals], detector="bright", generator="one")["score"])
    assert like["units"] == 200
    assert like["score"] == np.nextafter(scores[200 - 20], np.inf)  # 20 / 201 is the largest rate up to 0.1
    assert like["rate"] == pytest.approx(20 / 201)
    assert (like["low"], like["high"]) == pytest.approx(beta(20, 181).interval(0.95))
    called = found["verdict"] == "like the fakes of one"
    np.testing.assert_array_equal(called, found["score"] >= like["score"])
    assert run.detect([scored], **asked).attrs["about"]["reals"]["fpr"] == 0.05
    head = call("detect", made / "run", "--detector", "bright", "--generator", "one", scored, "--reals", reals).out
    assert "set on 200 of your own reals" in head
    assert f"--reals {reals}: 200 different ones of 200 images" in head


@pytest.mark.slow
def test_pictures_unlike_the_training_images_are_undecided_without_own_reals_and_judged_by_them(made, tmp_path, call):
    noise = np.random.default_rng(0).integers(0, 17, (120, 8, 8)) * 255 / 16
    for i, image in enumerate(np.round(noise).astype(np.uint8)):
        (tmp_path / ("scored" if i < 60 else "reals")).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / ("scored" if i < 60 else "reals") / f"{i}.png")
    run, asked = api.load(made / "run"), {"detector": "linear-log-dct", "generator": "one"}
    alone = run.detect([tmp_path / "scored"], **asked)
    assert set(alone["verdict"]) == {"undecided"}
    assert alone["probability"].isna().all()
    judged = run.detect([tmp_path / "scored"], **asked, reals=tmp_path / "reals", fpr=0.2)
    called = judged["verdict"] == "like the fakes of one"
    assert 0 < called.mean() < 0.5  # a fifth of them, and not nearly all or none as at limits of digits
    assert set(judged["verdict"][~called]) == {"undecided"}
    assert judged["probability"].isna().all()


@pytest.mark.slow
def test_reals_that_are_scored_or_were_learned_from_are_left_out_and_said(made, tmp_path, call):
    reals = files(tmp_path / "reals", made / "set/test/real", 60)
    files(reals, made / "set/train/real", 7)
    pixels = np.asarray(Image.open(sorted((made / "set/test/real").iterdir())[3]))
    for name in ("again.png", "and again.bmp"):  # the same pixels in other files
        Image.fromarray(pixels).save(reals / name)
    scored = files(tmp_path / "scored", made / "set/test/real", 3)
    answer = call("detect", made / "run", "--detector", "bright", "--generator", "one", scored, "--reals", reals)
    assert "57 different ones of 59 images" in answer.out
    assert "10 of 69 left out, with what they are near copies of: 3 copies of scored pictures and 7 cop" in answer.err
    assert (
        "10 of 69 left out, with what they are near copies of: 3 copies of scored pictures and 7 copies" in answer.err
    )


@pytest.mark.slow
def test_several_detectors_share_the_rate_and_any_calls(made, tmp_path, call):
    run, scored = api.load(made / "run"), files(tmp_path / "scored", made / "set/test/fake", 60)
    reals = files(tmp_path / "reals", made / "set/test/real", 200)
    both = ["linear-log-dct", "bright"]
    others = files(tmp_path / "others", made / "set/test/real", 100, 200)
    found = run.detect([scored, others], detector=both, generator="one", reals=reals, fpr=0.1)
    about = found.attrs["about"]
    assert [one["id"] for one in about["detectors"]] == both
    assert all(one["limits"]["like"]["rate"] <= 0.05 for one in about["detectors"])
    assert "Bonferroni" in about["rule"]
    for name in both:
        alone = run.detect([scored, others], detector=name, generator="one")
        np.testing.assert_array_equal(alone["score"], found[f"score: {name}"])
    each = [found[f"verdict: {name}"] == "like the fakes of one" for name in both]
    np.testing.assert_array_equal(found["verdict"] == "like the fakes of one", each[0] | each[1])
    called = found["called_by"].str.split(", ", regex=False)
    assert [name in names for name, names in zip(["bright"] * len(found), called, strict=True)] == each[1].tolist()
    nots = [found[f"verdict: {name}"] == "not like them" for name in both]
    np.testing.assert_array_equal(found["verdict"] == "not like them", nots[0] & nots[1])
    every = run.detect([scored], detector="all", generator="one")
    assert [one["id"] for one in every.attrs["about"]["detectors"]] == both
    line = call("detect", made / "run", *(f"--detector={name}" for name in both), "--generator", "one", scored).out
    assert "like the fakes if any says so, each at 0.05/2 (Bonferroni)" in line
    pooled = run.detect([scored], detector=both, generator="one", pool=True)
    assert {"score: bright", "spread: bright", "frames_like: bright", "verdict: bright"} <= set(pooled)


@pytest.mark.slow
def test_pooled_reals_are_sources_too(made, tmp_path, refused):
    for i in range(20):
        files(tmp_path / f"reals/{i}", made / "set/test/real", 5, 5 * i)
    run, scored = api.load(made / "run"), files(tmp_path / "scored", made / "set/test/fake", 30)
    asked = {"detector": "bright", "generator": "one", "pool": True}
    like = run.detect([scored], **asked, reals=tmp_path / "reals", fpr=0.05).attrs["about"]["detectors"][0]["limits"][
        "like"
    ]
    means = run.detect([tmp_path / "reals"], **asked)["score"]
    assert like["units"] == 20
    assert like["score"] == np.nextafter(means.max(), np.inf)
    line = refused(
        "detect", made / "run", "--detector", "bright", "--generator", "one", "--pool", scored,
        "--reals", tmp_path / "reals", "--fpr", "0.04",
    )  # fmt: skip
    assert "cannot be set by 20 sources" in line
    assert "0.04 needs 24" in line


@pytest.mark.slow
def test_a_rate_that_the_reals_cannot_set_is_refused_in_one_line(made, tmp_path, refused):
    reals, scored = files(tmp_path / "reals", made / "set/test/real", 18), made / "set/test/fake"
    asked = ("detect", made / "run", "--detector", "bright", "--generator", "one", scored)
    line = refused(*asked, "--reals", reals)
    assert "--fpr 0.05 cannot be set by 18 real images" in line
    assert "they allow 0.0527 and more, and 0.05 needs 19" in line
    line = refused(*asked, "--detector", "linear-log-dct", "--reals", reals, "--fpr", "0.1")
    assert "shared by 2 detectors, cannot be set by 18" in line
    assert "0.1 needs 19" in line
    for fpr in ("0", "1", "-0.1", "1.5", "nan"):
        assert "--fpr must lie between 0 and 1" in refused(*asked, "--reals", reals, f"--fpr={fpr}")
    assert "--fpr needs --reals" in refused(*asked, "--fpr", "0.05")
    assert "--reals must be a folder" in refused(*asked, "--reals", reals / "none")
    line = refused("detect", made / "run", *asked[2:6], made / "set/test/real", "--reals", reals, "--fpr", "0.5")
    assert "cannot be set by 0 real images" in line
    assert "18 left out as copies of scored pictures" in line
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/x.png").write_bytes(b"no image")
    assert "No image of --reals" in refused(*asked, "--reals", tmp_path / "bad")
    assert "There is no image in" in refused(*asked, "--reals", Path.cwd())
    assert "named once" in refused(*asked, "--detector", "bright")
    line = refused(*asked, "--detector", "linear-log-dct", "--explain", "maps")
    assert "--explain takes one detector" in line


@pytest.mark.slow
def test_marks_of_files_are_said_and_decide_nothing(made, mixed, call):
    pixels = np.asarray(Image.open(mixed / "a é.png"))
    marked = mixed / "marked.png"
    marked.write_bytes(png.synthetic(pixels[..., None], "fauxbench", "x", png.TRAINED))
    answer = call("detect", made / "run", *LINEAR, marked, mixed / "a é.png", "--json")
    one, two = json.loads(answer.out)["images"]
    assert one["marks"] == "marked as made by AI: IPTC DigitalSourceType trainedAlgorithmicMedia in XMP, unsigned"
    assert two["marks"] == ""
    assert {key: one[key] for key in ("score", "verdict", "why")} == {
        key: two[key] for key in ("score", "verdict", "why")
    }
    assert "1 of 2 files with marks. Anybody can write or remove marks: they are not verified" in answer.err
    assert "trainedAlgorithmicMedia in XMP, unsigned" in call("detect", made / "run", *LINEAR, marked).out
