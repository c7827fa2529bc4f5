"""Keeps of a run folder what `docs/results-cifar10-dog.md` shows of it: `python docs/tools/answers.py RUN_FOLDER`.

`docs/tools/results.py` makes the tables. A row of `answers-cifar10-dog.csv` is an answer over all training runs, as the
run folder's tables have it: `quality`, `own` and `robustness` (the AUC of a configuration), `sets` (the images that a
set needs for an AUC of 0.99), `sources` (what the images of a class are said to be) and `ranks`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmark.statistics.columns.configuration import mean_interval
from reports.numbers import number, with_interval

TABLE = Path(__file__).parents[1] / "tables" / "answers-cifar10-dog.csv"
COLUMNS = ["answer", "of", "by", "how", "value", "low", "high", "note"]
DETECTORS = ["linear-pixel", "linear-log-dct", "features-knn", "patch-5", "cnn", "sentinel-content"]
GENERATORS = ["baseline", "tuned-0.0002", "tuned-0.0003", "stable", "flow"]
CLEAN, HARSH, LEARNED = "clean", "jpeg-75", "jpeg-75, learned with it"


def of_run(folder: Path) -> pd.DataFrame:
    """Returns the rows of a run folder whose answers are those of the module's first lines."""
    keep = {"keep_default_na": False, "na_values": {"value": "", "low": "", "high": ""}}
    sets, sources = (pd.read_csv(folder / f"answers/{name}.csv", **keep) for name in ("sets", "sources"))
    sets = sets[(sets["scope"] == "configuration") & (sets["measure"] == "images_for_99")]
    sources = sources[(sources["scope"] == "configuration") & sources["measure"].isin(["said", "right"])]
    ranks = pd.read_csv(folder / "ranks.csv", keep_default_na=False)
    ranks = ranks[(ranks["scope"] == "configurations") & (ranks["table"] == "own")]
    robust = pd.read_csv(folder / "answers/robustness.csv", **keep)
    robust = robust[(robust["metric"] == "auc") & robust["perturbation"].isin(["none", HARSH])]
    ways = {("none", "none"): CLEAN, (HARSH, "none"): HARSH, (HARSH, "same"): LEARNED}
    how = [ways.get(pair, "") for pair in zip(robust["perturbation"], robust["train"], strict=True)]
    said = sources["said"].where(sources["measure"] == "said", "right")
    parts = [
        _quality(pd.read_csv(folder / "generators.csv")),
        robust.assign(answer="auc", of=robust["generator"], by=robust["detector"], how=how),
        sets.assign(answer="sets", of=sets["generator"], by=sets["detector"], how=sets["m"].astype(str)),
        sources.assign(answer="sources", of=sources["made_by"], by=said, how=""),
        ranks.assign(
            answer="ranks", of=ranks["name"], by=ranks["detector"], how=ranks["group"],
            low=ranks["rank_low"], high=ranks["rank_high"],
        ),
    ]  # fmt: skip
    return pd.concat([part[COLUMNS] for part in parts if len(part)], ignore_index=True)


def _quality(rows: pd.DataFrame) -> pd.DataFrame:
    """The FD of the last checkpoint of each training run."""
    rows = rows[rows["fd"].notna() & rows["generator"].isin(GENERATORS)]
    last = rows.groupby(["generator", "generator_seed"])["checkpoint"].transform("max")
    rows = rows[rows["checkpoint"] == last]
    named = {"fd": "value", "fd_low": "low", "fd_high": "high", "generator": "of"}
    return rows.rename(columns=named).assign(answer="fd", by=rows["generator_seed"].astype(int), how="", note="")


def tables() -> dict[str, list[list[str]]]:
    """Returns the lines of each table, heads first, by the name of its place in the page."""
    frame = pd.read_csv(TABLE, dtype={"by": str}, keep_default_na=False, na_values=dict.fromkeys(COLUMNS[4:7], ""))
    of = dict(iter(frame.groupby("answer")))
    heads = [f"`{name}`" for name in GENERATORS]
    return {
        "cpu fd": [["", "FD", "each run"], *([f"`{name}`", *_fd(of["fd"], name)] for name in GENERATORS)],
        "cpu own": _grid(of["auc"][of["auc"]["how"] == CLEAN], heads),
        "cpu jpeg": _jpeg(of["auc"]),
        "cpu ranks": _grid(of["ranks"], heads, of="rank"),
        "cpu sets": _grid(of["sets"], heads, of="sets"),
        "cpu sources": _sources(of["sources"]),
    }


def _fd(rows: pd.DataFrame, name: str) -> list[str]:
    mine = rows[rows["of"] == name]
    value, low, high = mean_interval(mine["value"], mine["low"], mine["high"], bounded=False, least=0.0)
    return [f"{value:.1f} [{low:.1f}, {high:.1f}]", ", ".join(f"{one:.1f}" for one in mine["value"])]


def _grid(rows: pd.DataFrame, heads: Sequence[str], *, of: str = "AUC") -> list[list[str]]:
    """A row for each detector and a column for each configuration."""
    lines = []
    for detector in DETECTORS:
        found = rows[rows["by"] == detector].set_index("of")
        if len(found):
            shown = [_words(found.loc[name], of) if name in found.index else "-" for name in GENERATORS]
            lines.append([f"`{detector}`", *shown])
    return [[{"AUC": "AUC", "rank": "rank", "sets": "images"}[of], *heads], *lines]


def _words(row: pd.Series, of: str) -> str:
    """An AUC with its interval; a rank's interval, 1 the easiest to detect, and its group; or how many images."""
    if of == "AUC":
        return with_interval(row["value"], row["low"], row["high"])
    if of == "rank":
        if pd.isna(row["low"]):
            return "cannot rank"
        ends = f"{row['low']:.0f}" if row["low"] == row["high"] else f"{row['low']:.0f} to {row['high']:.0f}"
        return f"{ends} ({row['how']})"
    ends = [f">{row['how']}" if pd.isna(end) else f"{end:.0f}" for end in (row["value"], row["low"], row["high"])]
    return f"{ends[0]} [{ends[1]}, {ends[2]}]"


def _jpeg(rows: pd.DataFrame) -> list[list[str]]:
    """A row for each configuration and detector, a column for clean images, processed ones, and with both learned."""
    at = rows.set_index(["of", "by", "how"])
    ways, lines = (CLEAN, HARSH, LEARNED), []
    for name in GENERATORS:
        for detector in DETECTORS:
            keys = [(name, detector, way) for way in ways]
            shown = [_words(at.loc[key], "AUC") if key in at.index else "-" for key in keys]
            lines.append([f"`{name}`", f"`{detector}`", *shown])
    return [["", "AUC", "clean", "JPEG 75", "JPEG 75, learned with it"], *lines]


def _sources(rows: pd.DataFrame) -> list[list[str]]:
    """A row for each class that images are of, a column for each that they are said to be of, the true one in bold."""
    at, classes = rows.set_index(["of", "by"]), ["", *GENERATORS]
    lines = []
    for made in classes:
        shares = [number(at.loc[(made, said), "value"]) for said in classes]
        true = at.loc[(made, made)]
        shares[classes.index(made)] = f"**{with_interval(true['value'], true['low'], true['high'])}**"
        lines.append([f"`{made}`" if made else "real", *shares])
    return [["images of", *(f"`{name}`" if name else "real" for name in classes)], *lines]


if __name__ == "__main__":
    of_run(Path(sys.argv[1])).to_csv(TABLE, index=False)
