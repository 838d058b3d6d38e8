"""Runs each check when it is due: one thread a process, started when there is something to run."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Mapping
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
# Of a period, between a check's first two runs at least.
_SOONEST = 0.1
# From so many checks on, the schedule rests this long for each of them between two looks, seconds.
_MANY, _PER_CHECK = 100, 0.00025
# A clock that moved by so much was set, seconds.
_JUMP = 1.0
# Set back by no more than this, it shows again what has been, and what has run then runs no second
# time; set back further it was wrong before. As Debian's cron has it. Seconds.
_REPEATED = 3 * 3_600.0
# Two clocks tell one moment of a cron expression apart by less than this, seconds.
_PAST = 1.5
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
        holds: Whether this process runs a check now; what it does not stays due.
        began: When the latest run of a check began that is known of, by the monotonic clock, or
            None: another process may have run it.
    """

    def __init__(
        self,
        registry: Registry,
        runner: Runner,
        clock: Clock,
        *,
        holds: Callable[[Check], bool] = lambda _check: True,
        began: Callable[[Check], float | None] = lambda _check: None,
    ) -> None:
        self._registry = registry
        self._runner = runner
        self._clock = clock
        self._holds = holds
        self._began = began
        self._random = Random()  # noqa: S311 - spreads load, guards nothing
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child the thread is gone; it starts again when the child serves."""
        self._pid = os.getpid()
        self._lock = Lock()
        self._wake = Event()
        self._holds_back = True
        self._stopped = False
        self._thread: Thread | None = None
        self._offset = self._clock.now() - self._clock.monotonic()
        self._due: dict[str, float] = {}
        self._spread: set[str] = set()
        self._happened: deque[tuple[str, float]] = deque()
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
        now = self._clock.monotonic()
        self._follow_clock(checks, now)
        self._holds_back = True  # a run that ends from here on is looked at
        if checks.keys() != self._due.keys():  # at first, and when more are declared later
            self._due = {**self._first_runs(checks), **self._due}
        self._settle(now)
        while self._happened:
            what, moment = self._happened.popleft()
            due = min(now, moment - self._clock.now() + now)
            self._due.update((name, due) for name, check in checks.items() if check.on == what)
        waiting = [check for name, check in checks.items() if self._due[name] <= now]
        held_back = 0
        for check in sorted(waiting, key=lambda check: self._due[check.name]):
            if (
                len(self._running) >= _MOST_AT_ONCE
                or self._awaits_another(check, checks)
                or self._follows_itself(check)
            ):
                held_back += 1
            elif self._is_due(check, now):
                self._start(check, now)
        self._holds_back = held_back > 0
        later = [at for at in self._due.values() if at > now]
        running = (attempt for attempt, _ in self._running.values())
        deadlines = [attempt.deadline for attempt in running if attempt.result is None]
        wake = min([*later, *deadlines], default=now + _LONGEST_SLEEP)
        # Each look is at all of them: with a thousand, four times a second is often enough.
        least = len(checks) * _PER_CHECK if len(checks) >= _MANY else 0.0
        return min(_LONGEST_SLEEP, max(least, wake - self._clock.monotonic()))

    def _on_end(self) -> None:
        # Of a thousand checks few wait for another: to look at all of them each time takes long.
        if self._holds_back:
            self._wake.set()

    def wake(self) -> None:
        """Look now at what is due."""
        self._wake.set()

    def trigger(self, what: str, moment: float) -> None:
        """Run what is declared to run after something, unless it has run since.

        Args:
            what: What has happened, such as ``job:nightly-import``.
            moment: When, seconds since the Unix epoch.
        """
        self._happened.append((what, moment))
        self.wake()

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
        self._due[check.name] = self._next(check, now)
        attempt = self._runner.start(check, on_end=self._on_end)
        if attempt.result is None:
            self._running[check.name] = attempt, due

    def _follows_itself(self, check: Check) -> bool:
        """Whether a run is under way that began before what it shall run after: another follows."""
        return check.on is not None and check.name in self._running

    def _is_due(self, check: Check, now: float) -> bool:
        """Whether to run a check that is due: not what others run or have run."""
        if not self._holds(check):
            return False
        began = self._began(check)
        if began is not None and began >= self._due[check.name]:
            self._due[check.name] = self._after(check, began, now)
        return self._due[check.name] <= now

    def _next(self, check: Check, now: float) -> float:
        """When a check runs next. A run that was missed runs once."""
        due = self._due[check.name]
        if check.cron is not None:
            return self._after(check, max(due, now - _PAST), now)
        if check.every < math.inf and check.name not in self._spread:
            self._spread.add(check.name)
            # From here on the runs of many checks, and of many processes, lie all over the period.
            return now + check.every * self._random.uniform(_SOONEST, 1)
        return _next(due, check.every, now)

    def _after(self, check: Check, moment: float, now: float) -> float:
        """When a check is due that ran at a moment."""
        if check.cron is None:
            return moment + check.every
        offset = self._clock.now() - now
        return check.cron.after(moment + _PAST + offset) - offset

    def _follow_clock(self, checks: Mapping[str, Check], now: float) -> None:
        """A host's clock may be set, and stand while the host sleeps: what runs by it is due by it."""
        offset = self._clock.now() - now
        jump = offset - self._offset
        if abs(jump) <= _JUMP:
            return
        self._offset = offset
        for name, due in self._due.items():
            if checks[name].cron is not None and due > now:
                wrong = jump < -_REPEATED
                self._due[name] = self._after(checks[name], now, now) if wrong else due - jump

    def _settle(self, now: float) -> None:
        for name, (attempt, _) in list(self._running.items()):
            if attempt.result is None and attempt.deadline <= now:
                self._runner.expire(attempt)
            if attempt.result is not None:
                del self._running[name]

    def _awaits_another(self, check: Check, checks: Mapping[str, Check]) -> bool:
        """Whether a check depends on a run that is under way or due, and was so when its own was due.

        A run that became due later is not waited for: the next one would be due before it ends. Nor
        is one of another process.
        """
        if not check.depends_on or fault(check, checks):
            return False
        due = self._due[check.name]
        running = (self._running[name][1] for name in check.depends_on if name in self._running)
        own = (self._due[name] for name in check.depends_on if self._holds(checks[name]))
        return any(at <= due for at in (*running, *own))

    def _first_runs(self, checks: Mapping[str, Check]) -> dict[str, float]:
        try:
            groups = in_order(checks)
        except DeclarationError:  # the wrong ones are unknown and say why; the rest must run
            groups = [list(checks.values())]
        now = self._clock.monotonic()
        wall = self._clock.now()
        return {
            check.name: now + check.cron.after(wall) - wall
            if check.cron is not None
            else math.inf
            if check.every == math.inf
            else now + level * _BETWEEN_GROUPS + self._random.uniform(0, _SPREAD)
            for level, group in enumerate(groups)
            for check in group
        }


def _next(due: float, every: float, now: float) -> float:
    """When a check runs next: a whole number of periods on, so that nothing drifts and nothing piles up."""
    if every == math.inf:
        return math.inf
    missed = max(0.0, now - due) // every
    return due + (missed + 1) * every
