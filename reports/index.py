"""`index.html` over a folder of runs: which there are, in which state, and a leaderboard of their generators.

One file, like a run's own page: it asks the network for nothing, and needs no script. Leaderboards are measured by
`benchmark.use.compare.board` and given here; all else is read from the manifests. A folder that was a run's and is
damaged stands there as damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import quote

import pandas as pd

from data.errors import UserError, printable
from data.run_folder import MANIFEST, PAGE, TABLES, checked, halves
from reports import numbers
from reports.embed import whole
from reports.embed.templates import environment
from reports.words.doubts import named

INDEX = "index.html"
TEMPLATE = Path(__file__).parent / "template"
OURS = b'<meta name="generator" content="fauxbench index">'
FIRST = 4096  # bytes in which a page of ours says so


class Board(Protocol):
    """What is shown of a leaderboard, see `benchmark.use.compare.board.Board`."""

    @property
    def dataset(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def ledger_seed(self) -> int: ...

    @property
    def n_real(self) -> int: ...

    @property
    def detectors(self) -> list[str]: ...

    @property
    def note(self) -> str: ...

    @property
    def rows(self) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Listed:
    """A folder inside the folder of runs that is a run's, or was.

    Attributes:
        name: The folder's name.
        folder: Its path.
        manifest: What its manifest says; nothing if it is damaged.
        problem: Why it cannot be read, in a sentence; else nothing.
    """

    name: str
    folder: Path
    manifest: dict[str, Any]
    problem: str


B = TypeVar("B", bound=Board)


class Made(NamedTuple, Generic[B]):
    """An index that was written, and what it is of: its `page`, `runs`, `others` and `boards` as `write` takes them."""

    page: Path
    runs: list[Listed]
    others: list[str]
    boards: list[B]


def make(folder: Path, rank: Callable[[list[Listed]], list[B]]) -> Made[B]:
    """Lists the runs of a folder, has their generators ranked, and writes its index.

    Args:
        folder: The folder of runs, such as `runs`.
        rank: From the runs that are whole to their leaderboards, such as `benchmark.use.compare.board.of_whole`.

    Raises:
        UserError: If it is no folder of runs, or has an `index.html` that fauxbench has not written.
    """
    check_place(folder / INDEX)
    runs, others = listed(folder)
    boards = rank([run for run in runs if not run.problem])
    return Made(write(folder, runs, others, boards), runs, others, boards)


def listed(folder: Path) -> tuple[list[Listed], list[str]]:
    """Returns the runs right inside a folder, damaged ones too, by their names, and the folders that are none.

    Args:
        folder: The folder of runs, such as `runs`.

    Raises:
        UserError: If it is no folder, is itself a run's, or holds none.
    """
    if not folder.is_dir():
        raise UserError(f"An index is of a folder of runs, such as runs. Received: {folder}, which is no folder.")
    if (folder / MANIFEST).exists():
        raise UserError(f"{folder} is a run folder. Expected the folder that holds run folders: {folder.parent}.")
    found, others = [], []
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        name = printable(place.name)
        try:
            found.append(Listed(name, place, checked(place), ""))
        except UserError as error:
            if _was_a_run(place):
                found.append(Listed(name, place, {}, str(error).replace(f"{place} ", "", 1)))
            else:
                others.append(name)
    if not found:
        raise UserError(f"{folder} holds no run folder. Expected one that `fauxbench run` has written into.")
    return found, others


def write(folder: Path, runs: Sequence[Listed], others: Sequence[str], boards: Sequence[Board]) -> Path:
    """Writes `index.html`; a kill leaves the old one or the new one.

    Args:
        folder: The folder of runs.
        runs: As `listed` returns them.
        others: The names of folders that are no runs.
        boards: Their leaderboards.

    Raises:
        UserError: If an `index.html` is there that fauxbench has not written.
    """
    path = folder / INDEX
    check_place(path)
    return whole.write(path, render(folder, runs, others, boards))


def check_place(path: Path) -> None:
    """Checks that an index may be written.

    Raises:
        UserError: If something else is in its place.
    """
    if not path.exists() and not path.is_symlink():
        return
    ours = False
    if path.is_file() and not path.is_symlink():
        with open(path, "rb") as file:
            ours = OURS in file.read(FIRST)
    if not ours:
        raise UserError(f"{path} is not an index that fauxbench has written, and is left as it is. Move it away.")


def render(folder: Path, runs: Sequence[Listed], others: Sequence[str], boards: Sequence[Board]) -> str:
    """Returns the page as text."""
    style = "\n".join(
        (TEMPLATE / name).read_text(encoding="utf-8") for name in ("report.css", "shell.css", "index/index.css")
    )
    doubtful = {run.name: _doubts(run) for run in runs if not run.problem}
    made = environment(TEMPLATE / "index").get_template("index.html.j2")
    return made.render(
        style=style,
        title=printable(folder.resolve().name),
        runs=[_run(run) for run in runs],
        places={run.name: at for at, run in enumerate(runs)},
        damaged=sum(bool(run.problem) for run in runs),
        others=list(others),
        boards=[_board(board, doubtful) for board in boards],
    )


def _was_a_run(place: Path) -> bool:
    return any((place / name).exists() for name in (MANIFEST, *TABLES)) or any(halves(place))


def _run(run: Listed) -> dict[str, Any]:
    link = f"{quote(run.folder.name)}/{PAGE}" if (run.folder / PAGE).is_file() else ""
    if run.problem:
        return {"name": run.name, "problem": run.problem, "link": ""}
    manifest = run.manifest
    audit = _audit(run)
    dataset = manifest["dataset"]
    size = f"{dataset['width']} x {dataset['height']}" if {"width", "height"} <= dataset.keys() else ""
    mains = [row["id"] for row in manifest["generators"] if not row.get("control")]
    judges = [row["id"] for row in manifest["detectors"] if not row.get("sentinel")]
    return {
        "name": run.name, "problem": "", "link": link, "spec": str(manifest["name"]), "smoke": manifest["smoke"],
        "dataset": str(dataset.get("name", "")), "digest": str(dataset.get("digest", ""))[:8], "size": size,
        "n": numbers.count(dataset.get("n", "")), "when": numbers.moment(str(manifest.get("finished", ""))),
        "generators": mains, "detectors": len(judges), "alarms": _called(audit), "failures": len(manifest["failures"]),
        "trainings": len(manifest["seeds"].get("generator", [])),
    }  # fmt: skip


def _audit(run: Listed) -> pd.DataFrame:
    """Returns the alarms of a run, but for those that it was told to ignore."""
    audit = pd.read_csv(run.folder / "audit.csv", dtype=str, keep_default_na=False)
    return audit[(audit["verdict"] == "alarm") & ~audit["finding"].isin(run.manifest["ignored"])]


def _called(alarms: pd.DataFrame) -> list[str]:
    return [f"{name} ({finding})" for name, finding in zip(alarms["name"], alarms["finding"], strict=True)]


def _doubts(run: Listed) -> dict[str, list[str]]:
    """Returns the alarms that each generator stands under, as on the run's own page."""
    ids = [str(row["id"]) for row in run.manifest["generators"] if not row.get("control")]
    found: dict[str, list[str]] = {name: [] for name in ids}
    for finding, name, about in _audit(run)[["finding", "name", "about"]].itertuples(index=False):
        for generator in named(about, ids) or ids:
            found[generator].append(f"{name} ({finding})")
    return found


