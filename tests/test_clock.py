"""Instants as text."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.clock import SYSTEM_CLOCK, to_rfc3339


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_767_225_600.5, "2026-01-01T00:00:00.500000Z"),
        (1_767_225_600.000001, "2026-01-01T00:00:00.000001Z"),
        (253_402_300_799, "9999-12-31T23:59:59.000000Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_microseconds(seconds: float, written: str) -> None:
    assert to_rfc3339(seconds) == written


@given(st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(timezone.utc)))
def test_what_is_written_reads_back_as_the_same_microsecond(instant: datetime) -> None:
    written = to_rfc3339(instant.timestamp())
    read = datetime.strptime(written, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    assert abs((read - instant).total_seconds()) < 0.0001


def test_the_system_clock_tells_unix_time_and_never_goes_back() -> None:
    before, first = time.time(), SYSTEM_CLOCK.monotonic()
    assert before <= SYSTEM_CLOCK.now() <= time.time()
    assert first <= SYSTEM_CLOCK.monotonic()
