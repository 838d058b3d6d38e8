"""Runs each check when it is due: one thread a process, started when there is something to run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from random import Random
from threading import Event, Lock, Thread

from obskit.checks.order import in_order
from obskit.checks.runner import Attempt, Runner
from obskit.clock import Clock
from obskit.declaration import Check
from obskit.exceptions import DeclarationError
from obskit.registry import Registry

# The first runs are soon, what others depend on first, and not all at one moment. Seconds.
_BETWEEN_GROUPS = 0.2
_SPREAD = 0.1
# A check that is declared later is found by then, seconds.
_LONGEST_SLEEP = 5.0


class Schedule:
    """Runs the checks of a registry in the background.

    Args:
        registry: The checks.
        runner: Runs one.
        clock: The time.
    """

    def __init__(self, registry: Registry, runner: Runner, clock: Clock) -> None:
        self._registry = registry
        self._runner = runner
        self._clock = clock
        self._random = Random()  # noqa: S311 - spreads load, guards nothing
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child the thread is gone; it starts again when the child serves."""
        self._pid = os.getpid()
        self._lock = Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def ensure_started(self) -> None:
        """Start the thread, unless it runs already or nothing is declared. Costs little: call it often."""
        if self._thread is not None and self._pid == os.getpid():
            return
        if not self._registry.checks:
            return
        if self._pid != os.getpid():  # forked in C, where Python's fork hooks do not run
            self._runner.after_fork()
            self.after_fork()
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                thread = Thread(target=self._work, name="obskit-schedule", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no more threads; the request that calls this must not fail
                    return
                self._thread = thread

    def stop(self, timeout: float = 1.0) -> None:
        """Start no more runs. Those under way go on.

        Args:
            timeout: Seconds to wait for the thread at most.
        """
        self._stop.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(timeout)

    def _work(self) -> None:
        due: dict[str, float] = {}
        running: list[Attempt] = []
        while not self._stop.is_set():
            checks = self._registry.checks
            if checks.keys() != due.keys():  # at first, and when more are declared later
                due = {**self._first_runs(checks), **due}
            now = self._clock.monotonic()
            for name in [name for name, at in due.items() if at <= now]:
                running.append(self._runner.start(checks[name]))
                due[name] = _next(due[name], checks[name].every, now)
            running = self._still_running(running)
            deadlines = [attempt.deadline for attempt in running]
            wake = min([*due.values(), *deadlines], default=now + _LONGEST_SLEEP)
            self._stop.wait(min(_LONGEST_SLEEP, max(0.0, wake - self._clock.monotonic())))

    def _still_running(self, running: list[Attempt]) -> list[Attempt]:
        now = self._clock.monotonic()
        kept = []
        for attempt in running:
            if attempt.result is not None:
                continue
            if attempt.deadline <= now:
                self._runner.expire(attempt)
            else:
                kept.append(attempt)
        return kept

    def _first_runs(self, checks: Mapping[str, Check]) -> dict[str, float]:
        try:
            groups = in_order(checks)
        except DeclarationError:
            # The command line and the tests say so; a service that runs already runs what it can.
            groups = [list(checks.values())]
        now = self._clock.monotonic()
        return {
            check.name: now + level * _BETWEEN_GROUPS + self._random.uniform(0, _SPREAD)
            for level, group in enumerate(groups)
            for check in group
        }


def _next(due: float, every: float, now: float) -> float:
    """When a check runs next: a whole number of periods on, so that nothing drifts and nothing piles up."""
    missed = max(0.0, now - due) // every
    return due + (missed + 1) * every
