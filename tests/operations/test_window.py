"""The window, beside one that remembers everything."""

from __future__ import annotations

import os
from collections import Counter
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.capture import StillClock
from obskit.operations.window import PARTS, Window

STEPS = st.lists(st.tuples(st.integers(0, 130), st.integers(1, 5)), max_size=60)


def made(seconds: float = 60.0) -> tuple[Window[Counter[str]], StillClock]:
    clock = StillClock()
    return Window(seconds, clock.monotonic, Counter), clock


def total(window: Window[Counter[str]], last: int = PARTS) -> int:
    return sum(span["x"] for span in window.read(last))


@given(STEPS)
def test_it_holds_what_a_list_of_everything_holds(steps: list[tuple[int, int]]) -> None:
    window, clock = made(60.0)  # so that a span is a second
    happened: list[tuple[float, int]] = []
    for pause, amount in steps:
        clock.advance(pause / 2)
        window.change(partial(Counter.update, x=amount))
        happened.append((clock.monotonic(), amount))
        now = clock.monotonic()
        seconds = [(int(when), amount) for when, amount in happened]
        assert total(window) == sum(n for when, n in seconds if when >= int(now) - 60)
        # All of the window is in it, and nothing from more than a sixtieth before it.
        assert total(window) >= sum(n for when, n in happened if when >= now - 60)
        assert total(window) <= sum(n for when, n in happened if when > now - 61)


@given(STEPS)
def test_it_never_holds_more_spans_than_a_window_has(steps: list[tuple[int, int]]) -> None:
    window, clock = made(60.0)
    for pause, _ in steps:
        clock.advance(pause / 2)
        window.change(lambda span: span.update(x=1))
        assert len(window._spans) <= PARTS + 1


def test_the_youngest_spans_can_be_read_alone() -> None:
    window, clock = made(60.0)
    for _ in range(60):
        window.change(lambda span: span.update(x=1))
        clock.advance(1.0)
    assert (total(window), total(window, 6)) == (60, 6)


def test_what_was_is_gone_when_nothing_happens() -> None:
    window, clock = made(60.0)
    window.change(lambda span: span.update(x=1))
    clock.advance(61.0)
    assert total(window) == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_begins_with_nothing_and_no_lock_held() -> None:
    window, _ = made(60.0)
    window.change(lambda span: span.update(x=1))
    with window._lock:
        pid = os.fork()
        if pid == 0:  # pragma: no cover - the other process
            window.change(lambda span: span.update(x=7))
            os._exit(total(window))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert total(window) == 1


def test_a_change_from_within_a_change_waits_for_nothing() -> None:
    window, _ = made(60.0)

    def both(span: Counter[str]) -> None:
        window.change(lambda inner: inner.update(x=1))
        span.update(x=1)

    window.change(both)
    assert total(window) == 2
