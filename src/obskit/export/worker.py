"""The one background thread of a process that sends. Started when there is something to send."""

from __future__ import annotations

import _thread
import logging
import os
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from obskit import hosting
from obskit.clock import Clock
from obskit.export import notice

# After a round that failed where nothing may fail, seconds.
_AFTER_FAILURE = 5.0
# Waits take no more than some 292 years, and tasks that have ended are due never, seconds.
_LONGEST_PAUSE = 3_600.0


class Task(Protocol):
    """Something to be done again and again."""

    @property
    def due(self) -> float:
        """When, by the monotonic clock."""

    def run(self) -> None:
        """Do it."""

    def after_fork(self) -> None:
        """Begin anew in a forked child."""


class Worker:
    """Runs tasks when they are due, on one thread a process.

    Args:
        clock: The time.

    Attributes:
        forked: Called in a child that was forked in C, where Python's fork hooks do not run.
        looked: Called in each round.
    """

    def __init__(self, clock: Clock) -> None:
        self.forked: Callable[[], object] = bool
        self.looked: Callable[[], object] = bool
        self._clock = clock
        self._tasks: Sequence[Task] = ()
        self._pid = 0
        self._forked = False
        self._stopped = False
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()

    def take(self, tasks: Sequence[Task]) -> None:
        """Give it its work."""
        self._tasks = tasks

    def ensure_started(self) -> None:
        """Start the thread unless this process has it. Costs little, takes no lock: call it often."""
        pid = os.getpid()
        if self._pid == pid or self._stopped or (self._forked and hosting.will_patch()):
            return
        if hosting.will_fork_in_c():
            return
        inherited, self._pid = self._pid, pid  # no call in between: only one thread gets past here
        if inherited:
            self._forget_parent()
            self.forked()
        # Looked up now: gevent may have put its own in their places since.
        self._wakeups = queue.SimpleQueue()
        try:
            # Not `Thread.start`: it takes a lock, and this may run in a signal handler or `__del__`.
            _thread.start_new_thread(self._work, (self._wakeups,))
        except RuntimeError:  # no more threads, or the interpreter is ending: a flush sends it all
            self._pid = 0

    def after_fork(self) -> None:
        """In a forked child: the thread and what waits are the parent's."""
        if self._pid != os.getpid():
            self._pid = 0
            self._forked = True
            self._forget_parent()

    def _forget_parent(self) -> None:
        for task in self._tasks:
            task.after_fork()

    def wake(self) -> None:
        """Let the thread look now. Safe anywhere: `SimpleQueue.put` is reentrant."""
        self._wakeups.put(None)

    def stop(self) -> None:
        """Let the thread end."""
        self._stopped = True
        self.wake()

    def _work(self, wakeups: queue.SimpleQueue[None]) -> None:
        threading.current_thread().name = "obskit-export"
        while not self._stopped:
            pause = self._round()
            try:
                wakeups.get(timeout=pause)
                while True:
                    wakeups.get_nowait()
            except queue.Empty:
                pass

    def _round(self) -> float:
        try:
            self.looked()
            for task in self._tasks:
                task.run()
            due = min(task.due for task in self._tasks)
            return min(_LONGEST_PAUSE, max(0.0, due - self._clock.monotonic()))
        except Exception:
            notice.say(logging.ERROR, "a round of the export failed; it goes on", exc_info=True)
            return _AFTER_FAILURE
