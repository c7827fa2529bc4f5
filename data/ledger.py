"""The ledger: which real image serves which part, so that nothing a detector is tested on was seen before.

The rule is written into `ledger.json` beside the table, see `RULE`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from data.apportion import PARTS, draw, part_sizes
from data.duplicates import Copies, find_copies, units_of
from data.errors import UserError
from data.imageset import ImageSet

RULE = (
    "Images that the publisher calls test are test, and those called validation are detector-validation. "
    "What is left is split by the seed, stratified by label.",
    "Copies (see 'duplicates') that lie in different official parts: the test copy stays before the validation copy, "
    "and that before the training copy; the others are dropped. An identity in different official parts: the same.",
    "Copies inside one official part, and images of one identity, stay together in one part; none is dropped.",
    "What copies and identities chain together is one unit (column 'unit'), which is kept as a copy or an identity is. "
    "Splits, intervals, tests and curves take units and nothing else.",
)
BEYOND = "beyond the requested size"
ORDER = {"test": 0, "validation": 1, "train": 2}  # whose copy stays


@dataclass(frozen=True)
class Ledger:
    """Which image serves which part.

    Attributes:
        parts: Part to sorted int64 positions in the image set, for the four names in `PARTS`.
        dropped: A frame of the images in no part: `id`, `official`, `reason`, `kept` (the id of the copy that stays).
        seed: The seed of the split.
        table: A frame of one row per image, in the set's order: `id`, `part` (or "dropped"), `label` (its name),
            `group`, `unit`, `copy_of` (the first image that it is a copy of, or ""), `reason`, `kept`.
        units: int64 `(n,)`, the column `unit`: equal for images that are not independent, see
            `data.duplicates.units_of`.
        about: How copies were told, and how many there were.
    """

    parts: dict[str, np.ndarray]
    dropped: pd.DataFrame
    seed: int
    table: pd.DataFrame
    units: np.ndarray
    about: dict[str, object] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """The number of images in each part."""
        return {part: len(index) for part, index in self.parts.items()}

    def save(self, folder: Path) -> None:
        """Writes `ledger.csv`, one row per image, and `ledger.json` with the rule in words, into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.table.to_csv(folder / "ledger.csv", index=False, lineterminator="\n")
        dropped = self.dropped["reason"].value_counts().sort_index()
        about = {
            "seed": self.seed,
            "parts": self.counts,
            "dropped": {str(reason): int(count) for reason, count in dropped.items()},
            "rule": list(RULE),
            **self.about,
        }
        (folder / "ledger.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, image_set: ImageSet) -> Ledger:
        """Reads what `save` wrote for the same image set.

        Raises:
            UserError: If it was written for another set.
        """
        folder = Path(folder)
        about = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
        table = pd.read_csv(folder / "ledger.csv", dtype=str, keep_default_na=False)
        if not np.array_equal(table["id"].to_numpy(str), image_set.ids):
            raise UserError(f"The ledger in {folder} belongs to another image set than '{image_set.name}'.")
        rest = {key: value for key, value in about.items() if key not in ("seed", "parts", "dropped", "rule")}
        return _from_table(image_set, table, about["seed"], rest)


def split(
    image_set: ImageSet,
    *,
    seed: int = 0,
    parts: Mapping[str, float | int] | None = None,
    copies: Copies | None = None,
) -> Ledger:
    """Says which image serves which part.

    Args:
        image_set: The images.
        seed: Decides every draw. Defaults to `0`.
        parts: Part to its size: a float is the fraction of the images that may serve it, an int a count. Parts that are
            not named share what is left as by default. Defaults to `None`: 70 / 20 / 10 of the images that are not
            officially test into generator-train, detector-train and detector-validation; without an official test part
            50 / 20 / 10 / 20, the last being test.
        copies: Which images are copies, where it is known. Defaults to `None`: it is found out.

    Raises:
        UserError: If a part is unknown, negative, larger than what there is, or would be empty.
    """
    copies = copies or find_copies(image_set.images, alike=image_set.groups is not None)
    units = units_of(copies, image_set.groups)
    reason, kept = _collisions(image_set, copies, units)
    here = np.flatnonzero(reason == "")
    rank = _rank(image_set)
    names = {"train": 2, "validation": 1, "test": 0}
    sizes = part_sizes({name: int((rank[here] == r).sum()) for name, r in names.items()}, parts)
    part = np.full(image_set.n, "dropped", dtype=object)
    for name, r in names.items():
        pool = here[rank[here] == r]
        if not len(pool):
            continue
        wanted = {p: size for p, (source, size) in sizes.items() if source == name}
        for p, index in draw(units[pool], image_set.labels[pool], wanted, [seed, r]).items():
            part[pool[index]] = p
    reason[(part == "dropped") & (reason == "")] = BEYOND
    table = _table(image_set, copies, units, part, reason, kept)
    ledger = _from_table(image_set, table, seed, _about(copies))
    for p, (_, size) in sizes.items():
        if size and not len(ledger.parts[p]):
            raise UserError(
                f"Part '{p}' would be empty: the images that must stay together are too many. Expected {size:,}."
            )
    return ledger


def check_ledger(image_set: ImageSet, ledger: Ledger) -> None:
    """Checks from the images that no image, copy, identity or unit is in two parts, and that nothing is forgotten.

    Raises:
        ValueError: If the ledger breaks its rule.
    """
    part = np.full(image_set.n, "dropped", dtype=object)
    for name, index in ledger.parts.items():
        if name not in PARTS or not np.array_equal(index, np.unique(index)) or (part[index] != "dropped").any():
            raise ValueError(f"Part '{name}' is unknown, unsorted, or holds an image that is in another part.")
        part[index] = name
    missing = set(image_set.ids[part == "dropped"]) ^ set(ledger.dropped["id"])
    if missing:
        raise ValueError(f"An image is neither in a part nor dropped, or both. Received: {min(missing)}.")
    copies = find_copies(image_set.images, alike=image_set.groups is not None)
    together = {"exact duplicates": copies.exact, "near duplicates": copies.near}
    if image_set.groups is not None:
        together["images of one identity"] = image_set.groups
    units = together["images of one unit"] = units_of(copies, image_set.groups)
    for what, of in together.items():
        used = np.flatnonzero((part != "dropped") & (of >= 0))  # a group below 0 is none
        pairs = pd.DataFrame({"of": of[used], "part": part[used]}).drop_duplicates()
        twice = pairs[pairs["of"].duplicated()]
        if len(twice):
            raise ValueError(
                f"There are {what} in two parts. Received: {len(twice)} such, the first with {twice['of'].iloc[0]}."
            )
    if image_set.official is not None and (part[image_set.official == "test"] != "test").any():
        stray = set(part[image_set.official == "test"]) - {"test", "dropped"}
        if stray:
            raise ValueError(f"Official test images are in {', '.join(sorted(stray))}.")
    wrong = np.flatnonzero(ledger.units != units)
    if len(wrong):
        raise ValueError(
            f"The units are not what copies and identities make them. Received: {len(wrong)} such images, the first "
            f"{image_set.ids[wrong[0]]}."
        )


def _rank(image_set: ImageSet) -> np.ndarray:
    """Returns int `(n,)`: whose copy stays, lowest first. Images without an official part count as training images."""
    if image_set.official is None:
        return np.full(image_set.n, ORDER["train"])
    return np.array([ORDER[name] for name in image_set.official], np.int64)


def _collisions(image_set: ImageSet, copies: Copies, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns, per image, the reason to drop it ("" to keep it) and the id of the copy that stays.

    An image is dropped if any of its unit is in an earlier official part; the nearest reason is named.
    """
    rank = _rank(image_set)
    reason = np.full(image_set.n, "", dtype=object)
    kept = np.full(image_set.n, "", dtype=object)
    # Exact ones last: where both are true, that is the reason that is told.
    for what, of in (("near duplicate", copies.near), ("exact duplicate", copies.exact)):
        # lexsort sorts by its last key first
        best = np.lexsort((np.arange(image_set.n), rank, of))  # the first of each set is the copy that stays
        # from the back, since a dictionary keeps the last of equal keys
        stays = dict(zip(of[best][::-1].tolist(), best[::-1].tolist(), strict=True))
        stay = np.array([stays[value] for value in of.tolist()], np.int64)
        drop = rank > rank[stay]
        reason[drop] = what
        kept[drop] = image_set.ids[stay[drop]]
    together = [("chained by copies and identities to", units)]
    if image_set.groups is not None:
        together.insert(0, ("identity also in", image_set.groups))
    for what, of in together:
        for part, r in (("test", 0), ("validation", 1)):
            there = np.unique(of[(rank == r) & (of >= 0) & ((reason == "") | (of is units))])
            drop = (reason == "") & (rank > r) & np.isin(of, there)
            reason[drop] = f"{what} {part}"
    return reason, kept


def _table(
    image_set: ImageSet, copies: Copies, units: np.ndarray, part: np.ndarray, reason: np.ndarray, kept: np.ndarray
) -> pd.DataFrame:
    copy = copies.near != np.arange(image_set.n)
    return pd.DataFrame(
        {
            "id": image_set.ids,
            "part": part,
            "label": np.array(image_set.classes, str)[image_set.labels],
            "group": "" if image_set.groups is None else image_set.groups.astype(str),
            "unit": units,
            "copy_of": np.where(copy, image_set.ids[copies.near], ""),
            "reason": reason,
            "kept": kept,
        }
    ).astype(str)


def _from_table(image_set: ImageSet, table: pd.DataFrame, seed: int, about: dict[str, object]) -> Ledger:
    part = table["part"].to_numpy(str)
    dropped = table.loc[part == "dropped", ["id", "reason", "kept"]].reset_index(drop=True)
    official = np.full(image_set.n, "") if image_set.official is None else image_set.official
    dropped.insert(1, "official", official[part == "dropped"])
    units = table["unit"].to_numpy(str).astype(np.int64)
    return Ledger({name: np.flatnonzero(part == name) for name in PARTS}, dropped, seed, table, units, about)


def _about(copies: Copies) -> dict[str, object]:
    here = np.arange(len(copies.exact))
    return {
        "duplicates": copies.rule,
        "exact copies": int((copies.exact != here).sum()),
        "near copies": int((copies.near != here).sum() - (copies.exact != here).sum()),
    }
