"""When checks with a cron expression run, whatever happens to the clock."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.checks.simulation import Simulation

from obskit import Registry

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
HOUR, DAY = 3_600.0, 86_400.0


@pytest.fixture(autouse=True)
def long_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obskit.checks.schedule._LONGEST_SLEEP", math.inf)


def nightly(expression: str = "0 3 * * *", zone: str = "UTC") -> Simulation:
    registry = Registry()
    registry.add("nightly", lambda: None, cron=expression, timezone=zone)
    return Simulation(registry)


def runs(simulation: Simulation, zone: str = "UTC") -> list[str]:
    """What the wall clock showed at each run."""
    return [
        datetime.fromtimestamp(round(at, 3), ZoneInfo(zone)).isoformat()
        for at, _ in simulation.shown
    ]


@pytest.mark.parametrize(
    ("zone", "expression", "odd"),
    [
        (BERLIN, "0 3 * * *", {}),
        (BERLIN, "30 2 * * *", {"2026-03-29": "T03:00:00+02:00"}),
        (BERLIN, "30 1 * * *", {}),
        (NEW_YORK, "0 3 * * *", {}),
        (NEW_YORK, "30 2 * * *", {"2026-03-08": "T03:00:00-04:00"}),
        (NEW_YORK, "30 1 * * *", {}),
    ],
)
def test_what_is_daily_runs_once_on_each_day_of_a_year(
    zone: str, expression: str, odd: dict[str, str]
) -> None:
    simulation = nightly(expression, zone)
    simulation.run(364.9 * DAY)
    found = runs(simulation, zone)
    days = [each[:10] for each in found]
    assert len(days) == len(set(days)) == 365
    minute, hour = expression.split()[:2]
    time = f"T{int(hour):02}:{int(minute):02}:00"
    assert [each for each in found if time not in each] == [day + at for day, at in odd.items()]


def test_what_is_hourly_runs_each_hour_that_passes_while_the_clock_is_changed() -> None:
    simulation = nightly("15 * * * *", BERLIN)
    simulation.run(365 * DAY)
    assert len(simulation.starts) == 365 * 24


def test_it_does_not_run_at_the_start_of_the_process() -> None:
    simulation = nightly()
    simulation.run(2.9 * HOUR)
    assert simulation.starts == []
    simulation.run(0.2 * HOUR)
    assert runs(simulation) == ["2026-01-01T03:00:00+00:00"]


def test_a_host_that_has_slept_for_a_week_makes_up_for_it_once() -> None:
    simulation = nightly()
    simulation.run(4 * HOUR)
    simulation.clock.set(7 * DAY)  # the monotonic clock stood
    simulation.run(DAY)
    assert runs(simulation) == [
        "2026-01-01T03:00:00+00:00",
        "2026-01-08T04:00:00+00:00",
        "2026-01-09T03:00:00+00:00",
    ]


def test_a_process_that_was_stopped_for_a_week_makes_up_for_it_once() -> None:
    simulation = nightly()
    simulation.run(4 * HOUR)
    simulation.clock.advance(7 * DAY)
    simulation.run(DAY)
    assert runs(simulation) == [
        "2026-01-01T03:00:00+00:00",
        "2026-01-08T04:00:00+00:00",
        "2026-01-09T03:00:00+00:00",
    ]


def test_a_clock_that_is_set_forward_over_a_run_runs_it_at_once() -> None:
    simulation = nightly()
    simulation.schedule.tick()
    simulation.clock.advance(2 * HOUR)
    simulation.clock.set(2 * HOUR)
    simulation.run(25 * HOUR)
    assert runs(simulation) == ["2026-01-01T04:00:00+00:00", "2026-01-02T03:00:00+00:00"]


def test_a_clock_that_is_set_forward_before_a_run_brings_it_nearer() -> None:
    simulation = nightly()
    simulation.schedule.tick()
    simulation.clock.set(2 * HOUR)
    simulation.run(1.1 * HOUR)
    assert runs(simulation) == ["2026-01-01T03:00:00+00:00"]


def test_a_clock_that_is_set_back_a_little_repeats_no_run() -> None:
    simulation = nightly()
    simulation.run(3.5 * HOUR)
    simulation.clock.set(-HOUR)
    simulation.run(1.1 * DAY)
    assert runs(simulation) == ["2026-01-01T03:00:00+00:00", "2026-01-02T03:00:00+00:00"]


def test_a_clock_that_was_years_ahead_and_is_set_right_runs_by_the_right_time() -> None:
    simulation = nightly()
    simulation.clock.set(4 * 366 * DAY)
    simulation.run(HOUR)
    simulation.clock.set(-4 * 366 * DAY)
    simulation.run(DAY)
    assert runs(simulation) == ["2026-01-01T03:00:00+00:00"]


@pytest.mark.parametrize("step", [-0.9, -0.2, 0.2, 0.9])
def test_a_clock_that_is_set_by_less_than_a_second_repeats_and_leaves_out_nothing(
    step: float,
) -> None:
    simulation = nightly()
    simulation.schedule.tick()
    simulation.clock.set(step)
    simulation.run(2.5 * DAY)
    assert [round(at) % 86_400 in {10_799, 10_800, 10_801} for at, _ in simulation.shown] == [
        True
    ] * 3


def test_what_is_run_each_minute_runs_each_minute_though_clocks_are_not_exact() -> None:
    simulation = nightly("* * * * *")
    simulation.meanwhile = lambda: simulation.clock.advance(0.37)
    simulation.run(2 * HOUR)
    assert 119 <= len(simulation.starts) <= 121
    assert len({at // 60 for at, _ in simulation.shown}) == len(simulation.starts)


def test_what_another_process_has_run_is_not_run_again_when_this_one_takes_over() -> None:
    simulation = nightly()
    simulation.held = False
    simulation.run(4 * HOUR)
    assert simulation.starts == []
    simulation.began["nightly"], simulation.held = 3 * HOUR + 0.01, True
    simulation.run(DAY)
    assert runs(simulation) == ["2026-01-02T03:00:00+00:00"]


def test_what_another_process_has_missed_is_run_when_this_one_takes_over() -> None:
    simulation = nightly()
    simulation.held = False
    simulation.run(4 * HOUR)
    simulation.held = True
    simulation.run(DAY)
    assert runs(simulation) == ["2026-01-01T04:00:00+00:00", "2026-01-02T03:00:00+00:00"]


def test_what_is_due_and_not_held_does_not_keep_the_thread_busy() -> None:
    simulation = nightly()
    simulation.held = False
    simulation.run(30 * DAY)
    assert len(simulation.sleeps) < 5
