"""A number judged against what the check itself measured before."""

from __future__ import annotations

import math
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.checks.bench import Bench
from tests.checks.given import check

from obskit import Status
from obskit.checks.changed import Changed, changed
from obskit.checks.verdict import of_returned
from obskit.exceptions import DeclarationError

HOUR, DAY, WEEK = 3_600.0, 86_400.0, 604_800.0
NOW = 1_767_225_600.0
Past = list[tuple[float, float]]


def uneven(value: float = 2.0) -> Past:
    """Enough of a past: a week of it, little of it at the same hour of a day."""
    return [(NOW - (3 + 7.6 * number) * HOUR, value) for number in range(21)]


def same_hour(value: float, count: int = 3) -> Past:
    return [(NOW - WEEK - number * 600, value) for number in range(count)]


def each_day(value: float, days: int = 6) -> Past:
    return [(NOW - day * DAY, value) for day in range(1, days + 1)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, ("critical", "0.5 × 2 in the last 7d: critical from 0.5 × downward")),
        (1.2, ("warning", "0.6 × 2 in the last 7d: warning from 0.6 × downward")),
        (1.5, ("ok", "0.75 × 2 in the last 7d")),
        (2.0, ("ok", "1 × 2 in the last 7d")),
        (3.9, ("ok", "1.9 × 2 in the last 7d")),
        (4.0, ("warning", "2 × 2 in the last 7d: warning from 2 × upward")),
        (6.0, ("critical", "3 × 2 in the last 7d: critical from 3 × upward")),
        (430.0, ("critical", "215 × 2 in the last 7d: critical from 3 × upward")),
        (-2.0, ("critical", "-1 × 2 in the last 7d: critical from 0.5 × downward")),
    ],
)
def test_a_rise_and_a_drop_beyond_a_limit_fail(value: float, expected: tuple[str, str]) -> None:
    judge = changed("7d", warning=2.0, critical=3.0, warning_below=0.6, critical_below=0.5)
    assert judge.against(value, uneven(), NOW) == expected


def test_what_is_usual_is_written_whole() -> None:
    judge = changed("7d", critical=3.0)
    past = [(at, 1_000_000 * value) for at, value in uneven()]
    assert judge.against(3_000_000.0, past, NOW) == ("ok", "1.5 × 2000000 in the last 7d")


def test_without_enough_of_a_past_nothing_is_known() -> None:
    judge = changed("7d", critical=3.0)
    assert judge(9.0) == ("unknown", "0 of 20 measurements that make a past")
    assert judge.against(9.0, uneven()[-19:], NOW) == (
        "unknown",
        "19 of 20 measurements that make a past",
    )
    assert judge.against(9.0, uneven(), NOW).state == "critical"


@pytest.mark.parametrize(
    ("window", "hours", "expected"),
    [
        ("28d", 143.9, ("unknown", "5d23h of 6d that make a past")),
        ("28d", 144, ("critical", "4.5 × 2 in the last 28d: critical from 3 × upward")),
        ("2d", 41, ("unknown", "1d17h of 1d17h that make a past")),
        ("2d", 42, ("critical", "4.5 × 2 in the last 2d: critical from 3 × upward")),
        ("1h", 0.8, ("unknown", "48m of 51m25s that make a past")),
        ("1h", 0.9, ("critical", "4.5 × 2 in the last 1h: critical from 3 × upward")),
    ],
)
def test_a_past_holds_six_days_or_most_of_a_shorter_window(
    window: str, hours: float, expected: tuple[str, str]
) -> None:
    past = [(NOW - hours * HOUR, 2.0), *((NOW - number, 2.0) for number in range(1, 20))]
    assert changed(window, critical=3.0).against(9.0, past, NOW) == expected


def test_the_same_hour_of_the_week_comes_first_where_there_is_enough_of_it() -> None:
    judge = changed("28d", critical=3.0)
    past = uneven(2.0) + same_hour(100.0)
    assert judge.against(100.0, past, NOW) == ("ok", "1 × 100 in the same hour of the week")
    few = uneven(2.0) + same_hour(100.0, 2)
    assert judge.against(100.0, few, NOW) == (
        "critical",
        "50 × 2 in the last 28d: critical from 3 × upward",
    )
    # Of that hour three are enough, though they are all that there is.
    assert judge.against(100.0, same_hour(100.0), NOW).state == "ok"


