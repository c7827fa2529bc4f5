"""A client of an external Dask cluster, and what can be said of a cluster that cannot do the work."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

from benchmark.execute.state import Listener
from benchmark.machine import runtime
from benchmark.machine.blame import message_of
from benchmark.processes import apart
from benchmark.store import digest
from benchmark.store.store import Store
from data.errors import UserError

WAIT_FOR_SCHEDULER = 10  # seconds
WAIT_FOR_WORKERS = 30  # seconds
LOOK = 1.0  # seconds between two looks at whether the scheduler and any worker are still there
KEPT = "What has finished is kept; run the same command to go on."


class Watch:
    """Sees whether a scheduler and its workers are still there."""

    def __init__(self, client: Any) -> None:
        self.client, self.address = client, client.scheduler.address
        with self.asking():
            self.workers = max(1, len(client.nthreads(callback_timeout=WAIT_FOR_SCHEDULER)))
        self.alone: float | None = None

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Says in one line that the scheduler has gone, whatever is raised for it.

        Raises:
            UserError: If it has.
        """
        gone = f"The scheduler at {self.address} no longer answers. {KEPT}"
        if self.client.status != "running":
            raise UserError(gone)
        try:
            yield
        except UserError:
            raise
        except BaseException as error:  # distributed has no one error for it, and one of them is no `Exception`
            if isinstance(error, Exception) or type(error).__name__.endswith("CancelledError"):
                raise UserError(gone) from error
            raise

    def look(self) -> None:
        """Raises `UserError` where no work will be done any more."""
        with self.asking():
            there = self.client.nthreads(callback_timeout=WAIT_FOR_SCHEDULER)
        if there:
            self.alone = None
            return
        self.alone = self.alone or time.monotonic()
        if time.monotonic() - self.alone > WAIT_FOR_WORKERS:
            raise UserError(f"All workers of the scheduler at {self.address} have gone. {KEPT}")


@contextlib.contextmanager
def connected(scheduler: str, store: Store, listener: Listener, threads: int) -> Iterator[Any]:
    """Gives a client of an external scheduler whose workers run this code and see this store.

    Raises:
        UserError: If there is no scheduler, or its workers cannot do the work.
    """
    import dask
    from distributed import Client

    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.comm.timeouts.connect": WAIT_FOR_SCHEDULER}))
        stack.enter_context(_quiet())
        try:
            client = Client(scheduler, timeout=WAIT_FOR_SCHEDULER)
        except Exception as error:  # of the network, of an address, of certificates: distributed has many
            raise UserError(
                f"No Dask scheduler answers at {scheduler}: {message_of(error)}.{_tls(scheduler)}"
            ) from None
        stack.callback(_leave, client)
        _check_workers(client, scheduler, store, threads)
        if warning := _open_to_others(scheduler):
            listener.note(warning)
        yield client


def _leave(client: Any) -> None:
    """Closes a client; one whose scheduler has gone has nobody to say it to."""
    with contextlib.suppress(Exception):
        client.close(timeout=WAIT_FOR_SCHEDULER if client.status == "running" else LOOK)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps distributed's own words on what it has lost off the terminal; what matters is said in one line."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in ("distributed", "tornado")]
    loggers = [logging.getLogger(name) for name in [*names, "asyncio"]]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _open_to_others(scheduler: str) -> str | None:
    """Returns a warning where tasks, which are code, travel a network without authentication."""
    place = urlsplit(scheduler if "://" in scheduler else f"tcp://{scheduler}")
    if place.scheme in ("tls", "wss") or place.hostname == "localhost":
        return None
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(place.hostname or "").is_loopback:
            return None
    return (
        f"The scheduler at {scheduler} asks nobody who they are: whoever reaches it can run code on its workers and "
        "here. Use tls://, or a network that is yours alone."
    )


def _tls(scheduler: str) -> str:
    if not scheduler.startswith("tls://"):
        return ""
    return (
        " tls:// needs the certificates of Dask's settings: DASK_DISTRIBUTED__COMM__TLS__CA_FILE, and "
        "..._TLS__CLIENT__CERT and ..._TLS__CLIENT__KEY."
    )


def _check_workers(client: Any, scheduler: str, store: Store, threads: int) -> None:
    from distributed import TimeoutError as DaskTimeoutError

    store.root.mkdir(parents=True, exist_ok=True)
    with Watch(client).asking(), NamedTemporaryFile(dir=store.root, prefix=".seen-") as marker:
        try:
            client.wait_for_workers(1, timeout=WAIT_FOR_WORKERS)
        except (DaskTimeoutError, TimeoutError) as error:
            raise UserError(
                f"The scheduler at {scheduler} has no workers. Start some: dask worker {scheduler}."
            ) from error
        seen = client.run(_look, marker.name, runtime.environment(threads), on_error="return")
    mine = _code()
    for address, answer in seen.items():
        if isinstance(answer, OSError):  # it has gone meanwhile
            continue
        if isinstance(answer, BaseException):
            raise UserError(
                f"Worker {address} cannot run fauxbench {runtime.version('fauxbench')}: {message_of(answer)}."
            )
        found, code, difference = answer
        if not found:
            raise UserError(f"Worker {address} does not see the store {store.root}. Give --store a shared folder.")
        if code != mine:
            raise UserError(f"Worker {address} runs another version of fauxbench. Install the same one there.")
        if difference is not None:
            raise UserError(f"Worker {address} would give other results. {difference}")


def _look(marker: str, planned: dict[str, str]) -> tuple[bool, str, str | None]:
    """What a worker says of itself: whether it sees the store, its code, and why its results would differ."""
    runtime.configure(int(planned["threads"]))
    difference = apart.call("benchmark.machine.runtime:difference", planned)
    return Path(marker).exists(), _code(), difference


def _code() -> str:
    return digest.of_code(digest.HOUSE / "benchmark" / "stages" / "line.py")
