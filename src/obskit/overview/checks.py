"""Checks as people look at them: what is declared, and what the processes of the service found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from obskit.checks.judge import limits_of
from obskit.checks.model import CheckResult, Status
from obskit.checks.results import counting
from obskit.checks.score import grade_of
from obskit.declaration import Check
from obskit.duration import format_duration
from obskit.overview.model import CheckView
from obskit.state.store import Run, Silence

#: Statuses, in the order in which they are looked at.
WORST_FIRST = ("critical", "unknown", "warning", "skipped", "ok")


@dataclass(frozen=True)
class Known:
    """What is known of the checks.

    Attributes:
        now: Seconds since the Unix epoch.
        latest: The latest run of each.
        recent: Runs of late of each, the newest first.
        silences: Those that last, by the name of the check.
    """

    now: float
    latest: Mapping[str, Run] = field(default_factory=dict)
    recent: Mapping[str, Sequence[Run]] = field(default_factory=dict)
    silences: Mapping[str, Silence] = field(default_factory=dict)


def when(check: Check) -> str:
    """When a check runs, in words.

    Args:
        check: The check.
    """
    if check.cron is not None:
        return f"at {check.cron.expression} {check.cron.timezone}"
    if check.on is not None:
        return f"after {check.on}"
    return f"every {format_duration(check.every)}"


def result(check: Check, run: Run | None, now: float) -> CheckResult | None:
    """What may be said of a check now: unknown where its latest run is too old to count.

    Args:
        check: The check.
        run: Its latest run, or None.
        now: Seconds since the Unix epoch.
    """
    if run is None:
        return None
    # Neither details nor evidence are judged here, and making them plain again takes long.
    # A status that this release does not know is a newer one's.
    status = Status(run.damped) if run.damped in WORST_FIRST else Status.UNKNOWN
    found = CheckResult(status, run.message, run.value, run.unit)
    return counting(check, found, now - run.started - run.duration)


def views(found: Iterable[tuple[Check, CheckResult | None]], known: Known) -> list[CheckView]:
    """Checks with how they stand, what is worst first.

    Args:
        found: The checks, each with what may be said of it now.
        known: What is known of them.
    """
    return sorted((_view(check, result, known) for check, result in found), key=_rank)


def _rank(view: CheckView) -> tuple[int, bool, str, str]:
    return WORST_FIRST.index(view.status), view.silence is not None, view.severity, view.name


def _view(check: Check, found: CheckResult | None, known: Known) -> CheckView:
    run = known.latest.get(check.name)
    warning_at, critical_at = _deadlines(check, run)
    value = run.value if run else None
    return CheckView(
        name=check.name,
        status="unknown" if found is None else found.status.value,
        latest=run,
        history=tuple(reversed(known.recent.get(check.name, ()))),
        severity=check.severity,
        owner=check.owner,
        runbook=check.runbook,
        description=check.description,
        group=check.group or "",
        dimension=check.dimension or "",
        is_score=check.bands is not None,
        score=grade_of(check.bands, value) if check.bands and value is not None else "",
        schedule=when(check),
        next_run=_next_run(check, run, known.now),
        limits=limits_of(check.judge),
        unit=(run.unit if run else "") or check.unit,
        warning_at=warning_at,
        critical_at=critical_at,
        silence=known.silences.get(check.name),
        overdue=run is not None and found is not None and found.status.value != run.damped,
    )


def _next_run(check: Check, run: Run | None, now: float) -> float | None:
    if check.on is not None:
        return None
    if check.cron is not None:
        return check.cron.after(now)
    return max(now, run.started + check.every) if run else None


def _deadlines(check: Check, run: Run | None) -> tuple[float | None, float | None]:
    """When what a freshness watches becomes too old, by its age at the latest run."""
    freshness = check.freshness
    if freshness is None or run is None or run.value is None:
        return None, None
    instant = run.started + run.duration - run.value
    warning, critical = freshness.warning_after, freshness.critical_after
    return (
        None if warning is None else instant + warning,
        None if critical is None else instant + critical,
    )
