"""Format bias: how much each detector's answers move when the test images of one class alone are compressed as JPEG."""

from __future__ import annotations

from collections.abc import Hashable

from benchmark.plan.measurement import Draft, Measurement, Section, Table
from benchmark.plan.stage import Stage

COLUMNS = (
    "side", "quality", "n", "accuracy", "accuracy_after", "change", "change_low", "change_high", "change_p",
    "auc", "auc_after", "auc_change", "auc_change_low", "auc_change_high", "auc_change_p",
)  # fmt: skip


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage for every cell of the main table by its name; of controls the answers are known.

    A smoke run does the first generator's only.
    """
    mains = {run.generator.id for run in draft.rows.runs if run.is_main}
    found: dict[Hashable, Stage] = {}
    for cell in draft.rescored(mains):
        scored = cell.scored
        name = scored.name.replace("score ", "format_bias ", 1)
        found[cell.name] = Stage(name, "format_bias", scored.params, {**scored.inputs, "scored": scored}, scored.where)
    return found


MEASUREMENT = Measurement(
    "format_bias",
    stages,
    {"format_bias": "benchmark.stages.shortcuts.format_bias:format_bias"},
    ("plugins/adapt.py", "stages/bank.py", "stages/mixed.py", "stages/shortcuts/format_bias.py"),
    Table("format_bias.csv", COLUMNS, of=("cell",)),
    Section(
        "Format bias",
        "JPEG on the test images of one class alone, at the validation threshold: a detector that reads the picture "
        "stays where it was. Accuracy is of that class; changes have intervals of paired images at 95 %.",
        {
            "side": "JPEG on", "quality": "quality", "accuracy": "accuracy before", "accuracy_after": "after",
            "change": "change", "change_low": "from", "change_high": "to", "auc": "AUC before",
            "auc_after": "AUC after",
        },
    ),
)  # fmt: skip
