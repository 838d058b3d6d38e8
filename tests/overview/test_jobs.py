"""Jobs as people look at them."""

from __future__ import annotations

from tests.overview.given import NOW

from obskit.declaration import Severity
from obskit.operations.job import job
from obskit.overview import jobs
from obskit.registry import Registry
from obskit.state.store import JobRun


def test_jobs_that_fail_come_first_and_those_that_are_declared_elsewhere_too() -> None:
    registry = Registry()

    @job("import", expect_every="1h", max_runtime="10m", owner="data", registry=registry)
    def load() -> None:
        """Load rows."""

    ended = JobRun("r1", "import", NOW - 60, "ok", finished=NOW - 30)
    before = JobRun("r0", "import", NOW - 4000, "ok", finished=NOW - 3900)
    broken = JobRun("r2", "export", NOW - 60, "failed", finished=NOW - 50, message="no disk")
    runs = {"import": [ended, before], "export": [broken]}
    took = {"import": [100.0, 30.0]}
    export, imported = jobs.views(registry.jobs, runs, took, {"import": NOW - 9000}, NOW)
    assert (export.name, export.standing.state, export.owner) == ("export", "failed", None)
    assert (imported.name, imported.standing.state) == ("import", "ok")
    assert imported.runs == (before, ended)
    assert (imported.durations, export.durations) == ([100.0, 30.0], ())
    assert (imported.owner, imported.max_runtime, imported.description) == (
        "data",
        600.0,
        "Load rows.",
    )


def test_jobs_come_by_whether_they_fail_then_by_severity_then_by_name() -> None:
    registry = Registry()
    severities: dict[str, Severity] = {"a": "sev2", "b": "sev1", "c": "sev2", "d": "sev1"}
    for name, severity in severities.items():
        job(name, severity=severity, registry=registry)
    runs = {
        name: [JobRun(name, name, NOW - 60, outcome, finished=NOW - 50)]
        for name, outcome in (("a", "ok"), ("b", "ok"), ("c", "failed"), ("d", "failed"))
    }
    found = jobs.views(registry.jobs, runs, {}, {}, NOW)
    assert [(view.name, view.severity) for view in found] == [
        ("d", "sev1"),
        ("c", "sev2"),
        ("b", "sev1"),
        ("a", "sev2"),
    ]


def test_a_job_that_never_ran_is_late_from_when_it_is_known() -> None:
    registry = Registry()

    @job("import", expect_every="1h", registry=registry)
    def load() -> None: ...

    (late,) = jobs.views(registry.jobs, {}, {}, {"import": NOW - 9000}, NOW)
    assert (late.standing.state, late.runs) == ("late", ())
