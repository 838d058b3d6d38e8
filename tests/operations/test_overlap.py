"""Runs of one job in several processes: which may begin, and what becomes of one that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.checks.given import PATIENCE

import obskit
from obskit.capture import Capture
from obskit.declared import Declarations
from obskit.operations.inherited import inherit
from obskit.operations.job import JobOverlap, job
from obskit.operations.lateness import judge
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.state.opening import open_store
from obskit.state.store import Store

Install = Callable[..., Surroundings]
Shared = Callable[..., Store]

HOLDS = """
import sys, time
from obskit.operations import surroundings
from obskit.operations.job import job
from obskit.operations.surroundings import Surroundings
from obskit.state.opening import open_store
store = open_store(sys.argv[1], "shop")
surroundings.install(Surroundings(store=store, instance="other"))
with job("import", expect_every="1h", overlap="refuse") as run:
    run.progress(3, 10)
    while store.job_runs("import")[0].done != 3:
        time.sleep(0.01)
    print("running", flush=True)
    sys.stdin.read()
"""


class Later:
    """The time, some seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> float:
        return time.time() + self._seconds

    def monotonic(self) -> float:
        return time.monotonic() + self._seconds


class Other:
    """Another process that runs the job and holds it."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDS, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "running\n"

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.finish()

    def kill(self) -> None:
        self.process.kill()
        self.finish()

    def finish(self) -> None:
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def shared(url: str) -> Iterator[Shared]:
    """Opens the state that the processes share, as it is some seconds from now."""
    stores: list[Store] = []

    def opened(seconds: float = 0.0) -> Store:
        stores.append(open_store(url, "shop", Later(seconds)))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


def test_a_job_that_refuses_overlap_begins_in_one_process_only(
    install: Install, url: str, shared: Shared, registry: Declarations, obskit_capture: Capture
) -> None:
    store = shared()
    install(store=store, clock=Later(0))
    declared = job("import", overlap="refuse", registry=registry)
    other = Other(url)
    try:
        with pytest.raises(JobOverlap) as caught, declared:
            raise AssertionError("it began")
    finally:
        other.end()
    assert str(caught.value).startswith("the job 'import' (")
    assert "another run of it goes on" in str(caught.value)
    assert isinstance(caught.value, obskit.ObskitError)
    with declared as run:
        assert run.run_id
    outcomes = [(each.instance, each.outcome) for each in reversed(store.job_runs("import"))]
    assert outcomes == [("other", "ok"), ("i-1", "ok")]
    refused = {"obskit.job.name": "import", "obskit.job.outcome": "refused"}
    points = obskit_capture.metrics()["obskit.job.runs"]
    assert [p["value"] for p in points if p["attributes"] == refused] == [1]


def test_a_killed_run_is_lost_and_gives_the_next_one_its_place(
    install: Install, url: str, shared: Shared, registry: Declarations, obskit_capture: Capture
) -> None:
    Other(url).kill()
    store = shared()
    runs = store.latest_jobs()["import"]
    assert judge(runs, time.time()).state == "running"
    found = judge(runs, time.time() + 61)
    assert (found.state, found.last and found.last.done) == ("lost", 3.0)

    declared = job("import", overlap="refuse", registry=registry)
    install(store=store, clock=Later(0))
    with pytest.raises(JobOverlap), declared:
        pass
    # Its lease ends as late as the run counts as lost.
    later = shared(61.0)
    around = install(store=later, clock=Later(61.0))
    with declared:
        pass
    assert inherit(around) == 1
    outcomes = [each.outcome for each in reversed(later.job_runs("import"))]
    assert outcomes == ["lost", "ok"]
    lost = {"obskit.job.name": "import", "obskit.job.outcome": "lost"}
    points = obskit_capture.metrics()["obskit.job.runs"]
    assert [p["value"] for p in points if p["attributes"] == lost] == [1]
    assert obskit_capture.lines[-1]["event"].startswith("a run of import is lost: its process is")


def test_overlap_is_refused_within_a_process_without_a_store(
    install: Install, registry: Declarations
) -> None:
    install()
    declared = job("import", overlap="refuse", registry=registry)
    with declared.run(), pytest.raises(JobOverlap), declared.run():
        raise AssertionError("it began")
    with declared.run() as run:
        assert run.run_id


def test_runs_of_different_jobs_do_not_refuse_each_other(
    install: Install, store: MemoryStore, registry: Declarations
) -> None:
    install(store=store)
    first = job("import", overlap="refuse", registry=registry)
    second = job("export", overlap="refuse", registry=registry)
    with first.run(), second.run() as run:
        assert run.run_id


def test_overlap_is_allowed_where_nobody_asked(
    install: Install, store: MemoryStore, registry: Declarations
) -> None:
    install(store=store)
    declared = job("import", registry=registry)
    with declared.run(), declared.run():
        pass
    assert [run.outcome for run in store.job_runs("import")] == ["ok", "ok"]


def test_a_run_whose_process_is_terminated_is_lost(url: str, shared: Shared) -> None:
    other = Other(url)
    other.process.send_signal(signal.SIGTERM)
    other.finish()
    (run,) = shared().job_runs("import")
    assert run.outcome == "running"
    assert judge([run], time.time() + 61).state == "lost"
