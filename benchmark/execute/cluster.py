"""Work on an external Dask cluster over a shared store; this machine's own processes need none
(`benchmark.execute.crew`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from benchmark.execute.connection import LOOK, WAIT_FOR_SCHEDULER, Watch
from benchmark.execute.crew import DIED, Crew
from benchmark.execute.state import State
from benchmark.machine import runtime
from benchmark.machine.blame import message_of
from benchmark.plan.stage import Stage, Work
from benchmark.store.store import Store

TOPIC = "fauxbench-progress"
_own = threading.local()  # a crew of one for each thread that a worker does tasks in


def _remote(stage: dict[str, Any], store_root: str, threads: int, jobs: int, limit: int) -> dict[str, Any]:
    """What a Dask worker runs: the stage in a process of its own, as on the machine of the run."""
    from distributed import get_worker

    runtime.configure(threads, jobs)
    worker, last = get_worker(), 0.0
    task = worker.get_current_task()
    if getattr(_own, "settings", None) != (store_root, limit):
        if hasattr(_own, "crew"):
            _own.crew.stop()
        _own.crew, _own.settings = Crew(1, store_root, limit), (store_root, limit)
    _own.crew.start(Work(stage))
    while _is_wanted(worker, task):
        for kind, _, content in _own.crew.events(LOOK):
            if kind == "ended":
                return dict(content)
            if time.monotonic() - last > 0.5:
                last = time.monotonic()
                done, total, text = content
                worker.log_event(TOPIC, {"name": stage["name"], "done": done, "total": total, "text": text})
    _own.crew.stop()
    return {"status": "failed", "error": "The run that asked for it has ended."}


def _is_wanted(worker: Any, task: Any) -> bool:
    """Says whether the scheduler still waits for a task: not if the run was ended, nor if the scheduler was."""
    known = worker.state.tasks.get(task)
    return known is not None and known.state != "cancelled" and worker.status.name in ("running", "paused")


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
    watch = Watch(client)
    while True:
        for stage in state.ready():
            state.listener.started(stage)
            first = stage.function == "train_generator"  # the longest first, so that no core waits for one at the end
            work = (stage.as_json(), str(store.root), protocol.threads, watch.workers, protocol.limit)
            running[client.submit(_remote, *work, pure=False, retries=0, priority=int(first))] = stage
        if not running:
            return
        with contextlib.suppress(distributed.TimeoutError, TimeoutError, distributed.CancelledError):
            distributed.wait(list(running), timeout=LOOK, return_when="FIRST_COMPLETED")
        watch.look()
        for future in [future for future in running if future.done()]:
            with watch.asking():
                result = _result(future)
            state.end(result, running.pop(future))


def _result(future: Any) -> dict[str, Any]:
    """Returns how a stage ended; raises whatever it is that keeps the answer of a scheduler that has gone."""
    if future.status != "error":  # or cancelled, which nobody does but a client that has lost its scheduler
        return dict(future.result(timeout=WAIT_FOR_SCHEDULER))
    error = future.exception(timeout=WAIT_FOR_SCHEDULER)
    words = f"{type(error).__name__}: {message_of(error)}"
    if type(error).__name__ == "KilledWorker":
        words = DIED
    return {"status": "failed", "error": words, "traceback": words}
