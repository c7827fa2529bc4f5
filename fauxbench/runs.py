"""What `fauxbench.run` and `fauxbench.load` return: a finished run with its words, its table and its figures."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.use import api
from data.errors import visible
from fauxbench import progress as progresses
from fauxbench import written

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.plan.specs import Spec
    from fauxbench.displays.along_training import AlongTrainingDisplay, FrontierDisplay
    from fauxbench.displays.cells import HistogramDisplay, ReliabilityDisplay
    from fauxbench.displays.courses import LossDisplay, QualityDisplay
    from fauxbench.displays.heatmap import HeatmapDisplay
    from fauxbench.displays.learning_curve import LearningCurveDisplay
    from fauxbench.displays.pictures import PictureDisplay
    from fauxbench.displays.profile import ProfileDisplay
    from fauxbench.displays.repeats import QualityRunsDisplay, SeedDisplay
    from fauxbench.displays.robustness import RobustnessDisplay
    from fauxbench.displays.roc import RocDisplay
    from fauxbench.displays.sets import SetDisplay
    from fauxbench.displays.sources import SourceDisplay
    from fauxbench.displays.spectra import SpectrumDisplay
    from fauxbench.displays.transfer import TransferDisplay
    from reports import load as reading


@dataclass(frozen=True)
class Run(api.Run):
    """A finished run. A notebook shows its verdict, its table and first images.

    It has all that `benchmark.use.api.Run` has: `manifest`, the tables `cells`, `scores`, `metrics` and `audit`,
    `alarms`, `failures`, and `generate`, `export` and `detect`. Each figure has `frame()` and `plot(ax=None)`.

    Args:
        folder: The run folder.

    Example:
        >>> import fauxbench
        >>> run = fauxbench.load("runs/images")
        >>> run.cells["detector"].unique().tolist()
        ['linear-pixel', 'sentinel-format', 'sentinel-content']
        >>> run.alarms.empty
        True
    """

    @cached_property
    def _read(self) -> reading.Run:
        from reports import load as reading

        return reading.load(self.folder)

    @property
    def rankings(self) -> pd.DataFrame:
        """The ranks of detectors and of generators, with their intervals and tied groups."""
        return self._read.rankings

    @property
    def comparisons(self) -> pd.DataFrame:
        """The paired differences between detectors on the same images."""
        return self._read.comparisons

    @property
    def training(self) -> pd.DataFrame:
        """Losses and speed of the generators' trainings, step by step."""
        return self._read.training

    @property
    def checkpoints(self) -> pd.DataFrame:
        """The quality of every checkpoint of every generator, with intervals."""
        return self._read.every_checkpoint

    def summary(self) -> str:
        """Returns what was run and what came out, in the sentences of the page and of the terminal.

        Example:
            >>> import fauxbench
            >>> summary = fauxbench.load("runs/images").summary()
            >>> summary.partition(":")[0]
            'On digits (600 grey images of 8 x 8 pixels)'
        """
        from reports.sections import summary

        return "\n".join(visible(sentence) for sentence in summary.sentences(self._read))

    def table(self, metric: str = "auc") -> pd.DataFrame:
        """Returns one metric of every detector on every generator, with intervals.

        Args:
            metric: A name out of `metrics.csv`. Defaults to `"auc"`.

        Returns:
            A row per detector; for each generator the columns `value`, `low`, `high` and `status`: what failed or was
            not run says so. Over several trainings they are the mean and its interval.

        Raises:
            UserError: If the run has no such metric.

        Example:
            >>> import fauxbench
            >>> table = fauxbench.load("runs/images").table("auc")
            >>> table["gaussian"].columns.tolist()
            ['value', 'low', 'high', 'status']
            >>> bool(table.loc["linear-pixel", ("noise", "value")] > 0.99)
            True
        """
        return written.table(self._read, metric)

    def along_training(self, generator: str | None = None) -> AlongTrainingDisplay:
        """Returns the AUC at each checkpoint of a generator, see `fauxbench.displays.along_training`.

        Example:
            >>> import fauxbench
            >>> frame = fauxbench.load("runs/digits").along_training("tuned").frame()
            >>> frame.query("detector == 'cnn' and lesson == 'own'")["epoch"].tolist()
            [5.0, 10.0, 20.0, 40.0]
        """
        from fauxbench.displays.along_training import AlongTrainingDisplay

        return AlongTrainingDisplay(self._read, generator)

    def frontier(self, detector: str | None = None) -> FrontierDisplay:
        """Returns quality against the AUC of a detector, see `fauxbench.displays.along_training`.

        Example:
            >>> import fauxbench
            >>> frame = fauxbench.load("runs/digits").frontier("cnn").frame()
            >>> frame.loc[frame["frontier"], ["generator", "checkpoint"]].to_numpy().tolist()
            [['baseline', 'epoch-0040'], ['tuned', 'epoch-0020']]
        """
        from fauxbench.displays.along_training import FrontierDisplay

        return FrontierDisplay(self._read, detector)

    def heatmap(self, metric: str = "auc") -> HeatmapDisplay:
        """Returns the table as a heat map, see `fauxbench.displays.heatmap`.

        Example:
            >>> import fauxbench
            >>> fauxbench.load("runs/images").heatmap().frame()[["detector", "generator", "value"]].shape
            (12, 3)
        """
        from fauxbench.displays.heatmap import HeatmapDisplay

        return HeatmapDisplay(self._read, metric)

    def roc(self, generator: str | None = None, *, log: bool = False) -> RocDisplay:
        """Returns the ROC curves of all detectors on one generator, see `fauxbench.displays.roc`.

        Example:
            >>> import fauxbench
            >>> roc = fauxbench.load("runs/images").roc("gaussian")
            >>> roc.frame().columns.tolist()
            ['detector', 'fpr', 'tpr', 'tpr_low', 'tpr_high', 'threshold']
            >>> roc.plot().get_xlabel()
            'reals called fake'
        """
        from fauxbench.displays.roc import RocDisplay

        return RocDisplay(self._read, generator, log=log)

    def histograms(self, detector: str | None = None, generator: str | None = None) -> HistogramDisplay:
        """Returns how the scores of real and fake test images lie, see `fauxbench.displays.cells`.

        Example:
            >>> import fauxbench
            >>> frame = fauxbench.load("runs/images").histograms("linear-pixel").frame()
            >>> frame[["real", "fake"]].sum().round(3).tolist()
            [1.0, 1.0]
        """
        from fauxbench.displays.cells import HistogramDisplay

        return HistogramDisplay(self._read, detector, generator)

    def reliability(self, detector: str | None = None, generator: str | None = None) -> ReliabilityDisplay:
        """Returns how many images of a probability are fake, see `fauxbench.displays.cells`.

        Example:
            >>> import fauxbench
            >>> reliability = fauxbench.load("runs/images").reliability("linear-pixel", "gaussian")
            >>> reliability.frame()["share"].between(0, 1).all().item()
            True
        """
        from fauxbench.displays.cells import ReliabilityDisplay

        return ReliabilityDisplay(self._read, detector, generator)

    def robustness(
        self, generator: str | None = None, *, kind: str | None = None, train: str | None = None,
        preprocess: str | None = None,
    ) -> RobustnessDisplay:  # fmt: skip
        """Returns the AUCs after a kind of processing against its strength, see `fauxbench.displays.robustness`.

        Example:
            >>> import fauxbench
            >>> robustness = fauxbench.load("runs/digits").robustness("tuned", kind="jpeg")
            >>> robustness.frame()["perturbation"].unique().tolist()
            ['none', 'jpeg-90', 'jpeg-50']
        """
        from fauxbench.displays.robustness import RobustnessDisplay

        return RobustnessDisplay(self._read, generator, kind=kind, train=train, preprocess=preprocess)

    def learning_curve(self, generator: str | None = None) -> LearningCurveDisplay:
        """Returns the AUC against the number of labelled images, see `fauxbench.displays.learning_curve`.

        Example:
            >>> import fauxbench
            >>> frame = fauxbench.load("runs/digits").learning_curve("tuned").frame()
            >>> frame.loc[frame["detector"] == "cnn", "n"].tolist()
            [8.0, 64.0, 300.0]
        """
        from fauxbench.displays.learning_curve import LearningCurveDisplay

        return LearningCurveDisplay(self._read, generator)

    def losses(self, generator: str | None = None, *, panel: str = "loss") -> LossDisplay:
        """Returns the course of a generator's training, see `fauxbench.displays.courses`.

        Example:
            >>> import fauxbench
            >>> fauxbench.load("runs/digits").losses().frame()[["step", "d_loss", "g_loss"]].columns.tolist()
            ['step', 'd_loss', 'g_loss']
        """
        from fauxbench.displays.courses import LossDisplay

        return LossDisplay(self._read, generator, panel=panel)

    def quality(self, metric: str = "fd") -> QualityDisplay:
        """Returns a measure of quality along the trainings, see `fauxbench.displays.courses`.

        Example:
            >>> import fauxbench
            >>> quality = fauxbench.load("runs/digits").quality("fd")
            >>> bool((quality.frame()["fd_low"] <= quality.frame()["fd"]).all())
            True
        """
        from fauxbench.displays.courses import QualityDisplay

        return QualityDisplay(self._read, metric)

    def quality_runs(self, metric: str = "fd") -> QualityRunsDisplay:
        """Returns a measure of quality of every training and its mean, see `fauxbench.displays.repeats`.

        Example:
            >>> import fauxbench
            >>> fauxbench.load("runs/digits").quality_runs("fd").frame().groupby("generator").size().tolist()
            [3]
        """
        from fauxbench.displays.repeats import QualityRunsDisplay

        return QualityRunsDisplay(self._read, metric)

    def seeds(self, generator: str | None = None) -> SeedDisplay:
        """Returns the AUC of every training of a generator and its mean, see `fauxbench.displays.repeats`.

        Example:
            >>> import fauxbench
            >>> sorted(set(fauxbench.load("runs/digits").seeds().frame()["scope"]))
            ['cell', 'configuration']
        """
        from fauxbench.displays.repeats import SeedDisplay

        return SeedDisplay(self._read, generator)

    def spectra(self, generator: str | None = None, *, difference: bool = False) -> SpectrumDisplay:
        """Returns the mean spectra of real and fake images, see `fauxbench.displays.spectra`.

        Example:
            >>> import fauxbench
            >>> fauxbench.load("runs/images").spectra("gaussian").frame()["frequency"].max().item() <= 0.75
            True
        """
        from fauxbench.displays.spectra import SpectrumDisplay

        return SpectrumDisplay(self._read, generator, difference=difference)

    def transfer(self, detector: str | None = None) -> TransferDisplay:
        """Returns what a detector finds of what it has not learned from, see `fauxbench.displays.transfer`.

        Example:
            >>> import fauxbench
            >>> transfer = fauxbench.load("runs/digits").transfer("linear-pixel")
            >>> transfer.frame()["part"].unique().tolist()
            ['pairs', 'leave-one-out', 'next', 'runs']
            >>> transfer.plot().get_ylabel()
            'learned from'
        """
        from fauxbench.displays.transfer import TransferDisplay

        return TransferDisplay(self._read, detector)

    def pictures(self, generator: str | None = None, *, n: int = 8) -> PictureDisplay:
        """Returns real images beside a generator's, checkpoint by checkpoint, see `fauxbench.displays.pictures`.

        Example:
            >>> import fauxbench
            >>> fauxbench.load("runs/images").pictures("gaussian").frame()["kind"].tolist()
            ['real', 'grid']
        """
        from fauxbench.displays.pictures import PictureDisplay

        return PictureDisplay(self._read, generator, n=n)

    def profile(self) -> ProfileDisplay:
        """Returns the profile of each configuration of a run that asked for it, see `fauxbench.displays.profile`.

        Example:
            >>> import fauxbench
            >>> fauxbench.load("runs/digits").profile().frame()["number"].unique().tolist()
            ['clean', 'few_shot', 'unseen', 'processed', 'pooled']
        """
        from fauxbench.displays.profile import ProfileDisplay

        return ProfileDisplay(self._read)

    def sets(self, generator: str | None = None) -> SetDisplay:
        """Returns how sets of images of a generator are told apart, see `fauxbench.displays.sets`.

        Example:
            >>> import fauxbench
            >>> fauxbench.load("runs/digits").sets("tuned").frame()["m"].unique().tolist()
            [1.0, 4.0, 16.0]
        """
        from fauxbench.displays.sets import SetDisplay

        return SetDisplay(self._read, generator)

    def sources(self) -> SourceDisplay:
        """Returns which configuration is said to have made an image, see `fauxbench.displays.sources`.

        Example:
            >>> import fauxbench
            >>> frame = fauxbench.load("runs/digits").sources().frame()
            >>> frame[frame["made_by"] == "tuned"]["said"].tolist()
            ['', 'baseline', 'tuned']
        """
        from fauxbench.displays.sources import SourceDisplay

        return SourceDisplay(self._read)

    def _repr_html_(self) -> str:
        return written.html(self._read, self.summary().splitlines())


