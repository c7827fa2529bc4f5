from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9974, "0.997"),
        (1.0, "1.000"),
        (0.0, "0.000"),
        (0.9997, "0.9997"),
        (0.99999, ">0.9999"),
        (0.00001, "<0.0001"),
        (0.5, "0.500"),
        (None, "not defined"),
        (math.nan, "not defined"),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert numbers.number(value) == text


@given(st.floats(0, 1))
def test_bounds_are_written_only_when_reached(value: float) -> None:
    text = numbers.number(value)
    assert (text == "1.000") == (value == 1)
    assert (text == "0.000") == (value == 0)


@given(st.floats(0, 1))
@example(0.1875)  # in the middle of two
def test_number_is_the_value_rounded(value: float) -> None:
    written = Decimal(numbers.number(value).strip("<>"))  # exact: as floats, 0.188 - 0.1875 is above 0.0005
    assert abs(written - Decimal(value)) <= Decimal("0.0005")


def test_interval_needs_both_ends() -> None:
    assert numbers.interval(0.991, 0.999) == "[0.991, 0.999]"
    assert numbers.interval(math.nan, 0.999) == ""
    assert numbers.with_interval(0.997, None, None) == "0.997"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.4 s"), (12.3, "12 s"), (80.2, "1 min 20 s"), (7500, "2 h 05 min"), (None, "")]
)
def test_duration(seconds: float | None, text: str) -> None:
    assert numbers.duration(seconds) == text


def test_moment_leaves_what_is_no_time() -> None:
    assert numbers.moment("2026-11-20T12:01:20+00:00") == "2026-11-20 12:01 UTC"
    assert numbers.moment("yesterday") == "yesterday"
    assert numbers.moment("") == ""


def test_listed() -> None:
    assert numbers.listed([]) == ""
    assert numbers.listed(["a"]) == "a"
    assert numbers.listed(["a", "b", "c"]) == "a, b and c"
    assert numbers.listed(list("abcdefg")) == "a, b, c, d and 3 more"


def test_only_rates_are_bounded() -> None:
    assert numbers.is_bounded("auc")
    assert numbers.is_bounded("tpr_at_fpr_05")
    assert not numbers.is_bounded("nll")
