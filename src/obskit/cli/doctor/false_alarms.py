"""Alerts are sent for nothing: what mends itself, or flaps, of what the checks have kept."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from obskit.alerts.report import MENDED, Record
from obskit.cli.check.record import watched
from obskit.cli.doctor.patient import Finding, Patient
from obskit.declaration import Check

_BACK = 30 * 86_400.0
_MOST = 20_000
# Whoever waits for more runs in a row hears of nothing in time.
_MOST_RUNS = 10
#: Of all alerts so many may be for nothing.
_SHARE = 0.05


def diagnose(patient: Patient) -> Iterator[Finding]:
    """Which checks alert for nothing, in thirty days.

    Args:
        patient: The service.

    Raises:
        StoreError: The store cannot be read.
    """
    since, many, mended = patient.now - _BACK, 0, 0
    for check in patient.registry.checks.values():
        runs = patient.store.runs(check.name, since=since, limit=_MOST)[::-1]
        one = watched(check, runs, since, patient.now, None)
        if one is None:
            continue
        failings = one.failings
        many, mended = many + len(failings.firings), mended + failings.mended
        if failings.is_restless:
            yield Finding(
                f"{check.name} failed {len(failings.firings)} times in 30d, was well within minutes"
                f" {failings.mended} times, and flapped {failings.flapped} times",
                _advice(check, failings),
            )
    told = f"{mended} of {many} alerts in 30d were over within five minutes"
    if many and mended > _SHARE * many:
        yield Finding(told, "more than 5 %: see obskit check report")
    else:
        yield Finding(told)


def _advice(check: Check, failings: Record) -> str:
    """After how many failing runs in a row to tell, so that what mended itself would not have been told."""
    lasted = [one.lasted for one in failings.firings if not one.lasts and one.lasted <= MENDED]
    runs = round(max(lasted, default=0.0) / check.every) if isfinite(check.every) else 0
    often = check.damping.failures + max(1, runs)
    if often > _MOST_RUNS:
        return "try another threshold, or run it more seldom"
    return f"try failures_before_alert={often}, or another threshold"
