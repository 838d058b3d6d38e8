"""A job as rows: each run that goes on with how far it is, else how the job stands."""

from __future__ import annotations

from typing import Any

import pytest
from tests.overview.given import NOW

from obskit.cli.top import rows
from obskit.cli.top.rows import Row
from obskit.operations import lateness
from obskit.operations.job import job
from obskit.overview.model import JobView
from obskit.registry import Registry
from obskit.state.store import JobRun


def of_job(*runs: JobRun, **options: Any) -> list[Row]:
    registry = Registry()
    job("sync", registry=registry, **options)
    declared = registry.jobs["sync"]
    standing = lateness.judge(runs, NOW, job=declared, known_since=NOW)
    return list(rows.of_job(JobView("sync", standing, runs, owner=declared.owner), NOW))


def test_a_run_that_goes_on_is_a_bar_with_its_rate_and_what_is_left() -> None:
    going_on = JobRun("a", "sync", NOW - 30, done=15, total=20, beat=NOW)
    told = "███████████████░░░░░ 75%, 15 of 20, 0.5/s, 10s left, for 30s"
    assert of_job(going_on) == [Row("running", "sync", told)]


def test_a_run_that_follows_another_tells_of_that_too() -> None:
    before = JobRun("a", "sync", NOW - 90, "ok", finished=NOW - 60)
    going_on = JobRun("b", "sync", NOW - 30, beat=NOW)
    assert of_job(before, going_on) == [Row("running", "sync", "for 30s; ok, 1m ago")]


def test_each_run_that_goes_on_has_a_row() -> None:
    runs = [
        JobRun(each, "sync", NOW - 30, done=n, total=4, beat=NOW) for n, each in enumerate("ab")
    ]
    first, second = of_job(*runs)
    assert first.told == "░░░░░░░░░░░░░░░░░░░░ 0%, 0 of 4, for 30s"
    assert second.told == "█████░░░░░░░░░░░░░░░ 25%, 1 of 4, 0.0333/s, 1m30s left, for 30s"


def test_large_counts_are_written_whole() -> None:
    (found,) = of_job(JobRun("a", "sync", NOW - 30, done=1_200_001, total=4_800_004, beat=NOW))
    assert "25%, 1200001 of 4800004, 4e+04/s" in found.told


@pytest.mark.parametrize("began", [NOW, NOW + 5])
def test_a_run_that_has_just_begun_has_no_rate(began: float) -> None:
    going_on = JobRun("a", "sync", began, done=1, total=4, beat=NOW)
    told = "█████░░░░░░░░░░░░░░░ 25%, 1 of 4, for 0ms"
    assert of_job(going_on) == [Row("running", "sync", told)]


def test_of_a_run_that_has_done_all_nothing_is_left() -> None:
    (found,) = of_job(JobRun("a", "sync", NOW - 30, done=4, total=4, beat=NOW))
    assert found.told == "████████████████████ 100%, 4 of 4, 0.133/s, for 30s"


def test_a_run_whose_process_is_gone_is_lost_and_has_no_bar() -> None:
    silent = JobRun("a", "sync", NOW - 90, done=1, total=4, beat=NOW - 61)
    told = "lost: its process is gone, 1m1s ago; owner data"
    assert of_job(silent, owner="data") == [Row("lost", "sync", told)]


def test_a_run_that_takes_too_long_says_so_beside_how_far_it_is() -> None:
    going_on = JobRun("a", "sync", NOW - 30, beat=NOW)
    told = "for 30s; it has been running for 30s; 10s are allowed; owner data"
    assert of_job(going_on, max_runtime="10s", owner="data") == [Row("too long", "sync", told)]


@pytest.mark.parametrize(("done", "told"), [(0.0, "for 30s"), (7.0, "7 done, for 30s")])
def test_a_run_without_a_whole_has_no_bar(done: float, told: str) -> None:
    going_on = JobRun("a", "sync", NOW - 30, done=done, beat=NOW)
    assert of_job(going_on) == [Row("running", "sync", told)]


def test_a_run_whose_progress_is_no_number_has_no_bar() -> None:
    going_on = JobRun("a", "sync", NOW - 30, done=float("nan"), total=4, beat=NOW)
    assert of_job(going_on) == [Row("running", "sync", "nan done, for 30s")]


def test_a_job_that_is_late_says_so_and_whose_it_is() -> None:
    ended = JobRun("a", "sync", NOW - 7_200, "ok", finished=NOW - 7_190)
    (found,) = of_job(ended, expect_every="1h", late_after="1m", owner="data")
    assert found == Row(
        "late",
        "sync",
        "expected until 2023-11-14T21:14:20Z, 59m ago;"
        " its last run, at 2023-11-14T20:13:20Z, was ok; owner data",
    )


def test_a_job_that_is_well_says_when_it_is_due() -> None:
    ended = JobRun("a", "sync", NOW - 600, "ok", finished=NOW - 590)
    (found,) = of_job(ended, expect_every="1h", late_after="1m", owner="data")
    assert found == Row("ok", "sync", "ok, 9m50s ago; due in 51m")


def test_a_job_that_never_ran_says_once_until_when_it_is_expected() -> None:
    told = "it has not run yet; expected until 2023-11-14T23:14:20Z"
    assert of_job(expect_every="1h", late_after="1m") == [Row("never", "sync", told)]


def test_what_a_run_said_steers_no_terminal() -> None:
    failed = JobRun("a", "sync", NOW - 90, "failed", finished=NOW - 60, message="\x1b[2J\nboo")
    assert of_job(failed) == [Row("failed", "sync", "failed: \\x1b[2J\\nboo, 1m ago")]
