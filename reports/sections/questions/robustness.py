"""What processing hides from detectors, and whether training with it gives the AUC back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from reports import numbers
from reports.embed.data import packed
from reports.figures.charts import stem
from reports.figures.look import paper
from reports.figures.robustness import CLEAN, NUMBERS, TEXT, RobustnessFigure
from reports.figures.sheet import PAGE, Chart
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from reports.figures.curves import Style

TITLE = "What survives processing"
SAME = "same"
TRAINED = {CLEAN: "Trained on clean images", SAME: "Trained on images with the same processing"}


def section(run: Run) -> dict[str, Any] | None:
    """Returns sentences, drawings and a table for each configuration, or `None` where the run did not ask."""
    rows = run.answer("robustness", text=TEXT, numbers=NUMBERS)
    if rows.empty:
        return None
    figure, shown = RobustnessFigure(run), []
    judged = [detector.id for detector in run.detectors if not detector.role]
    for generator in [one.id for one in run.generators if (rows["generator"] == one.id).any()]:
        mine = rows[rows["generator"] == generator]
        for number, preprocess in enumerate(dict.fromkeys(mine["preprocess"])):
            here = mine[mine["preprocess"] == preprocess]
            drawn = generator in figure.generators and preprocess in figure.preprocesses
            shown.append(
                {
                    "generator": generator,
                    "preprocess": "" if preprocess == CLEAN else preprocess,
                    "sentences": sentences(here, judged),
                    "figures": list(_drawings(figure, generator, preprocess, number)) if drawn else [],
                    "detectors": figure.detectors(generator, preprocess) if drawn else [],
                    "notes": _notes(here),
                }
                | _table(here, [detector.id for detector in run.detectors])
            )
    first = rows[rows["preprocess"] == rows["preprocess"].iloc[0]]
    return {"answer": answer(first, judged), "parts": shown}


def _drawings(
    figure: RobustnessFigure, generator: str, preprocess: str, number: int
) -> Iterator[tuple[str, list[tuple[str, Any, str]]]]:
    """Yields a row of panels for each way to train: the kind, its drawing, and its numbers."""
    for train in figure.trains(generator, preprocess):
        panels = []
        for at, kind in enumerate(figure.kinds(generator, preprocess)):
            name = f"rob{figure.generators.index(generator)}x{number}{train}{at}"
            drawing = Markup(figure.svg(generator, preprocess, train, kind, name=name))  # noqa: S704 - escaped there
            panels.append((kind, drawing, packed(figure.frame(generator, preprocess, train, kind))))
        yield TRAINED[train], panels


def answer(rows: pd.DataFrame, judged: list[str]) -> list[str]:
    """Answers the question for all configurations, in a sentence for each way to train.

    Args:
        rows: Of the answer, of one preprocessing.
        judged: The detectors that are no sentinels; those are counted nowhere.
    """
    aucs = rows[rows["detector"].isin(judged) & (rows["perturbation"] != CLEAN) & (rows["metric"] == "auc")]
    return [_hidden(of_train, TRAINED[str(train)]) for train, of_train in aucs.groupby("train", sort=False)]


def _hidden(aucs: pd.DataFrame, trained: str) -> str:
    best = aucs.groupby(["generator", "perturbation"], sort=False)["low"].max()  # NaN where no interval is known
    hidden, unknown = best[best <= 0.5].reset_index(), best[best.isna()].reset_index()
    pairs = [
        f"{numbers.listed(list(mine['perturbation']), most=6)} {'hides' if len(mine) == 1 else 'hide'} {generator}"
        for generator, mine in hidden.groupby("generator", sort=False)
    ]
    n, detectors = aucs["perturbation"].nunique(), numbers.plural(aucs["detector"].nunique(), "detector")
    which = detectors if aucs["detector"].nunique() == 1 else f"all {detectors}"
    some = "some AUC is above 0.5 with its 95 % interval"
    found = f": {'; '.join(pairs)}" if pairs else f", since {'on each' if n == 1 else 'after each'} {some}"
    many = hidden["perturbation"].nunique()
    who = f"of {n} processings, {many or 'none'} {'hides' if many < 2 else 'hide'} a"
    if n == 1:
        who = f"{aucs['perturbation'].iloc[0]} hides {'a' if many else 'no'}"
    said = f"{trained}: {who} configuration from {which}{found}"
    said += " (no AUC is above 0.5 with its 95 % interval)" if pairs else ""
    if len(unknown):
        places = [f"{row.perturbation} on {row.generator}" for row in unknown.itertuples()]
        said += f"; without an interval nothing is told of {numbers.listed(places)}"
    return f"{said}."


def sentences(rows: pd.DataFrame, judged: list[str]) -> list[str]:
    """Says of one configuration and one preprocessing what is lost most, and whether training gives it back.

    Args:
        rows: Of the answer.
        judged: As `answer`.
    """
    rows = rows[rows["detector"].isin(judged)]
    processed = rows[rows["perturbation"] != CLEAN]
    return [*_largest(processed), *_back(processed), *_carried(rows)]


def _largest(rows: pd.DataFrame) -> Iterator[str]:
    drops = rows[(rows["metric"] == "drop") & (rows["train"] == CLEAN) & rows["low"].notna()]
    if drops.empty:
        return
    test = "paired on the same images, 95 %"
    if not (drops["low"] > 0).any():
        yield f"No AUC is lower after processing than on clean images ({test} each)."
        return
    most = drops[drops["low"] > 0].sort_values("value", ascending=False, kind="stable").iloc[0]
    auc = _one(rows, most, "auc", CLEAN)
    said = (
        f"Most is lost by {most['detector']} after {most['perturbation']}: {_with(most)} of its AUC ({test}), which is "
        f"{_with(auc)} then"
    )
    with_it, back = (_one(rows, most, metric, SAME) for metric in ("auc", "regained"))
    if with_it is not None and back is not None and with_it["value"] == with_it["value"]:
        said += f"; trained with it {_with(with_it)}, {_with(back)} more"
    yield f"{said}."


def _back(rows: pd.DataFrame) -> Iterator[str]:
    keys = ["detector", "perturbation"]
    lost = rows[(rows["metric"] == "drop") & (rows["train"] == CLEAN) & (rows["told"] == "above 0")][keys]
    gains = rows[rows["metric"] == "regained"]
    if lost.empty or gains.empty:
        return
    both = lost.merge(gains, on=keys)
    counts = (both["told"] == "above 0").sum(), (both["told"] == "below 0").sum()
    if len(both) == 1:
        does = "gives some of it back" if counts[0] else "takes more" if counts[1] else "is not shown to give any back"
        does += f": to {both['detector'].iloc[0]} after {both['perturbation'].iloc[0]}, the only one whose AUC falls"
    else:
        less = f", and takes more in {counts[1]}" if counts[1] else ""
        does = f"gives some of it back in {counts[0]} of the {len(both)} pairs of detector and processing whose AUC "
        does += f"falls{less}"
    yield f"Training with the same processing {does} (paired, at 95 % for all of one detector together)."


def _carried(rows: pd.DataFrame) -> Iterator[str]:
    """Says where fewest fakes are found at a threshold that clean images gave: an AUC does not show that it moved."""
    rates = rows[(rows["metric"] == "tpr") & (rows["train"] == CLEAN) & rows["low"].notna()]
    clean = rates[rates["perturbation"] == CLEAN].set_index("detector")
    after = rates[(rates["perturbation"] != CLEAN) & rates["detector"].isin(clean.index)]
    lost = clean.loc[after["detector"], "low"].to_numpy() - after["high"].to_numpy()
    if not (lost > 0).any():
        return
    most = after.iloc[int(lost.argmax())]
    yield (
        f"At the threshold that clean images gave it, {most['detector']} finds {_with(most)} of the fakes after "
        f"{most['perturbation']}, and {_with(clean.loc[most['detector']])} of clean ones (95 % each)."
    )


def _one(rows: pd.DataFrame, like: pd.Series, metric: str, train: str) -> pd.Series | None:
    same = (rows["detector"] == like["detector"]) & (rows["perturbation"] == like["perturbation"])
    found = rows[same & (rows["metric"] == metric) & (rows["train"] == train)]
    return None if found.empty else found.iloc[0]


def _with(row: pd.Series | None) -> str:
    if row is None:
        return "not known"
    return numbers.with_interval(row["value"], row["low"], row["high"], bounded=row["metric"] in ("auc", "tpr"))


def _table(rows: pd.DataFrame, order: list[str]) -> dict[str, Any]:
    """Returns heads and rows: a row for each processing and training, in it the AUC and the drop of each detector."""
    detectors = [name for name in order if (rows["detector"] == name).any()]
    known = {
        (row["perturbation"], row["train"], row["detector"], row["metric"]): row for row in rows.to_dict("records")
    }
    some = rows if rows.loc[rows["metric"] == "auc", "value"].notna().any() else rows[:0]  # what failed is said above
    places = dict.fromkeys(zip(some["perturbation"], some["train"], strict=True))
    body = []
    for name, train in places:
        cells = [(known.get((name, train, one, "auc")), known.get((name, train, one, "drop"))) for one in detectors]
        label = "clean" if name == CLEAN else name
        body.append((label, "with it" if train == SAME else "", [_cell(*pair) for pair in cells]))
    return {"heads": detectors, "rows": body}


def _cell(auc: dict[str, Any] | None, drop: dict[str, Any] | None) -> tuple[str, str, str]:
    """Returns an AUC, its interval, and what it lost."""
    if auc is None:
        return "", "", ""
    if auc["value"] != auc["value"]:
        return "failed" if "failed" in auc["note"] else "not asked", "", ""
    lost = ""
    if drop is not None and drop["value"] == drop["value"]:
        lost = f"{0 - drop['value']:+.3f}{'*' if drop['told'] in ('above 0', 'below 0') else ''}"
    return numbers.number(auc["value"]), numbers.interval(auc["low"], auc["high"]), lost


def _notes(rows: pd.DataFrame) -> list[str]:
    """What failed or was not asked, detector by detector."""
    lacking = rows[(rows["metric"] == "auc") & (rows["value"].isna() | rows["note"].str.contains("failed"))]
    return list(dict.fromkeys(f"{row['detector']}: {row['note']}" for row in lacking.to_dict("records")))


def charts(run: Run) -> Iterator[Chart]:
    """Yields a figure for each configuration, preprocessing and way to train."""
    figure = RobustnessFigure(run)
    for generator in figure.generators:
        for preprocess in figure.preprocesses:
            for train in figure.trains(generator, preprocess):
                kinds = figure.kinds(generator, preprocess)
                after = "" if preprocess == CLEAN else f"-{preprocess}"
                yield Chart(
                    stem(f"robustness{after}-{'with' if train == SAME else 'clean'}", generator),
                    f"AUC on {generator} after processing. {TRAINED[train]}, 95 % intervals",
                    generator, partial(_draw, figure, generator, preprocess, train),
                    partial(figure.frame, generator, preprocess, train), "strength, from weak to strong", "AUC",
                    (PAGE, 1.1), panels=kinds,
                )  # fmt: skip


def _draw(
    figure: RobustnessFigure, generator: str, preprocess: str, train: str, panels: list[Axes]
) -> dict[str, Style]:
    return figure.draw(panels, generator, preprocess, train, paper())
