"""Those who watch are told when something changes; without them nothing works."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from threading import Event
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.checks.given import PATIENCE, eventually

from obskit.console import live
from obskit.console.live import Live, is_ending

NAME = "obskit-console"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(live, "_STEP", 0.005)
    monkeypatch.setattr(live, "_LOOK", 0.01)
    yield
    eventually(lambda: NAME not in {each.name for each in threading.enumerate()})


def threads() -> int:
    return sum(each.name == NAME for each in threading.enumerate())


def test_all_who_watch_are_told_of_a_change_by_one_thread() -> None:
    now = ["a"]
    watched = Live(lambda: now[0])
    told: list[str] = []
    with ExitStack() as stack:
        for name in "xyz":
            stack.enter_context(watched.watched(partial(told.append, name)))
        eventually(lambda: watched.latest == "a")
        now[0] = "b"
        eventually(lambda: {"x", "y", "z"} <= set(told) and watched.latest == "b")
        assert threads() == 1


def test_nothing_works_while_nobody_watches_and_it_begins_again() -> None:
    watched = Live(lambda: "a")
    assert threads() == 0
    for _ in range(2):
        with watched.watched(bool):
            eventually(lambda: threads() == 1)
        eventually(lambda: threads() == 0)


def test_what_cannot_be_seen_now_is_seen_later() -> None:
    looks: list[int] = []

    def look() -> str:
        looks.append(1)
        if len(looks) < 3:
            raise ZeroDivisionError
        return "a"

    watched = Live(look)
    with watched.watched(bool):
        eventually(lambda: watched.latest == "a")


def test_somebody_whose_loop_has_ended_keeps_nothing_from_the_others() -> None:
    def fail() -> None:
        raise RuntimeError("Event loop is closed")

    now, told = ["a"], Event()
    watched = Live(lambda: now[0])
    with watched.watched(fail), watched.watched(told.set):
        eventually(lambda: watched.latest == "a")
        told.clear()
        now[0] = "b"
        assert told.wait(PATIENCE)


def test_more_than_there_is_room_for_are_refused() -> None:
    watched = Live(lambda: "a")
    with ExitStack() as stack:
        taken = [stack.enter_context(watched.watched(bool)) for _ in range(501)]
        assert (taken.count(True), taken[-1], len(watched)) == (500, False, 500)
    assert len(watched) == 0


class Server:
    """As Uvicorn's: what handles the signals of the process is a method of its own."""

    should_exit = False

    def handle_exit(self, _number: int, _frame: Any) -> None:
        self.should_exit = True


def test_all_are_told_that_the_server_ends() -> None:
    server = Server()
    before = signal.signal(signal.SIGTERM, server.handle_exit)
    try:
        assert not is_ending()
        told = Event()
        watched = Live(lambda: "a")
        with watched.watched(told.set):
            assert told.wait(PATIENCE)
            assert not watched.ending
            told.clear()
            signal.raise_signal(signal.SIGTERM)
            assert told.wait(PATIENCE)
            assert watched.ending
    finally:
        signal.signal(signal.SIGTERM, before)
