"""One thread at a time, none for long, and nothing half done where the process forks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from weakref import WeakSet

from obskit.state.untraced import untraced

#: How long a caller may have to wait for others, seconds.
PATIENCE = 1.0


def _nothing() -> None:
    """What most need before a fork."""


class Guard:
    """A lock that no caller waits for without end, and that no fork catches in the middle of things.

    Args:
        before_fork: What is done, with the lock, before the process forks.
        in_child: What is done in a child first of all.
    """

    def __init__(
        self,
        before_fork: Callable[[], object] = _nothing,
        in_child: Callable[[], object] = _nothing,
    ) -> None:
        self._before_fork = before_fork
        self._in_child = in_child
        self._lock = Lock()
        self._forks = False
        _guards.add(self)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the only thread inside. What it does there makes no spans.

        Raises:
            TimeoutError: Another one is inside for too long.
        """
        lock = self._lock
        if not lock.acquire(timeout=PATIENCE):
            raise TimeoutError(f"another thread has used it for longer than {PATIENCE:g} s")
        try:
            with untraced():
                yield
        finally:
            lock.release()

    def before(self) -> None:
        """The process is about to fork."""
        self._forks = self._lock.acquire(timeout=PATIENCE)
        if self._forks:
            with suppress(Exception):  # the host forks, whatever is wrong here
                self._before_fork()

    def in_parent(self) -> None:
        """The process has forked."""
        if self._forks:
            self._lock.release()
        self._forks = False

    def in_child(self) -> None:
        """This process is the new one."""
        self._lock = Lock()
        self._forks = False
        with suppress(Exception):  # the same
            self._in_child()


_guards: WeakSet[Guard] = WeakSet()


def _before() -> None:
    for guard in list(_guards):
        guard.before()


def _in_parent() -> None:
    for guard in list(_guards):
        guard.in_parent()


def _in_child() -> None:
    for guard in list(_guards):
        guard.in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
