"""The runs of this process."""

from __future__ import annotations

import os

import pytest

from obskit.capture import StillClock
from obskit.operations.runs import Runs
from obskit.state.store import JobRun


def ended(run_id: str, started: float, outcome: str = "ok", job: str = "import") -> JobRun:
    return JobRun(run_id, job, started, outcome=outcome, finished=started + 1)


def begin(runs: Runs, run_id: str, *, alone: bool = False) -> bool:
    return runs.begin("import", run_id, lambda: JobRun(run_id, "import", 1.0), alone=alone)


def test_the_last_run_and_the_last_success_are_known() -> None:
    runs = Runs(StillClock())
    assert runs.latest_jobs() == {}
    for run in (ended("a", 1), ended("b", 2), ended("c", 3, "failed"), ended("d", 4, "failed")):
        runs.end(run)
    assert [run.run_id for run in runs.latest_jobs()["import"]] == ["d", "b"]


def test_a_run_that_goes_on_is_heard_of_now() -> None:
    runs = Runs(StillClock())
    begin(runs, "a")
    (run,) = runs.latest_jobs()["import"]
    assert (run.outcome, run.beat) == ("running", 1767225600.0)
    runs.end(ended("a", 1))
    (run,) = runs.latest_jobs()["import"]
    assert run.outcome == "ok"


def test_one_that_would_be_alone_begins_beside_no_other() -> None:
    runs = Runs(StillClock())
    assert begin(runs, "a", alone=True)
    assert not begin(runs, "b", alone=True)
    assert begin(runs, "c")
    runs.forget("import", "a")
    assert not begin(runs, "d", alone=True)
    runs.forget("import", "c")
    assert begin(runs, "d", alone=True)


def test_jobs_are_bounded() -> None:
    runs = Runs(StillClock())
    for number in range(1_100):
        runs.end(ended(f"r{number}", number, job=f"job-{number}"))
    assert len(runs.latest_jobs()) == 1_000
    assert begin(runs, "r", alone=True)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_in_a_forked_child_none_of_the_parents_runs_goes_on() -> None:
    runs = Runs(StillClock())
    begin(runs, "a")
    with runs._lock:
        pid = os.fork()
        if pid == 0:  # pragma: no cover - the other process
            os._exit(7 if runs.latest_jobs() == {} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert len(runs.latest_jobs()) == 1
