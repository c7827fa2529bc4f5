"""One stage done in this process, and how it ended as plain values."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import Any

from benchmark.machine import device, runtime
from benchmark.machine.blame import message_of, place_of, traceback_of, words
from benchmark.processes import settings
from benchmark.store.store import unwritable
from data.errors import UserError

PROBE = 1 << 20  # bytes; what can be written to a disk that is not full
MUCH = 20e6  # bytes that a stage may leave behind before they are looked for
_held = [0.0]  # bytes after that was last done


def fresh(stage: dict[str, Any], store_root: str, progress: Callable[[int, int, str], None]) -> dict[str, Any]:
    """Does one stage in a process that does nothing else, from settings that are set and checked.

    Returns:
        What `attempt` does, with `memory`, the bytes that the process holds afterwards, `peak_mb`, the most megabytes
        that it held meanwhile, and whether it is `heavy`, with a backend that has started.
    """
    settings.put_back()
    _forget_peak()
    result = attempt(stage, store_root, progress)
    peak = _status("VmHWM")
    if _status("VmRSS") > _held[0] + MUCH:  # it takes a third of a second
        settings.release()
        _held[0] = _status("VmRSS")
    heavy = device.is_running(runtime.backend())
    return result | {"memory": _status("VmRSS"), "peak_mb": round(peak / 1e6), "heavy": heavy}


def attempt(stage: dict[str, Any], store_root: str, progress: Callable[[int, int, str], None]) -> dict[str, Any]:
    """Does one stage and returns how it ended as plain values; an exception is one of the ways.

    Returns:
        `status`, `"done"` or `"failed"`, and `seconds`. Of a failure also `error` on one line, `traceback`, and where
        it is no plug-in's own, `mistake`, what the user did wrong, or `fatal`, what would stop every other stage too.
    """
    started = time.perf_counter()
    try:
        if "broken" in stage["where"]:
            raise RuntimeError(stage["where"]["broken"])
        from benchmark.stages import line as stages

        def told(done: int, total: int, text: str = "") -> None:
            progress(int(done), int(total), str(text))

        seconds = stages.run(stage, store_root, told)
    except BaseException as error:  # a plug-in must not end the run
        return {
            "status": "failed",
            "seconds": time.perf_counter() - started,
            "error": stage["where"].get("broken") or words(error) + _place(error, stage["where"]),
            "traceback": traceback_of(error),
            "fatal": _fatal(error, stage, store_root),
            "mistake": isinstance(error, UserError) and not stage["where"].get("foreign"),
        }
    return {"status": "done", "seconds": seconds}


def _place(error: BaseException, where: dict[str, Any]) -> str:
    """Returns the line of the plug-in's own that raised, in brackets, if the stage runs a stranger's code."""
    place = place_of(error, str(where.get("kind", ""))) if where.get("foreign") else ""
    return f" ({place})" if place else ""


def _fatal(error: BaseException, stage: dict[str, Any], store: str) -> str | None:
    """Returns the user's line for what no other stage can do better, or `None`."""
    if isinstance(error, UserError) and stage["function"] == "prepare":
        return message_of(error)
    reason = unwritable(error)
    if isinstance(error, PermissionError) and str(error.filename).startswith(store):
        reason = error.strerror
    if reason is None:
        return None
    full = _can_write(Path(store)) and not _can_write(Path(gettempdir()))
    if stage["where"].get("foreign") and not full and _can_write(Path(store)):
        return None  # its own words, or a disk of its own
    place = f"TMPDIR, where {gettempdir()} was," if full else store
    return f"{place} cannot be written: {reason}. What has finished is kept; run the same command to go on."


def _can_write(folder: Path) -> bool:
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(b"\0" * PROBE)
            file.flush()
    except OSError:
        return False
    return True


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _status(name: str) -> float:
    """Returns what Linux says of this process's memory, in bytes; 0 elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{name}:"):
                return 1024.0 * int(line.split()[1])
    return 0.0
