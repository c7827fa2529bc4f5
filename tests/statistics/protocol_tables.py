"""The tables of `docs/protocol.md` that `docs/tables/` holds in full: lowest coverage, highest share of false alarms.

    python tests/statistics/protocol_tables.py

puts them into the page anew; `test_protocol_tables.py` says where page and tables differ.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "protocol.md"
SIZES = {"4": "n 4", "10": "n 10", "30": "n 30", "150": "n 150", "1000": "n 1000"}
UNITS = {f"{units}{also}": f"{units} units{also and ', shared'}" for units in (5, 20, 200) for also in ("", " shared")}
ALARMS = [
    "difference told", "any pair told falsely", "one tells, 95 %", "one tells, 99 %", "any tells, 95 % each",
    "any tells, Holm 95 %", "any tells, Holm 99 %",
]  # fmt: skip
COVERED = ["difference holds", "picked best, alone", "picked best holds", "best kept", "margins hold", "ranks hold"]


def tables() -> dict[str, str]:
    """Returns each table by the first cells of its heading, which find it on the page."""
    intervals = pd.read_csv(DOCS / "tables/intervals.csv", dtype={"units": str, "n": str})
    intervals = intervals[~intervals["metric"].str.contains("too sure")]
    alone = intervals["units"] == "-"
    intervals["of"] = intervals["n"].map(SIZES).where(alone, intervals["units"].map(UNITS))
    by_size = _wide(intervals, "of", "coverage", [*SIZES.values(), *UNITS.values()])
    comparisons = pd.read_csv(DOCS / "tables/comparisons.csv")
    alarms, covered = (_of(comparisons, names, most) for names, most in ((ALARMS, True), (COVERED, False)))
    return {
        "| metric | n 4 |": _markdown(by_size),
        "| metric | 0.6 |": _markdown(_wide(intervals, "auc", "coverage", sorted(intervals["auc"].unique()))),
        "| what | mean over all cases | 0.5 |": _markdown(alarms),
        "| what | mean over all cases | 0.6 |": _markdown(covered),
        "| case | interval of |": _components(pd.read_csv(DOCS / "tables/components.csv", dtype={"AUC": str})),
        "| interval of sets |": _sets(pd.read_csv(DOCS / "tables/sets.csv")),
    }


def _components(table: pd.DataFrame) -> str:
    told = table["told"].map(lambda share: "" if share == "100.0%" else f" (told in {share})")
    table = table.assign(said=(table["coverage"] + told).fillna("never told"))
    wide = table.pivot(index=["case", "interval of"], columns="AUC", values="said")
    wide = wide.reindex(table[["case", "interval of"]].drop_duplicates().itertuples(index=False, name=None))
    return _lines(
        ["case", "interval of", *wide], [[*name, *row] for name, row in zip(wide.index, wide.to_numpy(), strict=True)]
    )


def _sets(table: pd.DataFrame) -> str:
    names = {"auc": "AUC", "fpr": "FPR", "tpr": "TPR"}
    wide = table.pivot_table(index=["metric", "scores"], columns="n", values="coverage", aggfunc="min")
    order = [(metric, scores) for metric in names for scores in table["scores"].unique()]
    rows = [[names[m], s, *("" if pd.isna(x) else f"{100 * x:.1f}" for x in wide.loc[(m, s)])] for m, s in order]
    return _lines(["interval of sets", "scores", *(f"n {n}" for n in wide)], rows)


def _lines(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join([_line(head), "|" + "---|" * len(head), *map(_line, rows)])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _wide(table: pd.DataFrame, over: str, what: str, columns: list) -> pd.DataFrame:
    return table.pivot_table(index="metric", columns=over, values=what, aggfunc="min")[columns]


def _of(table: pd.DataFrame, names: list[str], most: bool) -> pd.DataFrame:
    some = table[table["what"].isin(names)]
    wide = some.pivot_table(index="what", columns="auc", values="share", aggfunc="max" if most else "min")
    wide.insert(0, "mean over all cases", some.groupby("what")["share"].mean())
    return wide.loc[names]


def _markdown(table: pd.DataFrame) -> str:
    rows = [[str(name), *("" if pd.isna(x) else f"{100 * x:.1f}" for x in row)] for name, row in table.iterrows()]
    return _lines([str(table.index.name), *map(str, table.columns)], rows)


def placed(page: str) -> str:
    """Returns the page with the tables as they are now."""
    for head, table in tables().items():
        old = re.findall(rf"^{re.escape(head)}.*\n(?:\|.*\n)+", page, flags=re.M)
        if len(old) != 1:
            raise ValueError(f"The page must have one table that begins with {head!r}. Received: {len(old)}.")
        page = page.replace(old[0], table + "\n")
    return page


if __name__ == "__main__":
    PAGE.write_text(placed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
