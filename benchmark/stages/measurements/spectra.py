"""The mean spectra of real and fake test images, of each bank that cells are tested on."""

from __future__ import annotations

from collections.abc import Hashable

from benchmark.plan.measurement import Draft, Measurement
from benchmark.plan.stage import Stage


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage for every last checkpoint's bank, but for those of controls."""
    return draft.bank_stages("spectra", draft.tested)


MEASUREMENT = Measurement(
    "spectra", stages, {"spectra": "benchmark.stages.explain:spectra"}, ("stages/bank.py", "stages/spectra.py")
)
