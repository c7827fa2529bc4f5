from __future__ import annotations

import inspect
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import UserError
from data.imageset import ImageSet
from data.ledger import check_ledger, split
from data.sources import BUILTINS
from data.sources.celeba import CelebA
from data.sources.cifar10 import Cifar10
from data.sources.digits import Digits
from data.sources.folder import Folder
from data.sources.mnist import Mnist


class TestContract:
    def test_loads_a_valid_set(self, source):
        make, folders = source
        image_set = make().load(folders)
        assert isinstance(image_set, ImageSet)
        assert image_set.images.dtype == np.uint8
        assert image_set.n == len(image_set.ids) > 0
        assert set(image_set.labels) <= set(range(len(image_set.classes)))

    def test_loads_the_same_twice(self, source):
        make, folders = source
        assert make().load(folders).digest == make().load(folders).digest

    def test_fingerprint_is_stable_and_hex(self, source):
        make, folders = source
        assert make().fingerprint(folders) == make().fingerprint(folders)
        assert len(bytes.fromhex(make().fingerprint(folders))) == 32

    def test_limit_takes_the_first_of_each_official_part(self, source):
        make, folders = source
        whole, some = make().load(folders), make(limit=2).load(folders)
        if whole.official is None:
            assert some.n == 2
        else:
            for part in np.unique(whole.official):
                expected = whole.ids[whole.official == part][:2]
                assert some.ids[some.official == part].tolist() == expected.tolist()
        assert any("Cut short" in note for note in some.notes)

    def test_survives_a_round_trip_and_a_ledger(self, source, tmp_path):
        make, folders = source
        image_set = make().load(folders)
        image_set.save(tmp_path / "saved")
        assert ImageSet.load(tmp_path / "saved").digest == image_set.digest
        check_ledger(image_set, split(image_set))

    def test_constructor_takes_keywords_only(self, source):
        make, _ = source
        for parameter in inspect.signature(type(make())).parameters.values():
            assert parameter.kind is parameter.KEYWORD_ONLY

    def test_reports_progress(self, source):
        make, folders = source
        seen = []
        make().load(folders, progress=lambda done, total, text: seen.append((done, total, text)))
        if not isinstance(make(), Digits | Mnist):
            assert seen
            assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize("name", [n for n in BUILTINS if n not in ("digits", "folder")])
def test_missing_files_say_what_to_put_where(name, tmp_path):
    source = {"mnist": Mnist, "cifar10": Cifar10, "celeba": CelebA}[name]()
    for call in (source.load, source.fingerprint):
        with pytest.raises(UserError, match=f"'{name}' were not found.*{tmp_path / name}"):
            call([tmp_path])


class TestDigits:
    def test_has_17_levels(self):
        image_set = Digits().load()
        assert image_set.images.shape == (1797, 8, 8, 1)
        assert image_set.value_grid.tolist() == [round(v * 255 / 16) for v in range(17)]

    def test_classes_by_name_or_number_in_any_order(self):
        first, second = Digits(classes=[3, "1"]).load(), Digits(classes=[1, 3]).load()
        assert first.digest == second.digest
        assert first.classes == ("1", "3")

    def test_unknown_class(self):
        with pytest.raises(UserError, match="Unknown class 'eleven'"):
            Digits(classes=["eleven"])


