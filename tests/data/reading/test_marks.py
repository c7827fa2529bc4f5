"""Marks of how a file was made, in crafted bytes of each format: said, bounded, never expanded, never overstated."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from benchmark.store import png
from data.reading.marks import marks, sentence
from data.reading.metadata import blocks, chunks, found
from data.reading.metadata.read import metadata
from data.reading.safe_image import open_image

URI = "http://cv.iptc.org/newscodes/digitalsourcetype/"
C2PA_TYPE = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"


def said(data: bytes) -> str:
    return sentence(marks(data))


def picture(form: str = "PNG", **more) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).convert("RGB").save(stream, form, **more)
    return stream.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_with(*chunks: bytes) -> bytes:
    whole = picture()
    return whole[:33] + b"".join(chunks) + whole[33:]


def text(keyword: str, content: str | bytes) -> bytes:
    return chunk(b"tEXt", keyword.encode() + b"\0" + (content if isinstance(content, bytes) else content.encode()))


def jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    whole = picture("JPEG")
    made = [struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in segments]
    return whole[:2] + b"".join(made) + whole[2:]


def webp_with(kind: bytes, content: bytes) -> bytes:
    body = picture("WEBP")[8:] + kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def manifest(inside: bytes = b"") -> bytes:
    return box(b"jumb", box(b"jumd", C2PA_TYPE + b"\x03c2pa\0") + box(b"cbor", inside))


def cbor(value: str) -> bytes:
    return (bytes([0x60 | len(value)]) if len(value) < 24 else bytes([0x78, len(value)])) + value.encode()


def app11(jumbf: bytes, size: int) -> list[tuple[int, bytes]]:
    """A box in parts, each of which repeats its length and kind."""
    head, rest = jumbf[:8], jumbf[8:]
    parts = [rest[i : i + size] for i in range(0, len(rest), size)]
    return [(0xEB, b"JP\0\1" + struct.pack(">I", i + 1) + head + part) for i, part in enumerate(parts)]


def packet(code: str = "trainedAlgorithmicMedia") -> bytes:
    return png.xmp("a camera", "of nothing", URI + code).encode()


def exif(tag: int, content: bytes, order: str = "<", inner: bool = False) -> bytes:
    """A TIFF structure with one text, in the directory of EXIF if it is `inner`."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)

    def directory(at: int, tag: int, kind: int, n: int, value: int) -> bytes:
        return struct.pack(f"{order}HHHII", 1, tag, kind, n, value) + b"\0" * 4

    if not inner:
        return head + directory(8, tag, 2, len(content), 26) + content
    return head + directory(8, 34665, 4, 1, 26) + directory(26, tag, 7, len(content), 44) + content


XMP_JPEG = b"http://ns.adobe.com/xap/1.0/\0"


@pytest.mark.parametrize(
    "data",
    [
        png_with(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet())),
        png_with(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet()))),
        png_with(chunk(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(b"\nxmp\n 9\n" + packet().hex().encode()))),
        jpeg_with((0xE1, XMP_JPEG + packet())),
        jpeg_with((0xE1, b"Exif\0\0" + exif(700, packet()))),
        webp_with(b"XMP ", packet()),
        exif(700, packet(), ">"),
        box(b"ftyp", b"avif\0\0\0\0") + box(b"uuid", blocks.UUID_XMP + packet()),
        box(b"ftyp", b"heic\0\0\0\0") + box(b"mdat", b"\7" * 99 + packet()),
        b"GIF89a"
        + b"\1\0\1\0\0\0\0"
        + b"\x21\xff\x0bXMP DataXMP"
        + packet()
        + b"\1"
        + bytes(range(255, -1, -1))
        + b"\0;",
    ],
    ids=["png", "png packed", "png profile", "jpeg", "jpeg exif", "webp", "tiff", "avif", "heic", "gif"],
)
def test_iptc_source_type_is_said_wherever_a_format_keeps_xmp(data):
    assert said(data) == "marked as made by AI: IPTC DigitalSourceType trainedAlgorithmicMedia in XMP, unsigned"


def test_extended_xmp_is_joined_in_the_order_of_its_offsets():
    whole, half = packet(), len(packet()) - 150
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + struct.pack(">I", len(whole))
    parts = [(0xE1, head + struct.pack(">I", at) + whole[at:end]) for at, end in ((half, None), (0, half))]
    assert "trainedAlgorithmicMedia" in said(jpeg_with(*parts))


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("trainedAlgorithmicMedia", "marked as made by AI: "),
        ("compositeWithTrainedAlgorithmicMedia", "marked as made in part by AI: "),
        ("compositeSynthetic", "marked as made in part by AI: "),
        ("algorithmicMedia", "marked as made by an algorithm: "),
        ("digitalCapture", "carries: "),
        ("somethingNew", "carries: "),
    ],
)
def test_what_a_code_means_is_said_and_a_camera_is_no_ai(code, means):
    assert said(jpeg_with((0xE1, XMP_JPEG + packet(code)))).startswith(means)
    assert code in said(jpeg_with((0xE1, XMP_JPEG + packet(code))))


