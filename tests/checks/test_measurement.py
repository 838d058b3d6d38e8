"""A value that has more to say than itself is judged as the value would be."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tests.checks.given import check

from obskit import CheckResult, above
from obskit.checks.issues import Issue
from obskit.checks.measurement import Measurement
from obskit.checks.verdict import of_returned

NOON = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
NOW = NOON.timestamp()


@pytest.mark.parametrize(
    ("options", "value", "expected"),
    [
        ({}, 3, ("ok", "two schools", 3.0)),
        ({}, None, ("ok", "two schools", None)),
        ({}, False, ("critical", "it returned False; two schools", None)),
        ({"judge": above(warning=1)}, 3, ("warning", "3: warning from 1 upward; two schools", 3.0)),
        (
            {"judge": above(warning=1)},
            None,
            ("unknown", "it returned None where a number is judged; two schools", None),
        ),
        (
            {"critical_after": "1h"},
            NOON - timedelta(hours=2),
            ("critical", "2h old: critical from 1h on; two schools", 7_200.0),
        ),
        ({"critical_after": "1h"}, None, ("critical", "never; two schools", None)),
        ({"score": True}, 0.9, ("ok", "90.0 %: Good; two schools", 0.9)),
        ({}, [Issue("error", "row", "odd")], ("warning", "1 error; two schools", 1.0)),
        ({}, CheckResult.critical("no", value=2), ("critical", "no; two schools", 2.0)),
    ],
)
def test_it_is_judged_as_its_value_and_adds_what_it_says(
    options: dict[str, Any], value: object, expected: tuple[str, str, float | None]
) -> None:
    result = of_returned(check(**options), Measurement(value, message="two schools"), NOW)
    assert (result.status.value, result.message, result.value) == expected


def test_its_own_unit_is_told_where_none_is_declared() -> None:
    found = of_returned(check(judge=above(warning=1)), Measurement(3, "%"), NOW)
    assert found.message == "3 %: warning from 1 upward"
    declared = of_returned(check(judge=above(warning=1), unit="{row}"), Measurement(3, "%"), NOW)
    assert declared.message == "3 row: warning from 1 upward"


def test_its_facts_rows_and_unit_stand_in_the_result() -> None:
    measured = Measurement(
        7, "{row}", details={"table": "orders", "password": "x1y2z3"}, evidence=["row 1", "row 2"]
    )
    result = of_returned(check(unit="By", judge=above(warning=1)), measured, NOW)
    assert result.unit == "{row}"
    assert result.details == {"table": "orders", "password": "[redacted]"}
    assert result.evidence == ("row 1", "row 2")
    assert result.message == "7 By: warning from 1 upward"


def test_what_it_says_of_itself_stays_where_its_value_says_more() -> None:
    found = [Issue("error", "row 1", "odd")]
    result = of_returned(
        check(), Measurement(found, details={"table": "orders"}, evidence="all"), NOW
    )
    assert result.details == {"critical": 0, "error": 1, "warning": 0, "info": 0, "table": "orders"}
    assert result.evidence == ("error: row 1: odd", "all")
    assert result.unit == "{issue}"


def test_endless_evidence_is_cut() -> None:
    result = of_returned(check(), Measurement(0, evidence=iter(int, 1)), NOW)
    assert len(list(result.evidence)) == 50
