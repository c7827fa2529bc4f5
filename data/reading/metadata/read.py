"""What a file of any format says beside its picture, as bytes and texts. Nothing is run.

A walk over lengths and names, bounded in all that it takes; it never fails, and stops where a file makes no sense.
XML is not parsed, so that nothing in it can be expanded or fetched.
"""

from __future__ import annotations

from data.reading.metadata import blocks, chunks, jpeg, tiff
from data.reading.metadata.found import WRONG, Metadata
from data.reading.png_chunks import SIGNATURE


def metadata(data: bytes) -> Metadata:
    """Returns what the bytes of a PNG, JPEG, WebP, GIF, TIFF or BMFF (AVIF, HEIC) file say beside the picture."""
    found = Metadata()
    try:
        if data.startswith(SIGNATURE):
            chunks.png(data, found)
        elif data.startswith(b"\xff\xd8"):
            jpeg.jpeg(data, found)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            chunks.webp(data, found)
        elif data[:4] == b"GIF8":
            blocks.gif(data, found)
        elif data[:4] in (b"II*\0", b"MM\0*"):
            tiff.tiff(data, found, "TIFF")
        elif data[4:8] == b"ftyp":
            blocks.bmff(data, found)
    except WRONG:
        pass  # cut short or wrong: what was found before it counts
    return found
