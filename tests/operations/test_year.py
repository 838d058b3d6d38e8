"""A year of nightly runs at 02:30 by the wall clock: who is called late, and when what is stale is stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.checks.given import check

from obskit.checks import verdict
from obskit.cron import parse_cron
from obskit.declaration import Job, Place
from obskit.operations.declare import read_job
from obskit.operations.lateness import judge
from obskit.state.store import JobRun

BEGIN, DAY, HOUR, QUARTER = 1_767_225_600.0, 86_400.0, 3_600.0, 900.0  # 2026-01-01T00:00:00Z
YEAR = 365 * DAY
EXPRESSION = "30 2 * * *"
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
HALF_AN_HOUR = (
    "Australia/Lord_Howe"  # its clock is changed by half an hour, where others' is by one
)
NEVER = "Asia/Kathmandu"  # a quarter off the hour, and never changed


def nights(
    zone: str, begin: float, seconds: float, step: float, missed: str = ""
) -> Iterator[tuple[float, float]]:
    """Each moment of a span of time that is looked at, with when the job ran last.

    Args:
        zone: Where the job's wall clock hangs.
        begin: When the first look is.
        seconds: How long the span is.
        step: How far looks are apart, seconds.
        missed: The day on which it does not run.
    """
    cron, last = parse_cron(EXPRESSION, ZoneInfo(zone)), 0.0
    due = cron.after(begin - 3 * DAY)
    for number in range(int(seconds / step)):
        now = begin + number * step
        while due <= now:
            if datetime.fromtimestamp(due, ZoneInfo(zone)).date().isoformat() != missed:
                last = due
            due = cron.after(due)
        yield now, last


def standings(zone: str, looks: Iterator[tuple[float, float]]) -> Counter[str]:
    given: dict[str, Any] = {
        **dict.fromkeys(("expect_every", "max_runtime", "owner", "runbook", "description")),
        "expect_cron": EXPRESSION,
        "timezone": zone,
        "late_after": "30m",
        "overlap": "allow",
        "severity": "sev2",
    }
    job = Job(**read_job("import", Place("shop.py", 7), **given))
    return Counter(
        judge(
            [JobRun("r", "import", last, beat=last, outcome="ok", finished=last)], now, job=job
        ).state
        for now, last in looks
    )


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, HALF_AN_HOUR, NEVER])
def test_a_punctual_job_is_late_in_no_hour_of_a_year(zone: str) -> None:
    assert standings(zone, nights(zone, BEGIN, YEAR, HOUR)) == {"ok": 8_760}


@pytest.mark.parametrize(
    ("zone", "missed", "late"),
    [
        (NEVER, "2026-03-29", 93),  # from 03:00, exclusive, to 02:30 on the next day
        # The run is due at 03:00 by summer time, and the next one half an hour early.
        (BERLIN, "2026-03-29", 91),
        (NEW_YORK, "2026-03-08", 91),
        # The run is due in the first of the two hours, so that the next one is an hour later.
        (BERLIN, "2026-10-25", 97),
        # The hour that is shown twice has passed.
        (NEW_YORK, "2026-11-01", 93),
        (HALF_AN_HOUR, "2026-04-05", 93),
        (HALF_AN_HOUR, "2026-10-04", 93),
        # The day before: the next run is nearer, or further, by what the clock is changed.
        (BERLIN, "2026-03-28", 91),
        (BERLIN, "2026-10-24", 93),
        (NEW_YORK, "2026-10-31", 97),
        (HALF_AN_HOUR, "2026-04-04", 95),
        (HALF_AN_HOUR, "2026-10-03", 91),
    ],
)
def test_a_job_that_misses_one_night_is_late_until_it_runs_in_the_next(
    zone: str, missed: str, late: int
) -> None:
    """Counted in quarters of an hour, five days long."""
    begin = datetime.fromisoformat(missed).replace(tzinfo=timezone.utc).timestamp() - 2 * DAY
    found = standings(zone, nights(zone, begin, 5 * DAY, QUARTER, missed))
    assert found == {"ok": 480 - late, "late": late}


@pytest.mark.parametrize("naive", [False, True])
@pytest.mark.parametrize(
    ("zone", "stale"),
    [
        (NEVER, 0),
        # The one night of the year that is an hour longer, from 24:15 on.
        (BERLIN, 3),
        (NEW_YORK, 3),
        (HALF_AN_HOUR, 1),
    ],
)
def test_what_is_fresh_for_24_hours_and_a_quarter_is_stale_in_the_longest_night_only(
    zone: str, stale: int, naive: bool
) -> None:
    """Ages are hours that pass, not what wall clocks differ by; also where the zone is declared."""
    place = ZoneInfo(zone)
    rows = check("rows", critical_after="24h15m", timezone=zone)

    def instant(moment: float) -> datetime:
        found = datetime.fromtimestamp(moment, place)
        return found.replace(tzinfo=None) if naive else found

    found = Counter(
        verdict.of_returned(rows, instant(last), now).status.value
        for now, last in nights(zone, BEGIN, YEAR, QUARTER)
    )
    assert found == Counter(ok=35_040 - stale, critical=stale)
