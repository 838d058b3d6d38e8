"""What stands around a run: its right to begin, its beats, its record, whatever fails."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from opentelemetry.trace import NoOpTracer
from tests.checks.given import PATIENCE, eventually

import obskit
from obskit.capture import Capture
from obskit.declared import Declarations
from obskit.exceptions import StoreError
from obskit.operations import execution, lateness
from obskit.operations.job import current_run, job
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.state.opening import open_store
from obskit.state.store import JobRun
from obskit.telemetry import traces

Install = Callable[..., Surroundings]


class Broken(MemoryStore):
    """A store whose disk is full."""

    def put_job(self, run: JobRun) -> None:
        raise StoreError("the disk is full")

    def lease(self, name: str, holder: str, seconds: float) -> Any:
        raise StoreError("the disk is full")


def test_a_store_that_fails_is_told_once_and_hinders_nothing(
    install: Install, registry: Declarations, obskit_capture: Capture
) -> None:
    install(store=Broken())
    with job("import", overlap="refuse", registry=registry) as run:
        run.progress(1, 2)
    warnings = [line["event"] for line in obskit_capture.lines if line["level"] == "warning"]
    assert warnings == [
        "the run of import goes on, but it is not kept: StoreError: the disk is full"
    ]
    assert obskit_capture.lines[-1]["event"] == "import is done after 0ms"


def test_a_tracer_and_a_check_in_that_raise_hinder_nothing(
    install: Install, store: MemoryStore, registry: Declarations
) -> None:
    class Raising(NoOpTracer):
        def start_span(self, *_: object, **__: object) -> Any:
            raise RuntimeError("no")

    def check_in(*_: object) -> None:
        raise RuntimeError("no")

    install(store=store, check_in=check_in)
    traces.install(Raising())
    with job("import", registry=registry) as run:
        assert current_run() is run
        assert len(obskit.request_id() or "") == 32
    (kept,) = store.job_runs("import")
    assert (kept.outcome, kept.trace_id) == ("ok", None)
    assert current_run().run_id == ""


def test_the_begin_and_the_end_are_checked_in(install: Install, registry: Declarations) -> None:
    told: list[tuple[str, str]] = []
    install(check_in=lambda declared, run: told.append((declared.name, run.outcome)))
    with job("import", registry=registry):
        assert told == [("import", "running")]
    assert told == [("import", "running"), ("import", "ok")]


def test_a_run_that_says_nothing_beats_all_the_same(
    install: Install,
    store: MemoryStore,
    registry: Declarations,
    obskit_capture: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lateness, "BEAT", 0.01)
    install(store=store)
    with job("import", overlap="refuse", registry=registry):
        obskit_capture.clock.advance(30)
        eventually(lambda: store.job_runs("import")[0].beat == 1767225630.0)
        # The lease goes on with it.
        lease = store._kept.leases["job:import"]
        eventually(lambda: store._kept.leases["job:import"].until == 1767225690.0)
        assert lease.holder == store.job_runs("import")[0].run_id


def test_progress_is_kept_while_the_run_goes_on(
    install: Install, store: MemoryStore, registry: Declarations
) -> None:
    install(store=store)
    with job("import", registry=registry) as run:
        run.count(rows=3)
        run.progress(3, 10)
        eventually(lambda: store.job_runs("import")[0].done == 3.0)
        (kept,) = store.job_runs("import")
        assert (kept.outcome, kept.total, kept.counts) == ("running", 10.0, {"rows": 3.0})


def test_a_run_whose_store_hangs_does_not_wait_when_it_tells_of_progress(
    install: Install, registry: Declarations
) -> None:
    released, entered = Event(), Event()

    class Hanging(MemoryStore):
        def put_job(self, run: JobRun) -> None:
            if run.done and run.outcome == "running":
                entered.set()
                released.wait(PATIENCE)

    install(store=Hanging())
    with job("import", registry=registry) as run:
        run.progress(1, 10)
        assert entered.wait(PATIENCE)
        # Were one of these to wait for the store, the test would end by its time-out.
        for number in range(2, 10):
            run.progress(number, 10)
        released.set()


def test_the_last_word_on_a_run_is_its_end(
    install: Install, store: MemoryStore, registry: Declarations
) -> None:
    install(store=store)
    block = job("import", registry=registry).run()
    with block:
        pass
    block._beat()  # one that was under way as the run ended
    (kept,) = store.job_runs("import")
    assert kept.outcome == "ok"


def test_a_thread_may_take_the_run_with_it(
    install: Install, store: MemoryStore, registry: Declarations
) -> None:
    install(store=store)
    with job("import", registry=registry) as run:

        def many() -> None:
            for _ in range(500):
                run.count(rows=1)

        threads = [Thread(target=many) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (kept,) = store.job_runs("import")
    assert kept.counts == {"rows": 2000.0}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_end_the_run_of_its_parent(
    install: Install, tmp_path: Path, registry: Declarations
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/state.db", "shop")
    install(store=store)
    with job("import", registry=registry) as run:
        child = multiprocessing.get_context("fork").Process(target=run.count, kwargs={"rows": 1})
        child.start()
        child.join(PATIENCE)
        pid = os.fork()
        if pid == 0:  # pragma: no cover - the other process
            try:
                execution.at_hand(registry.jobs["import"]).__exit__(None, None, None)  # type: ignore[union-attr]
            finally:
                os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
        assert child.exitcode == 0
        (kept,) = store.job_runs("import")
        assert kept.outcome == "running"
    assert [each.outcome for each in store.job_runs("import")] == ["ok"]
    store.close()
