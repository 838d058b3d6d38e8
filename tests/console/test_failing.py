"""What fails: the worst first, what is silenced last, and since when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.console.given import NOW, crm, job, overview, rows

from obskit.console.failing import failing
from obskit.operations.lateness import State
from obskit.overview.model import CheckView


def test_the_worst_comes_first_and_what_is_silenced_last() -> None:
    assert [(one.kind, one.name, one.status) for one in failing(overview())] == [
        ("job", "import", "critical"),
        ("check", "rows", "critical"),
        ("operation", "payment", "critical"),
        ("budget", "mails", "warning"),
        ("check", "crm", "warning"),
    ]


def test_of_what_is_as_bad_what_matters_most_comes_first_whatever_kind_it_is() -> None:
    seen = overview()
    payment = replace(seen.operations[0], severity="sev1")
    minor = replace(rows(), name="minor", severity="sev3")
    seen = replace(seen, checks=[minor, rows()], operations=[payment], quotas=())
    assert [(one.name, one.severity) for one in failing(seen)] == [
        ("import", "sev1"),
        ("payment", "sev1"),
        ("rows", "sev2"),
        ("minor", "sev3"),
    ]


def test_what_is_silenced_comes_last_however_bad_it_is() -> None:
    bad = replace(crm(), status="critical")
    seen = replace(overview(), checks=[bad, replace(rows(), status="warning")])
    assert [one.name for one in failing(seen)] == ["import", "payment", "rows", "mails", "crm"]


@pytest.mark.parametrize(
    ("state", "since"),
    [("failed", NOW - 7_100), ("lost", NOW - 7_100), ("too_long", NOW - 30), ("late", NOW + 3_600)],
)
def test_a_job_fails_since_it_ended_began_or_was_due(state: State, since: float) -> None:
    seen = replace(job(), standing=replace(job().standing, state=state))
    (one,) = failing(replace(overview(), checks=(), jobs=[seen], operations=(), quotas=()))
    assert one.since == since


def test_a_check_that_has_not_run_or_not_of_late_says_so() -> None:
    silent, new = replace(rows(), overdue=True), CheckView("new", "unknown")
    seen = replace(overview(), checks=[silent, new], jobs=(), operations=(), quotas=())
    assert [(one.name, one.message, one.since) for one in failing(seen)] == [
        ("rows", "its last run is too long ago", NOW - 3_600),
        ("new", "it has not run yet", None),
    ]


def test_where_all_is_well_nothing_fails() -> None:
    checks = [replace(each, status="ok") for each in overview().checks]
    jobs = [replace(job(), standing=replace(job().standing, state="ok"))]
    operations = [replace(overview().operations[0], failed=0)]
    quotas = [replace(overview().quotas[0], used=1)]
    seen = replace(overview(), checks=checks, jobs=jobs, operations=operations, quotas=quotas)
    assert failing(seen) == []
