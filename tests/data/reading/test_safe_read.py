from __future__ import annotations

import io
import pickle
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.errors import UserError
from data.reading.safe_image import open_image
from data.reading.safe_read import open_zip, read_gzip, read_member, read_pickle


def png(size: tuple[int, int] = (8, 8), mode: str = "RGB", color: object = 0, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, "PNG", **options)  # type: ignore[arg-type]
    return file.getvalue()


def complaint(read: Callable[[bytes, str], object], data: bytes) -> str:
    """Returns what the user would be told; "" if the data can be read."""
    try:
        read(data, "f")
    except UserError as error:
        return str(error)
    return ""


class Evil:
    """Unpickling this would make the file that it names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"open({str(self.path)!r}, 'w').close()",)


class TestPickle:
    @pytest.mark.parametrize("protocol", range(2, 5))
    def test_reads_arrays_and_containers(self, protocol):
        value = {"data": np.arange(6, dtype=np.uint8).reshape(2, 3), "labels": [1, 2], "x": ("a", 1.5, None)}
        back = read_pickle(pickle.dumps(value, protocol), "f")
        assert (back["data"] == value["data"]).all()
        assert back["data"].dtype == np.uint8
        assert back["labels"] == [1, 2]
        assert back["x"] == ("a", 1.5, None)

    def test_keeps_byte_and_memory_order(self):
        array = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
        assert (read_pickle(pickle.dumps(array, 2), "f") == array).all()

    def test_code_is_not_run(self, tmp_path):
        path = tmp_path / "ran"
        data = pickle.dumps({"data": Evil(path)})
        with pytest.raises(UserError, match=r"f cannot be read as a pickle of arrays: it asks to call 'builtins.exec'"):
            read_pickle(data, "f")
        assert not path.exists()
        pickle.loads(data)
        assert path.exists()  # so the test would have noticed

    @pytest.mark.parametrize(
        "name", ["os.system", "numpy.fromfile", "numpy.core.multiarray.scalar", "builtins.getattr"]
    )
    def test_other_names_are_refused(self, name):
        module, _, function = name.rpartition(".")
        with pytest.raises(UserError, match="only numpy arrays and plain containers are admitted"):
            read_pickle(f"c{module}\n{function}\n(S'x'\ntR.".encode(), "f")

    def test_objects_inside_arrays_are_refused(self):
        with pytest.raises(UserError, match="array of type 'O8'"):
            read_pickle(pickle.dumps(np.array([{}], dtype=object), 2), "f")

    def test_array_that_claims_more_than_it_holds(self):
        data = pickle.dumps(np.zeros(4, np.uint8), 2)
        forged = data.replace(b"K\x04\x85", b"K\x40\x85")
        assert forged != data
        with pytest.raises(UserError, match="f is not a pickle of arrays, or is damaged"):
            read_pickle(forged, "f")

    def test_recursion_is_an_error(self):
        nested: list[object] = []
        nested.append(nested)
        with pytest.raises(UserError, match="damaged"):
            read_pickle(pickle.dumps(nested), "f")

    @given(st.binary(max_size=200))
    def test_garbage_gives_a_value_or_one_line(self, data):
        assert "\n" not in complaint(read_pickle, data)

    @given(st.integers(0, 150))
    def test_truncation_is_an_error(self, cut):
        data = pickle.dumps({"data": np.arange(99, dtype=np.uint8)}, 2)
        with pytest.raises(UserError):
            read_pickle(data[:cut], "f")


class TestGzip:
    def test_truncated_text_and_missing(self, tmp_path):
        import gzip

        path = tmp_path / "a.gz"
        path.write_bytes(gzip.compress(b"x" * 1000)[:-9])
        with pytest.raises(UserError, match=r"a.gz is not a whole gzip file"):
            read_gzip(path)
        path.write_bytes(b"<html>not found</html>")
        with pytest.raises(UserError, match=r"a.gz is not a whole gzip file"):
            read_gzip(path)
        with pytest.raises(UserError, match=r"b.gz does not exist"):
            read_gzip(tmp_path / "b.gz")

    def test_bomb(self, tmp_path):
        import gzip

        (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(10_000)))
        with pytest.raises(UserError, match="unpacks to more than the 9,999 bytes"):
            read_gzip(tmp_path / "a.gz", limit=9_999)


class TestZip:
    @pytest.mark.parametrize(
        "name", ["../evil.txt", "/etc/evil", "a/../../evil", "C:\\evil", "..\\evil", "\\\\host\\evil"]
    )
    def test_member_that_leaves_the_folder(self, tmp_path, name):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("good.txt", "x")
            archive.writestr(name, "x")
        with pytest.raises(UserError, match=r"a.zip has a member that leaves its folder"):
            open_zip(path)

    def test_link(self, tmp_path):
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(info, "/etc/passwd")
        with pytest.raises(UserError, match="leaves its folder"):
            open_zip(tmp_path / "a.zip")

    def test_bomb(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", bytes(10_000_000))
        with open_zip(tmp_path / "a.zip") as archive, pytest.raises(UserError, match="zeros unpacks from"):
            read_member(archive, "zeros")

    def test_damaged_member_truncated_file_and_text(self, tmp_path):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x", "the content of x")
        data = path.read_bytes()
        path.write_bytes(data.replace(b"the content", b"the CONTENT"))
        with open_zip(path) as archive, pytest.raises(UserError, match="x is damaged"):
            read_member(archive, "x")
        path.write_bytes(data[:-30])
        with pytest.raises(UserError, match="not a whole zip file"):
            open_zip(path)
        path.write_text("hello")
        with pytest.raises(UserError, match="not a whole zip file"):
            open_zip(path)

    def test_missing_member(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("x", "1")
        with open_zip(tmp_path / "a.zip") as archive, pytest.raises(UserError, match="y does not exist"):
            read_member(archive, "y")


class TestImage:
    def test_text_named_png(self):
        with pytest.raises(UserError, match=r"a.png is not an image"):
            open_image(b"hello, this is text", "a.png")

    def test_other_format(self):
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, "GIF")
        with pytest.raises(UserError, match="Expected the content of a PNG, JPEG, WEBP, BMP, TIFF file"):
            open_image(file.getvalue(), "a.png")

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
    def test_truncated(self, kind):
        rng = np.random.default_rng(0)
        file = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(file, kind)
        data = file.getvalue()
        for size in (len(data) * 3 // 4, len(data) // 2, 30):
            with pytest.raises(UserError, match=r"damaged image|not an image"):
                open_image(data[:size], "a")

    def test_bomb(self):
        def chunk(kind: bytes, content: bytes) -> bytes:
            return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

        for side in (10_000, 60_000):
            head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
            data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000)))
            with pytest.raises(UserError, match="pixels"):
                open_image(data, "a.png")

    def test_animated(self):
        file = io.BytesIO()
        frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue", "green")]
        frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
        with pytest.raises(UserError, match=r"a.webp is animated \(3 frames\)"):
            open_image(file.getvalue(), "a.webp")

    @pytest.mark.parametrize(
        ("mode", "color", "pixel", "changes"),
        [
            ("L", 9, 9, ()),
            ("RGBA", (10, 20, 30, 255), (10, 20, 30), ()),
            ("RGBA", (10, 20, 30, 0), (255, 255, 255), ("flattened",)),
            ("LA", (10, 255), 10, ()),
            ("P", 0, (0, 0, 0), ()),
            ("I;16", 257 * 40, 40, ("reduced to 8 bits",)),
        ],
    )
    def test_modes(self, mode, color, pixel, changes):
        opened = open_image(png(mode=mode, color=color), "a.png")
        assert opened.pixels.getpixel((0, 0)) == pixel
        assert opened.changes == changes
        assert opened.mode == mode

    def test_orientation_is_obeyed(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        file = io.BytesIO()
        Image.new("RGB", (16, 8)).save(file, "JPEG", exif=exif)
        opened = open_image(file.getvalue(), "a.jpg")
        assert opened.pixels.size == (8, 16)
        assert (opened.width, opened.height) == (16, 8)
        assert opened.changes == ("turned",)

    @given(st.integers(0, 200), st.integers(1, 255))
    def test_altered_bytes_give_an_image_or_one_line(self, at, flip):
        data = bytearray(png(color=(1, 2, 3)))
        data[at % len(data)] ^= flip
        assert "\n" not in complaint(open_image, bytes(data))
