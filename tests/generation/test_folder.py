import numpy as np
import pytest
from PIL import Image

from data.errors import UserError
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
