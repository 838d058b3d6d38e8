"""When who may be told: sev1 at once, sev2 in working hours, sev3 once a day."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from obskit.declaration import Severity
from obskit.notify.problem import Problem
from obskit.receivers.model import Directory, Mute

# Without working hours the digest is sent from this hour on, UTC.
_MORNING = 8
_KINDS = frozenset(("check", "job", "operation"))


def may_hear(directory: Directory, severity: Severity, now: float, *, is_digest: bool) -> bool:
    """Whether people hear of something now.

    Args:
        directory: Says when they work.
        severity: How soon somebody must act.
        now: Seconds since the Unix epoch.
        is_digest: Whether a digest is made now.
    """
    if severity == "sev3":
        return is_digest
    hours = directory.working_hours
    return severity == "sev1" or hours is None or hours.hold(_at(now))


def digest_is_due(directory: Directory, last: float, now: float) -> bool:
    """Whether the digest of the day is made now: with the first look in working hours.

    Args:
        directory: Says when they are.
        last: When the last one was made, seconds since the Unix epoch.
        now: Seconds since the Unix epoch.
    """
    hours = directory.working_hours
    zone = ZoneInfo(hours.timezone) if hours else timezone.utc
    today, before = _at(now).astimezone(zone), _at(last).astimezone(zone)
    morning = hours.hold(today) if hours else today.hour >= _MORNING
    return morning and today.date() > before.date()


def is_muted(
    mute: Mute, problem: Problem, severity: Severity, service: str, environment: str, now: float
) -> bool:
    """Whether a mute window is open, and meant for a problem.

    Args:
        mute: The window.
        problem: The problem.
        severity: How soon somebody must act.
        service: Whose it is.
        environment: Where.
        now: Seconds since the Unix epoch.
    """
    traits = {
        "service": service,
        "environment": environment,
        "severity": severity,
        "owner": problem.owner or "",
    }
    if problem.kind in _KINDS:
        traits[problem.kind] = problem.name
    # A trait that it does not have, such as the name of a Prometheus rule, means another problem.
    meant = all(traits.get(trait) in allowed for trait, allowed in mute.match.items())
    return meant and mute.hours.hold(_at(now))


def _at(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, timezone.utc)
