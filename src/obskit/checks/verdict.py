"""What a check returned, as a result: the one place that judges."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TypeGuard, cast

from obskit.checks import issues, score
from obskit.checks.changed import Changed
from obskit.checks.issues import Issue
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status, number
from obskit.declaration import Check, Freshness, Judge
from obskit.duration import format_duration
from obskit.number import format_number
from obskit.redaction import describe, safe_repr

# Clocks of two machines differ by this much without anything being wrong, seconds.
_CLOCK_SKEW = 60.0


#: Gives what a check measured since a moment: when, and what.
Past = Callable[[float, float], Sequence[tuple[float, float]]]


def of_returned(
    check: Check, returned: object, now: float, past: Past = lambda _since, _step: ()
) -> CheckResult:
    """Judge what a check's subject returned.

    Args:
        check: The declaration.
        returned: What the subject returned.
        now: Seconds since the Unix epoch.
        past: What the check measured since a moment, one of each so many seconds.
    """
    if isinstance(returned, CheckResult):
        return returned
    if isinstance(returned, Measurement):
        return _of_measurement(check, returned, now, past)
    if check.freshness is not None:
        return _of_instant(check.freshness, returned, now)
    measured = number(returned)
    if isinstance(check.judge, Changed):
        return _of_change(check, check.judge, returned, now, past)
    if check.judge is not None:
        return _of_number(check.judge, check.unit, returned, measured)
    if check.bands is not None:
        return score.of_share(check.bands, returned)
    if _are_issues(returned):
        return issues.judge(returned, check.alert_above)
    if returned is None or returned is True:
        return CheckResult.ok()
    if returned is False:
        return CheckResult.critical("it returned False")
    if measured is None or not math.isfinite(measured):
        return CheckResult.unknown(
            f"it returned {safe_repr(returned)}: return None, True, False, a number, issues or a CheckResult"
        )
    return CheckResult.ok(value=measured)


def _of_measurement(check: Check, measurement: Measurement, now: float, past: Past) -> CheckResult:
    counted = check if check.unit else replace(check, unit=measurement.unit)
    judged = of_returned(counted, measurement.value, now, past)
    said = (part for part in (judged.message, measurement.message) if part)
    rows = measurement.evidence
    return replace(
        judged,
        message="; ".join(said),
        unit=measurement.unit or judged.unit,
        details={**judged.details, **measurement.details},
        evidence=chain(judged.evidence, [rows] if isinstance(rows, str) else rows),
    )


def _are_issues(returned: object) -> TypeGuard[Sequence[Issue]]:
    listed = isinstance(returned, (list, tuple))
    return listed and all(isinstance(each, Issue) for each in cast("list[object]", returned))


def _of_change(
    check: Check, judge: Changed, returned: object, now: float, past: Past
) -> CheckResult:
    measured = number(returned)
    if measured is None or not math.isfinite(measured):
        return CheckResult.unknown(f"it returned {safe_repr(returned)} where a number is judged")
    verdict = judge.against(measured, past(now - judge.since, judge.step), now)
    message = f"{format_number(measured)}{_unit(check.unit)}: {verdict.reason}"
    return CheckResult(Status(verdict.state), message, measured)


def of_error(check: Check, error: BaseException) -> CheckResult:
    """The result of a check whose subject raised.

    Critical, or unknown for the kinds that it named. An age that could not be read is unknown.
    """
    unknown = check.freshness is not None or isinstance(error, check.unknown_on)
    return CheckResult(Status.UNKNOWN if unknown else Status.CRITICAL, describe(error))


def of_timeout(check: Check) -> CheckResult:
    """The result of a run that takes too long."""
    return CheckResult(
        Status(check.on_timeout), f"no answer within {format_duration(check.timeout)}"
    )


def of_dependency(name: str, status: Status) -> CheckResult:
    """The result of a check that means nothing while another is down."""
    return CheckResult(Status.SKIPPED, f"not run: {name} is {status}")


def _of_number(judge: Judge, unit: str, returned: object, measured: float | None) -> CheckResult:
    if measured is None or math.isnan(measured):
        return CheckResult.unknown(f"it returned {safe_repr(returned)} where a number is judged")
    verdict = judge(measured)
    value = f"{format_number(measured)}{_unit(unit)}"
    message = f"{value}: {verdict.reason}" if verdict.reason else value
    return CheckResult(Status(verdict.state), message, measured)


def _of_instant(freshness: Freshness, returned: object, now: float) -> CheckResult:
    if returned is None:
        return CheckResult.critical("never")
    if not isinstance(returned, datetime):
        return CheckResult.unknown(f"it returned {safe_repr(returned)} where an instant is judged")
    naive = returned.utcoffset() is None
    if naive and freshness.timezone is None:
        return CheckResult.unknown(
            f"{returned.isoformat()} has no time zone: give timezone= in the declaration"
        )
    instant = returned.replace(tzinfo=freshness.timezone) if naive else returned
    age = now - instant.timestamp()
    if age < -_CLOCK_SKEW:
        ahead = format_duration(math.floor(-age))
        return CheckResult.unknown(f"{instant.isoformat()} lies {ahead} ahead: compare the clocks")
    return _of_age(freshness, max(0.0, age))


def _of_age(freshness: Freshness, age: float) -> CheckResult:
    old = f"{format_duration(math.floor(age))} old" if age >= 1 else "just now"
    for status, limit in (
        (Status.CRITICAL, freshness.critical_after),
        (Status.WARNING, freshness.warning_after),
    ):
        if limit is not None and age >= limit:
            return CheckResult(status, f"{old}: {status} from {format_duration(limit)} on", age)
    return CheckResult.ok(old, value=age)


def _unit(unit: str) -> str:
    return "" if unit in {"", "1"} else f" {unit.strip('{}')}"
