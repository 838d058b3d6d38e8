"""The rules of jobs, as they are written and as Prometheus follows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit import Registry, job
from obskit.alerts.generated import rules_of
from obskit.alerts.inventory import DAY
from obskit.alerts.jobs import groups
from obskit.alerts.rule import Group
from obskit.exceptions import DeclarationError

from .promtool import fired, needs_promtool, prove
from .written import alerts, expected, inventory, written

LAST_RUN = "obskit_job_last_run_timestamp_seconds"
STATUS = "obskit_job_status"
DEADLINE = "obskit_job_deadline_timestamp_seconds"


def of_one(**options: object) -> list[Group]:
    """The rules of one job."""
    registry = Registry()
    job("nightly", **options, registry=registry)  # type: ignore[arg-type]
    return groups(inventory(registry))


def series(name: str, instance: str, **more: str) -> str:
    """A series of a job as Prometheus holds it."""
    labels = {"obskit_job_name": "sweep", "instance": instance, **more}
    return inventory().series(name, **labels)


def names_of(found: list[Group]) -> list[str]:
    return [alert.name for alert in alerts(found)]


def test_the_rules_of_a_job_are_these() -> None:
    found = of_one(
        expect_every="24h",
        late_after="30m",
        max_runtime="10m",
        severity="sev1",
        owner="data",
        description="Import.",
    )
    assert written(found) == expected("jobs")


def test_nothing_is_generated_of_nothing() -> None:
    assert groups(inventory()) == []


def test_a_job_that_nobody_expects_is_neither_late_nor_missed() -> None:
    assert names_of(of_one()) == ["JobFailed", "RulesOutOfDate"]
    assert names_of(of_one(max_runtime="1m")) == ["JobFailed", "JobTooLong", "RulesOutOfDate"]


def test_what_a_job_left_that_nobody_expects_is_told_for_two_days_at_least() -> None:
    (alert, _) = alerts(of_one())
    assert "[3d]" in alert.expr


def test_what_a_job_left_is_read_for_more_than_two_of_its_periods() -> None:
    of_weekdays = alerts(of_one(expect_cron="0 3 * * 1-5", timezone="UTC"))[0]
    assert "obskit_job_deadline_timestamp_seconds" in of_weekdays.expr
    assert "[1w1d]" in of_weekdays.expr
    assert of_weekdays.expr.endswith(f" - {3 * 86_400 + 300} > 150")


def test_a_runbook_of_its_own_is_named() -> None:
    found = alerts(of_one(max_runtime="1m", runbook="https://wiki/nightly"))[:2]
    assert {alert.annotations["runbook_url"] for alert in found} == {"https://wiki/nightly"}


def test_a_job_that_is_expected_too_seldom_is_refused() -> None:
    registry = Registry()
    job("rare", expect_every="7d", late_after="12h1s", registry=registry)
    with pytest.raises(DeclarationError, match=r"the job 'rare' .* runs every 1w12h1s"):
        groups(inventory(registry, retention=15 * DAY))


@needs_promtool
def test_prometheus_follows_the_rules_through_every_past(tmp_path: Path) -> None:
    registry = Registry()
    job("sweep", expect_every="1m", late_after="0s", max_runtime="1m", registry=registry)
    job("often", expect_cron="*/10 * * * *", timezone="UTC", registry=registry)
    assert prove(rules_of(inventory(registry), "jobs"), tmp_path) == 1


@needs_promtool
def test_prometheus_follows_them_also_where_the_spans_are_those_of_a_drill(tmp_path: Path) -> None:
    registry = Registry()
    job("sweep", expect_every="1m", late_after="0s", max_runtime="1m", registry=registry)
    assert prove(rules_of(inventory(registry, scale=0.05), "jobs"), tmp_path) == 1


def told(tmp_path: Path, input_series: dict[str, str], minutes: int) -> set[str]:
    """The alerts of a job that is expected every minute, so many minutes after the beginning."""
    registry = Registry()
    job("sweep", expect_every="1m", late_after="0s", max_runtime="1m", registry=registry)
    return fired(groups(inventory(registry)), input_series, tmp_path, minutes)


@needs_promtool
def test_a_job_that_stopped_long_ago_is_missed_when_its_last_run_is_forgotten(
    tmp_path: Path,
) -> None:
    """One of the two alerts is there at every moment: silence is not health."""
    once = {series(LAST_RUN, "a"): "0", series(DEADLINE, "a"): "60"}
    assert told(tmp_path, once, 3) == set()
    assert told(tmp_path, once, 4) == {"JobLate"}
    assert told(tmp_path, once, 10) == {"JobLate"}
    assert told(tmp_path, once, 11) == {"JobNeverRan"}
    assert told(tmp_path, once, 60) == {"JobNeverRan"}


@needs_promtool
def test_a_later_success_on_another_host_mends_a_failure(tmp_path: Path) -> None:
    failed = {
        series(LAST_RUN, "a"): "0x9",
        series(STATUS, "a", obskit_job_state="failed"): "1x9",
        series(DEADLINE, "a"): "9999x9",
    }
    later = {
        series(LAST_RUN, "b"): "_ _ _ 180x6",
        series(STATUS, "b", obskit_job_state="failed"): "_ _ _ 0x6",
        series(DEADLINE, "b"): "_ _ _ 9999x6",
    }
    assert told(tmp_path, failed, 2) == {"JobFailed"}
    assert told(tmp_path, failed | later, 3) == set()


@needs_promtool
def test_the_deadline_of_the_host_that_ran_it_counts_and_not_a_later_one(tmp_path: Path) -> None:
    """A host that was set up today expects the job of others for the first time tomorrow."""
    ran = {series(LAST_RUN, "a"): "0x9", series(DEADLINE, "a"): "60x9"}
    new = {series(DEADLINE, "b"): "9999x9"}
    assert told(tmp_path, ran | new, 3) == set()
    assert told(tmp_path, ran | new, 4) == {"JobLate"}
