"""The checks of one registry, watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from tests.checks.given import PATIENCE, eventually

from obskit import Registry, Status
from obskit.capture import Capture
from obskit.checks.runner import NoTrace
from obskit.checks.sharing import Sharing
from obskit.checks.watch import Watch
from obskit.clock import SYSTEM_CLOCK
from obskit.state.memory import MemoryStore


def test_what_the_schedule_runs_is_held_and_told(obskit_capture: Capture) -> None:
    registry = Registry()
    registry.add("rows", lambda: False, every="1m")
    watch = Watch(registry, lambda _: nullcontext(NoTrace()), SYSTEM_CLOCK)
    assert watch.registry is registry
    watch.schedule.ensure_started()
    eventually(lambda: obskit_capture.lines)
    watch.schedule.stop(PATIENCE)
    standing = watch.results.standing("rows")
    assert standing is not None
    assert standing.result.status is Status.CRITICAL
    assert [line["event"] for line in obskit_capture.lines] == [
        "rows is critical: it returned False"
    ]


def test_who_is_to_tell_people_is_given_each_result() -> None:
    registry, told = Registry(), []
    rows = registry.add("rows", lambda: False, every="1m", scope="process")
    watch = Watch(
        registry,
        lambda _: nullcontext(NoTrace()),
        SYSTEM_CLOCK,
        tell=lambda check, standing: told.append((check.name, str(standing.raw))),
    )
    watch.runner.run(rows)
    watch.runner.run(rows)
    assert told == [("rows", "critical"), ("rows", "critical")]


def test_what_is_run_for_somebody_who_waits_is_kept_when_it_has_ended(tmp_path: Path) -> None:
    registry, store = Registry(), MemoryStore()
    rows = registry.add("rows", lambda: 7, cron="0 0 1 1 *", timezone="UTC")
    sharing = Sharing(lambda: store, tmp_path, lambda: "i-1")
    watch = Watch(registry, lambda _: nullcontext(NoTrace()), SYSTEM_CLOCK, sharing)
    watch.ensure_started()
    watch.run_now(rows)
    watch.run_now(rows)
    kept = [run.value for run in store.runs("rows")]
    watch.stop(PATIENCE)
    assert kept == [7.0, 7.0]


def test_in_a_forked_child_nothing_runs_and_nothing_is_known() -> None:
    registry, released, begun = Registry(), Event(), Event()

    def rows() -> None:
        begun.set()
        released.wait(PATIENCE)

    registry.add("fine", lambda: None, every="1m")
    registry.add("rows", rows, every="1m")
    watch = Watch(registry, lambda _: nullcontext(NoTrace()), SYSTEM_CLOCK)
    watch.schedule.ensure_started()
    assert begun.wait(PATIENCE)
    eventually(lambda: watch.results.standing("fine"))
    watch.schedule.stop(PATIENCE)
    watch.after_fork()
    assert watch.results.standing("fine") is None
    assert watch.runner._running == {}
    begun.clear()
    released.set()
    watch.schedule.ensure_started()
    assert begun.wait(PATIENCE)
    watch.schedule.stop(PATIENCE)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Callable[[Registry], Watch]]:
    store, made = MemoryStore(), list[Watch]()

    def start(registry: Registry) -> Watch:
        name = f"process {len(made)}"
        sharing = Sharing(lambda: store, tmp_path / "run", lambda: name)
        watch = Watch(registry, lambda _: nullcontext(NoTrace()), SYSTEM_CLOCK, sharing)
        made.append(watch)
        watch.ensure_started()
        return watch

    yield start
    for watch in made:
        watch.stop(PATIENCE)


def test_of_two_processes_one_runs_a_check_and_both_know_the_result(
    shared: Callable[[Registry], Watch],
) -> None:
    registry, ran = Registry(), []
    rows = registry.add("rows", lambda: ran.append(1), every="1h")
    one = shared(registry)
    eventually(lambda: one.results.standing("rows"))
    two = shared(registry)
    eventually(lambda: two.results.standing("rows"))
    assert (one.holds(rows), two.holds(rows)) == (True, False)
    assert ran == [1]
    known = two.results.standing("rows")
    assert known is not None
    assert known.result == one.results.current(rows)


def test_a_process_that_ends_says_so_and_another_runs_its_checks(
    shared: Callable[[Registry], Watch],
) -> None:
    registry = Registry()
    rows = registry.add("rows", lambda: None, every="1h")
    one = shared(registry)
    eventually(lambda: one.holds(rows))
    two = shared(registry)
    before = one.ending
    one.stop(PATIENCE)
    assert (before, one.ending) == (False, True)
    eventually(lambda: two.holds(rows))
    assert not one.holds(rows)


def test_checks_of_a_process_run_in_each(shared: Callable[[Registry], Watch]) -> None:
    registry, ran = Registry(), []
    registry.add("ready", lambda: ran.append(1), every="1h", readiness=True)
    watches = [shared(registry) for _ in range(3)]
    eventually(lambda: all(watch.results.standing("ready") for watch in watches))
    assert ran == [1, 1, 1]


def test_one_round_knows_what_others_found_and_keeps_what_is_found(
    tmp_path: Path,
) -> None:
    registry = Registry()
    rows = registry.add("rows", lambda: False, every="1h", failures_before_alert=2)
    store = MemoryStore()
    statuses = []
    for number in range(3):
        sharing = Sharing(lambda: store, tmp_path / "alone", partial(str, number))
        watch = Watch(registry, lambda _: nullcontext(NoTrace()), SYSTEM_CLOCK, sharing)
        with watch.one_round():
            watch.runner.run(rows)
        standing = watch.results.standing("rows")
        assert standing is not None
        statuses.append((standing.result.status, standing.result.attempt))
    assert statuses == [(Status.OK, 1), (Status.CRITICAL, 2), (Status.CRITICAL, 3)]
    assert len(store.runs("rows")) == 3