def test_the_same_hour_of_the_day_comes_next() -> None:
    judge = changed("28d", critical=3.0)
    past = uneven(2.0) + each_day(100.0)
    assert judge.against(300.0, past, NOW) == (
        "critical",
        "3 × 100 in the same hour of the day: critical from 3 × upward",
    )
    assert judge.against(100.0, each_day(100.0), NOW).state == "ok"
    assert judge.against(100.0, each_day(100.0, 5), NOW).state == "unknown"


def test_where_what_is_usual_depends_on_the_hour_other_hours_judge_nothing() -> None:
    judge = changed("28d", critical=3.0)
    at_other_hours = [(at - 6 * HOUR, 100.0) for at, _ in uneven()]
    unknown = (
        "unknown",
        "0 of 3 measurements of this hour of the week, and what is usual depends on the hour",
    )
    assert judge.against(100.0, uneven(2.0)[:11] + at_other_hours[11:], NOW) == unknown
    # Two of twenty-one are outliers, three of them are a pattern.
    assert judge.against(2.0, uneven(2.0)[:19] + at_other_hours[19:], NOW).state == "ok"
    assert judge.against(2.0, uneven(2.0)[:18] + at_other_hours[18:], NOW) == unknown


def test_days_of_the_week_that_differ_wait_for_a_day_of_their_own() -> None:
    judge = changed("28d", critical_below=0.5)
    past = each_day(100.0, 5) + [(at - 5 * DAY, 30.0) for at, _ in each_day(0.0, 1)]
    assert judge.against(30.0, past, NOW).state == "unknown"
    assert judge.against(30.0, past + same_hour(30.0), NOW).state == "ok"


@pytest.mark.parametrize(
    ("ago", "same"),
    [
        (60.0, False),
        (1.25 * HOUR, False),
        (DAY, False),
        (WEEK, True),
        (WEEK + 1.25 * HOUR, True),
        (WEEK - 1.25 * HOUR, True),
        (WEEK + 1.25 * HOUR + 1, False),
        (WEEK - 1.25 * HOUR - 1, False),
        (4 * WEEK, True),
    ],
)
def test_a_measurement_of_another_week_within_an_hour_is_of_the_same_time(
    ago: float, same: bool
) -> None:
    verdict = changed("35d", critical=3.0).against(7.0, [(NOW - ago, 7.0)] * 3, NOW)
    assert (verdict.state == "ok") is same


def test_where_half_of_the_hour_is_by_night_a_value_of_the_day_or_of_the_night_is_usual() -> None:
    judge = changed("28d", critical=3.0, critical_below=0.3)
    past = same_hour(10.0, 2) + [(NOW - WEEK + number * 600, 100.0) for number in (1, 2)]
    said = [judge.against(value, past, NOW).state for value in (2.0, 10.0, 100.0, 400.0)]
    assert said == ["critical", "ok", "ok", "critical"]


@pytest.mark.parametrize(("value", "state"), [(0.0, "ok"), (0.1, "critical"), (-0.1, "critical")])
def test_what_was_always_nothing_has_changed_when_it_is_something(value: float, state: str) -> None:
    judge = changed("7d", critical=3.0, critical_below=0.1)
    assert judge.against(value, uneven(0.0), NOW).state == state


def test_one_outlier_of_the_past_moves_nothing() -> None:
    past = [*uneven(2.0), (NOW - 4 * DAY, 1e12)]
    assert changed("7d", critical=3.0).against(2.0, past, NOW).state == "ok"


@pytest.mark.parametrize("returned", [None, "many", True, math.nan, math.inf])
def test_what_is_no_number_is_not_judged(returned: Any) -> None:
    judged = check(judge=changed("7d", critical=3.0))
    result = of_returned(judged, returned, NOW, lambda _since, _step: uneven())
    assert result.status is Status.UNKNOWN
    assert result.message == f"it returned {returned!r} where a number is judged"


