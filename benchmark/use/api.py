"""The Python interface: `benchmark.run("digits")` and `benchmark.load("runs/digits")`."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.execute.executor import execute
from benchmark.execute.state import Listener, Outcome
from benchmark.findings import registry
from benchmark.machine import runtime
from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.plan.ladder import climbed
from benchmark.plugins import describe, networks
from benchmark.processes import jobs as processes
from benchmark.processes import nursery
from benchmark.quality.inception import weights as inception_weights
from benchmark.results import tensorboard_log
from benchmark.stages import event_log, measurements
from benchmark.store import digest, earlier_result
from benchmark.store.folder_lock import only_writer
from benchmark.store.run_register import is_registered, registered
from benchmark.store.store import Store, writable, written
from data.errors import UserError
from data.reading import paths
from data.run_folder import MANIFEST, Damaged, check_folder, checked, halves, sweep

if TYPE_CHECKING:
    import pandas as pd

RUNS = Path("runs")
SMOKE = "-smoke"


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder.

    Args:
        folder: The run folder.

    Example:
        >>> import benchmark
        >>> run = benchmark.load("runs/digits")
        >>> sorted(run.cells["generator"].unique())
        ['nearest', 'noise', 'real-copy', 'transposed']
        >>> run.metrics.query("metric == 'auc'")["value"].between(0, 1).all().item()
        True
    """

    folder: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The resolved spec, stages and keys, versions, seeds, times and failures."""
        return dict(json.loads((self.folder / MANIFEST).read_text(encoding="utf-8")))

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row per cell: a detector's training and one set of test images."""
        return self._table("cells.csv")

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per cell and image: what the detector ranks by, and the calibrated probability of being fake."""
        import pandas as pd

        return pd.read_parquet(self.folder / "scores.parquet")

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row per cell (or configuration) and metric: value and interval."""
        return self._table("metrics.csv")

    @cached_property
    def audit(self) -> pd.DataFrame:
        """One row per leak and shortcut check, with its verdict."""
        return self._table("audit.csv")

    @property
    def alarms(self) -> pd.DataFrame:
        """The alarms of the audit, but for those that the run was told to ignore."""
        audit = self.audit
        return audit[(audit["verdict"] == "alarm") & ~audit["finding"].isin(self.manifest.get("ignored", []))]

    def with_grid(self, table: pd.DataFrame) -> pd.DataFrame:
        """Returns a table of this run with a column for each option that a grid of the spec varied.

        `run.with_grid(run.metrics)` has columns such as `generator.depth`, see `benchmark.use.grid_columns.with_grid`.
        """
        from benchmark.use import grid_columns

        return grid_columns.with_grid(table, self.manifest)

    @property
    def failures(self) -> list[dict[str, Any]]:
        """What failed, with its error."""
        return list(self.manifest["failures"])

    @property
    def report(self) -> Path:
        """The HTML page."""
        return self.folder / "report.html"

    def generate(self, out: str | Path, **wanted: Any) -> dict[str, Any]:
        """Writes new images of a generator as PNG files; the keywords are those of `use.generate.generate`.

        Example:
            >>> import benchmark
            >>> made = benchmark.load("runs/digits").generate("new", generator="nearest", n=4)
            >>> [image["file"] for image in made["files"]]
            ['000000.png', '000001.png', '000002.png', '000003.png']
        """
        from benchmark.use import generate

        return generate.generate(self.folder, out=out, **wanted)

    def export(self, out: str | Path, **wanted: Any) -> dict[str, dict[str, int]]:
        """Writes the real and fake images as folders; the keywords are those of `benchmark.use.export.export`.

        Example:
            >>> import benchmark
            >>> counts = benchmark.load("runs/digits").export("set", generators=["nearest"], force=True)
            >>> {part: sorted(sides) for part, sides in counts.items()}
            {'train': ['nearest', 'real'], 'validation': ['nearest', 'real'], 'test': ['nearest', 'real']}
        """
        from benchmark.use import export

        return export.export(self.folder, out=out, **wanted)

    def detect(self, paths: Sequence[str | Path], **wanted: Any) -> pd.DataFrame:
        """Scores pictures with trained detectors; the keywords are those of `benchmark.use.detect.detect`.

        Returns:
            A row per picture, or per source with `pool=True`: its verdict is `"like the fakes of NAME"`, `"not like
            them"` or `"undecided"`. `attrs["about"]` says what was tested, and what is to be known of the detectors.

        Example:
            >>> import benchmark
            >>> run = benchmark.load("runs/digits")
            >>> _ = run.generate("pictures", generator="nearest", n=4)
            >>> table = run.detect(["pictures"], detector="linear-pixel", generator="nearest")
            >>> set(table["verdict"]) <= {"like the fakes of nearest", "not like them", "undecided"}
            True
            >>> table["marks"].str.startswith("marked as made by AI").tolist()
            [True, True, True, True]
        """
        from benchmark.use import detect

        found = detect.detect(self.folder, paths, **wanted)
        table = found.table
        table.attrs["about"] = found.about
        return table

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        return pd.read_csv(self.folder / name)


