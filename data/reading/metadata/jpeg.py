"""The segments before a JPEG's picture."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from data.reading.metadata.found import MAX_MANIFEST, MAX_PACKET, MAX_PARTS, MAX_TEXT, Metadata
from data.reading.metadata.tiff import iim, tiff

XMP_JPEG, XMP_MORE = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"


def jpeg(data: bytes, found: Metadata) -> None:
    more: list[tuple[int, bytes]] = []
    boxes: dict[bytes, list[tuple[int, bytes]]] = {}
    for marker, content in _segments(data):
        if marker == 0xE1:
            if content.startswith(XMP_MORE):  # a digest of 32 letters, the whole length, the offset, a part
                start = len(XMP_MORE) + 32
                more.append((struct.unpack_from(">I", content, start + 4)[0], content[start + 8 :]))
            else:
                app1(content, found)
        elif marker == 0xEB and content[:2] == b"JP":  # JUMBF: its number, the part's number, a part (ISO 19566-5, D.2)
            number, part = content[2:4], struct.unpack_from(">I", content, 4)[0]
            # each part repeats the length and kind of the box
            boxes.setdefault(number, []).append((part, content[8:] if part <= 1 else content[16:]))
        elif marker == 0xED and content.startswith(b"Photoshop 3.0\0"):
            iim(content, found)
        elif marker == 0xFE:
            found.say("JPEG", "comment", content)
    if more:
        found.xmp.append(b"".join(part for _, part in sorted(more))[:MAX_PACKET])
    found.c2pa += [
        box[:MAX_MANIFEST]
        for box in (b"".join(part for _, part in sorted(parts)) for parts in boxes.values())
        if b"c2pa" in box[:MAX_TEXT]  # other boxes of this kind are no manifests
    ]


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    for _ in range(MAX_PARTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xFF:  # a byte to fill
            at += 1
            continue
        if marker == 0xDA or length < 2:  # the picture begins
            return
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length


def app1(content: bytes, found: Metadata) -> None:
    if content.startswith(b"Exif\0"):
        tiff(content[6:], found, "EXIF")
    elif content.startswith(XMP_JPEG):
        found.xmp.append(content[len(XMP_JPEG) :])
