"""One thread at a time, and forks."""

from __future__ import annotations

import os
from threading import Event, Thread

import pytest

from obskit.state.guard import Guard


def test_nobody_waits_for_a_thread_that_does_not_come_out() -> None:
    guard = Guard()
    inside, leave = Event(), Event()

    def stay() -> None:
        with guard.held():
            inside.set()
            leave.wait()

    thread = Thread(target=stay)
    thread.start()
    inside.wait()
    with pytest.raises(TimeoutError, match="another thread has used it for longer than 1 s"):
        with guard.held():
            pass
    leave.set()
    thread.join()
    with guard.held():
        pass


def test_a_fork_inside_leaves_the_child_free_and_the_parent_inside() -> None:
    """The thread that is inside forks: it cannot wait for itself without end."""
    called = []
    guard = Guard(before_fork=lambda: called.append("before"), in_child=lambda: called.append("in"))
    with guard.held():
        child = os.fork()
        if not child:
            with guard.held():
                os._exit(0 if called == ["in"] else 1)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(TimeoutError):
            with guard.held():
                pass
    assert called == []


def test_a_fork_waits_for_nobody_where_nobody_is_inside() -> None:
    called = []
    guard = Guard(before_fork=lambda: called.append("before"), in_child=lambda: called.append("in"))
    child = os.fork()
    if not child:
        os._exit(0 if called == ["before", "in"] else 1)
    assert os.waitpid(child, 0)[1] == 0
    with guard.held():
        assert called == ["before"]


def test_what_fails_before_a_fork_does_not_reach_who_forks() -> None:
    def fail() -> None:
        raise ValueError

    guard = Guard(before_fork=fail, in_child=fail)
    child = os.fork()
    if not child:
        with guard.held():
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
