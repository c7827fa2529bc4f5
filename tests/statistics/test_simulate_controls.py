"""A part of `simulate_controls.py`: clean draws raise few alarms, and what is planted is found."""

from __future__ import annotations

import pytest
import simulate_controls as simulation

CASES = {f"{case.number} {case.planted}": case for case in simulation.cases(real=False)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "FB012 digits: nothing", "FB012 digits in units of 2 and 60: nothing", "FB015 digits: nothing, gaussian",
        "FB013 20 units: nothing", "FB014 20 units",
    ],
)  # fmt: skip
def test_clean_draws_raise_few_alarms(name):
    row = simulation.simulate(CASES[name], 16)
    assert row["share"] <= 0.1, row  # at a true rate of 1 %, two or more of 16 have a probability of 0.01


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "FB012 digits: 5% of test", "FB012 digits: 100% of test", "FB015 digits: 10% copied, gaussian",
        "FB013 400 units: half a deviation", "FB014 20 units that the ledger does not know",
    ],
)  # fmt: skip
def test_what_is_planted_is_found(name):
    row = simulation.simulate(CASES[name], 8)
    assert row["share"] >= 0.9, row


@pytest.mark.slow
def test_the_interval_of_the_share_holds_what_was_planted():
    for name in ("FB012 digits: 5% of test", "FB015 digits: 5% copied, gaussian"):
        assert simulation.simulate(CASES[name], 10)["held"] >= 0.8
