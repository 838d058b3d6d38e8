"""Counters that only rise: since the run before, since they began, and when they begin anew."""

from __future__ import annotations

import threading

from obskit.checks.library.rate import Counters, Rise


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_first_rise_is_since_they_began_and_the_next_since_the_first() -> None:
    clock = Clock()
    counters = Counters(clock)
    assert counters.rise((90, 10), 500.0) == Rise((90, 10), 500.0)
    clock.now += 60
    assert counters.rise((95, 11), 560.0) == Rise((5, 1), 60.0)
    assert counters.rise((95, 11), 560.0) == Rise((0, 0), 0.0)


def test_counters_that_began_anew_are_taken_from_their_beginning() -> None:
    clock = Clock()
    counters = Counters(clock)
    counters.rise((90, 10), 500.0)
    clock.now += 60
    assert counters.rise((4, 12), 30.0) == Rise((4, 12), 30.0)
    clock.now += 10
    assert counters.rise((5, 12), 40.0) == Rise((1, 0), 10.0)


def test_a_rise_that_is_too_small_is_taken_together_with_the_next() -> None:
    clock = Clock()
    counters = Counters(clock)
    counters.rise((90, 10), 500.0)
    clock.now += 60
    assert counters.rise((95, 10), 560.0, least=10) is None
    clock.now += 60
    assert counters.rise((98, 12), 620.0, least=10) == Rise((8, 2), 120.0)


def test_each_rise_is_told_to_one_thread_alone() -> None:
    counters = Counters()
    counters.rise((0,), 1.0)
    told: list[int] = []

    def ask() -> None:
        rise = counters.rise((100,), 1.0)
        assert rise is not None
        told.append(rise.counts[0])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [0, 0, 0, 0, 0, 0, 0, 100]
