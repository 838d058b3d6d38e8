"""What checks say of the kept runs of a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from obskit import Registry
from obskit.capture import Capture
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status
from obskit.declared import Declarations
from obskit.operations.history import Completion, MeanDuration, SuccessRate
from obskit.operations.job import DeclaredJob, job
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.state.store import JobRun

BEGIN = 1_767_225_600.0  # 2026-01-01T00:00:00Z
HOUR = 3_600.0


@pytest.fixture
def kept(install: Callable[..., Surroundings], store: MemoryStore) -> MemoryStore:
    """A store that the runs are kept in, at ten o'clock."""
    install(store=store)
    return store


@pytest.fixture
def refresh(registry: Declarations, obskit_capture: Capture) -> DeclaredJob:
    """A job that is to run each hour."""
    obskit_capture.clock.advance(10 * HOUR)
    return job("refresh", expect_every="1h", late_after="10m", registry=registry)


def run(
    store: MemoryStore, hour: float, outcome: str = "ok", took: float = 60.0, **of: Any
) -> None:
    started = BEGIN + hour * HOUR
    finished = None if outcome == "running" else started + took
    beat = started if finished is None else finished
    given = {"beat": beat, "finished": finished, **of}
    store.put_job(JobRun(f"r{hour}", "refresh", started, outcome=outcome, **given))


def measured(subject: SuccessRate | MeanDuration) -> Measurement:
    found = subject()
    assert isinstance(found, Measurement)
    return found


def test_health_tells_how_the_job_stands_and_the_totals_of_its_runs(
    kept: MemoryStore, refresh: DeclaredJob
) -> None:
    run(kept, 7)
    run(kept, 8, "failed", message="no disk")
    run(kept, 9.5, "nothing_to_do", counts={"pages": 3.0})
    found = refresh.health()
    assert found.status is Status.OK
    assert found.message == "nothing to do, 29m ago"
    assert found.details == {
        "state": "nothing_to_do",
        "every": "1h",
        "last_success": "2026-01-01T09:31:00Z",
        "expected_until": "2026-01-01T10:40:00Z",
        "runs": 3,
        "successes": 2,
        "failures": 1,
        "last_seconds": 60.0,
        "last_pages": 3.0,
    }


def test_health_of_a_job_that_failed_is_critical(kept: MemoryStore, refresh: DeclaredJob) -> None:
    run(kept, 9.5, "failed", message="no disk")
    assert (refresh.health().status, refresh.health().details["state"]) == (
        Status.CRITICAL,
        "failed",
    )


def test_health_of_a_job_that_has_stopped_is_critical_and_says_since_when(
    kept: MemoryStore, refresh: DeclaredJob
) -> None:
    run(kept, 7)
    found = refresh.health()
    assert (found.status, found.details["state"]) == (Status.CRITICAL, "late")
    assert found.message.startswith("expected until 2026-01-01T08:10:00Z, 1h50m ago; its last run")


def test_health_tells_when_a_job_runs_that_has_a_schedule(
    kept: MemoryStore, registry: Declarations
) -> None:
    nightly = job("nightly", expect_cron="0 3 * * *", timezone="Europe/Berlin", registry=registry)
    assert nightly.health().details["every"] == "0 3 * * * Europe/Berlin"


def test_the_success_rate_counts_what_had_nothing_to_do_as_well(
    kept: MemoryStore, refresh: DeclaredJob
) -> None:
    run(kept, 6)
    run(kept, 7, "nothing_to_do")
    run(kept, 8, "failed", message="no disk")
    run(kept, 9.9, "running", beat=BEGIN + 10 * HOUR)
    found = measured(SuccessRate(refresh, over="5h"))
    assert (found.value, found.unit) == (66.67, "%")
    assert found.message == "2 of 3 runs in 5h ended well"
    assert found.details == {"runs": 3, "successes": 2, "failures": 1}
    assert found.evidence == ["2026-01-01T08:00:00Z failed: no disk"]


def test_a_run_whose_process_is_gone_has_not_ended_well(
    kept: MemoryStore, refresh: DeclaredJob
) -> None:
    run(kept, 7, "running")
    found = measured(SuccessRate(refresh))
    assert found.value == 0.0
    assert found.evidence == ["2026-01-01T07:00:00Z lost: its process is gone"]


def test_runs_before_the_window_do_not_count(kept: MemoryStore, refresh: DeclaredJob) -> None:
    run(kept, 1, "failed")
    run(kept, 9)
    assert measured(SuccessRate(refresh, over="2h")).value == 100.0


def test_the_mean_duration_is_of_all_runs_that_ended(
    kept: MemoryStore, refresh: DeclaredJob
) -> None:
    run(kept, 8, took=30.0)
    run(kept, 9, "failed", took=90.0)
    found = measured(MeanDuration(refresh))
    assert (found.value, found.unit, found.details) == (60.0, "s", {"longest": 90.0})
    assert found.message == "mean of 2 runs in 7d"


def test_the_completion_is_that_of_the_last_run_which_ended(
    kept: MemoryStore, refresh: DeclaredJob
) -> None:
    run(kept, 7, done=3.0, total=3.0)
    run(kept, 8, "failed", done=2.0, total=3.0, message="1 row lacks a name")
    run(kept, 9.9, "running", beat=BEGIN + 10 * HOUR, done=1.0, total=3.0)
    found = Completion(refresh)()
    assert isinstance(found, Measurement)
    assert (found.value, found.unit) == (66.67, "%")
    assert found.message == "2 of 3 at 2026-01-01T08:00:00Z"
    assert found.evidence == ["1 row lacks a name"]
    run(kept, 9, done=1_200_000.0, total=2_400_001.0)
    assert Completion(refresh)().message == "1200000 of 2400001 at 2026-01-01T09:00:00Z"


def test_the_completion_of_a_job_that_says_nothing_of_it_is_unknown(
    kept: MemoryStore, refresh: DeclaredJob
) -> None:
    run(kept, 9)
    found = Completion(refresh)()
    assert isinstance(found, CheckResult)
    assert found.message == "no run of refresh has said how much there is to do"


@pytest.mark.parametrize("subject", [SuccessRate, MeanDuration])
def test_without_a_run_nothing_is_known(
    kept: MemoryStore, refresh: DeclaredJob, subject: type[SuccessRate | MeanDuration]
) -> None:
    found = subject(refresh)()
    assert isinstance(found, CheckResult)
    assert (found.status, found.message) == (Status.UNKNOWN, "no run of refresh has ended in 7d")


@pytest.mark.parametrize("subject", [SuccessRate, MeanDuration])
def test_where_no_runs_are_kept_nothing_is_known(
    registry: Declarations, subject: type[SuccessRate | MeanDuration]
) -> None:
    declared = job("refresh", registry=registry)
    for found in (subject(declared)(), declared.health()):
        assert isinstance(found, CheckResult)
        assert found.status is Status.UNKNOWN


def test_a_window_that_is_none_is_refused(registry: Declarations) -> None:
    with pytest.raises(ValueError, match="soon"):
        SuccessRate(job("refresh", registry=registry), over="soon")


def test_the_success_rate_brings_a_judge_that_wants_all_of_them(registry: Declarations) -> None:
    declared = Registry().add("rate", SuccessRate(job("a", registry=registry)), every="1h")
    assert declared.judge is not None
    assert (declared.judge(100.0).state, declared.judge(99.9).state) == ("ok", "critical")
