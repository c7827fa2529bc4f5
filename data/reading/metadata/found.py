"""What was found beside a picture, and how much of it is taken."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

MAX_TEXT = 2**18  # bytes of one text, unpacked; what is longer is cut
MAX_PACKET = 2**20  # bytes of one XMP packet
MAX_MANIFEST = 2**24  # bytes of one C2PA manifest store, which may hold a thumbnail
MAX_PARTS = 2**12  # chunks, segments, boxes or entries that are looked at
WRONG = (struct.error, IndexError, ValueError)  # what a file that is cut short or damaged raises


@dataclass
class Metadata:
    """What a file says beside its picture.

    Attributes:
        xmp: XMP packets.
        c2pa: Manifest stores, as JUMBF boxes.
        texts: Where a text stands, its field, and the text, such as `("PNG text", "Software", "x")`.
    """

    xmp: list[bytes] = field(default_factory=list)
    c2pa: list[bytes] = field(default_factory=list)
    texts: list[tuple[str, str, str]] = field(default_factory=list)

    def say(self, where: str, name: str, content: bytes) -> None:
        """Keeps a text in UTF-8 or Latin-1."""
        content = content[:MAX_TEXT].strip(b"\0 \r\n\t")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
        if text:
            self.texts.append((where, name, text))