def load(folder: str | Path) -> Run:
    """Opens a run folder, once all its files have been compared with what its manifest says.

    Raises:
        UserError: If it is none, or of another version, or damaged, see `data.run_folder`.

    Example:
        >>> import benchmark
        >>> benchmark.load("runs/digits").manifest["name"]
        'digits'
    """
    folder = paths.place(folder, "run folder")
    checked(folder)
    return Run(folder)


def run(
    source: str | Path | specs.Spec = "digits",
    *,
    out: str | Path | None = None,
    store: str | Path | None = None,
    data: str | Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    changes: Sequence[str] = (),
    smoke: bool = False,
    tensorboard: str | Path | None = None,
    inception_weights: str | Path | None = None,
    ladder: bool = False,
    ignore: Sequence[str] = (),
    listener: Listener | None = None,
    command: str = "benchmark.run",
) -> Run:
    """Runs a benchmark and returns it; what its store already holds is not computed again.

    Args:
        source: A preset's name, a TOML file, or a checked spec. Defaults to `"digits"`.
        out: The run folder. Defaults to `runs/<spec name>`, of a smoke run `runs/<spec name>-smoke`. A result of
            another spec that it holds is kept beside it, with its date in its name.
        store: The folder of finished stages. Defaults to `.store` beside the run folder.
        data: Where data files are looked for first. Defaults to `$FAUXBENCH_DATA` and the user's cache.
        jobs: Processes that work side by side. Defaults to `1`.
        scheduler: A Dask scheduler's address, whose workers share the store. Defaults to none.
        changes: `key=value` changes to the spec.
        smoke: Whether everything is shrunk to seconds; the result is stamped as none. Defaults to `False`.
        tensorboard: A folder for TensorBoard: each generator training writes its losses and samples, while it trains,
            to `<spec name>/<generator>-seed<n>/` in there. It changes no result. Needs `fauxbench[tensorboard]`.
            Defaults to `None`, nowhere.
        inception_weights: A file of FID's Inception network, see `benchmark.quality.inception.weights`; the last
            checkpoints then get an FID and a KID. Defaults to what the spec says.
        ladder: Whether every built-in rung is tried beside the spec's detectors, see `benchmark.plan.ladder`. Defaults
            to `False`.
        ignore: Numbers of findings, such as `"FB012"`, that the page marks as ignored. Defaults to none.
        listener: What is told of the progress.
        command: What the manifest names as the way that the run was started.

    Raises:
        UserError: If something given cannot be used; nothing is then left half-written.

    Example:
        >>> import benchmark
        >>> finished = benchmark.run("digits", smoke=True)
        >>> finished.folder.as_posix(), finished.failures
        ('runs/digits-smoke', [])
        >>> len(finished.metrics.query("metric == 'auc' and scope == 'cell'")) == len(finished.cells)
        True
    """
    started, clock = datetime.now(UTC), time.perf_counter()  # the latter is what no set clock changes
    chosen = source if isinstance(source, specs.Spec) else specs.load(source, changes)
    if inception_weights is not None:
        chosen = chosen.with_inception(inception_weights)
    base = Path(source).parent if isinstance(source, str | Path) and Path(source).is_file() else None
    if ladder:
        chosen, left_out = climbed(chosen, base)
        for sentence in left_out:
            (listener or Listener()).note(sentence)
    processes.check(jobs)
    ignored = registry.numbers(ignore)
    folder = paths.new_place(out, "output folder") if out is not None else default_folder(chosen, smoke=smoke)
    kept = Store(paths.new_place(store, "store") if store is not None else folder.resolve().parent / ".store")
    if not (folder / MANIFEST).is_file():  # else the folder may hold this result, and nothing be written
        _check_places(folder, kept)
    if tensorboard is not None:
        event_log.check_installed()
        writable(paths.new_place(tensorboard, "TensorBoard folder"), "TensorBoard folder")
    runtime.configure(chosen.protocol.threads, jobs, here=False)
    listener = listener or Listener()
    with contextlib.ExitStack() as stack:
        if scheduler is None and not (folder / MANIFEST).is_file():  # else there may be nothing to do
            stack.enter_context(_ready(chosen))
        listener.doing("Planning: looking at the data files and plug-ins")
        planned = make_plan(chosen, data=data, base=base, smoke=smoke)
        stages = [(stage.function, stage.key) for stage in planned.stages]

        def result(keys: Iterable[str]) -> str:
            return digest.of_value(
                [chosen.resolved(), smoke, ignored, _code(), sorted(keys)]
            )  # a failure has no key of its own

        everything = result({key for _, key in stages})
        if all(kept.has(*stage) for stage in stages) and _is_current(folder, everything, listener):
            _register_again(kept, folder, stages)
            _sweep(folder)
            return Run(folder)
        _check_places(folder, kept)
        with written(folder):
            stack.enter_context(only_writer(folder, f"run folder {folder}"))
        with written(kept.root):
            stack.enter_context(kept.tidied())
            stack.enter_context(registered(kept, folder, stages))
        listener.doing("Reading what the store has")
        _distrust(planned, kept, listener)
        for sentence in tensorboard_log.attach(planned, kept, Path(tensorboard)) if tensorboard is not None else ():
            listener.note(sentence)
        listener.doing("Starting the processes")
        outcomes = execute(planned, kept, jobs=jobs, scheduler=scheduler, listener=listener)
        good = {key for key, outcome in outcomes.items() if outcome.status in ("done", "cached")}
        if len(good) == len(outcomes) and _is_current(folder, everything):
            return Run(folder)
        facts = {
            "name": chosen.name, "command": command, "smoke": smoke, "ignored": ignored, "result": result(good),
            "spec": chosen.resolved(), "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 1),
            "jobs": jobs, "scheduler": scheduler, "threads": chosen.protocol.threads,
            "devices": _devices(kept, outcomes),
            "seeds": {
                "ledger": chosen.protocol.ledgers[0], "ledgers": chosen.protocol.ledgers,
                "generator": chosen.protocol.generator_seeds, "detector": chosen.protocol.detector_seeds,
            },
        }  # fmt: skip
        from benchmark.results import collect

        listener.ended()
        listener.doing("Writing the tables")
        with earlier_result.kept(folder, kept, chosen.resolved(), smoke=smoke) as before:
            collect.write(folder, planned, kept, outcomes, facts | runtime.describe(), listener)
        if before is not None:
            listener.note(f"{folder} held the result of another spec, which is kept as {before}.")
    return Run(folder)


