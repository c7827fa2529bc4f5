"""The directories of TIFF files, which EXIF has too, and the older form of IPTC's fields."""

from __future__ import annotations

import contextlib
import struct

from data.reading.metadata.found import MAX_MANIFEST, MAX_PACKET, MAX_PARTS, MAX_TEXT, WRONG, Metadata

TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
TIFF_TEXTS = {
    270: "ImageDescription", 271: "Make", 272: "Model", 305: "Software", 315: "Artist", 33432: "Copyright",
    37510: "UserComment", 40092: "XPComment", 40094: "XPKeywords",
}  # fmt: skip
IIM_TEXTS = {65: "OriginatingProgram", 110: "Credit", 115: "Source"}  # of record 2
EXIF_IFD, TIFF_XMP, TIFF_C2PA = 34665, 700, 52545


def tiff(data: bytes, found: Metadata, where: str) -> None:
    """Reads the first directory of a TIFF structure, which EXIF is too, and the one of EXIF that it names."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return
    with contextlib.suppress(*WRONG):
        exif = _directory(data, struct.unpack_from(f"{order}I", data, 4)[0], order, found, where)
        if exif:
            _directory(data, exif, order, found, where)


def _directory(data: bytes, here: int, order: str, found: Metadata, where: str) -> int:
    """Reads one directory; returns where that of EXIF is, or 0."""
    exif = 0
    for i in range(min(struct.unpack_from(f"{order}H", data, here)[0], MAX_PARTS)):
        entry = here + 2 + 12 * i
        tag, kind, n = struct.unpack_from(f"{order}HHI", data, entry)
        size, value = TIFF_SIZES.get(kind, 0) * n, struct.unpack_from(f"{order}I", data, entry + 8)[0]
        at = entry + 8 if size <= 4 else value
        content = data[at : at + min(size, MAX_MANIFEST)]
        if tag == EXIF_IFD:
            exif = value
        elif tag == TIFF_XMP:
            found.xmp.append(content[:MAX_PACKET])
        elif tag == TIFF_C2PA:
            found.c2pa.append(content)
        elif tag in TIFF_TEXTS:
            found.say(where, TIFF_TEXTS[tag], _coded(tag, content[:MAX_TEXT]))
    return exif


def _coded(tag: int, content: bytes) -> bytes:
    """Returns a text of EXIF in UTF-8: some tags have two bytes for a letter, or say their code in the first eight."""
    two, content = (tag >= 40000, content) if tag != 37510 else (content[:8] == b"UNICODE\0", content[8:])
    if not two:
        return content
    high_first = content[::2].count(0) > content[1::2].count(0)
    return content.decode("utf-16-be" if high_first else "utf-16-le", "replace").encode()


def iim(content: bytes, found: Metadata) -> None:
    """Reads the older form of IPTC's fields: a mark, record 2, the field's number, a length, a text."""
    at = 0
    for _ in range(MAX_PARTS):
        at = content.find(b"\x1c\x02", at)
        if at < 0 or at + 5 > len(content):
            return
        length = struct.unpack_from(">H", content, at + 3)[0]
        if content[at + 2] in IIM_TEXTS:
            found.say("IPTC", IIM_TEXTS[content[at + 2]], content[at + 5 : at + 5 + length])
        at += 2
