"""Keeps of run folders what `docs/results-cifar10-dog.md` shows of them: `python docs/tools/answers.py RUN_FOLDER ...`.

`docs/tools/results.py` makes the tables. A row of `answers-cifar10-dog.csv` is an answer over all training runs, as the
run folders' tables have it: `fd` (of each training), `auc` (of a configuration, clean and processed), `sets` (the
images that a set needs for an AUC of 0.99), `sources` (what the images of a class are said to be), `ranks`, `along`
(AUC and FD of a checkpoint), `transfer` (AUC of what was learned elsewhere), `curve` (AUC by labelled images, and how
many a threshold needs) and `profile`. Each is taken from the first folder that has it.
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
PROFILE = {
    "clean": "clean", "few_shot": "64 images", "unseen": "unseen", "processed": "`social-1`",
    "pooled": "images for 0.99",
}  # fmt: skip
LABELLED = ["8", "32", "128", "512", "all"]
EPOCHS = ["10", "20", "28", "30", "40"]
CLEAN, HARSH, LEARNED = "clean", "jpeg-75", "jpeg-75, learned with it"


def of_runs(folders: Sequence[Path]) -> pd.DataFrame:
    """Returns the rows of run folders, see the module's first lines."""
    found: dict[str, pd.DataFrame] = {}
    for folder in folders:
        for name, rows in _of_run(folder).items():
            found.setdefault(name, rows.assign(answer=name)[COLUMNS])
    return pd.concat([found[name] for name in sorted(found)], ignore_index=True)


def _of_run(folder: Path) -> dict[str, pd.DataFrame]:
    """Returns the answers that a run folder has."""
    made = {"fd": _quality(pd.read_csv(folder / "generators.csv"))}
    ranks = pd.read_csv(folder / "ranks.csv", keep_default_na=False)
    ranks = ranks[(ranks["scope"] == "configurations") & (ranks["table"] == "own")]
    ends = {"low": ranks["rank_low"], "high": ranks["rank_high"]}
    made["ranks"] = ranks.assign(of=ranks["name"], by=ranks["detector"], how=ranks["group"], **ends)
    keep = {
        "keep_default_na": False,
        "na_values": dict.fromkeys(["value", "low", "high", "fd", "fd_low", "fd_high"], ""),
    }
    for name, kept in QUESTIONS.items():
        if (path := folder / f"answers/{name}.csv").is_file():
            answer, rows = kept(pd.read_csv(path, **keep))
            made[answer] = rows
    return made


