from __future__ import annotations

import base64
import gzip

import pandas as pd

from reports.embed.data import MOST, packed


def unpacked(text: str) -> list[str]:
    return gzip.decompress(base64.b64decode(text)).decode().splitlines()


def test_what_is_packed_is_the_frame() -> None:
    frame = pd.DataFrame({"name": ['a "b", c', "<d>"], "value": [1 / 3, 2.0]})
    assert unpacked(packed(frame)) == ["name,value", '"a ""b"", c",0.33333', "<d>,2"]
    assert packed(frame) == packed(frame.copy())


def test_long_curves_are_thinned_each_by_itself_with_their_ends() -> None:
    frame = pd.DataFrame({"curve": ["long"] * 1001 + ["short"] * 3, "x": [*range(1001), 7, 8, 9]})
    rows = [line.split(",") for line in unpacked(packed(frame, by="curve"))[1:]]
    long = [int(x) for name, x in rows if name == "long"]
    assert len(long) <= MOST + 1
    assert (long[0], long[-1]) == (0, 1000)
    assert [x for name, x in rows if name == "short"] == ["7", "8", "9"]
