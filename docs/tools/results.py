"""Writes the tables of `docs/results-cifar10-dog.md` from those in `docs/tables`: `python docs/tools/results.py`.

A row of `results-cifar10-dog.csv` is a metric of one cell, as `metrics.csv` has it, or a quality of one checkpoint. A
figure of the page is the mean over three training runs with the interval of `configuration.mean_interval`, as
`over_runs.csv` has it. `study-cifar10-dog.csv` is one training run of each configuration: quality as `generators.csv`
has it, AUCs of `along_training.csv`, and losses of `training.csv`, the mean over the steps of an epoch. What begins
with `cpu` is of `answers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import answers
import pandas as pd
from answers import DETECTORS, GENERATORS
from scipy import stats

from benchmark.statistics.columns.configuration import mean_interval
from reports.numbers import number, with_interval

DOCS = Path(__file__).parents[1]
PAGE, CELLS = DOCS / "results-cifar10-dog.md", DOCS / "tables" / "results-cifar10-dog.csv"
STUDY = DOCS / "tables" / "study-cifar10-dog.csv"
JPEG = "jpeg-75"
SHARES = ["precision", "recall", "coverage"]
PAIRS = [
    ("baseline", "tuned-0.0003"), ("tuned-0.0002", "tuned-0.0003"), ("tuned-0.0003", "stable"), ("stable", "flow"),
]  # fmt: skip
EPOCHS = ["epoch-0010", "epoch-0020", "epoch-0030", "epoch-0040"]


def cells() -> pd.DataFrame:
    """Returns the rows, with lesson and exam each taken apart into a name, a training run and the rest."""
    frame = pd.read_csv(CELLS, dtype={"lesson": str})
    for side, name in (("lesson", "taught"), ("exam", "generator")):
        parts = frame[side].fillna("").str.extract(r"^(?P<name>[^/]*)/?(?P<run>\d*) ?(?:perturbation=)?(?P<rest>.*)$")
        frame[[name, f"{name}_run", f"{name}_rest"]] = parts
    return frame


def mean(rows: pd.DataFrame, *, bounded: bool = True) -> str:
    """Returns the mean over training runs and its interval in words; `-` where not all three were measured."""
    if len(rows) != 3:
        return "-"
    value, low, high = mean_interval(rows["value"], rows["low"], rows["high"], bounded=bounded, least=0.0)
    return with_interval(value, low, high) if bounded else f"{value:.1f} [{low:.1f}, {high:.1f}]"


def differs(more: pd.Series, less: pd.Series) -> tuple[str, str]:
    """Returns a difference of means over training runs with the interval of Welch's t, and its p-value, in words."""
    found = stats.ttest_ind(more, less, equal_var=False)
    ends = found.confidence_interval(0.95)
    return f"{more.mean() - less.mean():.1f} [{ends.low:.1f}, {ends.high:.1f}]", f"{found.pvalue:.2f}"


