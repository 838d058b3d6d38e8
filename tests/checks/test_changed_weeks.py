"""A judge of the past over five weeks of a service's life: from the first run on, as runs are kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import pytest
from tests.checks.given import check
from tests.state.contract import RUN

from obskit.checks.changed import changed
from obskit.checks.verdict import of_returned
from obskit.clock import SYSTEM_CLOCK
from obskit.state.memory import MemoryStore

HOUR = 3_600.0
NOW = 1_767_225_600.0  # a Thursday
HOURS = 5 * 7 * 24
Series = Callable[[int], float]


def steady(_hour: int) -> float:
    return 100.0


def daily(hour: int) -> float:
    """By day ten times what it is by night."""
    return 55 + 45 * math.sin(2 * math.pi * hour / 24)


def growing(hour: int) -> float:
    """At weekends a third of it; each week two per cent more."""
    return daily(hour) * (0.3 if hour // 24 % 7 in {2, 3} else 1.0) * math.pow(1.02, hour / 168)


def lived(
    series: Series, window: str, measured: Callable[[int], bool] = lambda _: True
) -> Iterator[tuple[int, str]]:
    """The hours at which it ran, and what was said. Each run is kept before the next."""
    random = Random(4)
    store = MemoryStore(SYSTEM_CLOCK)
    declared = check(judge=changed(window, critical=2.0, critical_below=0.6), every="1h")
    for hour in filter(measured, range(HOURS)):
        now = NOW + hour * HOUR + random.uniform(0, 60)
        value = series(hour) * random.lognormvariate(0, 0.05)
        result = of_returned(declared, value, now, lambda *of: store.values("rows", *of))
        status = result.status.value
        store.keep(replace(RUN, check="rows", started=now, value=value, status=status))
        yield hour, status


def failing(run: Iterator[tuple[int, str]]) -> list[int]:
    return [hour for hour, status in run if status in {"warning", "critical"}]


@pytest.mark.parametrize("window", ["7d", "28d"])
@pytest.mark.parametrize("series", [steady, daily, growing])
def test_five_weeks_as_usual_raise_no_alarm_and_are_judged_from_the_second_week_on(
    series: Series, window: str
) -> None:
    run = list(lived(series, window))
    assert {status for _, status in run} == {"ok", "unknown"}
    assert {status for hour, status in run if hour >= 170} == {"ok"}


@pytest.mark.parametrize("window", ["7d", "28d"])
@pytest.mark.parametrize(
    ("series", "factor", "began"),
    [(steady, 0.5, 145), (daily, 3.0, 200), (daily, 0.5, 420), (growing, 3.0, 603)],
)
def test_a_drop_to_half_and_a_rise_to_three_times_are_found_at_once_and_only_while_they_last(
    series: Series, factor: float, began: int, window: str
) -> None:
    lasting = range(began, began + 6)
    run = lived(lambda hour: series(hour) * (factor if hour in lasting else 1.0), window)
    found = failing(run)
    assert found[0] == began
    assert len(found) >= 5
    assert set(found) <= set(lasting)


@pytest.mark.parametrize("window", ["7d", "28d"])
@pytest.mark.parametrize("series", [daily, growing])
def test_runs_that_are_missing_raise_no_alarm(series: Series, window: str) -> None:
    # Each tenth run, two days and a half without any, and days of every other one.
    gaps = [*range(3, HOURS, 10), *range(200, 260), *range(400, 470, 4), *range(402, 470, 4)]
    missing = frozenset(gaps)
    run = list(lived(series, window, lambda hour: hour not in missing))
    assert failing(iter(run)) == []
    assert [status for _, status in run].count("ok") > 250


def test_what_stays_changed_fails_for_the_window_and_is_usual_after_it_was_learnt() -> None:
    run = lived(lambda hour: daily(hour) * (3.0 if hour >= 300 else 1.0), "7d")
    said = dict(run)
    assert {said[hour] for hour in range(144, 300)} == {"ok"}
    assert {said[hour] for hour in range(300, 460)} == {"critical"}
    assert {said[hour] for hour in range(475, 610)} == {"unknown"}
    assert {said[hour] for hour in range(620, HOURS)} == {"ok"}