class TestMnist:
    def test_reads_what_was_written(self, tmp_path, write):
        write.mnist(tmp_path / "mnist")
        image_set = Mnist(verify=False, classes=[0, 7]).load([tmp_path])
        expected = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
        assert (image_set.images[0, :, :, 0] == expected[0]).all()
        assert image_set.ids[:3].tolist() == ["train/00000", "train/00007", "train/00010"]
        assert image_set.official.tolist().count("test") == 4

    def test_archive_and_idx_files_agree(self, tmp_path, write):
        write.mnist(tmp_path / "idx" / "mnist")
        image_set = Mnist(verify=False).load([tmp_path / "idx"])
        arrays = {}
        for key, part in (("train", "train"), ("test", "test")):
            mine = image_set.official == part
            arrays[f"x_{key}"] = image_set.images[mine, :, :, 0]
            arrays[f"y_{key}"] = image_set.labels[mine].astype(np.uint8)
        (tmp_path / "npz").mkdir()
        np.savez_compressed(tmp_path / "npz" / "mnist.npz", **arrays)
        assert Mnist(verify=False).load([tmp_path / "npz"]).digest == image_set.digest

    def test_altered_file_fails_its_checksum(self, tmp_path, write):
        write.mnist(tmp_path / "mnist")
        with pytest.raises(UserError, match=r"is not the published file\. Expected md5 f68b3c2d"):
            Mnist().load([tmp_path])

    def test_truncated_file(self, tmp_path, write):
        write.mnist(tmp_path)
        path = tmp_path / "train-images-idx3-ubyte.gz"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(UserError, match=r"train-images-idx3-ubyte.gz is not a whole gzip file"):
            Mnist(verify=False).load([tmp_path])

    def test_incomplete_files(self, tmp_path, write):
        write.mnist(tmp_path)
        (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
        with pytest.raises(UserError, match=r"Missing: t10k-labels-idx1-ubyte.gz"):
            Mnist(verify=False).load([tmp_path])

    def test_labels_in_the_place_of_images(self, tmp_path, write):
        write.mnist(tmp_path)
        labels = (tmp_path / "train-labels-idx1-ubyte.gz").read_bytes()
        (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(labels)
        with pytest.raises(UserError, match="are not MNIST's"):
            Mnist(verify=False).load([tmp_path])


class TestCifar10:
    def test_archive_and_folder_agree(self, tmp_path, write):
        folder = tmp_path / "a" / "cifar-10-batches-py"
        write.cifar10(folder)
        (tmp_path / "b").mkdir()
        with tarfile.open(tmp_path / "b" / "cifar-10-python.tar.gz", "w:gz") as archive:
            archive.add(folder, "cifar-10-batches-py")
        first = Cifar10(verify=False, classes=["dog", "cat"]).load([tmp_path / "a"])
        second = Cifar10(verify=False, classes=["cat", "dog"]).load([tmp_path / "b"])
        assert first.digest == second.digest
        assert first.classes == ("cat", "dog")

    def test_pixels_are_rows_columns_channels(self, tmp_path, write):
        write.cifar10(tmp_path / "cifar-10-batches-py", n=10)
        image_set = Cifar10(verify=False).load([tmp_path])
        planes = np.random.default_rng(0).integers(0, 256, (10, 3072), dtype=np.uint8)[0]
        assert (image_set.images[0, :, :, 1] == planes[1024:2048].reshape(32, 32)).all()

    def test_unknown_class_has_a_suggestion(self):
        with pytest.raises(UserError, match=r"Unknown class 'dogs'. Did you mean 'dog'"):
            Cifar10(classes=["dogs"])

    def test_one_altered_byte(self, real_data, tmp_path):
        folder = tmp_path / "cifar-10-batches-py"
        folder.mkdir()
        for path in (real_data[0] / "cifar10" / folder.name).iterdir():
            (folder / path.name).symlink_to(path)
        altered = bytearray((folder / "data_batch_3").read_bytes())
        altered[1_000_000] ^= 1
        (folder / "data_batch_3").unlink()
        (folder / "data_batch_3").write_bytes(altered)
        with pytest.raises(UserError, match="data_batch_3 is not the published file"):
            Cifar10(classes=["dog"]).load([tmp_path])

    def test_truncated_archive(self, tmp_path, write):
        write.cifar10(tmp_path / "x")
        with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
            archive.add(tmp_path / "x", "cifar-10-batches-py")
        path = tmp_path / "cifar-10-python.tar.gz"
        path.write_bytes(path.read_bytes()[:20_000])
        with pytest.raises(UserError, match=r"is not a whole tar archive|does not hold"):
            Cifar10(verify=False).load([tmp_path])

    def test_missing_batch(self, tmp_path, write):
        write.cifar10(tmp_path / "cifar-10-batches-py")
        (tmp_path / "cifar-10-batches-py" / "test_batch").unlink()
        with pytest.raises(UserError, match="Missing: test_batch"):
            Cifar10(verify=False).load([tmp_path])

    @pytest.mark.slow
    def test_real_dogs(self, real_data):
        image_set = Cifar10(classes=["dog"]).load(real_data)
        assert image_set.images.shape == (6000, 32, 32, 3)
        ledger = split(image_set)
        check_ledger(image_set, ledger)
        left = 5000 - len(ledger.dropped)
        assert ledger.counts["test"] == 1000
        assert sum(ledger.counts.values()) == left + 1000
        assert ledger.counts["generator-train"] == pytest.approx(0.7 * left, abs=1)
        assert set(ledger.dropped["official"]) <= {"train"}


class TestCelebA:
    def test_labels_groups_and_parts(self, tmp_path, write):
        write.celeba(tmp_path / "celeba")
        image_set = CelebA(size=16, label="Smiling").load([tmp_path])
        assert image_set.images.shape == (24, 16, 16, 3)
        assert image_set.classes == ("not Smiling", "Smiling")
        assert image_set.labels.tolist() == [(i >> 1) & 1 for i in range(24)]
        assert image_set.groups.tolist() == [i // 2 + 7 for i in range(24)]
        assert image_set.official.tolist() == ["train"] * 12 + ["validation"] * 6 + ["test"] * 6
        assert image_set.notes[0] == "A subset: 24 of CelebA's 202,599 images."

    def test_several_attributes(self, tmp_path, write):
        write.celeba(tmp_path / "celeba")
        image_set = CelebA(size=16, label=["Male", "Young"]).load([tmp_path])
        assert image_set.classes[3] == "Male, Young"
        assert image_set.classes[image_set.labels[1]] == "Male, not Young"

    def test_identities_are_labels_and_no_groups(self, tmp_path, write):
        write.celeba(tmp_path)  # two images of each person, from 7 on
        image_set = CelebA(size=16, identities=[18, 8]).load([tmp_path])
        assert image_set.classes == ("identity 18", "identity 8")
        assert image_set.ids.tolist() == ["000003.jpg", "000004.jpg", "000023.jpg", "000024.jpg"]
        assert image_set.labels.tolist() == [1, 1, 0, 0]
        assert image_set.groups is None
        assert image_set.official is None
        assert any("different images of the same persons" in note for note in image_set.notes)
        short = CelebA(size=16, identities=[18, 8], limit=1).load([tmp_path])
        assert short.ids.tolist() == ["000003.jpg", "000023.jpg"]
        assert short.notes[-1] == "Cut short: the first 1 images of each person."

    def test_strangers_are_other_persons_and_none_is_test(self, tmp_path, write):
        write.celeba(tmp_path)  # persons 7 to 12 are training, 13 to 15 validation, 16 to 18 test
        source = CelebA(size=16, identities=[18, 8])
        others = source.strangers([tmp_path])
        assert sorted(set(others.groups.tolist())) == [7, *range(9, 16)]
        whole = CelebA(size=16).load([tmp_path])
        at = np.flatnonzero(np.isin(whole.ids, others.ids))
        assert np.array_equal(others.images, whole.images[at])
        assert others.groups.tolist() == whole.groups[at].tolist()
        assert others.official.tolist() == whole.official[at].tolist()
        few = source.strangers([tmp_path], most=7)
        assert np.unique(few.groups, return_counts=True)[1].tolist() == [2, 2, 2], "persons come whole"
        assert few.digest == source.strangers([tmp_path], most=7).digest
        assert CelebA(size=16, label="Male").strangers([tmp_path]) is None

    def test_wrong_identities(self, tmp_path, write):
        write.celeba(tmp_path)
        for wrong in ([8, 99], [8, 8]):
            with pytest.raises(UserError, match=r"different persons with images, such as 7 \(2 images\)"):
                CelebA(identities=wrong).load([tmp_path])
        with pytest.raises(UserError, match="either attributes or persons"):
            CelebA(identities=[7, 8], label="Male")

    def test_zip_and_folder_agree(self, tmp_path, write):
        write.celeba(tmp_path / "a" / "celeba")
        write.celeba(tmp_path / "b", extracted=True)
        assert CelebA(size=20).load([tmp_path / "a"]).digest == CelebA(size=20).load([tmp_path / "b"]).digest

    def test_178_is_a_plain_crop(self, tmp_path, write):
        write.celeba(tmp_path, n=2, extracted=True)
        with Image.open(tmp_path / "img_align_celeba" / "000001.jpg") as image:
            expected = np.asarray(image)[20:198]
        assert (CelebA(size=178).load([tmp_path]).images[0] == expected).all()

    def test_unknown_attribute(self, tmp_path, write):
        write.celeba(tmp_path)
        with pytest.raises(UserError, match=r"Unknown attribute 'Smile'. Did you mean 'Smiling'"):
            CelebA(label="Smile").load([tmp_path])

    @pytest.mark.parametrize("name", ["identity_CelebA.txt", "list_attr_celeba.txt", "img_align_celeba.zip"])
    def test_missing_file(self, tmp_path, write, name):
        write.celeba(tmp_path)
        (tmp_path / name).unlink()
        with pytest.raises(UserError, match=f"Missing: {name}"):
            CelebA().load([tmp_path])

    def test_truncated_list(self, tmp_path, write):
        write.celeba(tmp_path)
        path = tmp_path / "list_attr_celeba.txt"
        path.write_text("\n".join(path.read_text().splitlines()[:-2]))
        with pytest.raises(UserError, match=r"list_attr_celeba.txt is not whole. Expected 24 rows"):
            CelebA().load([tmp_path])

    def test_image_that_no_list_names(self, tmp_path, write):
        write.celeba(tmp_path, extracted=True)
        (tmp_path / "img_align_celeba" / "000099.jpg").write_bytes(write.jpeg())
        with pytest.raises(UserError, match=r"do not belong together.*000099.jpg"):
            CelebA().load([tmp_path])

    def test_image_of_another_size(self, tmp_path, write):
        write.celeba(tmp_path, extracted=True)
        (tmp_path / "img_align_celeba" / "000001.jpg").write_bytes(write.jpeg((100, 100)))
        with pytest.raises(UserError, match=r"000001.jpg is not an aligned CelebA image.*100 x 100"):
            CelebA().load([tmp_path])

    @pytest.mark.slow
    def test_real_faces(self, real_data):
        image_set = CelebA(size=32, limit=100).load(real_data)
        assert image_set.n == 300
        check_ledger(image_set, split(image_set))


class TestFolder:
    def test_reads_five_formats_and_labels(self, tmp_path, write):
        write.folder(tmp_path / "a", endings=("png", "jpg", "webp", "bmp", "TIFF"))
        image_set = Folder(path=str(tmp_path / "a")).load()
        assert image_set.classes == ("cats", "dogs")
        assert image_set.labels.tolist() == [0] * 5 + [1] * 5
        assert set(image_set.facts["format"]) == {"PNG", "JPEG", "WEBP", "BMP", "TIFF"}
        assert image_set.ids[0] == "cats/0.png"
        with Image.open(tmp_path / "a" / "cats" / "0.png") as image:
            assert (image_set.images[0] == np.asarray(image)).all()

    def test_one_channel_only_if_all_are_grey(self, tmp_path):
        Image.new("L", (8, 8), 7).save(tmp_path / "a.png")
        Image.new("1", (8, 8), 1).save(tmp_path / "b.png")
        assert Folder(path=str(tmp_path)).load().images[:, 0, 0].tolist() == [[7], [255]]
        Image.new("RGB", (8, 8), "red").save(tmp_path / "c.png")
        assert Folder(path=str(tmp_path)).load().shape == (8, 8, 3)
        assert Folder(path=str(tmp_path), grayscale=True).load().images[2, 0, 0].tolist() == [76]

    def test_mixed_sizes(self, tmp_path):
        rng = np.random.default_rng(0)
        large = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(large).save(tmp_path / "a.png")
        Image.new("RGB", (12, 10)).save(tmp_path / "b.png")
        with pytest.raises(UserError, match=r"12 x 10 pixels. Expected 30 x 20 as a.png.*center-crop.*resize"):
            Folder(path=str(tmp_path)).load()
        cropped = Folder(path=str(tmp_path), mixed="center-crop", size=8).load()
        assert (cropped.images[0] == large[6:14, 11:19]).all()
        assert Folder(path=str(tmp_path), mixed="resize").load().shape == (10, 10, 3)
        with pytest.raises(UserError, match="Expected at least size=11: nothing is enlarged"):
            Folder(path=str(tmp_path), mixed="resize", size=11).load()

    def test_resize_averages(self, tmp_path):
        checks = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
        Image.fromarray(checks).save(tmp_path / "a.png")
        reduced = Folder(path=str(tmp_path), mixed="resize", size=16).load().images
        assert abs(reduced[0, 2:-2, 2:-2].astype(int) - 127).max() <= 3  # without antialiasing it would be 0 or 255

    def test_limit_keeps_all_labels(self, tmp_path, write):
        write.folder(tmp_path / "a")
        assert Folder(path=str(tmp_path / "a"), limit=3).load().ids.tolist() == [
            "cats/0.png",
            "cats/1.png",
            "dogs/0.png",
        ]

    def test_other_files_are_left_out_and_counted(self, tmp_path, write):
        write.folder(tmp_path / "a")
        (tmp_path / "a" / "readme.txt").write_text("hello")
        (tmp_path / "a" / ".hidden.png").write_text("hello")
        assert Folder(path=str(tmp_path / "a")).load().notes[1:] == (
            "1 file with another ending was left out: readme.txt.",
            "1 hidden or system file or folder was left out: .hidden.png.",
        )

    def test_fingerprint_sees_a_changed_file(self, tmp_path, write):
        write.folder(tmp_path / "a")
        before = Folder(path=str(tmp_path / "a")).fingerprint()
        Image.new("RGB", (16, 16)).save(tmp_path / "a" / "cats" / "0.png")
        assert Folder(path=str(tmp_path / "a")).fingerprint() != before

    def test_no_folder_or_no_image(self, tmp_path: Path):
        with pytest.raises(UserError, match="There is no folder"):
            Folder(path=str(tmp_path / "none")).load()
        with pytest.raises(UserError, match="There is no image in"):
            Folder(path=str(tmp_path)).load()

    def test_images_beside_labels(self, tmp_path, write):
        write.folder(tmp_path / "a")
        Image.new("RGB", (16, 16)).save(tmp_path / "a" / "x.png")
        with pytest.raises(UserError, match="both beside and in sub-folders"):
            Folder(path=str(tmp_path / "a")).load()
