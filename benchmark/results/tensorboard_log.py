"""Which trainings of a plan TensorBoard will show: they are told where to write, see `benchmark.stages.event_log`."""

from __future__ import annotations

from pathlib import Path

from benchmark.plan.planner import Plan
from benchmark.stages.event_log import WHERE
from benchmark.store.store import Store
from data.names import safe


def attach(plan: Plan, store: Store, folder: Path) -> list[str]:
    """Tells the trainings of a plan to write `folder/RUN/GENERATOR-seedN/`.

    Returns:
        A sentence for each training that will not be seen there.
    """
    sentences, writers = [], dict[str, str]()  # of each key the row whose folder the training writes
    for row in plan.generators:
        if not row.about.logs:
            if row.trains:
                sentences.append(f"'{row.id}' does not tell its steps: TensorBoard will not show it.")
            continue
        every = [(split, *one) for split in plan.splits for one in split.trainings.items() if one[0][0] == row.id]
        for split, (_, seed), stage in every:
            if (writer := writers.setdefault(stage.key, row.id)) != row.id:
                sentences.append(f"'{row.id}' seed {seed} is the training of '{writer}': TensorBoard shows it there.")
                continue
            if store.has(stage.function, stage.key):
                sentences.append(f"'{row.id}' seed {seed} was trained before: nothing new for TensorBoard.")
            name = f"{safe(row.id)}-seed{seed}{split.name.replace(' ', '-')}"
            stage.where[WHERE] = str(folder.resolve() / safe(plan.spec.name) / name)
    return sentences
