"""The checks of one registry, watched."""

from __future__ import annotations

from contextlib import nullcontext
from threading import Event

from tests.checks.given import PATIENCE, eventually

from obskit import Registry, Status
from obskit.capture import Capture
from obskit.checks.runner import NoTrace
from obskit.checks.watch import Watch
from obskit.clock import SYSTEM_CLOCK


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
    assert watch._runner._running == {}
    begun.clear()
    released.set()
    watch.schedule.ensure_started()
    assert begun.wait(PATIENCE)
    watch.schedule.stop(PATIENCE)
