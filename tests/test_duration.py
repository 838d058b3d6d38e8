"""Spans of time: what is read, what is refused, how they are written."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.duration import LONGEST, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("2d", 172_800.0),
        ("1w", 604_800.0),
        ("1w2d3h4m5s6ms", 788_645.006),
        ("250ms", 0.25),
        ("1.5h", 5400.0),
        (" 5m ", 300.0),
        (90, 90.0),
        (0.5, 0.5),
        (timedelta(minutes=2), 120.0),
        ("366d", 31_622_400.0),
        (31_622_400, 31_622_400.0),
        ("1ms", 0.001),
    ],
)
def test_spans_are_read_as_seconds(text: Any, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "5",
        "m",
        "5 m",
        "-5m",
        "1m1h",
        "1m1m",
        "5M",
        "5min",
        "1e3s",
        ".5s",
        "٥m",
        "5m\n5s",
        math.nan,
        True,
        False,
        None,
        b"5m",
        [5],
    ],
)
def test_what_is_no_span_is_refused_with_an_example(given: Any) -> None:
    with pytest.raises(ValueError, match="no span of time: write numbers with units, such as 90s"):
        parse_duration(given)


@pytest.mark.parametrize(
    "given",
    [
        0,
        -1,
        "0s",
        "0.9ms",
        "367d",
        31622401,
        math.inf,
        -math.inf,
        10**400,
        -(10**400),
        timedelta(0),
        timedelta(days=367),
        timedelta(seconds=-1),
        "9" * 400 + "s",
    ],
)
def test_what_is_too_short_or_too_long_is_told_the_range(given: Any) -> None:
    with pytest.raises(ValueError, match=r"is out of range: use 1ms to 366d$"):
        parse_duration(given)


def test_the_shortest_span_is_the_callers_and_allowed() -> None:
    assert parse_duration("1s", least=1) == 1.0
    with pytest.raises(ValueError, match=r"^'999ms' is out of range: use 1s to 366d$"):
        parse_duration("999ms", least=1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.0123, "12ms"),
        (0.9999, "999ms"),
        (1, "1s"),
        (1.57, "1.5s"),
        (9.99, "9.9s"),
        (10, "10s"),
        (59.9, "59s"),
        (60, "1m"),
        (61, "1m1s"),
        (3_599, "59m59s"),
        (3_600, "1h"),
        (3_660, "1h1m"),
        (3_659, "1h"),
        (86_399, "23h59m"),
        (86_400, "1d"),
        (90_000, "1d1h"),
        (LONGEST, "366d"),
    ],
)
def test_spans_are_written_in_their_two_largest_units(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(min_value=0.001, max_value=LONGEST))
def test_what_is_written_can_be_read_and_is_never_more(seconds: float) -> None:
    read = parse_duration(format_duration(seconds))
    assert read <= seconds + 1e-9
    # Two units: what is cut off is less than an hour in days, and so on.
    assert seconds - read < max(0.1, 1.0 if seconds >= 10 else 0, 3_600 / 24 * (seconds // 3_600))


@given(
    st.one_of(
        st.text(),
        st.floats(),
        st.integers(),
        st.timedeltas(),
        st.none(),
        st.booleans(),
        st.binary(),
        st.from_regex(r"[0-9.]{0,3}[wdhms]{0,2}[0-9]*[wdhms]?"),
    )
)
def test_anything_is_seconds_in_range_or_a_value_error(given: Any) -> None:
    try:
        seconds = parse_duration(given)
    except ValueError:
        return
    assert type(seconds) is float
    assert 0.001 <= seconds <= 31_622_400
