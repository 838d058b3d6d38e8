"""What checks, jobs, operations and quotas say, as problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from obskit.checks.issues import LEVELS
from obskit.checks.model import CheckResult, Status
from obskit.declaration import Check, Job, Level
from obskit.declared_values import read_alert_above
from obskit.notify.problem import Problem
from obskit.operations import lateness
from obskit.operations.operation import DeclaredOperation
from obskit.operations.quota import DeclaredQuota
from obskit.registry import Registry
from obskit.state.store import JobRun

# Of what runs after something else only, seconds.
_PERIOD = 3_600.0


def of_check(
    check: Check, result: CheckResult, since: float, issues: Mapping[Level, int]
) -> Problem:
    """How a check stands.

    Args:
        check: The check.
        result: Its latest result.
        since: Since when its status is so, seconds since the Unix epoch.
        issues: Of validations that declare no limits of their own: above how many issues of a level
            people are told.
    """
    return Problem(
        "check",
        check.name,
        check.severity,
        _status(check, result, issues).value,
        since,
        result.finished,
        check.owner,
        result.message,
        tuple(str(row) for row in result.evidence),
        check.runbook,
        _links(result.details),
        result.trace_id,
        check.every if isfinite(check.every) else _PERIOD,
        check.depends_on,
    )


def _status(check: Check, result: CheckResult, issues: Mapping[Level, int]) -> Status:
    """The status that people are told of: of a validation with the usual limits, by those of here."""
    is_usual = check.alert_above == read_alert_above(None)
    if not is_usual or result.raw is not None or set(result.details) != set(LEVELS):
        return result.status
    above = [
        level
        for level in LEVELS
        if level in issues and int(str(result.details[level])) > issues[level]
    ]
    if not above:
        return Status.OK
    return Status.CRITICAL if above[0] == "critical" else Status.WARNING


def _links(details: Mapping[str, object]) -> dict[str, str]:
    return {
        name: told
        for name, told in details.items()
        if isinstance(told, str) and told.startswith(("http://", "https://"))
    }


def of_jobs(
    jobs: Mapping[str, Job],
    runs: Mapping[str, Sequence[JobRun]],
    known_since: Mapping[str, float],
    now: float,
) -> Iterator[Problem]:
    """How jobs stand.

    Args:
        jobs: Their declarations.
        runs: The runs of each that tell, as `Store.latest_jobs` gives them.
        known_since: Since when each is known, seconds since the Unix epoch.
        now: The same of now.
    """
    for name, job in jobs.items():
        stands = lateness.judge(runs.get(name, ()), now, job=job, known_since=known_since.get(name))
        result = stands.as_result()
        yield Problem(
            "job",
            name,
            job.severity,
            result.status.value,
            _since(job, stands, now),
            now,
            job.owner,
            result.message,
            tuple(str(row) for row in result.evidence),
            job.runbook,
            trace_id=stands.ended.trace_id if stands.ended else None,
        )


def _since(job: Job, stands: lateness.Standing, now: float) -> float:
    if stands.state == "late" and stands.deadline is not None:
        return stands.deadline
    if stands.state == "too_long" and stands.last and job.max_runtime:
        return min(now, stands.last.started + job.max_runtime)
    if stands.fails and stands.ended is not None:
        return stands.ended.finished or stands.ended.started
    return now


def of_process(registry: Registry, now: float) -> Iterator[Problem]:
    """How the operations and quotas of this process stand, but those that a check tells of.

    Args:
        registry: Where they are declared.
        now: Seconds since the Unix epoch.
    """
    told = {id(getattr(each.subject, "__self__", None)) for each in registry.checks.values()}
    for operation in registry.operations.values():
        if isinstance(operation, DeclaredOperation) and id(operation) not in told:
            health = operation.health()
            yield Problem(
                "operation",
                operation.name,
                operation.severity,
                health.status.value,
                now,
                now,
                operation.owner,
                health.message,
                tuple(str(row) for row in health.evidence),
                operation.runbook,
            )
    for quota in registry.quotas.values():
        if isinstance(quota, DeclaredQuota) and id(quota) not in told:
            result = quota.check()
            yield Problem(
                "quota", quota.name, "sev2", result.status.value, now, now, None, result.message
            )
