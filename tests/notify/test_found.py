"""Checks, jobs, operations and quotas as problems."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.checks.given import check
from tests.notify.given import HOUR, NOON

from obskit.checks import issues
from obskit.checks.issues import Issue
from obskit.checks.model import CheckResult, Status
from obskit.notify.found import of_check, of_jobs, of_process
from obskit.notify.problem import Problem
from obskit.operations.job import job
from obskit.operations.operation import operation
from obskit.operations.quota import quota
from obskit.registry import Registry
from obskit.state.store import JobRun

LIMITS: Any = {"critical": 5, "error": 20}


def test_all_of_a_check_that_fails_is_told() -> None:
    declared = check(
        "rows", every="5m", severity="sev1", owner="data", runbook="https://wiki", depends_on=["db"]
    )
    result = CheckResult.critical(
        "7 rows", evidence=["row 7", 3], details={"board": "https://grafana/rows", "rows": 7}
    )
    result = replace(result, started=NOON - 2, duration=2.0, trace_id="ab" * 16)
    assert of_check(declared, result, NOON - HOUR, LIMITS) == Problem(
        kind="check",
        name="rows",
        severity="sev1",
        status="critical",
        since=NOON - HOUR,
        judged=NOON,
        owner="data",
        message="7 rows",
        evidence=("row 7", "3"),
        runbook="https://wiki",
        links={"board": "https://grafana/rows"},
        trace_id="ab" * 16,
        period=300.0,
        depends_on=("db",),
    )


def test_a_check_that_runs_after_something_else_has_a_period_nevertheless() -> None:
    declared = check(every=None, on="job:import")
    assert of_check(declared, CheckResult.ok(), NOON, LIMITS).period == 3_600.0


@pytest.mark.parametrize(
    ("level", "count", "limits", "status"),
    [
        ("critical", 5, LIMITS, "ok"),
        ("critical", 6, LIMITS, "critical"),
        ("error", 20, LIMITS, "ok"),
        ("error", 21, LIMITS, "warning"),
        ("warning", 500, LIMITS, "ok"),
        ("warning", 3, {"warning": 2}, "warning"),
        ("critical", 500, {}, "ok"),
    ],
)
def test_issues_are_told_above_the_limits_of_their_level(
    level: Any, count: int, limits: Any, status: str
) -> None:
    declared = check("events")
    found = [Issue(level, f"event {number}", "wrong") for number in range(count)]
    result = issues.judge(found, declared.alert_above)
    assert of_check(declared, result, NOON, limits).status == status


def test_limits_that_a_check_declares_itself_are_those_that_count() -> None:
    declared = check("events", alert_above={"critical": 0})
    result = issues.judge([Issue("critical", "event 1", "wrong")], declared.alert_above)
    assert of_check(declared, result, NOON, LIMITS).status == "critical"


def test_issues_that_are_damped_are_not_told() -> None:
    result = issues.judge([Issue("critical", str(n), "wrong") for n in range(9)], {"critical": 0})
    damped = replace(result, status=Status.OK, raw=Status.CRITICAL)
    assert of_check(check("events"), damped, NOON, LIMITS).status == "ok"


@pytest.fixture
def registry() -> Registry:
    return Registry()


def jobs_of(registry: Registry, runs: list[JobRun], known: float, now: float) -> Problem:
    (found,) = of_jobs(registry.jobs, {"import": runs}, {"import": known}, now)
    return found


def test_a_job_that_never_came_is_late_since_its_deadline(registry: Registry) -> None:
    job("import", expect_every="1h", late_after="10m", severity="sev1", registry=registry)
    assert jobs_of(registry, [], NOON, NOON + HOUR).status == "ok"
    late = jobs_of(registry, [], NOON, NOON + 2 * HOUR)
    assert (late.kind, late.status, late.severity) == ("job", "critical", "sev1")
    assert late.since == NOON + 4_200
    assert late.message.startswith("expected until 2026-03-10T13:10:00Z, 50m ago")


def test_a_job_that_failed_is_told_with_its_last_lines(registry: Registry) -> None:
    job("import", expect_every="1h", owner="data", runbook="https://wiki", registry=registry)
    run = JobRun("r", "import", NOON, "failed", NOON + 60, message="no disk", evidence=("line 9",))
    failed = jobs_of(registry, [run], NOON, NOON + 120)
    assert (failed.status, failed.since, failed.evidence) == ("critical", NOON + 60, ("line 9",))
    assert (failed.owner, failed.runbook) == ("data", "https://wiki")
    assert failed.message == "failed: no disk, 1m ago"


def test_a_job_that_takes_too_long_is_told_since_then(registry: Registry) -> None:
    job("import", expect_every="1d", max_runtime="10m", registry=registry)
    run = JobRun("r", "import", NOON, beat=NOON + 700)
    assert jobs_of(registry, [run], NOON, NOON + 500).status == "ok"
    too_long = jobs_of(registry, [run], NOON, NOON + 700)
    assert (too_long.status, too_long.since) == ("critical", NOON + 600)


def test_an_operation_that_fails_too_often_is_told(registry: Registry) -> None:
    payment = operation(
        "payment", max_error_ratio=0.1, window="10m", min_runs=2, severity="sev1", registry=registry
    )
    for _ in range(3):
        with payment.run() as run:
            run.fail("declined")
    (found,) = of_process(registry, NOON)
    assert (found.key, found.status, found.severity) == ("operation:payment", "critical", "sev1")
    assert found.evidence == ("declined: 3",)


def test_a_quota_that_is_used_up_is_told(registry: Registry) -> None:
    crm = quota("crm", limit=2, per="1h", registry=registry)
    crm.use(2)
    (found,) = of_process(registry, NOON)
    assert (found.key, found.status) == ("quota:crm", "critical")


def test_what_a_check_tells_of_is_not_told_twice(registry: Registry) -> None:
    crm = quota("crm", limit=2, per="1h", registry=registry)
    registry.add("crm", crm.check, every="1m")
    assert list(of_process(registry, NOON)) == []
