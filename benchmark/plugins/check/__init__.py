"""The contract of plug-ins as checks with readable ids: for `fauxbench check`, and for an author's own tests.

```python
import pytest
from benchmark.plugins.check import detector_checks

@pytest.mark.parametrize("check", detector_checks("mine.py:Mine"), ids=str)
def test_contract(check):
    check()
```
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmark.plugins.check.core import Check, Function, Subject, results
from benchmark.plugins.check.verdicts import Result
from benchmark.plugins.traits import Unusable
from benchmark.processes import shims
from data.errors import UserError

__all__ = ["Check", "Result", "checks_of", "detector_checks", "generator_checks", "results"]


def detector_checks(kind: str, **options: Any) -> list[Check]:
    """Returns the checks of a detector, to be called in this order or any other.

    Args:
        kind: A built-in name, `path/to/file.py:Name`, `installed.module:Name` or an entry point.
        **options: Options of the plug-in, as in a spec.

    Raises:
        UserError: If there is no such plug-in, it does not take these options, or says of itself what cannot be used.

    Example:
        >>> checks = detector_checks("linear-pixel")
        >>> [check.id for check in checks[:3]]
        ['fit', 'shape-and-dtype', 'finite']
        >>> next(results(checks)).verdict
        'passed'
    """
    return checks_of("detectors", kind, options)


def generator_checks(kind: str, **options: Any) -> list[Check]:
    """Returns the checks of a generator; the arguments are those of `detector_checks`.

    Example:
        >>> [result.verdict for result in results(generator_checks("gaussian")[:2])]
        ['passed', 'passed']
    """
    return checks_of("generators", kind, options)


def checks_of(group: str, kind: str, options: dict[str, Any]) -> list[Check]:
    """Returns the checks of a plug-in of a group, `"detectors"` or `"generators"`.

    Example:
        >>> str(checks_of("generators", "gaussian", {"conditional": True})[0])
        'fit'
    """
    from benchmark.machine import runtime

    with contextlib.suppress(UserError):  # a backend that runs already keeps its threads
        runtime.configure()
    _let_processes_find_files()
    try:
        subject = _subject(group, kind, options)
    except Unusable as error:
        raise UserError(str(error)) from error
    return [Check(function, subject) for function in functions_of(group)]


def functions_of(group: str) -> tuple[Function, ...]:
    """Returns the check functions of a group, in the order in which they are shown."""
    if group == "detectors":
        from benchmark.plugins.check import detectors

        return detectors.CHECKS
    from benchmark.plugins.check import generators

    return generators.CHECKS


def _let_processes_find_files() -> None:
    """Lets processes that a plug-in starts import its file as a module, as they can in a run."""
    if shims.folders:
        return
    folder = Path(tempfile.mkdtemp(prefix="fauxbench-modules-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shims.folders.append(folder)
    sys.path.append(str(folder))


def _subject(group: str, kind: str, options: dict[str, Any]) -> Subject:
    if group == "detectors":
        from benchmark.plugins.check.detector_subject import DetectorSubject

        return DetectorSubject(group, kind, options)
    from benchmark.plugins.check.generator_subject import GeneratorSubject

    return GeneratorSubject(group, kind, options)
