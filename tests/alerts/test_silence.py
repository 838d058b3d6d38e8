"""For how long nothing need be heard, and how far back rules look."""

from __future__ import annotations

import math
import time
from zoneinfo import ZoneInfo

import pytest

from obskit import Registry, job
from obskit.alerts.inventory import DAY, Inventory
from obskit.alerts.silence import (
    is_of_each_host,
    longest_silence,
    longest_wait,
    period,
    refuse_too_rare,
    window,
)
from obskit.exceptions import DeclarationError

from .written import inventory

BERLIN = ZoneInfo("Europe/Berlin")


def of_check(**options: object) -> tuple[Inventory, float]:
    """An inventory, and the longest silence of its one check."""
    found = inventory(Registry(), export_interval=10.0)
    check = found.registry.add("rows", lambda: None, **options)  # type: ignore[arg-type]
    return found, longest_silence(found, check)


def test_a_check_may_be_silent_for_two_periods_its_time_out_and_the_way_here() -> None:
    assert of_check(every="1m", timeout="2s")[1] == 120 + 2 + 50


def test_a_check_that_runs_after_a_job_may_be_silent_for_ever() -> None:
    assert of_check(on="job:nightly")[1] == math.inf


def test_a_job_need_not_begin_again_for_its_period_its_grace_and_the_way_here() -> None:
    found = inventory(export_interval=10.0)
    daily = job("nightly", expect_every="24h", late_after="30m", registry=found.registry)
    by_hand = job("by-hand", registry=found.registry)
    assert longest_wait(found, daily) == 86_400 + 1_800 + 50
    assert longest_wait(found, by_hand) == math.inf


def test_the_period_of_a_cron_expression_is_its_longest_gap() -> None:
    registry = Registry()
    weekdays = job("w", expect_cron="0 3 * * 1-5", timezone="UTC", registry=registry)
    daily = registry.add("d", lambda: None, cron="0 3 * * *", timezone=BERLIN)
    assert period(weekdays) == 3 * DAY
    assert period(daily) == 25 * 3_600  # the day on which the clock is set back


@pytest.mark.parametrize("month", [1_767_225_600.0, 1_780_272_000.0, 1_790_812_800.0])
def test_what_is_generated_does_not_depend_on_the_day(
    monkeypatch: pytest.MonkeyPatch, month: float
) -> None:
    """January, June and October of 2026: a year of every six hours is longer than cron is followed."""
    monkeypatch.setattr(time, "time", lambda: month)
    registry = Registry()
    check = registry.add("often", lambda: None, cron="0 */6 * * *", timezone=BERLIN)
    assert period(check) == 7 * 3_600


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, 600.0),
        (300.0, 600.0),
        (300.5, 1_200.0),
        (3_000.0, 3_600.0),
        (DAY, 2 * DAY),
        (5 * DAY, 8 * DAY),
        (700 * DAY, 768 * DAY),
        (1_461 * DAY, 1_461 * DAY + 300.0),  # once in four years
    ],
)
def test_rules_look_back_beyond_a_silence_and_what_is_stale(
    seconds: float, expected: float
) -> None:
    assert window(seconds) == expected


def test_there_are_so_many_classes() -> None:
    days = (1, 2, 3, 4, 8, 15, 22, 32, 64, 128, 256, 512, 768)
    sizes = [600, 1_200, 2_400, *(hours * 3_600 for hours in (1, 2, 4, 8, 16))]
    sizes += [each * 86_400 for each in days]
    assert [window(size - 300.0) for size in sizes] == sizes
    assert [window(size - 299.0) for size in sizes[:-1]] == sizes[1:]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"every": "1m", "scope": "process"}, True),
        ({"every": "1m", "scope": "host"}, True),
        ({"every": "1m", "scope": "fleet"}, False),
        ({"on": "job:nightly", "scope": "host"}, False),
        ({"on": "job:nightly", "scope": "fleet"}, False),
    ],
)
def test_what_is_periodical_and_of_no_fleet_is_decided_by_each_host(
    options: dict[str, str], expected: bool
) -> None:
    assert is_of_each_host(Registry().add("rows", lambda: None, **options)) is expected  # type: ignore[arg-type]


def test_what_runs_more_seldom_than_half_of_the_retention_is_refused() -> None:
    found = inventory(retention=14 * DAY)
    found.registry.add("weekly", lambda: None, every="7d")
    found.registry.add("after", lambda: None, on="job:monthly")
    refuse_too_rare(found)
    found.registry.add("rare", lambda: None, every="7d1s")
    job("monthly", expect_every="7d", late_after="1h", registry=found.registry)
    place = found.registry.checks["rare"].place
    with pytest.raises(DeclarationError) as raised:
        refuse_too_rare(found)
    assert str(raised.value) == (
        "checks or jobs run more seldom than half of Prometheus' retention of 2w, so that their"
        " silence would not be noticed:\n"
        f"  - the check 'rare' ({place}) runs every 1w1s\n"
        f"  - the job 'monthly' ({place.file}:{place.line + 1}) runs every 1w1h\n"
        "run them more often, or keep samples for longer and say so with --retention"
    )
