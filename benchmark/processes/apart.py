"""Calls of a plug-in's code in a process of its own, where it may hang, end the process or change anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.processes import nursery
from benchmark.store import out_folder
from data.errors import UserError

inside = False  # whether this process was started for such a call
TO_ANSWER = 120.0  # seconds in which a plug-in must be imported, made and asked what it is


class Failed(Exception):
    """A call failed in its process; the message is the error in words, `traceback` what Python says of it."""

    def __init__(self, error: str, traceback: str = "") -> None:
        super().__init__(error)
        self.traceback = traceback


def call(function: str, *arguments: Any, limit: float | None = None, progress: Any = None, **keywords: Any) -> Any:
    """Calls `module:function` in a new process, which ends with it.

    Args:
        function: The function, of this project.
        *arguments: Its arguments, which are copied.
        limit: Seconds that it may take between two of its messages. Defaults to `None`, for ever.
        progress: Called with what the function tells its own argument `progress`. Defaults to `None`.
        **keywords: Its keywords, which are copied.

    Raises:
        UserError: If the function raised one.
        Failed: If it raised anything else, ended its process, or did not end.
    """
    host = nursery.host()
    try:
        host.ask(function, *arguments, **keywords)
        while True:
            kind, content = host.heard(limit)
            if kind == "result":
                return content
            if kind == "mistake":
                raise UserError(content)
            if kind == "failed":
                raise Failed(content["error"], content["traceback"])
            if progress is not None:
                progress(*content)
    except nursery.Lost as lost:
        raise Failed(f"It ended its process ({lost}). A plug-in must raise an error instead.") from None
    except TimeoutError:
        raise Failed(f"It did not answer within {limit:g} seconds.") from None
    except Exception:
        raise
    except BaseException:  # an interrupt: what the call has written goes with it
        nursery.wind_up([host])
        raise
    finally:
        host.end()


def verb(function: str, owner: str, *arguments: Any, **keywords: Any) -> Any:
    """Calls `module:function` in a new process for the user, who is told in one line why it failed.

    Args:
        function: The function, of this project.
        owner: Whose code runs there, such as `"Detector 'mine'"`.
        *arguments: Its arguments.
        **keywords: Its keywords, and those of `call`. `out` and `explain` name folders that it writes: what a lost
            process has begun there is removed.

    Raises:
        UserError: If it failed in any way.
    """
    try:
        return call(function, *arguments, **keywords)
    except Failed as failed:
        for place in (keywords.get("out"), keywords.get("explain")):
            if place is not None:
                out_folder.clear_abandoned(Path(place))
        raise UserError(f"{owner} failed: {str(failed).rstrip('.')}.") from failed
