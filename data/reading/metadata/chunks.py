"""The chunks of PNG and WebP files."""

from __future__ import annotations

import contextlib
import struct
import zlib

from data.reading.metadata.found import MAX_MANIFEST, MAX_PACKET, MAX_PARTS, MAX_TEXT, WRONG, Metadata
from data.reading.metadata.jpeg import app1
from data.reading.metadata.tiff import tiff
from data.reading.png_chunks import SIGNATURE


def png(data: bytes, found: Metadata) -> None:
    at = len(SIGNATURE)
    for _ in range(MAX_PARTS):
        length, kind = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        if kind == b"caBX":
            found.c2pa.append(content[:MAX_MANIFEST])
        elif kind == b"eXIf":
            tiff(content, found, "EXIF")
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            with contextlib.suppress(*WRONG):  # a bad text hides no other
                _png_text(kind, content, found)
        at += 12 + length


def _png_text(kind: bytes, content: bytes, found: Metadata) -> None:
    keyword, _, rest = content.partition(b"\0")
    if kind == b"zTXt":
        rest = _unpacked(rest[1:])
    elif kind == b"iTXt":  # whether it is packed, how, then language and translation of the keyword
        text = rest[2:].split(b"\0", 2)[2]
        rest = _unpacked(text) if rest[:1] == b"\1" else text
    name = keyword[:79].decode("latin-1")
    if name == "XML:com.adobe.xmp":
        found.xmp.append(rest[:MAX_PACKET])
    elif name.startswith("Raw profile type "):  # a name, a length and hexadecimal digits, each in a line
        raw = bytes.fromhex(b"".join(rest[:MAX_TEXT].split()[2:]).decode("ascii"))
        if name.endswith("xmp"):
            found.xmp.append(raw)
        elif name.endswith(("exif", "APP1")):
            app1(raw, found)
    else:
        found.say("PNG text", name, rest)


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, MAX_TEXT)
    except zlib.error:
        return b""


def webp(data: bytes, found: Metadata) -> None:
    at = 12
    for _ in range(MAX_PARTS):
        kind, length = struct.unpack_from("<4sI", data, at)
        content = data[at + 8 : at + 8 + length]
        if kind == b"XMP ":
            found.xmp.append(content[:MAX_PACKET])
        elif kind == b"EXIF":
            tiff(content.removeprefix(b"Exif\0\0"), found, "EXIF")
        elif kind == b"C2PA":
            found.c2pa.append(content[:MAX_MANIFEST])
        at += 8 + length + length % 2
