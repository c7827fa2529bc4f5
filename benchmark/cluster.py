"""Work on a Dask cluster: one of this machine's processes, or an external one over a shared store."""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark import digest, runtime
from benchmark.execute import State, attempt
from benchmark.stage import Stage
from benchmark.store import Store
from data.errors import UserError

TOPIC = "fauxbench-progress"
WAIT_FOR_SCHEDULER = 10  # seconds
WAIT_FOR_WORKERS = 30  # seconds


def _remote(stage: dict[str, Any], store_root: str, threads: int, jobs: int) -> dict[str, Any]:
    """What a Dask worker runs."""
    from distributed import get_worker

    runtime.configure(threads, jobs)
    worker, last = get_worker(), [0.0]

    def progress(done: int, total: int, text: str = "") -> None:
        if time.monotonic() - last[0] > 0.5:
            last[0] = time.monotonic()
            worker.log_event(TOPIC, {"name": stage["name"], "done": done, "total": total, "text": text})

    return attempt(stage, store_root, progress)


def distribute(client: Any, state: State, store: Store) -> None:
    """Hands open stages to the workers as soon as their inputs are there, until all have ended."""
    from distributed import as_completed

    def heard(event: Any) -> None:
        message = event[1]
        state.listener.progress(message["name"], message["done"], message["total"], message["text"])

    client.subscribe_topic(TOPIC, heard)
    workers = len(client.scheduler_info(n_workers=-1)["workers"])
    threads = state.plan.spec.protocol.threads
    running: dict[Any, Stage] = {}
    queue = as_completed([])

    def submit_what_is_ready() -> None:
        for stage in state.ready():
            state.listener.started(stage)
            first = stage.function == "train_generator"  # the longest first, so that no core waits for one at the end
            work = (stage.as_json(), str(store.root), threads, workers)
            future = client.submit(_remote, *work, pure=False, retries=0, priority=int(first))
            running[future] = stage
            queue.add(future)

    submit_what_is_ready()
    while running:
        future = next(queue)
        stage = running.pop(future)
        if future.status == "finished":
            result = future.result()
        else:
            error = future.exception()
            words = f"{type(error).__name__}: {' '.join(str(error).split())}"
            if type(error).__name__ == "KilledWorker":
                words = "Every process that tried it died: the plug-in ended it, or the memory was not enough."
            result = {"status": "failed", "error": words, "traceback": f"{type(error).__name__}: {error}"}
        state.end(result, stage)
        submit_what_is_ready()


@contextlib.contextmanager
def connected(jobs: int, scheduler: str | None, store: Store, threads: int) -> Iterator[Any]:
    """Gives a client whose workers run this code and see this store.

    Raises:
        UserError: If there is no scheduler, or its workers cannot do the work.
    """
    import dask
    from distributed import Client, LocalCluster

    with contextlib.ExitStack() as stack:
        if scheduler is None:
            # One stage at a time per process: a second one would be blamed too when the process dies. One more try.
            settings = {"worker-saturation": 1.0, "allowed-failures": 1}
            stack.enter_context(dask.config.set({f"distributed.scheduler.{key}": settings[key] for key in settings}))
            local = LocalCluster(
                n_workers=jobs, threads_per_worker=1, processes=True, memory_limit=0,
                dashboard_address="127.0.0.1:0",  # any port: its default one may be taken
                env=runtime.settings(threads, jobs), silence_logs=50,
            )  # fmt: skip
            client = stack.enter_context(Client(stack.enter_context(local)))
            client.run(_ignore_interrupts)
        else:
            try:
                client = stack.enter_context(Client(scheduler, timeout=WAIT_FOR_SCHEDULER))
            except (OSError, ValueError) as error:
                raise UserError(f"No Dask scheduler answers at {scheduler}: {error}.") from error
            _check_workers(client, scheduler, store)
        yield client


def _ignore_interrupts() -> None:
    """Leaves Ctrl-C, which a terminal sends to every process, to the one that started this worker and will end it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _check_workers(client: Any, scheduler: str, store: Store) -> None:
    from distributed import TimeoutError as DaskTimeoutError

    try:
        client.wait_for_workers(1, timeout=WAIT_FOR_WORKERS)
    except (DaskTimeoutError, TimeoutError) as error:
        raise UserError(f"The scheduler at {scheduler} has no workers. Start some: dask worker {scheduler}.") from error
    store.root.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=store.root, prefix=".seen-") as marker:
        try:
            seen = client.run(_look, marker.name)
        except Exception as error:
            raise UserError(
                f"The workers at {scheduler} cannot run fauxbench {runtime.version('fauxbench')}: {error}."
            ) from error
        mine = _look(marker.name)[1]
    for address, (found, code) in seen.items():
        if not found:
            raise UserError(f"Worker {address} does not see the store {store.root}. Give --store a shared folder.")
        if code != mine:
            raise UserError(f"Worker {address} runs another version of fauxbench. Install the same one there.")


def _look(marker: str) -> tuple[bool, str]:
    return Path(marker).exists(), digest.of_code(Path(__file__).with_name("stages.py"))