def test_a_run_is_given_the_past_of_its_window() -> None:
    asked: list[tuple[float, float]] = []

    def past(_check: object) -> Any:
        def since(moment: float, step: float) -> Past:
            asked.append((moment, step))
            return [(time.time() + at - NOW, value) for at, value in uneven()]

        return since

    bench = Bench(past=past)
    rows = bench.add("rows", lambda: 8, judge=changed("7d", critical=3.0), unit="{row}")
    result = bench.runner.run(rows)
    assert (result.status, result.value) == (Status.CRITICAL, 8.0)
    assert result.message == "8 row: 4 × 2 in the last 7d: critical from 3 × upward"
    # And so much before it, that the hour a week ago is whole; at most a thousand measurements.
    [(moment, step)] = asked
    assert moment == pytest.approx(result.started - WEEK - 1.25 * HOUR, abs=60)
    assert step == pytest.approx(604.8)


def usual(hour: int, random: Random) -> float:
    """What a shop sells in an hour: by day a hundred times what it sells by night."""
    day, of_day = hour // 24 % 7, hour % 24
    by_day = 1_000.0 if day < 5 else 100.0
    return (by_day if 8 <= of_day < 20 else 10.0) * random.lognormvariate(0, 0.15)


def test_a_year_of_a_weekly_pattern_raises_no_alarm_and_a_real_change_does() -> None:
    judge = changed("28d", critical=4.0, critical_below=0.25)
    random = Random(7)
    sold = [(NOW + hour * HOUR, usual(hour, random)) for hour in range((28 + 365) * 24)]
    said, jumped, dropped = set(), set(), set()
    for number in range(28 * 24, len(sold), 11):
        (at, value), past = sold[number], sold[number - 28 * 24 : number]
        said.add(judge.against(value, past, at).state)
        jumped.add(judge.against(value * 8, past, at).state)
        dropped.add(judge.against(value / 8, past, at).state)
    assert (said, jumped, dropped) == ({"ok"}, {"critical"}, {"critical"})


@pytest.mark.parametrize(
    ("window", "step"), [("1h", 3.6), ("7d", 604.8), ("28d", 2_419.2), ("366d", 3_600.0)]
)
def test_of_a_longer_window_less_is_read_but_something_of_each_hour(
    window: str, step: float
) -> None:
    assert changed(window, critical=3.0).step == pytest.approx(step)


LIMITS = "changed('7d', warning={}, critical={}, warning_below={}, critical_below={})"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give a limit, such as critical=3.0"),
        ({"critical": 1}, "warning and critical are above 1"),
        ({"warning": 0.5}, "warning and critical are above 1"),
        ({"warning": True}, "warning and critical are above 1"),
        ({"warning": "2"}, "warning and critical are above 1"),
        ({"critical": math.inf}, "warning and critical are above 1"),
        ({"critical": math.nan}, "warning and critical are above 1"),
        ({"warning_below": 1}, "warning_below and critical_below lie between 0 and 1"),
        ({"critical_below": 0}, "warning_below and critical_below lie between 0 and 1"),
        ({"warning": 4, "critical": 3}, "warning may not exceed critical"),
        (
            {"warning_below": 0.2, "critical_below": 0.5},
            "critical_below may not exceed warning_below",
        ),
    ],
)
def test_a_wrong_limit_is_told_with_its_place(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError) as told:
        changed("7d", **options)
    names = ("warning", "critical", "warning_below", "critical_below")
    said = LIMITS.format(*(repr(options.get(name)) for name in names))
    line = told.traceback[0].lineno + 1
    assert str(told.value) == f"{said} ({Path(__file__).resolve()}:{line}): {message}"


def test_a_window_is_at_least_an_hour() -> None:
    with pytest.raises(DeclarationError, match="out of range: use 1h to 366d"):
        changed("30m", critical=3.0)
    assert changed("1h", critical=3.0) == Changed(HOUR, None, 3.0, None, None)
