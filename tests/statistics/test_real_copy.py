"""The control that nothing may tell apart raises few false alarms; the full count is `real_copy.py`."""

from __future__ import annotations

import pytest
import real_copy


@pytest.mark.slow
def test_alarms_are_rare_over_ledger_seeds():
    kinds = real_copy.detectors(cnn=False)
    alarms = sum(real_copy.verdict(seed, kinds)["verdict"] == "alarm" for seed in range(30))
    assert alarms <= 2  # at a true rate of 1 %, three or more have a probability of 0.003