@pytest.mark.parametrize(
    "written",
    [
        'a:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"',
        "<b:DigitalSourceType rdf:resource='https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'/>",
        "<c:DigitalSourceType>trainedAlgorithmicMedia</c:DigitalSourceType>",
        "Iptc4xmpExt:DigitalSourceType = 'trainedAlgorithmicMedia' x='y'",
    ],
)
def test_xmp_is_found_as_attribute_element_and_bare_code_in_any_encoding(written):
    for coded in (written.encode(), written.encode("utf-16-le")):
        assert said(jpeg_with((0xE1, XMP_JPEG + coded))).count("trainedAlgorithmicMedia") == 1


def test_comments_are_no_marks_and_entities_are_never_expanded():
    hidden = b"<x><!-- " + packet() + b" --></x><!-- open"
    assert said(jpeg_with((0xE1, XMP_JPEG + hidden))) == ""
    bomb = b'<!DOCTYPE x [<!ENTITY a "digitalsourcetype/' + b"&b;" * 99 + b'"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
    assert said(jpeg_with((0xE1, XMP_JPEG + bomb + b"<x>&a;</x>"))) == ""


MANIFEST = (
    b"\x6fclaim_generator" + cbor("Adobe_Firefly")
    + b"\x71digitalSourceType" + cbor(URI + "trainedAlgorithmicMedia")
)  # fmt: skip


@pytest.mark.parametrize(
    "place",
    [
        lambda inside: png_with(chunk(b"caBX", manifest(inside))),
        lambda inside: jpeg_with(*app11(manifest(inside), 60_000)),
        lambda inside: jpeg_with(*app11(manifest(inside), 70)),
        lambda inside: webp_with(b"C2PA", manifest(inside)),
        lambda inside: exif(52545, manifest(inside)),
        lambda inside: box(b"ftyp", b"avif\0\0\0\0") + box(b"uuid", blocks.UUID_C2PA + b"\0" * 21 + manifest(inside)),
    ],
    ids=["png", "jpeg", "jpeg in parts", "webp", "tiff", "bmff"],
)
def test_a_c2pa_manifest_is_said_with_its_program_and_its_source_type(place):
    words = "C2PA manifest of 'Adobe_Firefly' that says trainedAlgorithmicMedia, signature not verified"
    assert said(place(MANIFEST)) == f"marked as made by AI: {words}"
    assert said(place(b"")) == "carries: C2PA manifest, signature not verified"
    camera = b"claim_generator_info\x81\xa1\x64name" + cbor("Leica M11-P") + URI.encode() + b"digitalCapture"
    assert said(place(camera)) == (
        "carries: C2PA manifest of 'Leica M11-P' that says digitalCapture, signature not verified"
    )


def test_other_boxes_of_jpeg_are_no_manifests():
    other = box(b"jumb", box(b"jumd", b"\x13" * 16 + b"\x03a panorama\0"))
    assert said(jpeg_with(*app11(other, 1000))) == ""


SETTINGS = "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (png_with(text("parameters", SETTINGS)), "PNG text 'parameters' of Stable Diffusion tools"),
        (png_with(text("prompt", '{"3": {"class_type": "KSampler"}}')), "PNG text 'prompt' of ComfyUI"),
        (png_with(text("workflow", '{"nodes": []}')), "PNG text 'workflow' of ComfyUI"),
        (png_with(text("prompt", "a cat")), "PNG text 'prompt' of a generator"),
        (png_with(chunk(b"iTXt", b"invokeai_metadata\0\0\0\0\0{}")), "PNG text 'invokeai_metadata' of InvokeAI"),
        (png_with(chunk(b"zTXt", b"Software\0\0" + zlib.compress(b"NovelAI"))), "PNG text Software 'NovelAI'"),
        (png_with(text("Title", "AI generated image")), "PNG text Title 'AI generated image'"),
        (png_with(chunk(b"eXIf", exif(305, b"Midjourney 6\0"))), "EXIF Software 'Midjourney 6'"),
        (png_with(text("Description", "x --v 6 Job ID: 12345678-abcd-1234-abcd-123456789012")), "a job of Midjourney"),
        (jpeg_with((0xE1, b"Exif\0\0" + exif(305, b"DALL-E 3\0", ">"))), "EXIF Software 'DALL-E 3'"),
        (
            jpeg_with((0xE1, b"Exif\0\0" + exif(37510, b"UNICODE\0" + SETTINGS.encode("utf-16-be"), ">", True))),
            "settings of Stable Diffusion tools in EXIF UserComment",
        ),
        (
            webp_with(b"EXIF", exif(37510, b"ASCII\0\0\0" + SETTINGS.encode(), "<", True)),
            "settings of Stable Diffusion tools in EXIF UserComment",
        ),
        (jpeg_with((0xFE, SETTINGS.encode())), "settings of Stable Diffusion tools in JPEG comment"),
        (
            jpeg_with((0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x19\x1c\x02\x6e\0\x13Made with Google AI")),
            "IPTC Credit 'Made with Google AI'",
        ),
        (
            jpeg_with((0xE1, XMP_JPEG + b"<xmp:CreatorTool>Adobe Firefly 3</xmp:CreatorTool>")),
            "XMP CreatorTool 'Adobe Firefly 3'",
        ),
        (
            jpeg_with((0xE1, XMP_JPEG + b"<x photoshop:Credit='Made with Google AI' />")),
            "XMP Credit 'Made with Google AI'",
        ),
        (png_with(text("AIGC", '{"Label": "1"}')), "label AIGC in PNG text AIGC"),
        (jpeg_with((0xE1, XMP_JPEG + b"<TC260:AIGC>{\"Label\":\"1\"}</TC260:AIGC>")), "label AIGC in XMP"),
    ],
)  # fmt: skip
def test_programs_of_generators_are_known_by_what_they_write(data, words):
    assert said(data).startswith("marked as made by AI: ")
    assert words in said(data)
    assert said(data).endswith("unsigned")


