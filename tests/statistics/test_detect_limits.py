"""A part of `detect_limits.py`, run again: what `detect` promises of its limits holds."""

from __future__ import annotations

import numpy as np
import pytest
from detect_limits import KINDS, markdown, own_reals, verdicts, warnings

DRAWS = 150
ERROR = 4 / np.sqrt(DRAWS)  # four standard errors of a share, to be multiplied by its deviation


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("several", [1, 3])
def test_own_reals_call_no_more_than_asked_and_the_interval_holds(kind, several):
    row = own_reals(kind, 60, 0.05, several, DRAWS, seed=1)
    assert row["of units"] <= 0.05 + ERROR * 0.03
    assert row["of images"] <= row["of units"] + 0.01
    assert row["interval holds"] >= 0.95 - ERROR * np.sqrt(0.05 * 0.95)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("auc", [0.6, 0.999])
def test_either_mistake_is_made_at_most_in_five_of_a_hundred(kind, auc):
    row = verdicts(kind, 60, auc, DRAWS, seed=2)
    assert row["reals called like"] <= 0.05 + ERROR * 0.03
    assert row["fakes called not like"] <= 0.05 + ERROR * 0.03


@pytest.mark.parametrize("n", [20, 299, 600])
def test_a_promise_of_warnings_is_kept_in_95_of_100_draws(n):
    row = warnings(n, 400, seed=3)
    assert row["promise holds"] >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / 400)


def test_tables_name_their_columns():
    import pandas as pd

    text = markdown(pd.DataFrame([warnings(299, 5, 0), verdicts("ties", 20, 0.9, 5, 0)]))
    assert text.count("| --- |") >= 2
    assert "promise holds" in text
