"""How the declarations of jobs, operations and quotas are read."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from obskit import names
from obskit.declaration import Overlap, Place, Severity, UnknownOn
from obskit.declared_values import (
    read_cron,
    read_exceptions,
    read_name,
    read_one_of,
    read_span,
    read_text,
    read_timezone,
    shown,
    wrong_value,
)
from obskit.duration import Duration, format_duration
from obskit.exceptions import DeclarationError

#: Beyond the last bound of the histogram nothing can be told of a duration.
LONGEST_P95 = names.OPERATION_DURATION.buckets[-1]
_MOST = 1_000_000_000


def read_job(
    name: str,
    place: Place,
    *,
    expect_every: Duration | None,
    expect_cron: str | None,
    timezone: str | tzinfo | None,
    late_after: Duration,
    max_runtime: Duration | None,
    overlap: Overlap,
    severity: Severity,
    owner: str | None,
    runbook: str | None,
    description: str | None,
) -> dict[str, Any]:
    """The fields of a `Job`, of what its author wrote.

    Raises:
        DeclarationError: A value is wrong; it names the value, what is allowed, and the place.
    """

    def read() -> dict[str, Any]:
        if expect_every is not None and expect_cron is not None:
            raise ValueError("it has expect_every and expect_cron: use one or the other")
        if timezone is not None and expect_cron is None:
            raise wrong_value("timezone", timezone, "only a job with expect_cron has one")
        every = None if expect_every is None else read_span("expect_every", expect_every, least=1)
        longest = None if max_runtime is None else read_span("max_runtime", max_runtime)
        return {
            "expect_every": every,
            "expect_cron": read_cron(expect_cron, read_timezone(timezone)),
            "late_after": read_span("late_after", late_after, least=0),
            "max_runtime": longest,
            "overlap": read_one_of("overlap", overlap, Overlap),
            **_responsible(severity, owner, runbook),
            "description": read_text("description", description, default=""),
        }

    return _read("job", name, place, read)


def read_operation(
    name: str,
    place: Place,
    *,
    max_error_ratio: float | None,
    max_p95: Duration | None,
    slow_after: Duration | None,
    window: Duration,
    min_runs: int,
    expected: UnknownOn,
    severity: Severity,
    owner: str | None,
    runbook: str | None,
    description: str | None,
) -> dict[str, Any]:
    """The fields of an `Operation`, of what its author wrote.

    Raises:
        DeclarationError: A value is wrong; it names the value, what is allowed, and the place.
    """

    def read() -> dict[str, Any]:
        return {
            "max_error_ratio": None
            if max_error_ratio is None
            else _share("max_error_ratio", max_error_ratio, zero=True),
            "max_p95": None if max_p95 is None else _p95(max_p95),
            "slow_after": None if slow_after is None else read_span("slow_after", slow_after),
            "window": read_span("window", window, least=1),
            "min_runs": _whole("min_runs", min_runs),
            "expected": read_exceptions("expected", expected),
            **_responsible(severity, owner, runbook),
            "description": read_text("description", description, default=""),
        }

    return _read("operation", name, place, read)


def read_quota(
    name: str,
    place: Place,
    *,
    limit: int,
    per: Duration,
    warn_at: float,
    severity: Severity,
    owner: str | None,
    runbook: str | None,
) -> dict[str, Any]:
    """The fields of a `Quota`, of what its author wrote.

    Raises:
        DeclarationError: A value is wrong; it names the value, what is allowed, and the place.
    """

    def read() -> dict[str, Any]:
        return {
            "limit": _whole("limit", limit),
            "per": read_span("per", per),
            "warn_at": _share("warn_at", warn_at, zero=False),
            **_responsible(severity, owner, runbook),
        }

    return _read("quota", name, place, read)


def summary(function: Callable[..., object]) -> str:
    """The first line of a function's docstring."""
    return (inspect.getdoc(function) or "").strip().partition("\n")[0].strip()


def refuse_generator(kind: str, name: str, place: Place, function: Callable[..., object]) -> None:
    """A generator ends whenever its consumer likes: what it is part of would be measured instead.

    Raises:
        DeclarationError: It is one.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError(
            f"the {kind} {name!r} ({place}): its function {shown(function)} is a generator:"
            f" open `with {name.replace('-', '_')}.run():` inside it, around what does not yield"
        )


def _read(kind: str, name: str, place: Place, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {"name": read_name("the name", name), **read(), "place": place}
    except ValueError as wrong:
        raise DeclarationError(f"the {kind} {shown(name)} ({place}): {wrong}") from None


def _responsible(severity: Severity, owner: str | None, runbook: str | None) -> dict[str, Any]:
    return {
        "severity": read_one_of("severity", severity, Severity),
        "owner": read_text("owner", owner, default=None),
        "runbook": read_text("runbook", runbook, default=None),
    }


def _share(what: str, given: Any, *, zero: bool) -> float:
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if is_number and 0 <= given <= 1 and (given or zero):
        return float(given)
    raise wrong_value(what, given, "use a share of 1, such as 0.01")


def _p95(given: Duration) -> float:
    seconds = read_span("max_p95", given)
    if seconds > LONGEST_P95:
        raise wrong_value("max_p95", given, f"use at most {format_duration(LONGEST_P95)}")
    return seconds


def _whole(what: str, given: object) -> int:
    if type(given) is int and 1 <= given <= _MOST:
        return given
    raise wrong_value(what, given, "use a whole number from 1")