def _sets(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    rows = rows[(rows["scope"] == "configuration") & (rows["measure"] == "images_for_99")]
    return "sets", rows.assign(of=rows["generator"], by=rows["detector"], how=rows["m"].astype(str))


def _made_by(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    rows = rows[(rows["scope"] == "configuration") & rows["measure"].isin(["said", "right"])]
    return "sources", rows.assign(of=rows["made_by"], by=rows["said"].where(rows["measure"] == "said", "right"), how="")


def _robust(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    rows = rows[(rows["metric"] == "auc") & rows["perturbation"].isin(["none", HARSH])]
    ways = {("none", "none"): CLEAN, (HARSH, "none"): HARSH, (HARSH, "same"): LEARNED}
    how = [ways.get(pair, "") for pair in zip(rows["perturbation"], rows["train"], strict=True)]
    return "auc", rows.assign(of=rows["generator"], by=rows["detector"], how=how)


def _checkpoints(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    rows = rows[(rows["kind"] == "auc") & (rows["family"] == "") & (rows["lesson"] == "own")]
    rows = rows.assign(of=rows["generator"], how=rows["epoch"].astype(float).astype(int).astype(str))
    fd = {"value": rows["fd"], "low": rows["fd_low"], "high": rows["fd_high"]}
    once = rows.assign(by="fd", **fd).drop_duplicates(["of", "how"])
    return "along", pd.concat([once, rows.assign(by=rows["detector"])], ignore_index=True)


def _elsewhere(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    rows = rows[(rows["scope"] == "configuration") & (rows["measure"] == "auc") & (rows["part"] != "next")]
    lesson = rows["lesson"].where(rows["part"] == "pairs", rows["part"])
    return "transfer", rows.assign(of=rows["generator"], by=rows["detector"], how=lesson)


def _curve(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    n = rows["n"].astype(str).where(rows["all_images"] != "True", "all")
    how = n.where(rows["kind"] == "auc", rows["threshold"].astype(str))
    return "curve", rows.assign(of=rows["generator"], by=rows["detector"], how=how)


def _profile(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    return "profile", rows.assign(of=rows["generator"], by=rows["detector"], how=rows["number"])


QUESTIONS = {
    "robustness": _robust, "sets": _sets, "sources": _made_by, "along_training": _checkpoints,
    "transfer": _elsewhere, "learning_curve": _curve, "profile": _profile,
}  # fmt: skip


def _quality(rows: pd.DataFrame) -> pd.DataFrame:
    """The FD of the last checkpoint of each training run."""
    rows = rows[rows["fd"].notna() & rows["generator"].isin(GENERATORS)]
    last = rows.groupby(["generator", "generator_seed"])["checkpoint"].transform("max")
    rows = rows[rows["checkpoint"] == last]
    named = {"fd": "value", "fd_low": "low", "fd_high": "high", "generator": "of"}
    return rows.rename(columns=named).assign(by=rows["generator_seed"].astype(int), how="", note="")


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
        "cpu along": _along(of["along"]),
        "cpu curve": _labelled(of["curve"]),
        "cpu profile": _first(of["profile"]),
        **_transfer(of["transfer"], heads),
    }


def _fd(rows: pd.DataFrame, name: str) -> list[str]:
    mine = rows[rows["of"] == name]
    ends = mean_interval(mine["value"], mine["low"], mine["high"], bounded=False, least=0.0)
    mean = pd.Series(ends, index=["value", "low", "high"])
    return [_fd_words(mean), ", ".join(f"{one:.1f}" for one in mine["value"])]


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


def _first(rows: pd.DataFrame) -> list[list[str]]:
    """A row for each configuration and a column for each number of the profile, with the detector that has it."""
    at, lines = rows.set_index(["of", "how"]), []
    for name in GENERATORS:
        found = {kind: at.loc[(name, kind)] for kind in PROFILE}
        shown = [_words(row, "sets" if kind == "pooled" else "AUC") for kind, row in found.items()]
        by = [f"`{row['by']}`" for row in found.values()]
        lines.append([f"`{name}`", *map(" ".join, zip(shown, by, strict=True))])
    return [["", *PROFILE.values()], *lines]


def _labelled(rows: pd.DataFrame) -> list[list[str]]:
    """A row for each configuration and detector, its AUC by labelled images of each side, and how many it needs."""
    at, lines = rows.set_index(["of", "by", "how"]), []
    for name in GENERATORS:
        for detector in (one for one in DETECTORS if one in set(rows["by"])):
            aucs = [_words(at.loc[(name, detector, n)], "AUC") for n in LABELLED]
            needed = [_needed(at.loc[(name, detector, threshold)]) for threshold in ("0.75", "0.9", "0.99")]
            lines.append([f"`{name}`", f"`{detector}`", *aucs, *needed])
    return [["", "AUC of", *LABELLED, "0.75 needs", "0.9", "0.99"], *lines]


def _needed(row: pd.Series) -> str:
    """How many images a mean AUC needs: the smallest number that was tried and has it."""
    if pd.isna(row["value"]):
        return "not reached"
    at_most = "≤ " if row["value"] == int(LABELLED[0]) else ""  # fewer were not tried
    return f"{at_most}{row['value']:.0f}"


def _transfer(rows: pd.DataFrame, heads: Sequence[str]) -> dict[str, list[list[str]]]:
    """What was learned of the flow, and tested on the others; the reverse; of all but one; and of another run."""
    of_flow, on_flow = rows[rows["how"] == "flow"], rows[(rows["of"] == "flow") & rows["how"].isin(GENERATORS)]
    own = len(GENERATORS)  # the column of the flow itself
    return {
        "cpu after flow": [line[:own] for line in _grid(of_flow, heads)],
        "cpu on flow": [line[:own] for line in _grid(on_flow.assign(of=on_flow["how"]), heads)],
        "cpu unseen": _grid(rows[rows["how"] == "leave-one-out"], heads),
        "cpu another run": _grid(rows[rows["how"] == "runs"], heads),
    }


def _along(rows: pd.DataFrame) -> list[list[str]]:
    """Rows for each configuration, FD and the AUC of each detector, and a column for each checkpoint."""
    at, lines = rows.set_index(["of", "by", "how"]), []
    for name in GENERATORS:
        for what in ["fd", *(one for one in DETECTORS if one in set(rows["by"]))]:
            found = [at.loc[(name, what, epoch)] for epoch in EPOCHS if (name, what, epoch) in at.index]
            shown = [_fd_words(row) if what == "fd" else _words(row, "AUC") for row in found]
            lines.append([f"`{name}`", "FD" if what == "fd" else f"`{what}`", *shown, *["-"] * (4 - len(shown))])
    return [["", "", "10 epochs", "20", "30 (`flow`: 28)", "40"], *lines]


def _fd_words(row: pd.Series) -> str:
    return f"{row['value']:.1f} [{row['low']:.1f}, {row['high']:.1f}]"


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
    of_runs([Path(folder) for folder in sys.argv[1:]]).to_csv(TABLE, index=False)
