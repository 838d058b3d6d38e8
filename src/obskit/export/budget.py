"""One budget of time for all ways out, so that the slowest does not add to the others."""

from __future__ import annotations

import _thread
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from time import monotonic

from obskit import hosting
from obskit.export import notice
from obskit.redaction import describe

# One for each signal, and one for errors: they must not wait for each other.
_SPARES = 4


class _Spare:
    """Threads that wait for work, for interpreters that start none at their exit (3.12.0, 3.12.1)."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._pid = 0

    def prepare(self) -> None:
        if self._pid != os.getpid() and not hosting.is_patched():  # greenlets can be started
            self._pid = os.getpid()
            for _ in range(_SPARES):
                threading.Thread(target=self._wait, name="obskit-exit", daemon=True).start()

    def take(self, way: Callable[[], object]) -> bool:
        if self._pid != os.getpid():
            return False
        self._work.put(way)
        return True

    def _wait(self) -> None:
        while True:
            self._work.get()()


_spare = _Spare()


def prepare() -> None:
    """Make sure that `within` can keep its budget at exit too. Called where something is exported.

    Costs little: call it often. A forked child needs threads of its own.
    """
    if (3, 12, 0) <= sys.version_info[:3] < (3, 12, 2):
        _spare.prepare()


def within(budget: float, ways: Sequence[Callable[[], object]]) -> bool:
    """Call all of them at once, and wait for all of them no longer than the budget.

    Args:
        budget: Seconds at most, however many there are.
        ways: What is called, each on a thread of its own.

    Returns:
        Whether all of them did it in time. One that raises or returns False has not.

    >>> within(1.0, [lambda: None])
    True
    """
    deadline = monotonic() + budget
    ended = [threading.Event() for _ in ways]
    done: list[bool] = []
    for way, end in zip(ways, ended, strict=True):

        def call(way: Callable[[], object] = way, end: threading.Event = end) -> None:
            try:
                if way() is not False:
                    done.append(True)
            except Exception as error:
                notice.say(logging.WARNING, "a way out failed: %s", describe(error))
            finally:
                end.set()

        try:
            # Not `Thread.start`: it takes a lock that the code under a signal handler may hold.
            _thread.start_new_thread(call, ())
        except RuntimeError:  # the interpreter is ending and starts no more threads
            if not _spare.take(call):
                call()
    for end in ended:
        end.wait(max(0.0, deadline - monotonic()))
    return len(done) == len(ways)
