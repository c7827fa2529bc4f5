import numpy as np
import pytest
from PIL import Image

from data.errors import UserError
from data.reading import safe_image
from generation.folder import Folder


def _write(folder, images, ending="png"):
    folder.mkdir(exist_ok=True)
    for position, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{position:03d}.{ending}")


@pytest.fixture
def colour():
    return np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), np.uint8)


def test_every_file_once_in_a_seeded_order(tmp_path, colour):
    _write(tmp_path / "a", colour)
    generator = Folder(path=str(tmp_path / "a")).fit(colour)
    assert generator.n_available == 12
    drawn = generator.sample(12, seed=1)
    facts = generator.facts_of(12, seed=1)
    assert sorted(facts["id"]) == [f"{i:03d}.png" for i in range(12)]
    for image, name in zip(drawn, facts["id"], strict=True):
        assert np.array_equal(image, colour[int(name[:3])])
    assert list(facts["format"].unique()) == ["PNG"]
    with pytest.raises(UserError, match="holds 12 images, and 13 are needed"):
        generator.sample(13)


def test_another_size_is_an_error_or_resized(tmp_path, colour):
    _write(tmp_path / "a", colour)
    reals = np.zeros((3, 8, 8, 3), np.uint8)
    with pytest.raises(UserError, match=r"as large as the real ones, 8 x 8 pixels\. Received: 16 x 16"):
        Folder(path=str(tmp_path / "a")).fit(reals)
    resized = Folder(path=str(tmp_path / "a"), mixed="resize").fit(reals).sample(3)
    assert resized.shape == (3, 8, 8, 3)
    cropped = Folder(path=str(tmp_path / "a"), mixed="center-crop").fit(reals)
    assert {image.tobytes() for image in cropped.sample(12)} == {image.tobytes() for image in colour[:, 4:12, 4:12]}


def test_channels_follow_the_real_images(tmp_path, colour):
    grey = colour[..., :1]
    _write(tmp_path / "grey", grey[..., 0])
    _write(tmp_path / "equal", np.repeat(grey, 3, 3))
    _write(tmp_path / "colour", colour)
    tripled = Folder(path=str(tmp_path / "grey")).fit(colour).sample(12)
    assert {image.tobytes() for image in tripled} == {image.tobytes() for image in np.repeat(grey, 3, 3)}
    single = Folder(path=str(tmp_path / "equal")).fit(grey).sample(12)
    assert {image.tobytes() for image in single} == {image.tobytes() for image in grey}
    with pytest.raises(UserError, match="must be grey, as the real ones are"):
        Folder(path=str(tmp_path / "colour")).fit(grey)


def test_the_fingerprint_follows_the_content(tmp_path, colour):
    _write(tmp_path / "a", colour)
    generator = Folder(path=str(tmp_path / "a"))
    before = generator.fingerprint()
    assert generator.fingerprint() == before
    _write(tmp_path / "a", colour[::-1])
    assert generator.fingerprint() != before


def _animation(path, colours, size=(8, 8), form="GIF"):
    frames = [Image.new("RGB", size, colour) for colour in colours]
    path.parent.mkdir(parents=True, exist_ok=True)
    exact = {"lossless": True} if form == "WEBP" else {}
    frames[0].save(path, form, save_all=True, append_images=frames[1:], **exact)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_frames_of_an_animation_are_one_source(tmp_path, form):
    colours = [(20 * i, 0, 255 - 20 * i) for i in range(6)]
    path = tmp_path / "many" / f"film.{form.lower()}"
    _animation(path, colours, form=form)
    reals = np.zeros((3, 8, 8, 3), np.uint8)
    for given in (path, path.parent):
        generator = Folder(path=str(given)).fit(reals)
        assert generator.n_available == 6
        assert len(set(generator.groups_of)) == 1
        assert {tuple(image[0, 0].tolist()) for image in generator.sample(6)} == set(colours)
        assert list(generator.facts["format"]) == [form] * 6
        assert generator.facts_of(6)["id"].tolist() != [f"{path.name}#{i:05d}" for i in range(6)]
        assert sorted(generator.facts_of(6)["id"]) == [f"{path.name}#{i:05d}" for i in range(6)]
    with pytest.raises(UserError, match="6 images of 1 sources, and no source may serve two parts"):
        generator.parts({"train": 3, "test": 3})


