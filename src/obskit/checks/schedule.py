"""Runs each check when it is due: one thread a process, started when there is something to run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from random import Random
from threading import Event, Lock, Thread

from obskit.checks import report
from obskit.checks.order import fault, in_order
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
# So many runs may be under way; more that are due wait, so that no burst fills the process with threads.
_MOST_AT_ONCE = 32


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
        self._wake = Event()
        self._stopped = False
        self._thread: Thread | None = None
        self._due: dict[str, float] = {}
        #: Runs under way by name, each with the moment that it was due.
        self._running: dict[str, tuple[Attempt, float]] = {}

    def ensure_started(self) -> None:
        """Start the thread, unless it lives or nothing is declared. Costs little: call it often."""
        if self._thread is not None and self._pid == os.getpid() and self._thread.is_alive():
            return
        if not self._registry.checks:
            return
        if self._pid != os.getpid():  # forked in C, where Python's fork hooks do not run
            self._runner.after_fork()
            self.after_fork()
        with self._lock:
            if self._stopped or (self._thread is not None and self._thread.is_alive()):
                return
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
        self._stopped = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(timeout)

    def tick(self) -> float:
        """Start what is due and expire what takes too long.

        Returns:
            Seconds until it has to be called again, unless a run ends before.
        """
        checks = self._registry.checks
        if checks.keys() != self._due.keys():  # at first, and when more are declared later
            self._due = {**self._first_runs(checks), **self._due}
        now = self._clock.monotonic()
        self._settle(now)
        waiting = [name for name, at in self._due.items() if at <= now]
        for name in sorted(waiting, key=self._due.__getitem__):
            if len(self._running) >= _MOST_AT_ONCE:
                break
            if not self._awaits_another(checks[name], checks):
                self._start(checks[name], now)
        later = [at for at in self._due.values() if at > now]
        deadlines = [attempt.deadline for attempt, _ in self._running.values()]
        wake = min([*later, *deadlines], default=now + _LONGEST_SLEEP)
        return min(_LONGEST_SLEEP, max(0.0, wake - self._clock.monotonic()))

    def _work(self) -> None:
        while not self._stopped:
            self._wake.clear()
            try:
                pause = self.tick()
            except Exception as error:  # a schedule that ends is a silence that nobody hears
                report.log_failure(error)
                pause = _LONGEST_SLEEP
            if not self._stopped:
                self._wake.wait(pause)

    def _start(self, check: Check, now: float) -> None:
        due = self._due[check.name]
        self._due[check.name] = _next(due, check.every, now)
        attempt = self._runner.start(check, on_end=self._wake.set)
        if attempt.result is None:
            self._running[check.name] = attempt, due

    def _settle(self, now: float) -> None:
        for name, (attempt, _) in list(self._running.items()):
            if attempt.result is None and attempt.deadline <= now:
                self._runner.expire(attempt)
            if attempt.result is not None:
                del self._running[name]

    def _awaits_another(self, check: Check, checks: Mapping[str, Check]) -> bool:
        """Whether a check depends on a run that is under way or due, and was so when its own was due.

        A run that became due later is not waited for: the next one would be due before it ends.
        """
        if not check.depends_on or fault(check, checks):
            return False
        due = self._due[check.name]
        running = (self._running[name][1] for name in check.depends_on if name in self._running)
        return any(at <= due for at in (*running, *map(self._due.__getitem__, check.depends_on)))

    def _first_runs(self, checks: Mapping[str, Check]) -> dict[str, float]:
        try:
            groups = in_order(checks)
        except DeclarationError:  # the wrong ones are unknown and say why; the rest must run
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
