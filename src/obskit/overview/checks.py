"""Checks as people look at them: what is declared, and what the processes of the service found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from obskit.checks.judge import limits_of
from obskit.checks.model import CheckResult, Status
from obskit.checks.results import counting, counts
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
        of_hosts: The latest runs of each that every host, or process, runs for itself.
    """

    now: float
    latest: Mapping[str, Run] = field(default_factory=dict)
    recent: Mapping[str, Sequence[Run]] = field(default_factory=dict)
    silences: Mapping[str, Silence] = field(default_factory=dict)
    of_hosts: Mapping[str, Sequence[Run]] = field(default_factory=dict)


class Found(NamedTuple):
    """A check with a run that tells how it stands.

    Attributes:
        check: The check.
        run: The run, or None before the first.
        result: What may be said of it now, or None.
    """

    check: Check
    run: Run | None
    result: CheckResult | None


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
    return counting(check, found, _age(run, now))


def found(declared: Iterable[Check], known: Known) -> Iterator[Found]:
    """How checks stand: one of each host on each whose result counts, or the newest where none does.

    A host whose results no longer count has ended, or is silent: that is told of the host.

    Args:
        declared: The checks.
        known: What is known of them.
    """
    for check in declared:
        of_hosts = known.of_hosts.get(check.name, ()) if check.scope != "fleet" else ()
        lately = [run for run in of_hosts if counts(check, _age(run, known.now))]
        newest = known.latest.get(check.name)
        for run in lately or (newest,):
            yield Found(check, run, result(check, run, known.now))


def _age(run: Run, now: float) -> float:
    return now - run.started - run.duration


def views(found: Iterable[Found], known: Known) -> list[CheckView]:
    """Checks with how they stand, what is worst first.

    Args:
        found: How they stand.
        known: What is known of them.
    """
    return sorted((_view(*each, known) for each in found), key=_rank)


def _rank(view: CheckView) -> tuple[int, bool, str, str]:
    return WORST_FIRST.index(view.status), view.silence is not None, view.severity, view.label


def _view(check: Check, run: Run | None, found: CheckResult | None, known: Known) -> CheckView:
    host = run.host if run else ""
    recent = known.recent.get(check.name, ())
    own = [each for each in recent if each.host == host] if host else recent
    warning_at, critical_at = _deadlines(check, run)
    value = run.value if run else None
    return CheckView(
        name=check.name,
        status="unknown" if found is None else found.status.value,
        latest=run,
        history=tuple(reversed(own)),
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
        host=host,
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
