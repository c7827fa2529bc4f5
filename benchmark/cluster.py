"""Work on an external Dask cluster over a shared store; this machine's own processes need none (`benchmark.crew`)."""

from __future__ import annotations

import contextlib
import ipaddress
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

from benchmark import apart, digest, runtime
from benchmark.blame import message_of
from benchmark.crew import DIED, Crew
from benchmark.execute import Listener, State
from benchmark.stage import Stage, Work
from benchmark.store import Store
from data.errors import UserError

TOPIC = "fauxbench-progress"
WAIT_FOR_SCHEDULER = 10  # seconds
WAIT_FOR_WORKERS = 30  # seconds
LOOK = 1.0  # seconds between two looks at whether the scheduler and any worker are still there
KEPT = "What has finished is kept; run the same command to go on."
_own = threading.local()  # a crew of one for each thread that a worker does tasks in


def _remote(stage: dict[str, Any], store_root: str, threads: int, jobs: int, limit: int) -> dict[str, Any]:
    """What a Dask worker runs: the stage in a process of its own, as on the machine of the run."""
    from distributed import get_worker

    runtime.configure(threads, jobs)
    worker, last = get_worker(), 0.0
    if getattr(_own, "settings", None) != (store_root, limit):
        _own.crew, _own.settings = Crew(1, store_root, limit), (store_root, limit)
    _own.crew.start(Work(stage))
    while True:
        for kind, _, content in _own.crew.events():
            if kind == "ended":
                return dict(content)
            if time.monotonic() - last > 0.5:
                last = time.monotonic()
                done, total, text = content
                worker.log_event(TOPIC, {"name": stage["name"], "done": done, "total": total, "text": text})


def distribute(client: Any, state: State, store: Store) -> None:
    """Hands open stages to the workers as soon as their inputs are there, until all have ended.

    Raises:
        UserError: If the scheduler or all workers have gone.
    """
    import distributed

    def heard(event: Any) -> None:
        message = event[1]
        state.listener.progress(message["name"], message["done"], message["total"], message["text"])

    client.subscribe_topic(TOPIC, heard)
    protocol = state.plan.spec.protocol
    running: dict[Any, Stage] = {}
    watch = _Watch(client)
    while True:
        for stage in state.ready():
            state.listener.started(stage)
            first = stage.function == "train_generator"  # the longest first, so that no core waits for one at the end
            work = (stage.as_json(), str(store.root), protocol.threads, watch.workers, protocol.limit)
            running[client.submit(_remote, *work, pure=False, retries=0, priority=int(first))] = stage
        if not running:
            return
        with contextlib.suppress(distributed.TimeoutError, TimeoutError):
            distributed.wait(list(running), timeout=LOOK, return_when="FIRST_COMPLETED")
        watch.look()
        for future in [future for future in running if future.done()]:
            state.end(_result(future), running.pop(future))


def _result(future: Any) -> dict[str, Any]:
    if future.status == "finished":
        return dict(future.result())
    error = future.exception() if future.status == "error" else None
    words = f"{type(error).__name__}: {message_of(error)}" if error is not None else f"The task was {future.status}"
    if type(error).__name__ == "KilledWorker":
        words = DIED
    return {"status": "failed", "error": words, "traceback": words}


class _Watch:
    """Sees whether a scheduler and its workers are still there."""

    def __init__(self, client: Any) -> None:
        self.client, self.address = client, client.scheduler.address
        self.workers = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
        self.alone: float | None = None

    def look(self) -> None:
        """Raises `UserError` where no work will be done any more."""
        if self.client.status != "running":
            raise UserError(f"The scheduler at {self.address} no longer answers. {KEPT}")
        try:
            there = len(self.client.scheduler_info(n_workers=-1)["workers"])
        except Exception as error:  # distributed has no one error for a scheduler that has just gone
            raise UserError(f"The scheduler at {self.address} no longer answers. {KEPT}") from error
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
        try:
            client = stack.enter_context(Client(scheduler, timeout=WAIT_FOR_SCHEDULER))
        except Exception as error:  # of the network, of an address, of certificates: distributed has many
            raise UserError(
                f"No Dask scheduler answers at {scheduler}: {message_of(error)}.{_tls(scheduler)}"
            ) from None
        _check_workers(client, scheduler, store, threads)
        if warning := _open_to_others(scheduler):
            listener.note(warning)
        yield client


def _open_to_others(scheduler: str) -> str | None:
    """Returns a warning where tasks, which are code, travel a network without authentication."""
    place = urlsplit(scheduler if "://" in scheduler else f"tcp://{scheduler}")
    if place.scheme != "tcp":
        return None
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(place.hostname or "").is_loopback:
            return None
    if place.hostname == "localhost":
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

    try:
        client.wait_for_workers(1, timeout=WAIT_FOR_WORKERS)
    except (DaskTimeoutError, TimeoutError) as error:
        raise UserError(f"The scheduler at {scheduler} has no workers. Start some: dask worker {scheduler}.") from error
    store.root.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=store.root, prefix=".seen-") as marker:
        try:
            seen = client.run(_look, marker.name, runtime.environment(threads))
        except Exception as error:
            raise UserError(
                f"The workers at {scheduler} cannot run fauxbench {runtime.version('fauxbench')}: {message_of(error)}."
            ) from error
    mine = _code()
    for address, (found, code, difference) in seen.items():
        if not found:
            raise UserError(f"Worker {address} does not see the store {store.root}. Give --store a shared folder.")
        if code != mine:
            raise UserError(f"Worker {address} runs another version of fauxbench. Install the same one there.")
        if difference is not None:
            raise UserError(f"Worker {address} would give other results. {difference}")


def _look(marker: str, planned: dict[str, str]) -> tuple[bool, str, str | None]:
    """What a worker says of itself: whether it sees the store, its code, and why its results would differ."""
    runtime.configure(int(planned["threads"]))
    difference = apart.call("benchmark.runtime:difference", planned)
    return Path(marker).exists(), _code(), difference


def _code() -> str:
    return digest.of_code(Path(__file__).with_name("stages.py"))