def default_folder(spec: specs.Spec, *, smoke: bool = False) -> Path:
    """Returns the run folder of a spec where none is given; that of a smoke run is no result's.

    Example:
        >>> from benchmark.plan import specs
        >>> default_folder(specs.load("digits"), smoke=True).as_posix()
        'runs/digits-smoke'
    """
    return RUNS / (f"{spec.name}{SMOKE}" if smoke else spec.name)


def make_plan(
    spec: specs.Spec, *, data: str | Path | None = None, base: Path | None = None, smoke: bool = False
) -> planning.Plan:
    """Plans a checked spec; reads the data files' fingerprints and runs nothing."""
    from data.reading.fetch import data_folders

    weights = inception_weights.named(spec, base)
    return planning.plan(
        spec, folders=data_folders(data), base=base, smoke=smoke, weights=weights, measurements=measurements.known()
    )


@contextlib.contextmanager
def _ready(spec: specs.Spec) -> Iterator[None]:
    """Starts the nursery, which imports what stages need while the plan is made and the images are read.

    Keras too, where the plan is not to wait for it: it asks plug-ins of others what they are in copies of the nursery.
    """
    rows = [("datasets", spec.dataset.name, spec.dataset.model_extra or {})]
    rows += [("generators", row.kind, row.options) for row in spec.generator]
    rows += [("detectors", row.kind, row.options) for row in spec.detector]
    needed, foreign = (any(asked(*row) for row in rows) for asked in (networks.needs_keras, describe.is_foreign))
    first = nursery.OF_OTHERS[:1] if foreign else ()
    nursery.get_ready(learn=(needed or spec.quality.enabled) and not foreign, spare=True, first=first)
    try:
        yield
    finally:
        nursery.unspared()


def _devices(store: Store, outcomes: dict[str, Outcome]) -> list[str]:
    """Returns the kinds of device that the stages were done on, in this run or an earlier one."""
    records = [store.record(outcome.stage.function, outcome.stage.key) or {} for outcome in outcomes.values()]
    return sorted({device for record in records for device in record.get("devices", [])})


def _check_places(folder: Path, store: Store) -> None:
    writable(folder, "output folder")
    writable(store.root, "store")
    check_folder(folder, store.root)


def _is_current(folder: Path, result: str, listener: Listener | None = None) -> bool:
    """Says whether a run folder already holds this result, so that it need not be written again."""
    try:
        return bool(checked(folder)["result"] == result)
    except Damaged as error:
        if listener is not None:
            listener.note(f"{str(error).removesuffix(' Run it again.')} It is written again.")
    except UserError:  # none yet, or of another version
        pass
    return False


def _distrust(plan: planning.Plan, store: Store, listener: Listener) -> None:
    """Reads the files of the stages that the store has, and says which are damaged: those are done again."""
    for stage in plan.stages:
        if why := store.damage(stage.function, stage.key):
            listener.note(f"The store's '{stage.name}' is damaged ({why}): it is done again.")


def _register_again(store: Store, folder: Path, stages: list[tuple[str, str]]) -> None:
    """Registers a finished run in a store that does not know of it, if the store can be written."""
    if not is_registered(store, folder):
        with contextlib.suppress(OSError), registered(store, folder, stages):
            pass


def _sweep(folder: Path) -> None:
    """Removes what a run has left that was killed when its result was whole and its own folder was not yet away."""
    if any(halves(folder)):
        # one that cannot be written, or that another run writes into, is read all the same
        with contextlib.suppress(OSError, UserError), only_writer(folder, f"run folder {folder}"):
            sweep(folder)


def _code() -> str:
    return digest.of_code(digest.HOUSE / "benchmark" / "results" / "collect.py")