def _board(board: Board, doubtful: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    rows = board.rows.to_dict("records")
    least = min([0.5, *(row["low"] for row in rows if row["low"] == row["low"])])

    def at(value: float) -> float:
        return round(100 * (value - least) / (1 - least), 2)

    shown = []
    for row in rows:
        names = row["runs"]
        alarms = [one for name in names for one in doubtful.get(name, {}).get(row["generator"], [])]
        known = row["auc"] == row["auc"]
        bar = {"at": at(row["auc"]), "from": at(row["low"]), "width": at(row["high"]) - at(row["low"])} if known else {}
        shown.append(row | {
            "rank": _rank(row), "text": numbers.number(row["auc"]) if known else "no result",
            "interval": numbers.interval(row["low"], row["high"]), "bar": bar, "alarms": list(dict.fromkeys(alarms)),
            "group": row["group"] if row["group"] == row["group"] else "",
            "options": "" if row["options"] == "{}" else str(row["options"]),
            "validation": numbers.number(row["validation_auc"]) if known else "",
            "trainings": f"{row['trainings']:.0f}" if known else "",
        })  # fmt: skip
    return {
        "dataset": board.dataset, "digest": board.digest[:8], "ledger_seed": board.ledger_seed,
        "n_real": numbers.count(board.n_real), "detectors": board.detectors, "note": board.note, "rows": shown,
        "least": f"{least:.2f}",
        "common_note": rows[0]["note"] if len({row["note"] for row in rows}) == 1 else "",
    }  # fmt: skip


def _rank(row: dict[Any, Any]) -> str:
    low, high = row["rank_low"], row["rank_high"]
    if low != low:
        return "not ranked"
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