def tables(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Returns the lines of each table, by the name that its place in the page has."""
    auc = frame[frame["metric"] == "auc"]
    own = auc[auc["question"] == "own"]
    made = {"quality": _quality(frame), "better": _better(frame)}
    made["own"] = _grid(own, [*GENERATORS, "real-copy", "noise"])
    made["few"] = _grid(auc[auc["taught_rest"] == "n=64"])
    made["processed"] = _grid(auc[(auc["generator_rest"] == "social-1") & (auc["taught_rest"] == "")])
    others = auc[(auc["question"] == "transfer") & (auc["taught"] != auc["generator"])]
    for detector in DETECTORS[:5]:
        made[f"after {detector}"] = _after(others[others["detector"] == detector], own[own["detector"] == detector])
    made["unseen"] = _grid(auc[auc["taught"].str.startswith("all-but")], overall=True)
    made["carried"] = _carried(frame[frame["taught"].str.startswith("all-but")])
    made["run"] = _grid(auc[(auc["question"] == "transfer") & (auc["taught"] == auc["generator"])])
    made["jpeg"] = _jpeg(auc, own)
    made["along"] = _along(auc, own)
    study = pd.read_csv(STUDY, keep_default_na=False, na_values={"value": "", "low": "", "high": "", "epoch": ""})
    made["study fd"], made["study auc"] = _study(study, "fd"), _study(study, "auc", "features-knn", "linear-log-dct")
    made["study losses"] = _losses(study)
    return made | {name: _lines(head, rows) for name, (head, *rows) in answers.tables().items()}


def filled(page: str, made: dict[str, list[str]]) -> str:
    """Returns the page with its tables as they are now.

    Raises:
        KeyError: If the page has a place for a table that is not made.
    """
    place = r"(<!-- made by docs/tools/results.py: ([^>]*) -->\n).*?(<!-- made until here -->)"
    return re.sub(place, lambda at: "\n".join([at[1], *made[at[2]], "", at[3]]), page, flags=re.S)


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _grid(rows: pd.DataFrame, generators: Sequence[str] = GENERATORS, *, overall: bool = False) -> list[str]:
    """A row for each detector and a column for each configuration, and if asked the mean over all of them."""
    lines = []
    for detector in DETECTORS:
        mine = rows[rows["detector"] == detector]
        line = [f"`{detector}`", *(mean(mine[mine["generator"] == name]) for name in generators)]
        lines.append([*line, f"**{number(mine['value'].mean())}**"] if overall else line)
    return _lines(["AUC", *(f"`{name}`" for name in generators), *["mean of all"] * overall], lines)


def _after(others: pd.DataFrame, own: pd.DataFrame) -> list[str]:
    """A row for each lesson and a column for each exam, what has learned from the exam's own fakes in bold."""
    lines = []
    for lesson in GENERATORS:
        after = others[others["taught"] == lesson]
        found = [mean(after[after["generator"] == name]) for name in GENERATORS]
        at = GENERATORS.index(lesson)
        found[at] = f"**{mean(own[own['generator'] == lesson])}**"
        lines.append([f"`{lesson}`", *found])
    return _lines(["learned from", *(f"`{name}`" for name in GENERATORS)], lines)


def _quality(frame: pd.DataFrame) -> list[str]:
    rows = frame[(frame["question"] == "quality") & frame["generator"].isin(GENERATORS)]
    lines = []
    for name in GENERATORS:
        mine = rows[rows["generator"] == name]
        last = mine[mine["generator_rest"] == mine["generator_rest"].max()]
        fds = [mine[(mine["metric"] == "fd") & (mine["generator_rest"] == epoch)] for epoch in EPOCHS[:3]]
        fds.append(last[last["metric"] == "fd"])
        each = ", ".join(f"{value:.1f}" for value in fds[-1]["value"])
        rest = [
            number(last[last["metric"] == metric]["value"].mean()) for metric in ("precision", "recall", "coverage")
        ]
        lines.append([f"`{name}`", *(mean(one, bounded=False) for one in fds), each, *rest])
    floor = frame[frame["generator"] == "real images"].set_index("metric")["value"]
    real = [number(floor[metric]) for metric in SHARES]
    lines.append(["real dogs against real dogs", "", "", "", f"{floor['fd']:.1f}", "", *real])
    head = ["", "FD at 10 epochs", "20", "30", "last", "each run, last", *SHARES]
    return _lines(head, lines)


def _better(frame: pd.DataFrame) -> list[str]:
    fd, last = frame[(frame["metric"] == "fd") & frame["generator"].isin(GENERATORS)], {}
    for name, mine in fd.groupby("generator"):
        last[name] = mine[mine["generator_rest"] == mine["generator_rest"].max()]["value"]
    lines = [[f"`{more}` less `{less}`", *differs(last[more], last[less])] for more, less in PAIRS]
    return _lines(["FD at the end", "difference", "p"], lines)


def _carried(rows: pd.DataFrame) -> list[str]:
    lines = []
    for detector in DETECTORS:
        mine = rows[(rows["detector"] == detector) & rows["metric"].isin(["fpr", "tpr"])]
        means = mine.pivot_table(index="generator", columns="metric", values="value").reindex(GENERATORS)
        lines.append([f"`{detector}`", *(f"{tpr:.0%} / {fpr:.0%}" for fpr, tpr in means.to_numpy())])
    return _lines(["fakes / reals called fake", *(f"`{name}`" for name in GENERATORS)], lines)


def _jpeg(auc: pd.DataFrame, own: pd.DataFrame) -> list[str]:
    jpeg, lines = auc[auc["generator_rest"] == JPEG], []
    for name in GENERATORS[:3]:
        for detector in DETECTORS:
            mine = jpeg[(jpeg["detector"] == detector) & (jpeg["generator"] == name)]
            clean = own[(own["detector"] == detector) & (own["generator"] == name)]
            found = [mean(clean), *(mean(mine[mine["taught_rest"] == taught]) for taught in ("", JPEG))]
            lines.append([f"`{name}`", f"`{detector}`", *found])
    return _lines(["", "AUC", "clean", "JPEG 75", "JPEG 75, learned with it"], lines)


def _along(auc: pd.DataFrame, own: pd.DataFrame) -> list[str]:
    lines = []
    for name in GENERATORS[:3]:
        for detector in ("features-knn", "sentinel-content"):
            mine = auc[
                (auc["question"] == "along_training") & (auc["generator"] == name) & (auc["detector"] == detector)
            ]
            at = [mean(mine[mine["generator_rest"] == epoch]) for epoch in EPOCHS[:3]]
            last = mean(own[(own["generator"] == name) & (own["detector"] == detector)])
            lines.append([f"`{name}`", f"`{detector}`", *at, last])
    return _lines(["", "AUC of", "10 epochs", "20", "30", "40"], lines)


def _study(rows: pd.DataFrame, metric: str, *detectors: str) -> list[str]:
    """A row for each checkpoint of the study and a column for each configuration, and for each detector if there are
    any: one training run each, with the cell's own interval."""
    columns = [(detector, name) for detector in detectors or ("",) for name in GENERATORS[:3]]
    rows = rows[(rows["metric"] == metric) & rows["epoch"].notna()].set_index(["detector", "generator", "epoch"])
    lines = []
    for epoch in sorted({at[2] for at in rows.index}):
        found = [rows.loc[(*column, epoch), ["value", "low", "high"]].astype(float) for column in columns]
        plain = [f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]" for one in found]
        lines.append([f"{epoch:.0f}", *([with_interval(*one) for one in found] if detectors else plain)])
    return _lines(
        ["epoch", *(f"`{detector}` on `{name}`" if detector else f"`{name}`" for detector, name in columns)], lines
    )


def _losses(rows: pd.DataFrame) -> list[str]:
    """The mean losses of the two networks over every second epoch that was shown."""
    wide = rows.pivot_table(index=["generator", "metric"], columns="epoch", values="value")
    shown = [50.0, *(at for at in sorted(rows["epoch"].dropna().unique()) if at % 100 == 0)]
    pairs = {name: wide.loc[[(name, "d_loss"), (name, "g_loss")], shown].to_numpy().T for name in GENERATORS[:3]}
    lines = [[f"`{name}`", *(f"{d:.2f} / {g:.1f}" for d, g in pair)] for name, pair in pairs.items()]
    return _lines(["losses of D / G, mean over epoch", *(f"{at:.0f}" for at in shown)], lines)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), tables(cells())), encoding="utf-8")