def load(folder: str | Path) -> Run:
    """Opens a run folder, once all its files have been compared with what its manifest says.

    Raises:
        UserError: If it is none, or of another version, or damaged, see `data.run_folder`.

    Example:
        >>> import fauxbench
        >>> fauxbench.load("runs/images").manifest["name"]
        'images'
    """
    return Run(api.load(folder).folder)


def run(source: str | Path | Spec = "digits", *, progress: bool = True, **options: Any) -> Run:
    """Runs a benchmark, writes its page and returns it; what its store already holds is not computed again.

    Args:
        source: A preset's name, a TOML file, or a checked spec. Defaults to `"digits"`.
        progress: Whether it tells of its work: in a notebook in one line that changes, on a terminal in bars, else in
            lines on standard error. Defaults to `True`.
        **options: As for `benchmark.use.api.run`: `out`, `store`, `data`, `jobs`, `scheduler`, `changes`, `smoke`,
            `tensorboard`, `inception_weights`, `ladder`, `ignore`, `listener`.

    Raises:
        UserError: If something given cannot be used; nothing is then left half-written.

    Example:
        >>> import fauxbench
        >>> again = fauxbench.run("images.toml", out="runs/images", progress=False)
        >>> again.report.name, again.failures
        ('report.html', [])
    """
    options.setdefault("command", "fauxbench.run")
    if not progress or options.get("listener") is not None:
        finished = api.run(source, **options)
        written.page(finished.folder)
        return Run(finished.folder)
    with progresses.listening() as listener:
        finished = api.run(source, **options | {"listener": listener})
        if isinstance(listener, progresses.Line):
            listener.last("writing the page")
        written.page(finished.folder)
        if isinstance(listener, progresses.Line):
            listener.last("done")
    return Run(finished.folder)


def _signature() -> inspect.Signature:
    """Returns what `run` takes, word by word, so that completion and help show it."""
    mine, theirs = inspect.signature(run), inspect.signature(api.run)
    kept = [value for name, value in mine.parameters.items() if name != "options"]
    kept += [value for name, value in theirs.parameters.items() if name not in mine.parameters]
    return mine.replace(parameters=kept)


run.__signature__ = _signature()  # type: ignore[attr-defined]
