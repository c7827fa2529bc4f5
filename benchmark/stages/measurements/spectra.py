"""The mean spectra of real and fake test images, of each bank that cells are tested on."""

from __future__ import annotations

from collections.abc import Hashable

from benchmark.plan.measurement import Draft, Measurement
from benchmark.plan.stage import Stage


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage for every last checkpoint's bank, but for those of controls."""
    rows = draft.rows
    asked = {cell.bank.key for cell in draft.cells}
    found: dict[Hashable, Stage] = {}
    for run in rows.runs:
        bank = rows.bank(run)
        if run.is_main and bank.key in asked:
            title = f"spectra {run.generator.id} seed {run.seed}"
            inputs = {"prepared": rows.prepared, "bank": bank}
            found[run.generator.id, run.seed] = Stage(title, "spectra", {"environment": rows.environment}, inputs)
    return found


MEASUREMENT = Measurement(
    "spectra", stages, {"spectra": "benchmark.stages.explain:spectra"}, ("stages/bank.py", "stages/spectra.py")
)
