"""Runs that take too long, go on, or would be one too many."""

from __future__ import annotations

from threading import Event, Thread

import pytest
from tests.checks.bench import Bench
from tests.checks.given import PATIENCE, eventually

from obskit import CheckResult, Registry, Status
from obskit.checks.results import Results
from obskit.checks.runner import Runner
from obskit.clock import SYSTEM_CLOCK


@pytest.mark.parametrize("status", ["critical", "unknown"])
def test_a_run_that_takes_too_long_is_decided_without_it(
    bench: Bench, released: Event, status: str
) -> None:
    check = bench.add("rows", lambda: released.wait(PATIENCE), timeout="10ms", on_timeout=status)
    result = bench.runner.run(check)
    assert (result.status.value, result.message) == (status, "no answer within 10ms")
    assert bench.told == [("rows", status, True)]


def test_what_a_run_says_too_late_is_not_heard(bench: Bench) -> None:
    until = Event()
    check = bench.hang("rows", until)
    attempt = bench.runner._running["rows"]
    until.set()
    assert attempt.ended.wait(PATIENCE)
    standing = bench.results.standing("rows")
    assert standing is not None
    assert standing.result.message == "no answer within 1m"
    assert bench.told == [("rows", "critical", True)]
    assert bench.runner.run(check).status is Status.OK


def test_a_run_that_has_ended_does_not_expire(bench: Bench) -> None:
    attempt = bench.runner.start(bench.add("rows", lambda: None))
    assert attempt.ended.wait(PATIENCE)
    assert bench.runner.expire(attempt).status is Status.OK
    assert bench.told == [("rows", "ok", True)]


def test_a_run_expires_once(bench: Bench, released: Event) -> None:
    bench.hang("rows", released)
    attempt = bench.runner._running["rows"]
    assert bench.runner.expire(attempt) is attempt.result
    assert attempt.hangs
    assert bench.told == [("rows", "critical", True)]


def test_a_check_never_runs_twice_at_once(bench: Bench, released: Event) -> None:
    runs: list[int] = []

    def subject() -> None:
        runs.append(1)
        released.wait(PATIENCE)

    check = bench.add("rows", subject)
    first = bench.runner.start(check)
    assert bench.runner.start(check) is first
    second = bench.add("other", lambda: None)
    assert bench.runner.run(second).status is Status.OK
    released.set()
    assert bench.runner.wait(first).status is Status.OK
    assert runs == [1]


def test_a_run_whose_result_is_being_told_is_not_said_to_hang(released: Event) -> None:
    telling = Event()

    def tell(*_: object) -> None:
        telling.set()
        released.wait(PATIENCE)

    registry = Registry()
    runner = Runner(registry, Results(SYSTEM_CLOCK), SYSTEM_CLOCK, on_result=tell)
    check = registry.add("rows", lambda: None, every="1m")
    first = runner.start(check)
    assert telling.wait(PATIENCE)
    assert runner.start(check) is first


@pytest.mark.parametrize("status", ["critical", "unknown"])
def test_while_a_run_hangs_the_next_does_not_begin(
    bench: Bench, released: Event, status: str
) -> None:
    check = bench.hang("rows", released, on_timeout=status)
    hanging = bench.runner._running["rows"]
    again = bench.runner.start(check)
    assert again is not hanging
    assert again.ended.is_set()
    assert again.result is not None
    assert again.result.status.value == status
    assert again.result.message == "its last run still hangs"
    released.set()
    assert hanging.ended.wait(PATIENCE)
    assert bench.runner.run(bench.registry.checks["rows"]).status is Status.OK


def test_with_too_many_hanging_runs_no_other_begins(released: Event) -> None:
    bench = Bench(max_hung=2)
    ran: list[int] = []
    other = bench.add("other", lambda: ran.append(1))
    bench.hang("b", released)
    assert bench.runner.run(other).status is Status.OK
    bench.hang("a", released)
    result = bench.runner.run(other)
    assert (result.status, result.message) == (Status.UNKNOWN, "not run: 2 runs hang (a, b)")
    assert ran == [1]
    released.set()
    eventually(lambda: not bench.runner._running)
    assert bench.runner.run(other).status is Status.OK


def test_four_runs_may_hang_and_slow_ones_do_not_count(bench: Bench, released: Event) -> None:
    for name in "abc":
        bench.hang(name, released)
    for name in "xyz":
        bench.runner.start(bench.add(name, lambda: released.wait(PATIENCE)))
    other = bench.add("other", lambda: None)
    assert bench.runner.run(other).status is Status.OK
    bench.hang("d", released)
    assert bench.runner.run(other).message == "not run: 4 runs hang (a, b, c, d)"


def test_in_a_forked_child_none_of_the_parents_runs_goes_on(bench: Bench, released: Event) -> None:
    check = bench.hang("rows", released)
    bench.runner._lock.acquire()  # by a thread that the child does not have
    bench.runner.after_fork()
    found: list[CheckResult] = []
    released.set()
    child = Thread(target=lambda: found.append(bench.runner.run(check)), daemon=True)
    child.start()
    child.join(PATIENCE)
    assert found[0].status is Status.OK
