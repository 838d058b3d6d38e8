"""Beats, from a thread of their own."""

from __future__ import annotations

from threading import Event, current_thread

from tests.checks.given import PATIENCE

from obskit.operations.heartbeat import Heartbeat


def test_it_beats_again_and_again_and_in_no_thread_of_the_host() -> None:
    beaten: list[str] = []
    enough = Event()

    def beat() -> None:
        beaten.append(current_thread().name)
        if len(beaten) == 2:
            enough.set()

    heartbeat = Heartbeat(beat, 0.001)
    assert enough.wait(PATIENCE)
    heartbeat.stop()
    assert {*beaten} == {"obskit-heartbeat"}


def test_it_is_woken_by_news() -> None:
    beaten = Event()
    heartbeat = Heartbeat(beaten.set, 3600.0)
    heartbeat.wake()
    assert beaten.wait(PATIENCE)
    heartbeat.stop()


def test_once_stopped_it_beats_no_more() -> None:
    beaten: list[int] = []
    heartbeat = Heartbeat(lambda: beaten.append(1), 3600.0)
    heartbeat.stop()
    heartbeat.wake()
    heartbeat._thread.join(PATIENCE)
    assert beaten == []
    assert not heartbeat._thread.is_alive()
