"""When checks run. The schedule's own loop runs here in simulated time."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from threading import Event, Thread
from typing import Any

import pytest
from tests.checks.given import PATIENCE, eventually
from tests.checks.simulation import Simulation

from obskit import CheckResult, Registry, Status
from obskit.checks.results import Results
from obskit.checks.runner import Runner
from obskit.checks.schedule import Schedule
from obskit.clock import SYSTEM_CLOCK


@pytest.fixture
def registry() -> Registry:
    return Registry()


def add(registry: Registry, *names: str, every: float = 60, **options: Any) -> None:
    for name in names:
        registry.add(name, lambda: None, every=every, **options)


def test_first_runs_are_soon_and_what_others_depend_on_runs_first(registry: Registry) -> None:
    add(registry, "sums", depends_on=["rows"])
    add(registry, "rows", depends_on=["database"])
    add(registry, "database", "disk")
    simulation = Simulation(registry)
    simulation.run(1)
    first = {name: at for at, name in simulation.starts}
    assert 0 <= first["database"] <= 0.1
    assert 0 <= first["disk"] <= 0.1
    assert 0.2 <= first["rows"] <= 0.3
    assert 0.4 <= first["sums"] <= 0.5
    assert len(simulation.starts) == 4


def test_first_runs_are_spread(registry: Registry) -> None:
    names = [f"c{number}" for number in range(20)]
    add(registry, *names)
    simulation = Simulation(registry)
    simulation.run(1)
    assert len({at for at, _ in simulation.starts}) > 10


def test_wrong_dependencies_keep_nothing_from_running(registry: Registry) -> None:
    add(registry, "rows", depends_on=["missing"])
    add(registry, "disk")
    simulation = Simulation(registry)
    simulation.run(1)
    assert sorted(name for _, name in simulation.starts) == ["disk", "rows"]


def test_each_check_keeps_its_own_period_and_does_not_drift(registry: Registry) -> None:
    add(registry, "often", every=7)
    add(registry, "rarely", every=100)
    simulation = Simulation(registry)
    # Each turn of the loop costs time, as it does in a busy process.
    simulation.meanwhile = lambda: simulation.clock.advance(0.01)
    simulation.run(701)
    often, rarely = simulation.of("often"), simulation.of("rarely")
    assert 101 <= len(often) <= 102
    assert 8 <= len(rarely) <= 9
    for number, at in enumerate(often[1:]):
        assert 0 <= at - often[1] - 7 * number + 0.2 <= 0.4


def test_after_a_first_run_that_is_soon_the_runs_of_many_checks_lie_all_over_the_period(
    registry: Registry,
) -> None:
    names = [f"c{number}" for number in range(60)]
    add(registry, *names, every=100)
    simulation = Simulation(registry)
    simulation.run(201)
    second = [simulation.of(name)[1] for name in names]
    assert min(second) >= 10
    assert max(second) <= 100.1
    assert len({at // 10 for at in second}) >= 7
    for name in names:
        runs = simulation.of(name)
        for one, two in pairwise(runs[1:]):
            assert two - one == pytest.approx(100)


def test_runs_that_were_missed_are_not_made_up_for(registry: Registry) -> None:
    add(registry, "rows", every=10)
    simulation = Simulation(registry)
    simulation.run(15)
    first = simulation.of("rows")[0]
    simulation.meanwhile = lambda: simulation.clock.advance(
        1_000 if simulation.clock.monotonic() < 500 else 0
    )
    simulation.run(1_025)
    late = [at for at in simulation.of("rows") if at > 500]
    assert len([at for at in late if at < first + 1_020]) <= 2
    for one, two in pairwise(late[1:]):
        assert two - one == pytest.approx(10)


def test_a_run_that_hangs_is_expired_when_its_time_is_up_and_delays_no_other(
    registry: Registry,
) -> None:
    add(registry, "stuck", timeout=12, every=1_000)
    add(registry, "rows", every=1)
    simulation = Simulation(registry)
    simulation.hanging.add("stuck")
    simulation.run(20.5)
    (at,) = simulation.of("stuck")
    ((expired, name),) = simulation.expired
    assert name == "stuck"
    assert expired == pytest.approx(at + 12)
    rows = simulation.of("rows")
    assert 20 <= len(rows) <= 22
    for one, two in pairwise(rows[1:]):
        assert two - one == pytest.approx(1)


def test_a_check_that_is_declared_later_is_found(registry: Registry) -> None:
    add(registry, "rows", every=1_000)
    simulation = Simulation(registry)
    simulation.run(20)
    add(registry, "late")
    simulation.run(6)
    (at,) = simulation.of("late")
    assert 20 <= at <= 26
    assert len(simulation.of("rows")) <= 2  # each simulation begins anew


def test_a_check_that_is_declared_while_others_run_leaves_their_times_alone(
    registry: Registry,
) -> None:
    add(registry, "rows", every=30)
    simulation = Simulation(registry)

    def declare() -> None:
        if simulation.clock.monotonic() > 12 and "late" not in registry.checks:
            add(registry, "late", every=30)

    simulation.meanwhile = declare
    simulation.run(100)
    for one, two in pairwise(simulation.of("rows")[1:]):
        assert two - one == pytest.approx(30)
    assert 12 < simulation.of("late")[0] < 18


def test_a_check_that_is_declared_again_gets_its_new_period(registry: Registry) -> None:
    simulation = Simulation(registry)
    for every in (10, 3):
        add(registry, "rows", every=every)
        simulation.run(1)
    simulation.run(60.5)
    assert len(simulation.of("rows")) >= 17


def test_the_thread_sleeps_while_nothing_is_due(registry: Registry) -> None:
    add(registry, "rows", every=1_000)
    simulation = Simulation(registry)
    simulation.run(500)
    assert len(simulation.sleeps) <= 103
    assert max(simulation.sleeps) == 5.0


def test_what_depends_on_a_run_under_way_waits_for_its_result(registry: Registry) -> None:
    add(registry, "rows", depends_on=["database"], every=1_000)
    add(registry, "database", timeout=8, every=1_000)
    simulation = Simulation(registry)
    simulation.hanging.add("database")
    simulation.run(9.5)
    ((expired, _),) = simulation.expired
    assert simulation.of("rows") == [expired]


def test_a_dependency_that_is_due_at_once_runs_first(registry: Registry) -> None:
    add(registry, "rows", depends_on=["database"])
    add(registry, "database")
    simulation = Simulation(registry)
    simulation.schedule.tick()
    simulation.schedule._due.update(rows=1_000, database=1_000)  # to the same moment
    simulation.clock.advance(1_000)
    for _ in range(3):
        simulation.schedule.tick()
    assert [name for at, name in simulation.starts if at == 1_000] == ["database", "rows"]


def test_a_dependency_that_nearly_always_runs_does_not_starve_what_depends_on_it(
    registry: Registry,
) -> None:
    add(registry, "rows", depends_on=["database"], every=10)
    add(registry, "database", timeout=3, every=1)
    simulation = Simulation(registry)
    simulation.hanging.add("database")
    simulation.run(100)
    assert 9 <= len(simulation.of("rows")) <= 11


def test_a_burst_of_due_checks_does_not_run_all_at_once(registry: Registry) -> None:
    names = [f"c{number}" for number in range(50)]
    add(registry, *names, timeout=10, every=1_000)
    simulation = Simulation(registry)
    simulation.hanging.update(names)
    simulation.run(5)
    assert len(simulation.starts) == 32
    simulation.attempts[simulation.starts[0][1]].decide(CheckResult.ok(), hangs=False)
    simulation.run(0.01)
    assert len(simulation.starts) == 33
    simulation.run(10)
    assert sorted(name for _, name in simulation.starts) == sorted(names)


def test_what_runs_after_a_job_runs_when_that_has_happened_and_at_no_other_time(
    registry: Registry,
) -> None:
    registry.add("imported", lambda: None, on="job:import")
    registry.add("mailed", lambda: None, on="job:mail")
    registry.add("both", lambda: None, every=1_000, on="job:import")
    simulation = Simulation(registry)
    simulation.run(90)
    assert [name for _, name in simulation.starts] == ["both"]
    simulation.schedule.trigger("job:import", simulation.clock.now())
    simulation.run(5)
    simulation.schedule.trigger("job:other", simulation.clock.now())
    simulation.run(5)
    assert sorted(simulation.starts[1:]) == [(90, "both"), (90, "imported")]


def test_what_has_happened_before_the_first_look_at_the_clock_is_not_forgotten(
    registry: Registry,
) -> None:
    registry.add("imported", lambda: None, on="job:import")
    simulation = Simulation(registry)
    simulation.schedule.trigger("job:import", simulation.clock.now())
    simulation.run(1)
    assert simulation.of("imported") == [0]


def test_what_ran_after_a_job_before_a_restart_does_not_run_again(registry: Registry) -> None:
    registry.add("imported", lambda: None, on="job:import")
    registry.add("mailed", lambda: None, on="job:mail")
    simulation = Simulation(registry)
    now = simulation.clock.now()
    simulation.began = {"imported": simulation.clock.monotonic() - 50}
    simulation.schedule.trigger("job:import", now - 60)
    simulation.schedule.trigger("job:mail", now - 86_400)
    simulation.run(5)
    assert [name for _, name in simulation.starts] == ["mailed"]
    simulation.schedule.trigger("job:import", now - 40)
    simulation.run(5)
    assert [name for _, name in simulation.starts] == ["mailed", "imported"]


def test_a_job_that_ends_during_the_run_after_it_is_followed_by_another(
    registry: Registry,
) -> None:
    registry.add("imported", lambda: None, on="job:import", timeout=60)
    simulation = Simulation(registry)
    simulation.hanging.add("imported")
    simulation.schedule.trigger("job:import", simulation.clock.now())
    simulation.run(10)
    simulation.schedule.trigger("job:import", simulation.clock.now())
    simulation.schedule.trigger("job:import", simulation.clock.now())
    simulation.run(10)
    assert simulation.of("imported") == [0]
    simulation.attempts["imported"].decide(CheckResult.ok(), hangs=False)
    simulation.run(300)
    assert simulation.of("imported") == [0, 20]


def test_what_another_process_runs_is_left_to_it_until_this_one_takes_over(
    registry: Registry,
) -> None:
    add(registry, "rows", every=60)
    add(registry, "ready", every=60, scope="process")
    simulation = Simulation(registry)
    simulation.held = False
    simulation.run(100)
    assert simulation.of("rows") == []
    assert simulation.of("ready") != []
    simulation.began["rows"], simulation.held = 95.0, True
    simulation.run(130)
    assert simulation.of("rows")[0] == pytest.approx(155)
    assert 161 <= simulation.of("rows")[1] <= 215


def test_what_another_process_has_left_undone_is_run_at_once_by_the_one_that_takes_over(
    registry: Registry,
) -> None:
    add(registry, "rows", every=60)
    simulation = Simulation(registry)
    simulation.held = False
    simulation.run(100)
    simulation.began["rows"], simulation.held = 30.0, True
    simulation.run(5)
    assert simulation.of("rows") == [100]


def test_a_dependency_that_another_process_runs_is_not_waited_for(registry: Registry) -> None:
    add(registry, "rows", depends_on=["database"], scope="process")
    add(registry, "database")
    simulation = Simulation(registry)
    simulation.held = False
    simulation.run(200)
    assert len(simulation.of("rows")) >= 3


@pytest.fixture
def running(registry: Registry) -> Iterator[Schedule]:
    results = Results(SYSTEM_CLOCK)
    schedule = Schedule(registry, Runner(registry, results, SYSTEM_CLOCK), SYSTEM_CLOCK)
    yield schedule
    schedule.stop(PATIENCE)


def threads() -> list[Thread]:
    return [each for each in threading.enumerate() if each.name == "obskit-schedule"]


def test_an_empty_registry_needs_no_thread(registry: Registry, running: Schedule) -> None:
    running.ensure_started()
    assert threads() == []
    add(registry, "rows")
    running.ensure_started()
    assert len(threads()) == 1


def test_one_thread_runs_the_checks_until_it_is_stopped(
    registry: Registry, running: Schedule
) -> None:
    ran = Event()
    registry.add("rows", ran.set, every=60)
    running.ensure_started()
    running.ensure_started()
    assert ran.wait(PATIENCE)
    (thread,) = threads()
    assert thread.daemon
    running.stop(PATIENCE)
    assert threads() == []
    running.ensure_started()
    assert threads() == []


def test_a_schedule_that_was_stopped_never_starts(registry: Registry, running: Schedule) -> None:
    add(registry, "rows")
    running.stop()
    running.ensure_started()
    assert threads() == []


def test_stopping_waits_for_no_check(registry: Registry, running: Schedule) -> None:
    begun, released = Event(), Event()

    def stuck() -> None:
        begun.set()
        released.wait(PATIENCE)

    registry.add("stuck", stuck, every=60)
    running.ensure_started()
    assert begun.wait(PATIENCE)
    running.stop(PATIENCE)
    assert threads() == []
    released.set()


def test_without_a_thread_the_caller_goes_on_and_the_next_call_tries_again(
    registry: Registry, running: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    add(registry, "rows")
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", refuse)
        running.ensure_started()
    assert threads() == []
    running.ensure_started()
    assert len(threads()) == 1


def test_a_hanging_check_is_critical_while_the_schedule_runs(registry: Registry) -> None:
    released, results = Event(), Results(SYSTEM_CLOCK)
    schedule = Schedule(registry, Runner(registry, results, SYSTEM_CLOCK), SYSTEM_CLOCK)
    registry.add("stuck", lambda: released.wait(PATIENCE), every=60, timeout="10ms")
    schedule.ensure_started()
    eventually(lambda: results.standing("stuck"))
    standing = results.standing("stuck")
    assert standing is not None
    assert standing.result.status is Status.CRITICAL
    released.set()
    schedule.stop(PATIENCE)


def test_a_thread_that_died_is_started_again(
    registry: Registry, running: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(registry, "rows")
    with monkeypatch.context() as patch:
        patch.setattr(running, "_work", lambda: None)
        running.ensure_started()
        died = running._thread
        assert died is not None
        eventually(lambda: not died.is_alive())
    running.ensure_started()
    assert len(threads()) == 1


def test_a_failure_of_the_schedule_is_told_and_it_goes_on(
    registry: Registry,
    running: Schedule,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ticks = 0

    def tick() -> float:
        nonlocal ticks
        ticks += 1
        if ticks == 1:
            raise MemoryError("no room")
        return 60.0

    monkeypatch.setattr("obskit.checks.schedule._LONGEST_SLEEP", 0.0)
    monkeypatch.setattr(running, "tick", tick)
    add(registry, "rows")
    running.ensure_started()
    eventually(lambda: ticks == 2)
    told = capsys.readouterr().err
    assert "the schedule of checks failed; it goes on" in told
    assert "no room" in told


FORK = """
import os, sys, threading
import obskit
from obskit.checks.results import Results
from obskit.checks.runner import Runner
from obskit.checks.schedule import Schedule
from obskit.clock import SYSTEM_CLOCK

ran = threading.Event()
registry = obskit.Registry()
registry.add("rows", ran.set, every=60)
runner = Runner(registry, Results(SYSTEM_CLOCK), SYSTEM_CLOCK)
schedule = Schedule(registry, runner, SYSTEM_CLOCK)
schedule.ensure_started()
assert ran.wait(60)
ran.clear()
schedule._lock.acquire()  # held by a thread that the child does not have
pid = os.fork()
if pid:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == 0, code
else:
    assert not ran.wait(0.2)
    if sys.argv[1] == "told":
        runner.after_fork()
        schedule.after_fork()
    schedule.ensure_started()
    ok = ran.wait(60)
    names = [each.name for each in threading.enumerate()]
    os._exit(0 if ok and names.count("obskit-schedule") == 1 else 1)
"""


@pytest.mark.parametrize("hook", ["told", "forked in C"])
def test_a_forked_child_runs_checks_when_it_serves(hook: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, hook],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
