"""When a cron expression fires, above all where the clock is changed."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from obskit.cron import parse_cron

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def at(zone: str, text: str) -> float:
    """A moment as a wall clock shows it; with an offset where it shows it twice."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp()


def shown(zone: str, moment: float) -> str:
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat()


@pytest.mark.parametrize(
    ("zone", "expression", "before", "fires"),
    [
        # A time that the clock leaps over comes right after the leap.
        (
            BERLIN,
            "30 2 * * *",
            "2026-03-28T02:30",
            ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        (
            NEW_YORK,
            "30 2 * * *",
            "2026-03-07T02:30",
            ["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"],
        ),
        # A time that the clock shows twice comes once.
        (
            BERLIN,
            "30 2 * * *",
            "2026-10-24T02:30",
            ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        ),
        (
            NEW_YORK,
            "30 1 * * *",
            "2026-10-31T01:30",
            ["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"],
        ),
        # So it does where the search begins within the hour that is shown twice.
        (
            BERLIN,
            "30 2 * * *",
            "2026-10-25T02:31:00+02:00",
            ["2026-10-26T02:30:00+01:00", "2026-10-27T02:30:00+01:00"],
        ),
        (
            BERLIN,
            "30 2 * * *",
            "2026-10-25T02:31:00+01:00",
            ["2026-10-26T02:30:00+01:00", "2026-10-27T02:30:00+01:00"],
        ),
        # What comes each hour comes each hour that passes.
        (
            BERLIN,
            "15 * * * *",
            "2026-10-25T01:15:00+02:00",
            [
                "2026-10-25T02:15:00+02:00",
                "2026-10-25T02:15:00+01:00",
                "2026-10-25T03:15:00+01:00",
            ],
        ),
        (
            BERLIN,
            "15 * * * *",
            "2026-03-29T01:15:00+01:00",
            ["2026-03-29T03:15:00+02:00", "2026-03-29T04:15:00+02:00"],
        ),
        (BERLIN, "0 3 * * *", "2026-03-28T03:00", ["2026-03-29T03:00:00+02:00"]),
        (BERLIN, "0 3 * * *", "2026-10-24T03:00", ["2026-10-25T03:00:00+01:00"]),
        (BERLIN, "0 0 L * *", "2026-02-01T00:00", ["2026-02-28T00:00:00+01:00"]),
        (BERLIN, "0 9 * * MON#2", "2026-06-01T00:00", ["2026-06-08T09:00:00+02:00"]),
    ],
)
def test_it_fires_as_cron_does_where_the_clock_is_changed(
    zone: str, expression: str, before: str, fires: list[str]
) -> None:
    cron = parse_cron(expression, ZoneInfo(zone))
    moment, found = at(zone, before), []
    for _ in fires:
        moment = cron.after(moment)
        found.append(shown(zone, moment))
    assert found == fires


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize("expression", ["0 3 * * *", "30 2 * * *", "30 1 * * *", "0 0 * * *"])
def test_what_is_daily_fires_once_on_each_day_of_a_year(zone: str, expression: str) -> None:
    cron, moment = parse_cron(expression, ZoneInfo(zone)), at(zone, "2025-12-31T12:00")
    days = []
    for _ in range(365):
        moment = cron.after(moment)
        days.append(shown(zone, moment)[:10])
    assert (days[0], days[-1], len(set(days))) == ("2026-01-01", "2026-12-31", 365)


@pytest.mark.parametrize(
    ("expression", "gap"),
    [
        ("*/5 * * * *", 300.0),
        ("0 3 * * *", 86_400.0),
        ("0 3 * * 1-5", 3 * 86_400.0),
        ("0 3 1 * *", 31 * 86_400.0),
        ("0 9-17 * * 1-5", 64 * 3_600.0),
        ("0 3 29 2 *", 1_461 * 86_400.0),
        ("0 3 * 2 1#5", 10_227 * 86_400.0),
    ],
)
def test_the_longest_gap_is_that_of_a_year_or_the_next(expression: str, gap: float) -> None:
    assert parse_cron(expression, timezone.utc).longest_gap(at("UTC", "2026-01-01T00:00")) == gap


def test_a_day_that_an_hour_was_put_into_is_a_longer_gap() -> None:
    berlin = parse_cron("0 3 * * *", ZoneInfo(BERLIN))
    assert berlin.longest_gap(at(BERLIN, "2026-01-01T00:00")) == 25 * 3_600.0


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("", "Wrong number of fields"),
        ("0 3 * *", "Wrong number of fields"),
        ("* * * * * *", "Wrong number of fields"),
        ("@daily", "Wrong number of fields"),
        ("0 24 * * *", "Bad hour"),
        ("0 3 * * 8", "Bad day-of-week"),
        ("0 0 30 2 *", "Bad day-of-month"),
        ("0 3 * Foo *", "Bad month"),
        ("-1 3 * * *", "Bad minute"),
        ("*/0 3 * * *", "Bad minute"),
    ],
)
def test_what_is_none_is_refused_with_what_is_wrong(expression: str, wrong: str) -> None:
    with pytest.raises(ValueError, match="cron") as told:
        parse_cron(expression, timezone.utc)
    assert str(told.value) == (
        f"{expression!r} is no cron expression ({wrong}): write five fields, such as '0 3 * * *'"
    )
