"""What checks are made of: one check, its result, the plug-in that is checked, and how it may go wrong."""

from __future__ import annotations

import contextlib
import inspect
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.plugins import resolve as plugins
from benchmark.plugins.check.verdicts import Broken, Hint, Result, Skip, said
from benchmark.plugins.traits import traits
from benchmark.processes import apart, settings
from data.errors import UserError
from data.options import options_of

SMALL = {"epochs": 1, "batch_size": 16}  # options that a check sets, if the plug-in has them
UNUSUAL = 7919  # no seed that a plug-in would choose itself: its own draws must not repeat by chance
LIMIT = 60.0  # seconds that one check may take
Shape = tuple[int, int, int]


class Subject:
    """The plug-in that is checked, with small options. What costs time, such as a training, is kept for all checks.

    Args:
        group: `"detectors"` or `"generators"`.
        kind: The plug-in's name, as in a spec.
        options: Its options. `epochs` and `batch_size` are small where they are not given.

    Raises:
        UserError: If there is no such plug-in, or it does not take these options.
        Unusable: If it says something of itself that cannot be used.
    """

    def __init__(self, group: str, kind: str, options: dict[str, Any]) -> None:
        before = settings.differing()
        self.plugin = plugins.resolve(group, kind)
        own = options_of(self.plugin.factory)
        self.given = options
        self.options = {name: value for name, value in SMALL.items() if name in own} | options
        try:
            self.instance = self.make()  # one that is never fitted
        except UserError:
            self.options = options  # the small ones may be out of its range; if it was not they, it is told now
            self.instance = self.make()
        self.traits = traits(self.instance, f"{plugins.NOUNS[group]} '{self.plugin.name}'")
        self.own_settings = settings.differing() != before  # set when it is imported, so in each of its stages
        self.limit = LIMIT
        self.unsure: Callable[[str], None] = _ignore  # is told what a check knows before it tries for more
        self.fit_failed = False
        self._folders = Path(tempfile.mkdtemp(prefix="fauxbench-check-"))
        weakref.finalize(self, shutil.rmtree, self._folders, ignore_errors=True)
        self._n_folders = 0

    def make(self, **more: Any) -> Any:
        """Returns a new instance, `random_state` 0."""
        return plugins.make(self.plugin, self.options | more, 0)

    def folder(self) -> Path:
        """Returns a new empty folder, which goes with the subject."""
        self._n_folders += 1
        folder = self._folders / f"{self._n_folders:03d}"
        folder.mkdir()
        return folder

    def with_options(self, train: Callable[[], Any]) -> Any:
        """Trains; where that fails, again without the options that checks set, which may be what does not go."""
        try:
            return train()
        except Broken as error:
            if not isinstance(error.__cause__, Exception) or self.options == self.given:
                raise
            small, self.options = self.options, self.given
            try:
                return train()
            except Broken:
                self.options = small
                raise error from error.__cause__

    @contextlib.contextmanager
    def calling(self, what: str, on: str = "") -> Iterator[None]:
        """Turns whatever the plug-in raises, `sys.exit` too, into `Broken`, with the line of its file."""
        try:
            yield
        except (Broken, Skip):
            raise
        except BaseException as error:
            if interrupts(error):
                raise
            raise Broken(f"{what} raised {said(error)}{self.place(error)}{f', given {on}' if on else ''}.") from error

    def place(self, error: BaseException) -> str:
        """Returns the line of the plug-in's file that raised an exception, in brackets, or nothing."""
        try:
            file = inspect.getsourcefile(inspect.unwrap(self.plugin.factory)) or ""
        except TypeError:  # a factory that is no class or function
            return ""
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        return f" ({Path(file).name}, line {lines[-1]})" if lines else ""


Function = Callable[[Any], None]


@dataclass(frozen=True, eq=False)
class Check:
    """One check of one plug-in. Calling it raises `AssertionError` with what is wrong, or `unittest.SkipTest`."""

    function: Function
    subject: Subject

    @property
    def id(self) -> str:
        """Its name, such as `"save-load"`."""
        return id_of(self.function)

    def __str__(self) -> str:
        return self.id

    def __call__(self) -> None:
        from threadpoolctl import threadpool_limits

        if not self.subject.own_settings:
            settings.apply()
        with warnings.catch_warnings(), threadpool_limits(1):  # as in a run; a warning breaks no contract
            warnings.simplefilter("ignore")
            try:
                self.function(self.subject)
            except (Broken, Skip):
                raise
            except BaseException as error:
                if interrupts(error):
                    raise
                raise Broken(f"It raised {said(error)}{self.subject.place(error)}.") from error


def id_of(function: Function) -> str:
    """Returns the id of a check function: its name, with dashes."""
    return function.__name__.replace("_", "-")


def results(checks: Iterable[Check]) -> Iterator[Result]:
    """Calls checks one after another, in this process, and yields what came of each."""
    for check in checks:
        started = time.perf_counter()
        verdict, message = "passed", ""
        try:
            check()
        except Hint as reason:
            verdict, message = "hint", str(reason)
        except Skip as reason:
            verdict, message = "skipped", str(reason)
        except AssertionError as error:
            verdict, message = "failed", str(error)
        yield Result(check.id, verdict, message, round(time.perf_counter() - started, 2))


def interrupts(error: BaseException) -> bool:
    """Says whether an exception may be the user's interrupt, rather than a plug-in's: not in a process of its own."""
    return isinstance(error, KeyboardInterrupt) and not apart.inside


@contextlib.contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Seeds the generators that all of a process share, so that what draws from them is seen.

    Those of Python and NumPy are put back.
    """
    ours, numpys = random.getstate(), np.random.get_state()
    random.seed(UNUSUAL + seed)
    np.random.seed(UNUSUAL + seed)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(UNUSUAL + seed)
    try:
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(numpys)


def _ignore(text: str) -> None:
    del text
