"""The blocks of GIF files, and the boxes of AVIF and HEIC files (ISO BMFF)."""

from __future__ import annotations

import struct

from data.reading.metadata.found import MAX_MANIFEST, MAX_PACKET, MAX_PARTS, Metadata

UUID_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
UUID_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def gif(data: bytes, found: Metadata) -> None:
    def table(flags: int) -> int:
        return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0

    at = 13 + table(data[10])
    for _ in range(MAX_PARTS):
        kind = data[at]
        if kind == 0x2C:  # a frame: place and size, its colours, one byte, then blocks
            at = _blocks(data, at + 11 + table(data[at + 9]))[1]
            continue
        if kind != 0x21:
            return
        label, start = data[at + 1], at + 2
        joined, at = _blocks(data, start)
        if label == 0xFE:
            found.say("GIF", "comment", joined)
        elif label == 0xFF and joined.startswith(b"XMP DataXMP"):  # not in blocks, but walked over as if it were
            found.xmp.append(data[start + 12 : min(at, start + 12 + MAX_PACKET)])
        elif label == 0xFF and joined.startswith(b"C2PA_GIF"):
            found.c2pa.append(joined[11 : 11 + MAX_MANIFEST])


def _blocks(data: bytes, at: int) -> tuple[bytes, int]:
    """Returns the blocks of up to 255 bytes from a place on, joined, and where they end."""
    parts = []
    while length := data[at]:
        parts.append(data[at + 1 : at + 1 + length])
        at += 1 + length
    return b"".join(parts), at + 1


def bmff(data: bytes, found: Metadata) -> None:
    at = 0
    for _ in range(MAX_PARTS):
        if at + 8 > len(data):
            break
        (length, kind), head = struct.unpack_from(">I4s", data, at), 8
        if length == 1:  # a longer number behind
            length, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        end = at + length if length else len(data)
        if end < at + head:
            break
        name, content = data[at + head : at + head + 16], data[at + head + 16 : min(end, at + head + MAX_MANIFEST)]
        if kind == b"uuid" and name == UUID_C2PA:
            found.c2pa.append(content)
        elif kind == b"uuid" and name == UUID_XMP:
            found.xmp.append(content[:MAX_PACKET])
        at = end
    start = data.find(b"<x:xmpmeta")  # as an item, which may lie anywhere
    if start >= 0 and not found.xmp:
        end = data.find(b"</x:xmpmeta>", start, start + MAX_PACKET)
        found.xmp.append(data[start : end if end > 0 else start + MAX_PACKET])
