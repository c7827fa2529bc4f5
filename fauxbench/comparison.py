"""What `fauxbench.compare` returns: finished runs side by side, with their words, their tables and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.use.compare import comparison

if TYPE_CHECKING:
    from fauxbench.displays.forest import ForestDisplay


class Comparison(comparison.Comparison):
    """What two or more runs differ in, and by; the first is the reference. A notebook shows it as tables.

    It has all that `benchmark.use.compare.comparison.Comparison` has: `runs`, the frames `specs` and `cells`, `frame()`
    and `sentences()`.

    Example:
        >>> import fauxbench
        >>> found = fauxbench.compare("runs/images", "runs/images")
        >>> found.frame(metric="auc")["status"].unique().tolist()
        ['equal scores']
    """

    def forest(self, *, differing: bool = False, metric: str | None = None) -> ForestDisplay:
        """Returns the differences with their intervals as a forest plot, see `fauxbench.displays.forest`.

        Args:
            differing: Whether to show only what differs by more than its interval. Defaults to `False`.
            metric: Of which metric. Defaults to `None`, the first: the AUC, unless others were asked for.

        Raises:
            UserError: If nothing was compared, or not by this metric.
        """
        from fauxbench.displays.forest import ForestDisplay

        return ForestDisplay(self, differing=differing, metric=metric)

    def _repr_html_(self) -> str:
        from fauxbench import written

        return written.compared(self)


def index(folder: str | Path) -> Path:
    """Writes `index.html` into a folder of runs: all of them, and a leaderboard of their generators.

    Args:
        folder: The folder of runs, such as `"runs"`.

    Returns:
        The page.

    Raises:
        UserError: If it is no folder of runs, or has an `index.html` that fauxbench has not written.

    Example:
        >>> import fauxbench
        >>> fauxbench.index("runs").as_posix()
        'runs/index.html'
    """
    from benchmark.use.compare import board
    from data.reading import paths
    from reports import index as page

    return page.make(paths.place(folder, "folder of runs"), board.of_whole).page


def compare(*runs: str | Path | Any, metric: str | Sequence[str] | None = None) -> Comparison:
    """Compares finished runs: what their specs differ in, and what their shared cells differ by.

    Args:
        *runs: Two or more run folders, or runs as `fauxbench.load` returns them; the first is the reference.
        metric: What to compare them by, such as `"auc"` or `["tpr", "fpr"]`. Defaults to `None`: the AUC, the balanced
            accuracy, TPR and FPR at the validation threshold, and FD and FID where a run has measured them.

    Raises:
        UserError: If fewer than two are given, one is no run folder, or damaged, or a metric does not exist.

    Example:
        >>> import fauxbench
        >>> run = fauxbench.load("runs/images")
        >>> fauxbench.compare(run, run).counts
        {'compared': 0, 'equal scores': 12, 'not comparable': 0}
    """
    return Comparison(**vars(comparison.compare(*runs, metric=metric)))
