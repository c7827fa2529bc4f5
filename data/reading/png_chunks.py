"""What a PNG file says beside its picture: left away before it is decoded, so that none of it is in the way."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PICTURE = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"}
UPRIGHT = (b"XML:com.adobe.xmp", b"Raw profile type exif")  # texts that may hold the mark of orientation
MAX_TEXT = 2**18  # bytes of what may hold it, unpacked; Pillow refuses a picture for more than 2**20


def picture_only(data: bytes) -> bytes:
    """Returns a PNG file without colour profile, times and texts, whatever their size; its pixels are the same.

    A mark of orientation stays. A file that is cut short or is none is returned with what cannot be understood, so
    that decoding it says so.
    """
    if not data.startswith(SIGNATURE):
        return data
    kept, at = [SIGNATURE], len(SIGNATURE)
    # A chunk is 4 bytes of length, 4 of kind, the content and 4 of check; a kind that begins with an upper-case letter
    # is one without which no picture can be drawn (PNG specification, section 5.4).
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        if kind in PICTURE or kind[:1].isupper() or _upright(kind, data[at + 8 : end - 4], data[end - 4 : end]):
            kept.append(data[at:end])
        at = end
    kept.append(data[at:])
    whole = b"".join(kept)
    return data if len(whole) == len(data) else whole


def bit_depth(data: bytes) -> int:
    """Returns the bits of each sample of a PNG, 0 for other files."""
    # behind the signature (8), length and kind of the first chunk (8), and width and height (8)
    return data[24] if data.startswith(SIGNATURE) and len(data) > 24 else 0


def _upright(kind: bytes, content: bytes, check: bytes) -> bool:
    """Says whether a chunk may hold the mark of orientation, whole and in few bytes."""
    if kind not in (b"eXIf", b"tEXt", b"zTXt", b"iTXt") or len(content) > MAX_TEXT:
        return False
    if struct.pack(">I", zlib.crc32(kind + content)) != check:
        return False
    if kind == b"eXIf":
        return True
    keyword, _, rest = content.partition(b"\0")
    if keyword not in UPRIGHT:
        return False
    if kind == b"zTXt":
        return _small(rest[1:])
    if kind == b"iTXt" and rest[:1] == b"\1":  # compressed, in the only way there is, then language and translation
        return _small(b"".join(rest[2:].split(b"\0", 2)[2:]))
    return True


def _small(packed: bytes) -> bool:
    try:
        unpacking = zlib.decompressobj()
        unpacking.decompress(packed, MAX_TEXT)
    except zlib.error:
        return False
    return not unpacking.unconsumed_tail
