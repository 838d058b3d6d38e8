"""What a validation found, counted and judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.checks.given import check

from obskit.checks.issues import LEVELS, Issue, judge
from obskit.checks.verdict import of_returned
from obskit.declaration import Level


def issues(**counts: int) -> list[Issue]:
    given: Any = counts
    return [
        Issue(level, f"row {number}", "odd")
        for level, count in given.items()
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("counts", "alert_above", "expected"),
    [
        ({}, None, ("ok", "no issues")),
        ({"warning": 900, "info": 7}, None, ("ok", "900 warning, 7 info")),
        ({"error": 1}, None, ("warning", "1 error")),
        ({"critical": 1, "info": 1}, None, ("critical", "1 critical, 1 info")),
        ({"error": 5}, {"error": 5}, ("ok", "5 error")),
        ({"error": 6}, {"error": 5}, ("warning", "6 error")),
        ({"critical": 9}, {"error": 5}, ("ok", "9 critical")),
        (
            {"critical": 2, "error": 9},
            {"critical": 2, "error": 5},
            ("warning", "2 critical, 9 error"),
        ),
        ({"info": 3}, {"info": 2}, ("warning", "3 info")),
        ({"critical": 3}, {"critical": 2}, ("critical", "3 critical")),
        ({"critical": 3}, {}, ("ok", "3 critical")),
    ],
)
def test_more_of_a_level_than_is_still_well_alerts_by_the_gravest_of_them(
    counts: dict[str, int], alert_above: Mapping[Level, int] | None, expected: tuple[str, str]
) -> None:
    result = of_returned(check(alert_above=alert_above), issues(**counts), 0.0)
    assert (result.status.value, result.message) == expected


def test_all_are_counted_and_the_gravest_fifty_are_shown() -> None:
    found = issues(info=100, error=30, critical=30)
    result = judge(found, {})
    assert (result.value, result.unit) == (160.0, "{issue}")
    assert result.details == {"critical": 30, "error": 30, "warning": 0, "info": 100}
    rows = list(result.evidence)
    assert rows == [f"critical: row {number}: odd" for number in range(30)] + [
        f"error: row {number}: odd" for number in range(20)
    ]


@given(st.lists(st.sampled_from(LEVELS), max_size=300))
def test_no_issue_is_left_uncounted_and_none_is_shown_before_a_graver_one(
    levels: list[Level],
) -> None:
    result = judge((Issue(level, "row", "odd") for level in levels), {})
    assert result.value == len(levels)
    assert result.details == {level: levels.count(level) for level in LEVELS}
    gravest = sorted(levels, key=LEVELS.index)[:50]
    assert [str(row).partition(":")[0] for row in result.evidence] == gravest


@pytest.mark.parametrize("level", ["Error", "fatal", "", None, 3])
def test_a_level_that_is_none_is_refused(level: Any) -> None:
    with pytest.raises(ValueError, match="the level is") as told:
        Issue(level, "row", "odd")
    assert str(told.value) == f"the level is {level!r}: use critical, error, warning, info"


def test_a_tuple_of_issues_is_a_validation_and_a_mixed_list_is_none() -> None:
    assert of_returned(check(), (Issue("error", "row", "odd"),), 0.0).message == "1 error"
    mixed = of_returned(check(), [Issue("error", "row", "odd"), 7], 0.0)
    assert mixed.status.value == "unknown"
