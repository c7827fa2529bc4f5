"""TensorBoard event files of a generator's training, written while it trains.

They watch and change nothing: where the files go is in no stage's key. It needs nothing but the package `tensorboard`,
and no TensorFlow. A session that goes on from a resumable state writes a file of its own, which begins by saying from
which step on earlier files no longer count.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.store.store import written
from data.errors import UserError

if TYPE_CHECKING:
    import numpy as np

WHERE = "tensorboard"  # in a stage's `where`: the folder of its event files


def check_installed() -> None:
    """Checks that event files can be written.

    Raises:
        UserError: If not, with what to install.
    """
    if find_spec("tensorboard") is None:
        raise UserError(
            "--tensorboard needs the package tensorboard: pip install 'fauxbench[tensorboard]'. "
            "Received: it is not installed."
        )


class EventLog:
    """Writes one session of a training as an event file, which is made with the first step.

    Each call is flushed, so that a killed process leaves every step behind that its resumable state knows of.

    Args:
        folder: Of the event files of this training.

    Raises:
        UserError: If the package is not installed, or, from any method, if the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        check_installed()
        self.folder, self.step = folder, 0
        self._file: Any = None

    def scalars(self, first: int, columns: Mapping[str, np.ndarray]) -> None:
        """Writes steps, numbered from `first`: a value of each column, `(steps,)`, for each."""
        from tensorboard.compat.proto.event_pb2 import Event

        events, now = [], time.time()
        for at, values in enumerate(zip(*columns.values(), strict=True)):
            event = Event(step=first + at, wall_time=now)
            for name, value in zip(columns, values, strict=True):
                event.summary.value.add(tag=name, simple_value=float(value))
            events.append(event)
        self.step = first + len(events) - 1
        self._write(first, events)

    def pictures(self, images: Mapping[str, np.ndarray]) -> None:
        """Writes pictures, uint8 `(height, width, 1 or 3)`, of the state after the last step that was written."""
        from tensorboard.compat.proto.event_pb2 import Event

        from benchmark.store.png import plain

        event = Event(step=self.step, wall_time=time.time())
        for name, image in images.items():
            shown = event.summary.value.add(tag=name).image
            shown.height, shown.width, shown.colorspace = image.shape
            shown.encoded_image_string = plain(image)
        self._write(self.step + 1, [event])

    def close(self) -> None:
        """Ends the session."""
        if self._file is not None:
            self._file.close()

    def _write(self, first: int, events: list[Any]) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        with written(self.folder):
            if self._file is None:
                self.folder.mkdir(parents=True, exist_ok=True)
                # Files are read in the order of their names: the seconds have a fixed width.
                name = f"events.out.tfevents.{time.time():020.9f}.{socket.gethostname()}.{os.getpid()}"
                self._file = open(self.folder / name, "xb")  # noqa: SIM115  closed by close()
                events = [*_start(first), *events]
            writer = RecordWriter(self._file)
            for event in events:
                writer.write(event.SerializeToString())
            writer.flush()


def _start(first: int) -> list[Any]:
    """Returns the events that begin a file: its version, and that what was written of steps from `first` on is void."""
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog

    now = time.time()
    session = SessionLog(status=SessionLog.START)
    return [Event(wall_time=now, file_version="brain.Event:2"), Event(wall_time=now, step=first, session_log=session)]