@pytest.mark.parametrize(
    "data",
    [
        png_with(text("Software", "GIMP 2.10")),
        png_with(text("Author", "Sora Tanaka"), text("Title", "Una imagen"), text("Description", "made with love")),
        png_with(chunk(b"eXIf", exif(305, b"Adobe Photoshop 25\0"))),
        jpeg_with((0xE1, XMP_JPEG + b"<xmp:CreatorTool>Capture One</xmp:CreatorTool>")),
        b"",
        b"BM" + b"\0" * 60,
        b"not an image",
    ],
)
def test_no_mark_is_made_up(data):
    assert marks(data) == []


def test_the_images_that_fauxbench_writes_are_marked_and_still_open():
    image = np.zeros((8, 8, 1), np.uint8)
    assert "made by AI: IPTC DigitalSourceType trained" in said(png.synthetic(image, "fauxbench", "x", png.TRAINED))
    assert "made in part by AI" in said(png.synthetic(image, "fauxbench", "x", png.COMPOSITE))
    assert said(png.plain(image)) == ""
    open_image(png_with(chunk(b"caBX", manifest(MANIFEST))), "x")


def whole_files() -> list[bytes]:
    return [
        png_with(chunk(b"caBX", manifest(MANIFEST)), text("parameters", SETTINGS), chunk(b"eXIf", exif(305, b"xAI"))),
        jpeg_with((0xE1, XMP_JPEG + packet()), *app11(manifest(MANIFEST), 70), (0xE1, b"Exif\0\0" + exif(305, b"x"))),
        webp_with(b"XMP ", packet()),
        exif(700, packet()),
        b"GIF89a\1\0\1\0\x80\0\0" + b"\0" * 6 + b"\x21\xfe\3abc\0" + b"\x2c" + b"\0" * 9 + b"\2\1\0\0;",
        box(b"ftyp", b"avif\0\0\0\0") + box(b"uuid", blocks.UUID_C2PA + manifest(MANIFEST)),
    ]


@pytest.mark.parametrize("which", range(6))
def test_files_cut_anywhere_or_with_any_byte_changed_raise_nothing(which):
    whole, rng = whole_files()[which], np.random.default_rng(which)
    for end in range(0, len(whole), 7):
        marks(whole[:end])
    for _ in range(300):
        changed = bytearray(whole)
        for at in rng.integers(0, min(len(whole), 400), 3):
            changed[at] = rng.integers(256)
        marks(bytes(changed))


def test_a_bad_text_hides_no_other_and_what_is_shown_is_short_and_in_one_line():
    data = png_with(chunk(b"iTXt", b"broken\0"), text("Software", "Midjourney\n\x1b[31m" + "x" * 999))
    assert said(data).startswith("marked as made by AI: PNG text Software 'Midjourney")
    assert said(data).isprintable()
    assert len(said(data)) < 120


def test_what_is_unpacked_and_looked_at_is_bounded(monkeypatch):
    packed = zlib.compress(b"Steps: 1, " * 2**22)  # 40 MiB
    unpacked = metadata(png_with(chunk(b"zTXt", b"Comment\0\0" + packed)))
    assert len(unpacked.texts[0][2]) <= found.MAX_TEXT
    nasty = [b"<!--" * 2**18, b"CreatorTool>" + b" " * 2**19, b"DigitalSourceType = " * 2**15]
    monkeypatch.setattr(chunks, "MAX_PARTS", 50)
    made = png_with(*(text("Comment", "x") for _ in range(200)))
    assert len(metadata(made).texts) == 49  # the header is the first
    for content in nasty:
        marks(png_with(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + content)))  # backtracking would take hours


def test_marks_are_read_from_files_of_pillow(tmp_path: Path):
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", SETTINGS, zip=True)
    assert "Stable Diffusion" in said(picture("PNG", pnginfo=info))
    made = Image.Exif()
    made[305] = "ComfyUI"
    for form in ("PNG", "JPEG", "WEBP", "TIFF"):
        assert "Software 'ComfyUI'" in said(picture(form, exif=made))
    for form in ("JPEG", "WEBP"):
        assert "trainedAlgorithmicMedia" in said(picture(form, xmp=packet()))
