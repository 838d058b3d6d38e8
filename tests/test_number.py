"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from obskit.number import format_number


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (7, "7"),
        (999_999, "999999"),
        (1_000_000, "1000000"),
        (3_200_000.0, "3200000"),
        (-3_200_001, "-3200001"),
        (999_999_999_999_999, "999999999999999"),
    ],
)
def test_a_count_is_written_whole(value: float, written: str) -> None:
    assert format_number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.1 + 0.2, "0.3"), (12.3456789, "12.3457"), (999_999.7, "1000000"), (1_234_567.8, "1234568")],
)
def test_a_fraction_has_six_digits_and_a_large_number_none_behind_the_point(
    value: float, written: str
) -> None:
    assert format_number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(1e15, "1e+15"), (2**60, "1.15292e+18"), (1e-9, "1e-09"), (math.inf, "inf")],
)
def test_what_has_more_digits_than_are_known_has_an_exponent(value: float, written: str) -> None:
    assert format_number(value) == written
