"""Alerts are sent for nothing: what mends itself, or flaps, of what the checks have kept."""

from __future__ import annotations

from collections.abc import Iterator

from obskit.cli.check.record import watched
from obskit.cli.doctor.patient import Finding, Patient

_BACK = 30 * 86_400.0
_MOST = 20_000
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
            often = check.damping.failures + 1
            yield Finding(
                f"{check.name} failed {len(failings.firings)} times in 30d, was well within minutes"
                f" {failings.mended} times, and flapped {failings.flapped} times",
                f"try failures_before_alert={often}, or another threshold",
            )
    told = f"{mended} of {many} alerts in 30d were over within five minutes"
    if many and mended > _SHARE * many:
        yield Finding(told, "more than 5 %: see obskit check report")
    else:
        yield Finding(told)