def test_a_source_is_in_one_part_only(tmp_path, colour):
    (tmp_path / "all").mkdir()
    for video in range(7):
        _write(tmp_path / "all" / f"v{video}", colour[: 3 + video] + np.uint8(video))  # no image is there twice
    generator = Folder(path=str(tmp_path / "all"), groups="folder").fit(colour)
    names = [name.split("/")[0] for name in generator.facts_at(np.arange(generator.n_available))["id"]]
    counts = {"train": 12, "validation": 5, "test": 12}
    for seed in range(10):
        dealt = generator.parts(counts, seed)
        sources = [{names[i] for i in at} for at in dealt.values()]
        assert len(sources[0] | sources[1] | sources[2]) == sum(map(len, sources))
        for part, at in dealt.items():
            assert 0 < len(at) == len(set(at.tolist())) <= counts[part]
            video, frame = generator.facts_at(at)["id"][0].split("/")
            assert np.array_equal(generator.take(at)[0], colour[int(frame[:3])] + np.uint8(int(video[1:])))
        assert sum(map(len, dealt.values())) > 20
    assert {k: v.tolist() for k, v in generator.parts(counts, 3).items()} == {
        k: v.tolist() for k, v in generator.parts(counts, 3).items()
    }
    assert generator.parts(counts, 3)["train"].tolist() != generator.parts(counts, 4)["train"].tolist()


def test_without_groups_the_parts_are_exact(tmp_path, colour):
    _write(tmp_path / "a", colour)
    generator = Folder(path=str(tmp_path / "a")).fit(colour)
    counts = {"train": 5, "validation": 2, "test": 4}
    dealt = generator.parts(counts)
    assert {part: len(at) for part, at in dealt.items()} == counts
    assert len(set(np.concatenate(list(dealt.values())).tolist())) == 11
    short = generator.parts({"train": 10, "validation": 4, "test": 10, "none": 0})
    assert [len(at) for at in short.values()] == [5, 2, 5, 0]


def test_groups_survive_saving(tmp_path, colour):
    for video in range(3):
        (tmp_path / "all").mkdir(exist_ok=True)
        _write(tmp_path / "all" / f"v{video}", colour[4 * video : 4 * video + 4])
    generator = Folder(path=str(tmp_path / "all"), groups="folder").fit(colour)
    generator.save(tmp_path / "saved")
    loaded = Folder(path=str(tmp_path / "all"), groups="folder").load(tmp_path / "saved")
    assert loaded.groups_of.tolist() == generator.groups_of.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert np.array_equal(loaded.parts({"a": 4, "b": 4})["b"], generator.parts({"a": 4, "b": 4})["b"])


def test_groups_need_sub_folders(tmp_path, colour):
    _write(tmp_path / "a", colour)
    with pytest.raises(UserError, match="needs sub-folders, one for each source"):
        Folder(path=str(tmp_path / "a"), groups="folder").fit(colour)


@pytest.mark.parametrize("odd", ["JPEG", "RGBA", "L"])
def test_files_of_several_kinds_are_refused(tmp_path, colour, odd):
    _write(tmp_path / "a", colour[:11])
    image = Image.fromarray(colour[11])
    image = image if odd == "JPEG" else image.convert(odd)
    image.save(tmp_path / "a" / ("odd.jpg" if odd == "JPEG" else "odd.png"))
    with pytest.raises(UserError, match=r"several kinds: 11 PNG in RGB, 1 .* \(such as odd.*formats='any'") as caught:
        Folder(path=str(tmp_path / "a")).fit(colour)
    assert "\n" not in str(caught.value)
    assert Folder(path=str(tmp_path / "a"), formats="any").fit(colour).n_available == 12


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no folder"),
        ({}, "There is no image in"),
        ({"a.heic": b"II*"}, r"There is no image in.* 1 file with another ending was left out: a\.heic"),
        ({"a.png": b""}, "is not an image"),
        ({"a.gif": b"GIF89a" + bytes(20)}, "damaged|not an image"),
    ],
    ids=["no folder", "empty", "another format", "empty file", "no frames"],
)
def test_bad_folders(tmp_path, colour, content, said):
    if content is not None:
        (tmp_path / "a").mkdir()
        for name, data in content.items():
            (tmp_path / "a" / name).write_bytes(data)
    with pytest.raises(UserError, match=said):
        Folder(path=str(tmp_path / "a")).fit(colour)


def test_too_many_frames_are_refused_before_they_are_decoded(tmp_path, monkeypatch, colour):
    _animation(tmp_path / "film.gif", [(i, i, i) for i in range(0, 90, 10)], size=(16, 16))
    monkeypatch.setattr(safe_image, "MAX_FRAMES", 8)
    with pytest.raises(UserError, match=r"9 frames of 16 x 16 pixels\. Allowed: 8 frames"):
        Folder(path=str(tmp_path / "film.gif")).fit(colour)


def test_what_is_left_out_and_changed_is_noted(tmp_path, colour):
    _write(tmp_path / "a", colour)
    assert Folder(path=str(tmp_path / "a")).fit(colour).notes == ()
    (tmp_path / "a" / "film.mp4").write_bytes(b"x")
    second = [Image.new("RGB", (16, 16))]
    Image.fromarray(colour[0]).save(tmp_path / "a" / "phone.jpg", "MPO", save_all=True, append_images=second)
    generator = Folder(path=str(tmp_path / "a"), formats="any").fit(colour)
    assert generator.n_available == 13
    assert generator.notes == (
        "1 images are the first of several pictures in one file; the others were left out.",
        "1 video was left out: film.mp4.",
    )
