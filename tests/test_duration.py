"""Spans of time are read as people write them, and written so that they can be read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.duration import LONGEST, format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90.0),
        ("5m", 300.0),
        ("24h", 86_400.0),
        ("7d", 604_800.0),
        ("2w", 1_209_600.0),
        ("250ms", 0.25),
        ("1h30m", 5_400.0),
        ("1w2d3h4m5s6ms", 788_645.006),
        ("1.5h", 5_400.0),
        (" 5m ", 300.0),
        (90, 90.0),
        (0.5, 0.5),
        (timedelta(minutes=2), 120.0),
        (LONGEST, 31_622_400.0),
    ],
)
def test_text_numbers_and_timedeltas_are_read_as_seconds(written: Any, seconds: float) -> None:
    assert parse_duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "given_",
    ["", "5", "m", "5 m", "5minutes", "30m1h", "1h1h", "-5m", "1,5h", "٥m", "5M", "nan", None, True,
     float("nan"), [5], object],
)  # fmt: skip
def test_what_is_no_span_is_refused_with_what_is_allowed(given_: Any) -> None:
    with pytest.raises(ValueError, match="is no span of time: write numbers with units, such as"):
        parse_duration(given_)


@pytest.mark.parametrize(
    "given_",
    [0, -1, "0s", 0.0009, "367d", 10**400, -(10**400), float("inf"), timedelta(seconds=-1)],
)
def test_what_is_too_short_or_too_long_is_refused_with_the_bounds(given_: Any) -> None:
    with pytest.raises(ValueError, match="is out of range: use 1ms to 366d$"):
        parse_duration(given_)


def test_the_shortest_allowed_span_is_allowed_and_named() -> None:
    assert parse_duration("1s", least=1) == 1.0
    with pytest.raises(ValueError, match="^'999ms' is out of range: use 1s to 366d$"):
        parse_duration("999ms", least=1)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0ms"),
        (0.0123, "12ms"),
        (0.999, "999ms"),
        (1, "1s"),
        (1.59, "1.5s"),
        (9.99, "9.9s"),
        (10, "10s"),
        (45.9, "45s"),
        (59.99, "59s"),
        (60, "1m"),
        (95, "1m35s"),
        (3_599, "59m59s"),
        (3_600, "1h"),
        (5_579, "1h32m"),
        (86_399, "23h59m"),
        (86_400, "1d"),
        (93_600, "1d2h"),
        (LONGEST, "366d"),
    ],
)
def test_a_span_is_written_in_its_two_largest_units(seconds: float, written: str) -> None:
    assert format_duration(seconds) == written


@given(st.floats(min_value=0.001, max_value=LONGEST))
def test_what_is_written_can_be_read_and_is_never_longer_nor_much_shorter(seconds: float) -> None:
    read = parse_duration(format_duration(seconds))
    assert read <= seconds + 1e-9
    assert read >= seconds * 0.5


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert 0.001 <= parse_duration(text) <= LONGEST
    except ValueError as refusal:
        assert " is " in str(refusal)
