"""A small part of `simulate_intervals.py`: every interval of a cell, counted. It runs whole for `docs/protocol.md`."""

import numpy as np
import pytest
from simulate_intervals import COLUMNS, Case, draw, table, truth
from sklearn import metrics as sk

from benchmark.statistics.cells.smallest import SMALLEST

DRAWS = 60
# as few of 60 as an interval that holds 95 % of the time shows once in 10,000
LEAST = 0.85


def test_the_truth_is_what_many_images_show():
    for case in (Case(0.9, 100_000), Case(0.9, 100_000, ties=True)):
        score, is_fake, _ = draw(case, np.random.default_rng(0))
        true = truth(case)
        assert true["auc"] == pytest.approx(sk.roc_auc_score(is_fake, score), abs=0.005)
        assert true["average_precision"] == pytest.approx(sk.average_precision_score(is_fake, score), abs=0.006)
        fpr, tpr, _ = sk.roc_curve(is_fake, score)
        assert true["eer"] == pytest.approx(fpr[np.argmin(np.abs(fpr - 1 + tpr))], abs=0.06 if case.ties else 0.005)
        assert true["tpr_at_fpr_05"] == pytest.approx(tpr[fpr <= 0.05].max(), abs=0.01)


@pytest.mark.parametrize(
    "case",
    [Case(0.9, 4), Case(0.99, 30), Case(0.6, 30, ties=True), Case(0.9, 40, 5), Case(0.9, 162, 20, shared=True)],
    ids=str,
)
def test_intervals_hold_the_truth(case):
    found = table([(case, DRAWS, 5)], 1)
    assert list(found.columns) == COLUMNS
    told = found[found["cannot_tell"] < 1]
    assert len(told) >= len(SMALLEST) - 4
    assert (told["coverage"] >= LEAST).all(), told[["metric", "coverage"]]


def test_what_is_too_few_is_said_every_time():
    found = table([(Case(0.9, 4), 5, 0)], 1).set_index("metric")
    assert found.loc["average_precision", "cannot_tell"] == 1
    assert np.isnan(found.loc["average_precision", "coverage"])
    assert found.loc["auc", "cannot_tell"] == 0
