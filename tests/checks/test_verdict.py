"""What a check returned, judged."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.checks.given import check
from tests.monsters import MONSTERS

from obskit import CheckResult, Status, above
from obskit.checks.verdict import of_dependency, of_error, of_returned, of_timeout

NOON = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
NOW = NOON.timestamp()

Seen = tuple[str, str, float | None]


def seen(result: CheckResult) -> Seen:
    return result.status.value, result.message, result.value


NEITHER = "return None, True, False, a number, issues or a CheckResult"


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (None, ("ok", "", None)),
        (True, ("ok", "", None)),
        (False, ("critical", "it returned False", None)),
        (0, ("ok", "", 0.0)),
        (3, ("ok", "", 3.0)),
        (Decimal("1.5"), ("ok", "", 1.5)),
        (math.nan, ("unknown", f"it returned nan: {NEITHER}", None)),
        (math.inf, ("unknown", f"it returned inf: {NEITHER}", None)),
        ("up", ("unknown", f"it returned 'up': {NEITHER}", None)),
        ([1], ("unknown", f"it returned [1]: {NEITHER}", None)),
    ],
)
def test_without_a_judge_what_is_returned_says_how_it_stands(returned: Any, expected: Seen) -> None:
    assert seen(of_returned(check(), returned, NOW)) == expected


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (0, ("ok", "0 row", 0.0)),
        (1, ("warning", "1 row: warning from 1 upward", 1.0)),
        (3_200_000, ("critical", "3200000 row: critical from 5 upward", 3_200_000.0)),
        (5.5, ("critical", "5.5 row: critical from 5 upward", 5.5)),
        (Decimal(5), ("critical", "5 row: critical from 5 upward", 5.0)),
        (math.inf, ("critical", "inf row: critical from 5 upward", None)),
        (None, ("unknown", "it returned None where a number is judged", None)),
        (True, ("unknown", "it returned True where a number is judged", None)),
        (False, ("unknown", "it returned False where a number is judged", None)),
        (math.nan, ("unknown", "it returned nan where a number is judged", None)),
        ("7", ("unknown", "it returned '7' where a number is judged", None)),
    ],
)
def test_with_a_judge_a_number_is_judged_and_all_else_is_unknown(
    returned: Any, expected: Seen
) -> None:
    judged = check(judge=above(warning=1, critical=5), unit="{row}")
    assert seen(of_returned(judged, returned, NOW)) == expected


@pytest.mark.parametrize(("unit", "message"), [("", "0"), ("1", "0"), ("By", "0 By")])
def test_a_number_is_told_with_its_unit(unit: str, message: str) -> None:
    judged = check(judge=above(warning=1), unit=unit)
    assert of_returned(judged, 0, NOW).message == message


@pytest.mark.parametrize("options", [{}, {"judge": above(warning=1)}, {"critical_after": "1h"}])
def test_a_result_is_taken_as_it_is(options: dict[str, Any]) -> None:
    result = CheckResult.warning("said", value=9)
    assert of_returned(check(**options), result, NOW) is result


def ago(**span: float) -> datetime:
    return NOON - timedelta(**span)


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (ago(seconds=0.5), ("ok", "just now", 0.5)),
        (ago(seconds=1), ("ok", "1s old", 1.0)),
        (ago(seconds=3_599), ("ok", "59m59s old", 3_599.0)),
        (ago(hours=1), ("warning", "1h old: warning from 1h on", 3_600.0)),
        (
            ago(hours=1, seconds=7_199 - 3_600),
            ("warning", "1h59m old: warning from 1h on", 7_199.0),
        ),
        (ago(hours=2), ("critical", "2h old: critical from 2h on", 7_200.0)),
        (ago(days=9), ("critical", "9d old: critical from 2h on", 777_600.0)),
        (
            ago(hours=1).astimezone(timezone(timedelta(hours=9))),
            ("warning", "1h old: warning from 1h on", 3_600.0),
        ),
        (None, ("critical", "never", None)),
        (ago(seconds=-60), ("ok", "just now", 0.0)),
        (
            ago(seconds=-61),
            ("unknown", "2026-06-01T12:01:01+00:00 lies 1m1s ahead: compare the clocks", None),
        ),
        (
            datetime(2026, 6, 1, 12),
            (
                "unknown",
                "2026-06-01T12:00:00 has no time zone: give timezone= in the declaration",
                None,
            ),
        ),
        (
            date(2026, 6, 1),
            (
                "unknown",
                "it returned datetime.date(2026, 6, 1) where an instant is judged",
                None,
            ),
        ),
        (NOW, ("unknown", "it returned 1780315200.0 where an instant is judged", None)),
        (True, ("unknown", "it returned True where an instant is judged", None)),
    ],
)
def test_an_instant_is_judged_by_its_age(returned: Any, expected: Seen) -> None:
    judged = check(warning_after="1h", critical_after="2h")
    assert seen(of_returned(judged, returned, NOW)) == expected


@pytest.mark.parametrize(
    ("options", "status"),
    [({"warning_after": "1h"}, "warning"), ({"critical_after": "1h"}, "critical")],
)
def test_an_instant_is_judged_by_the_one_limit_there_is(
    options: dict[str, Any], status: str
) -> None:
    assert of_returned(check(**options), ago(hours=3), NOW).status.value == status
    assert of_returned(check(**options), ago(minutes=3), NOW).status is Status.OK


class Nowhere(tzinfo):
    """A time zone that knows nothing of itself."""

    def utcoffset(self, _: datetime | None) -> None:
        return None

    def dst(self, _: datetime | None) -> None:
        return None

    def tzname(self, _: datetime | None) -> None:
        return None


@pytest.mark.parametrize("zone", [None, Nowhere()])
def test_an_instant_without_a_zone_is_read_in_the_declared_one(zone: tzinfo | None) -> None:
    judged = check(critical_after="2h", timezone="Asia/Tokyo")
    found = of_returned(judged, datetime(2026, 6, 1, 20, tzinfo=zone), NOW)
    assert seen(found) == ("ok", "1h old", 3_600.0)


def test_a_zone_that_knows_no_offset_is_none() -> None:
    found = of_returned(check(critical_after="2h"), datetime(2026, 6, 1, tzinfo=Nowhere()), NOW)
    assert found.message == (
        "2026-06-01T00:00:00 has no time zone: give timezone= in the declaration"
    )


def test_an_instant_with_a_zone_keeps_it() -> None:
    judged = check(critical_after="2h", timezone="Asia/Tokyo")
    assert seen(of_returned(judged, ago(hours=1), NOW)) == ("ok", "1h old", 3_600.0)


def test_an_exception_is_critical_or_unknown_where_the_check_says_so() -> None:
    error = ConnectionError("no answer")
    assert seen(of_error(check(), error)) == ("critical", "ConnectionError: no answer", None)
    for kinds in (OSError, (ValueError, ConnectionError)):
        assert of_error(check(unknown_on=kinds), error).status is Status.UNKNOWN
    assert of_error(check(unknown_on=ValueError), error).status is Status.CRITICAL


def test_an_exception_says_nothing_of_an_age() -> None:
    assert of_error(check(critical_after="1h"), OSError()).status is Status.UNKNOWN


def test_a_run_that_takes_too_long_is_critical_or_what_the_check_says() -> None:
    assert seen(of_timeout(check(timeout="2s"))) == ("critical", "no answer within 2s", None)
    assert of_timeout(check(on_timeout="unknown")).status is Status.UNKNOWN


def test_a_check_that_was_skipped_says_for_what() -> None:
    found = of_dependency("database", Status.UNKNOWN)
    assert seen(found) == ("skipped", "not run: database is unknown", None)


KINDS: list[dict[str, Any]] = [
    {},
    {"judge": above(warning=1, critical=5)},
    {"critical_after": "1h"},
    {"critical_after": "1h", "timezone": "Europe/Berlin"},
]


@pytest.mark.parametrize("options", KINDS)
@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.decimals(),
        st.fractions(),
        st.complex_numbers(),
        st.text(),
        st.binary(),
        st.dates(),
        st.datetimes(),
        st.datetimes(timezones=st.timezones()),
        st.timedeltas(),
        st.lists(st.integers()),
        st.functions(),
    )
)
def test_anything_that_is_returned_gets_a_result(options: dict[str, Any], returned: Any) -> None:
    result = of_returned(check(**options), returned, NOW)
    assert result.status is not Status.SKIPPED
    assert len(result.message) <= 1_000
    assert result.value is None or math.isfinite(result.value)


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("monster", MONSTERS)
def test_a_monster_that_is_returned_gets_a_result(options: dict[str, Any], monster: Any) -> None:
    result = of_returned(check(**options), monster, NOW)
    assert result.status in {Status.OK, Status.WARNING, Status.CRITICAL, Status.UNKNOWN}
