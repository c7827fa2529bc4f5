"""What is done with a run whose plug-in is no file of this project: in a process of its own, where it may fail."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from benchmark.plugins import resolve as plugins
from benchmark.processes import apart
from benchmark.use.stored_run import StoredRun, open_run

Verb = TypeVar("Verb", bound=Callable[..., Any])


def if_foreign(group: str, which: Callable[[StoredRun, Mapping[str, Any]], str | list[str]]) -> Callable[[Verb], Verb]:
    """Returns a decorator for a function of a run, which is then called in a new process if a plug-in is foreign.

    Its arguments go there as they are, so they must be of kinds that can be copied, and its result comes back.

    Args:
        group: `"detectors"` or `"generators"`: what the plug-in is.
        which: Returns the plug-in's id in the run, or several, of the opened run and the arguments that were given.
    """

    def decorated(verb: Verb) -> Verb:
        signature = inspect.signature(verb)

        @functools.wraps(verb)
        def called(*arguments: Any, **keywords: Any) -> Any:
            given = signature.bind(*arguments, **keywords).arguments
            opened = open_run(given["run"], given.get("store"))
            answer = which(opened, given)
            names = [answer] if isinstance(answer, str) else answer
            rows = [opened.detector_row(one) if group == "detectors" else opened.generator_row(one) for one in names]
            foreign = [one for one, row in zip(names, rows, strict=True) if opened.is_foreign(group, row)]
            if apart.inside or not foreign:
                return verb(**(given | {"run": opened}))  # which need not be opened, that is checked, again
            place, owner = f"{verb.__module__}:{verb.__name__}", f"{plugins.NOUNS[group].capitalize()} '{foreign[0]}'"
            return apart.verb(place, owner, **(given | {"run": opened.folder, "store": opened.store.root}))

        return called  # type: ignore[return-value]

    return decorated
