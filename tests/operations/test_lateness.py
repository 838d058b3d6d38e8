"""How a job stands, by its runs and the time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from obskit import Status
from obskit.declaration import Job, Place
from obskit.operations.declare import read_job
from obskit.operations.lateness import Standing, deadline, judge, settled
from obskit.state.store import JobRun

UTC = timezone.utc
HOUR = 3600.0
DAY = 24 * HOUR
BEGIN = 1_767_225_600.0  # 2026-01-01T00:00:00Z
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("expect_every", "expect_cron", "timezone", "max_runtime", "owner", "runbook")),
    "late_after": "30m",
    "overlap": "allow",
    "severity": "sev2",
    "description": None,
}


def declared(**options: Any) -> Job:
    return Job(**read_job("import", Place("shop.py", 7), **{**DEFAULTS, **options}))


def run(started: float, outcome: str = "ok", **fields: Any) -> JobRun:
    finished = None if outcome == "running" else started + fields.pop("took", 60.0)
    given = {"beat": started, "finished": finished, **fields}
    return JobRun(f"r{started:.0f}", "import", started, outcome=outcome, **given)


def nightly(runs: list[JobRun], now: float, **options: Any) -> Standing:
    job = declared(expect_every="24h", max_runtime="10m", **options)
    return judge(runs, now, job=job, known_since=BEGIN)


def test_a_job_that_has_not_run_yet_is_waited_for() -> None:
    found = nightly([], BEGIN + HOUR)
    assert (found.state, found.fails, found.deadline) == ("never", False, BEGIN + DAY + HOUR / 2)
    assert found.message == "it has not run yet; expected until 2026-01-02T00:30:00Z"
    assert found.as_result().status is Status.OK


def test_a_job_that_never_ran_is_late_in_the_end() -> None:
    found = nightly([], BEGIN + DAY + HOUR)
    assert (found.state, found.fails) == ("late", True)
    assert found.message == (
        "expected until 2026-01-02T00:30:00Z, 30m ago; it has never run;"
        " known since 2026-01-01T00:00:00Z"
    )


def test_a_run_that_comes_in_time_is_on_time_to_the_last_moment() -> None:
    last = run(BEGIN)
    assert nightly([last], BEGIN + DAY + HOUR / 2).state == "ok"
    late = nightly([last], BEGIN + DAY + HOUR / 2 + 1)
    assert late.state == "late"
    assert late.message == (
        "expected until 2026-01-02T00:30:00Z, 1s ago; its last run, at 2026-01-01T00:00:00Z, was ok"
    )
    assert late.last_success == BEGIN + 60


def test_the_time_counts_from_the_start_of_a_run_and_not_from_its_end() -> None:
    assert nightly([run(BEGIN, took=5 * HOUR)], BEGIN + 6 * HOUR).deadline == (
        BEGIN + DAY + HOUR / 2
    )


def test_a_run_that_has_begun_in_time_is_not_late_while_it_goes_on() -> None:
    going_on = run(BEGIN + DAY + 100, "running", beat=BEGIN + DAY + HOUR)
    found = judge([run(BEGIN), going_on], BEGIN + DAY + HOUR, job=declared(expect_every="24h"))
    assert found.state == "ok"
    assert found.last == going_on
    assert found.deadline == BEGIN + 2 * DAY + HOUR / 2 + 100


def test_the_first_run_of_all_runs() -> None:
    found = nightly([run(BEGIN, "running")], BEGIN + 45)
    assert (found.state, found.message) == ("running", "it has been running for 45s")


def test_a_run_that_takes_longer_than_it_may_runs_too_long() -> None:
    going_on = run(BEGIN, "running", beat=BEGIN + 601)
    assert nightly([going_on], BEGIN + 600).state == "running"
    found = nightly([going_on], BEGIN + 601)
    assert (found.state, found.fails) == ("too_long", True)
    assert found.message == "it has been running for 10m1s; 10m are allowed"


def test_a_run_that_goes_on_past_the_next_deadline_is_late() -> None:
    now = BEGIN + DAY + HOUR
    found = judge([run(BEGIN, "running", beat=now)], now, job=declared(expect_every="24h"))
    assert found.state == "late"
    assert found.message.endswith("the run that began at 2026-01-01T00:00:00Z still goes on")


def test_a_failed_run_fails_the_job_until_one_has_ended_well() -> None:
    failed = run(BEGIN, "failed", message="KeyError: 'row'", evidence=("row 7",))
    found = nightly([failed], BEGIN + HOUR)
    assert (found.state, found.message) == ("failed", "failed: KeyError: 'row', 59m ago")
    result = found.as_result()
    assert (result.status, result.evidence) == (Status.CRITICAL, ("row 7",))
    again = run(BEGIN + 1800, "running", beat=BEGIN + HOUR)
    assert nightly([failed, again], BEGIN + 1860).state == "failed"
    well = run(BEGIN + 1800, "nothing_to_do", message="no events")
    found = nightly([well, failed], BEGIN + HOUR)
    assert (found.state, found.fails, found.last_success) == (
        "nothing_to_do",
        False,
        BEGIN + 1860,
    )


def test_a_run_that_says_nothing_any_more_is_lost() -> None:
    silent = run(BEGIN, "running", beat=BEGIN + 30)
    assert nightly([silent], BEGIN + 90).state == "running"
    found = nightly([silent], BEGIN + 91)
    assert (found.state, found.fails) == ("lost", True)
    assert found.message == "lost: its process is gone, 1m1s ago"
    gone = settled(silent, BEGIN + 91)
    assert (gone.outcome, gone.finished) == ("lost", BEGIN + 30)


def test_a_job_that_is_not_expected_is_never_late() -> None:
    found = judge([run(BEGIN)], BEGIN + 300 * DAY, job=declared())
    assert (found.state, found.deadline) == ("ok", None)


def test_without_the_declaration_the_deadline_of_the_runs_counts() -> None:
    runs = [run(BEGIN, deadline=BEGIN + DAY), run(BEGIN + HOUR, deadline=BEGIN + DAY + HOUR)]
    assert judge(runs, BEGIN + DAY + HOUR).state == "ok"
    found = judge(runs, BEGIN + DAY + HOUR + 1)
    assert (found.state, found.deadline) == ("late", BEGIN + DAY + HOUR)


def test_nothing_is_known_of_a_job_without_declaration_and_runs() -> None:
    assert judge([], BEGIN) == Standing("never", "it has not run yet")


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    assert nightly([run(BEGIN + HOUR)], BEGIN).message == "ok, 0ms ago"


def at(zone: tzinfo, *moment: int, fold: int = 0) -> float:
    return datetime(*moment, tzinfo=zone, fold=fold).timestamp()  # type: ignore[arg-type, misc]


BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("zone", "expression", "begun", "expected"),
    [
        # The clock leaps from 2 to 3: what is due in between is due right after it.
        (BERLIN, "30 2 * * *", (2026, 3, 28, 2, 30), (2026, 3, 29, 3, 0)),
        (NEW_YORK, "30 2 * * *", (2026, 3, 7, 2, 30), (2026, 3, 8, 3, 0)),
        # The clock shows 2 to 3 twice: what is due in between is due once.
        (BERLIN, "30 2 * * *", (2026, 10, 25, 2, 30), (2026, 10, 26, 2, 30)),
        (NEW_YORK, "30 1 * * *", (2026, 11, 1, 1, 30), (2026, 11, 2, 1, 30)),
        (BERLIN, "0 3 * * *", (2026, 3, 28, 3, 0), (2026, 3, 29, 3, 0)),
        (NEW_YORK, "0 3 * * 1", (2026, 3, 2, 3, 0), (2026, 3, 9, 3, 0)),
    ],
)
def test_a_change_of_the_clock_neither_loses_nor_doubles_a_run(
    zone: ZoneInfo, expression: str, begun: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    job = declared(expect_cron=expression, timezone=zone.key)
    assert deadline(job, at(zone, *begun)) == at(zone, *expected) + 1800


def test_in_the_hour_that_the_clock_shows_twice_the_deadline_lies_ahead() -> None:
    job = declared(expect_cron="45 2 * * *", timezone="Europe/Berlin")
    begun = at(BERLIN, 2026, 10, 25, 2, 30, fold=1)
    assert deadline(job, begun) == at(BERLIN, 2026, 10, 26, 2, 45) + 1800


def test_a_run_that_begins_a_moment_early_is_the_one_that_is_expected() -> None:
    job = declared(expect_cron="0 3 * * *", timezone="UTC")
    early = at(UTC, 2026, 1, 5, 2, 59, 58)
    assert deadline(job, early) == at(UTC, 2026, 1, 6, 3) + 1800


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK])
@pytest.mark.parametrize("hour", [0, 1, 2, 3, 12, 23])
def test_a_year_of_punctual_runs_is_never_late_and_a_missed_one_always(
    zone: ZoneInfo, hour: int
) -> None:
    job = declared(expect_cron=f"15 {hour} * * *", timezone=zone.key)
    day = datetime(2026, 1, 1)
    begun = at(zone, 2025, 12, 31, hour, 15)
    for number in range(366):
        wall = day + timedelta(days=number, hours=hour, minutes=15)
        due = wall.replace(tzinfo=zone).timestamp()
        leapt = datetime.fromtimestamp(due, zone).hour != hour
        # What the clock leaps over begins with the hour after it.
        fire = due - 15 * 60 if leapt else due
        runs = [run(begun)]
        assert judge(runs, fire + 1800, job=job).state == "ok", wall
        assert judge(runs, fire + 1801, job=job).state == "late", wall
        begun = fire + 3


def test_a_year_of_an_interval_knows_no_change_of_the_clock() -> None:
    job = declared(expect_every="24h")
    begun = BEGIN
    for _ in range(365):
        assert judge([run(begun)], begun + DAY + 1800, job=job).state == "ok"
        assert judge([run(begun)], begun + DAY + 1801, job=job).state == "late"
        begun += DAY
