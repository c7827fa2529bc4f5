"""Executors: the same plan, the same keys and the same bytes, on this machine's processes or on a Dask cluster.

Stages pass keys, never arrays: a worker finds its inputs in the store, which all of them share.
"""

from __future__ import annotations

import math

from benchmark.execute.crew import Crew
from benchmark.execute.state import Listener, Outcome, State
from benchmark.plan.planner import Plan
from benchmark.plan.stage import Stage
from benchmark.plugins import networks
from benchmark.processes import nursery
from benchmark.store.store import Store

KERAS = {"train_extractor"}  # stages that need it, whatever plug-ins there are
FIRST = {"prepare"}  # what all others wait for: Keras is imported meanwhile
PLAIN = FIRST | {"audit", "measure"}  # stages that need no Keras, whatever plug-ins there are
OWN = {  # those that need what their plug-in does, and no more, with the group that it is of
    "train_generator": "generators", "sample": "generators", "train_detector": "detectors", "score": "detectors",
}  # fmt: skip


def execute(
    plan: Plan, store: Store, *, jobs: int = 1, scheduler: str | None = None, listener: Listener | None = None
) -> dict[str, Outcome]:
    """Does what a plan asks and the store does not have.

    A stage that fails does not stop the others; what depends on it is skipped, with the reason.

    Args:
        plan: The plan.
        store: Where finished stages are and go.
        jobs: How many stages are done side by side, each in a process of this machine. Defaults to `1`.
        scheduler: The address of a Dask scheduler whose workers share the store. Defaults to none.
        listener: What is told of the progress. Defaults to nobody.

    Returns:
        The outcome of every stage, by key.

    Raises:
        UserError: If the data cannot be used, no generator can be trained as the spec says, the disk is full, or the
            cluster cannot do the work.
    """
    listener = listener or Listener()
    state = State(plan, store, listener)
    if not state.open:
        return state.outcomes
    if scheduler is not None:
        from benchmark.execute import cluster, connection

        with connection.connected(scheduler, store, listener, plan.spec.protocol.threads) as client:
            cluster.distribute(client, state, store)
        return state.outcomes
    stages = list(state.open.values())
    needed, waits = any(map(_needs_keras, stages)), any(stage.function in FIRST for stage in stages)
    first = nursery.OF_OTHERS if any(stage.foreign for stage in stages) else ()
    with Crew(jobs, str(store.root), plan.spec.protocol.limit) as crew:
        if not waits:
            nursery.get_ready(learn=needed, first=first)
        while True:
            learning = nursery.learning()  # a new process is waited for, and one from before does what needs no Keras
            fits = None if learning is None else lambda stage: crew.has_process_for(stage, plain=_is_plain(stage))
            while not crew.full and (stage := state.take(crew.read, fits)) is not None:
                listener.started(stage)
                crew.start(stage, plain=_is_plain(stage))
            if needed or first:  # while the images are read, for which everything else waits
                nursery.get_ready(learn=needed, first=first)
            if not crew.busy and not (learning and state.open):
                return state.outcomes
            at_once = learning is not None and listener.idle()
            for kind, stage, content in crew.events(0 if at_once else math.inf, learning):
                if kind == "progress":
                    listener.progress(stage.name, *content)
                else:
                    state.end(content, stage)
                    if stage.foreign and content.get("heavy") and any(one.foreign for one in state.open.values()):
                        needed = True  # else each process of a stranger's code would import it
                        nursery.get_ready(learn=needed, first=first)


def _needs_keras(stage: Stage) -> bool:
    """Says whether a stage of built-in code computes with Keras."""
    if stage.function not in OWN:
        return stage.function in KERAS
    return not stage.foreign and networks.needs_keras(OWN[stage.function], stage.where["kind"], stage.where["options"])


def _is_plain(stage: Stage) -> bool:
    """Says whether a stage needs no Keras for sure."""
    return not stage.foreign and (stage.function in PLAIN or (stage.function in OWN and not _needs_keras(stage)))
