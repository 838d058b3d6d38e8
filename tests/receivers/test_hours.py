"""When hours of the week hold."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from obskit.receivers.hours import Hours, Span

OFFICE = Hours((0, 1, 2, 3, 4), 540, 1020, "Europe/Berlin")
NIGHT = Hours((5,), 1380, 60, "Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        ("2026-07-01T06:59:59", False),
        ("2026-07-01T07:00:00", True),  # a Wednesday, 9 o'clock in summer
        ("2026-07-01T14:59:59", True),
        ("2026-07-01T15:00:00", False),
        ("2026-12-02T07:59:59", False),
        ("2026-12-02T08:00:00", True),  # in winter an hour later
        ("2026-07-04T10:00:00", False),  # a Saturday
    ],
)
def test_working_hours_hold_by_the_clock_of_their_zone(moment: str, held: bool) -> None:
    assert OFFICE.hold(at(moment)) is held


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        ("2026-07-04T20:59:00", False),
        ("2026-07-04T21:00:00", True),  # Saturday, 23 o'clock
        ("2026-07-04T22:30:00", True),  # Sunday, half past midnight
        ("2026-07-04T23:00:00", False),
        ("2026-07-03T22:30:00", False),  # Saturday, half past midnight: not of this night
    ],
)
def test_hours_over_midnight_belong_to_the_day_they_begin_on(moment: str, held: bool) -> None:
    assert NIGHT.hold(at(moment)) is held


def test_hours_over_midnight_are_cut_there() -> None:
    assert list(NIGHT.spans()) == [Span((5,), 1380, 1440), Span((6,), 0, 60)]


def test_hours_that_end_at_midnight_are_one_span() -> None:
    assert list(Hours((6,), 1380, 0, "UTC").spans()) == [Span((6,), 1380, 1440)]
    assert list(Hours((6,), 1380, 1440, "UTC").spans()) == [Span((6,), 1380, 1440)]


def test_the_day_after_sunday_is_monday() -> None:
    assert list(Hours((0, 6), 1380, 60, "UTC").spans())[1] == Span((0, 1), 0, 60)
