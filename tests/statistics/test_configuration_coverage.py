"""A configuration's mean has an interval that holds where images come in units; see `configuration_coverage.py`."""

from __future__ import annotations

import configuration_coverage
import pytest


@pytest.mark.parametrize("case", ["10 scenes, equal runs", "swaps, equal runs"])
def test_units_are_in_the_interval(case: str):
    """Without them these hold the truth in 64 % and 54 % of draws."""
    assert configuration_coverage.coverage(case, draws=80).held >= 0.93
    assert configuration_coverage.coverage(case, draws=80, units=False).held < 0.8


@pytest.mark.slow
@pytest.mark.parametrize("case", list(configuration_coverage.CASES))
def test_covers_and_tells_no_equal_configurations_apart(case: str):
    assert configuration_coverage.coverage(case, draws=300).held >= 0.93
    assert configuration_coverage.alarms(case, draws=300) <= 0.08
