"""Scores from another program's table: found by pixels, refused when they are no scores."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from data.errors import UserError
from detection.detectors.external import External, read_scores

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 9, 8, 3), dtype=np.uint8)
IS_FAKE = np.arange(12) % 2 == 0
SCORES = np.where(IS_FAKE, 1.0, -1.0) + RNG.normal(size=12)


@pytest.fixture
def folder(tmp_path):
    """An exported folder: the images of two parts, and `train/` whose table has no scores."""
    (tmp_path / "pixels").mkdir()
    for i, image in enumerate(IMAGES):
        Image.fromarray(image).save(tmp_path / "pixels" / f"{i}.png")
    write(tmp_path / "validation", range(6))
    write(tmp_path / "test", range(6, 12))
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "metadata.csv").write_text("file_name,label\nreal/none.png,real\n")
    return tmp_path


def write(place, rows, header="file_name,label,score", **other):
    place.mkdir(exist_ok=True)
    lines = [f"../pixels/{i}.png,x,{other.get(f'row{i}', SCORES[i])}" for i in rows]
    (place / "metadata.csv").write_text("\n".join([header, *lines]) + "\n")
    return str(place / "metadata.csv")


def test_every_score_is_its_images_in_any_order(folder):
    detector = External(path=str(folder)).fit(IMAGES[:6], IS_FAKE[:6], validation=(IMAGES[:6], IS_FAKE[:6]))
    order = np.random.default_rng(1).permutation(12)
    np.testing.assert_array_equal(detector.decision_function(IMAGES[order]), SCORES[order])
    odd = External(path=write(folder / "odd", order, "image,label,logit"), column="logit", file_column="image")
    odd.fit(IMAGES, IS_FAKE, validation=(IMAGES, IS_FAKE))
    np.testing.assert_array_equal(odd.decision_function(IMAGES), SCORES)


def test_grey_files_are_images_of_one_channel(tmp_path):
    Image.fromarray(IMAGES[0, ..., 0]).save(tmp_path / "grey.png")
    (tmp_path / "scores.csv").write_text("file_name,score\ngrey.png,0.25\n")
    detector = External(path=str(tmp_path / "scores.csv"))
    detector._table = read_scores(detector.path, "score", "file_name")
    np.testing.assert_array_equal(detector._scores(IMAGES[:1, ..., :1]), [0.25])
    with pytest.raises(ValueError, match="1 of 1 images"):
        detector._scores(np.repeat(IMAGES[:1, ..., :1], 3, axis=3))


def test_missing_scores_fail_with_how_many_and_what_to_do(folder):
    detector = External(path=str(folder)).fit(IMAGES[:6], IS_FAKE[:6], validation=(IMAGES[:6], IS_FAKE[:6]))
    unknown = IMAGES.copy()
    unknown[[3, 7], 0, 0, 0] ^= 1
    with pytest.raises(ValueError, match=r"2 of 12 images have no score.*first is image 3 .*fauxbench export.*'score'"):
        detector.decision_function(unknown)


def test_saved_scores_need_no_table(folder, tmp_path):
    detector = External(path=str(folder)).fit(IMAGES, IS_FAKE, validation=(IMAGES, IS_FAKE))
    detector.save(tmp_path / "saved")
    again = External(path="/nowhere/moved.csv").load(tmp_path / "saved")
    np.testing.assert_array_equal(again.predict_proba(IMAGES), detector.predict_proba(IMAGES))


def test_the_fingerprint_is_of_pixels_and_scores_only(folder):
    whole = External(path=str(folder)).fingerprint()
    assert External(path=write(folder / "turned", range(11, -1, -1))).fingerprint() == whole
    assert External(path=write(folder / "less", range(11))).fingerprint() != whole
    assert External(path=write(folder / "changed", range(12), row3=SCORES[3] + 1e-12)).fingerprint() != whole


@pytest.mark.parametrize("text", ["nan", "inf", "high", ""])
def test_a_score_that_is_no_number_is_refused_with_its_line(folder, text):
    path = write(folder / "test", range(6, 12), row8=text)
    with pytest.raises(UserError, match=rf"metadata.csv, line 4: a score must be a finite number. Received: '{text}'"):
        External(path=str(folder)).fit(IMAGES, IS_FAKE)
    with pytest.raises(UserError, match="line 4"):
        External(path=path).fingerprint()


def test_the_same_pixels_with_two_scores_are_refused(folder):
    write(folder / "other", [2], row2=7.5)
    with pytest.raises(UserError, match=r"line 4: the same pixels have two scores, 7.5 in .*other.*line 2 and"):
        External(path=str(folder)).fingerprint()
    write(folder / "other", [2])
    assert len(read_scores(str(folder), "score", "file_name")) == 12  # the same score twice is one score


def test_tables_that_are_none(folder, tmp_path):
    for path, words in (
        (tmp_path / "none.csv", "none.csv cannot be read: No such file"),
        (folder / "pixels", "holds no metadata.csv"),
        (folder / "train" / "metadata.csv", r"has no column 'score'. Received: file_name, label"),
        (folder / "pixels" / "0.png", "is not a CSV file in UTF-8"),
    ):
        with pytest.raises(UserError, match=words):
            External(path=str(path)).fingerprint()
    with pytest.raises(UserError, match=r"Each metadata.csv in .* has no column 'logit'"):
        External(path=str(folder), column="logit").fingerprint()
    with pytest.raises(UserError, match="has no column 'image'"):
        External(path=str(folder), file_column="image").fingerprint()
    (folder / "test" / "metadata.csv").write_text("file_name,score\n../pixels/99.png,1\n")
    with pytest.raises(UserError, match=r"line 2: the image .*99.png cannot be read"):
        External(path=str(folder)).fingerprint()
    (folder / "test" / "metadata.csv").write_text("file_name,score\nmetadata.csv,1\n")
    with pytest.raises(UserError, match=r"metadata.csv is not an image"):
        External(path=str(folder)).fingerprint()


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16"])
def test_tables_with_marks_of_byte_order(folder, coding):
    whole = External(path=str(folder)).fingerprint()
    for path in folder.glob("*/metadata.csv"):
        path.write_text(path.read_text(), encoding=coding)
    assert External(path=str(folder)).fingerprint() == whole


def test_all_images_that_cannot_be_read_are_named_at_once(folder):
    os.mkfifo(folder / "pixels/pipe.png")
    for i in (7, 9):
        (folder / f"pixels/{i}.png").write_bytes(b"x")
    with open(folder / "test/metadata.csv", "a") as file:
        file.write("../pixels/pipe.png,x,1\n")
    with pytest.raises(UserError, match=r"3 of 13 files .*7.png is not an image; .*9.png is not.*pipe.png is a pipe"):
        External(path=str(folder)).fingerprint()


def test_file_names_that_are_no_utf8(folder):
    name = os.fsdecode(b"caf\xe9.png")
    (folder / "pixels/8.png").rename(folder / "pixels" / name)
    table = folder / "test/metadata.csv"
    table.write_bytes(table.read_bytes().replace(b"/8.png", b"/caf\xe9.png"))
    assert len(read_scores(str(folder), "score", "file_name")) == 12


def test_an_export_under_way_is_not_read(folder):
    before = External(path=str(folder)).fingerprint()
    write(folder / ".test.part", [0], row0=99)
    assert External(path=str(folder)).fingerprint() == before
