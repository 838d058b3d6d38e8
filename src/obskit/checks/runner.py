"""Runs one check: on a thread of its own, timed, never twice at once, whatever it raises."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from threading import Event, Lock, Thread
from typing import Protocol

from obskit.checks import coroutine, isolation, verdict
from obskit.checks.model import CheckResult, Status
from obskit.checks.order import fault
from obskit.checks.results import Results, Standing
from obskit.checks.verdict import Past
from obskit.clock import Clock
from obskit.declaration import Check
from obskit.redaction import describe
from obskit.registry import Registry


class Trace(Protocol):
    """What a run is traced by."""

    trace_id: str | None

    def failed(self, error: BaseException) -> None:
        """The subject raised."""


class NoTrace:
    """The trace of a run that is not traced."""

    trace_id: str | None = None

    def failed(self, error: BaseException) -> None:
        """Nothing tells of it but the result."""


OpenTrace = Callable[[Check], AbstractContextManager[Trace]]
#: Told of how each check stands after a run.
OnResult = Callable[[Check, Standing], None]


def no_past(_check: Check) -> Past:
    """The past of a check where no history is kept."""
    return lambda _since, _step: ()


class Attempt:
    """One run of one check. It is decided once: by its end, or by its time running out."""

    def __init__(
        self, check: Check, started: float, deadline: float, on_end: Callable[[], object] = bool
    ) -> None:
        self.check = check
        self.started = started
        self.deadline = deadline
        self.on_end = on_end
        self.ended = Event()
        self.result: CheckResult | None = None
        self.hangs = False
        self._lock = Lock()

    def decide(self, result: CheckResult, *, hangs: bool) -> CheckResult:
        """The result that counts: this one, or the one before it.

        Args:
            result: What the run came to.
            hangs: Whether the run goes on nevertheless.
        """
        with self._lock:
            if self.result is None:
                self.result, self.hangs = result, hangs
            return self.result


class Runner:
    """Runs the checks of a registry.

    Args:
        registry: The checks.
        results: Where results are held.
        clock: The time.
        open_trace: Opens the trace of a run.
        on_result: Told of every result; must not raise.
        past: Gives what a check measured before.
        max_hung: How many runs may go on past their time-out. With more, checks are `unknown`: a
            dependency that hangs must not fill the process with threads.
    """

    def __init__(
        self,
        registry: Registry,
        results: Results,
        clock: Clock,
        *,
        open_trace: OpenTrace = lambda _check: nullcontext(NoTrace()),
        on_result: OnResult = lambda _check, _standing: None,
        past: Callable[[Check], Past] = no_past,
        max_hung: int = 4,
    ) -> None:
        self._registry = registry
        self._results = results
        self._clock = clock
        self._open_trace = open_trace
        self._on_result = on_result
        self._past = past
        self._max_hung = max_hung
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child none of the parent's runs goes on."""
        self._lock = Lock()
        self._running: dict[str, Attempt] = {}

    def run(self, check: Check) -> CheckResult:
        """Run a check now and wait for its result, no longer than its time-out.

        Args:
            check: The check. What it depends on is judged by the latest results.

        Returns:
            The result; that of the run under way if there is one.
        """
        return self.wait(self.start(check))

    def wait(self, attempt: Attempt) -> CheckResult:
        """The result of a run, no later than its time-out."""
        attempt.ended.wait(max(0.0, attempt.deadline - self._clock.monotonic()))
        return self.expire(attempt)

    def start(self, check: Check, on_end: Callable[[], object] = bool) -> Attempt:
        """Begin to run a check, unless it is running: then that run is returned.

        Args:
            check: The check.
            on_end: Called from the run's thread when it has ended; must not raise.
        """
        started = self._clock.monotonic()
        attempt = Attempt(check, self._clock.now(), started + check.timeout, on_end)
        with self._lock:
            running = self._running.get(check.name)
            if running is not None and not running.hangs:
                return running
            hindrance = self._hindrance(check, running)
            if hindrance is None:
                self._running[check.name] = attempt
        if hindrance is not None:
            self._decide(attempt, hindrance)
            attempt.ended.set()
            return attempt
        thread = Thread(
            target=self._execute, args=(attempt,), name=f"obskit-check-{check.name}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the process may have no more threads
            self._decide(attempt, CheckResult.unknown(f"not run: {error}"))
            self._end(attempt)
        return attempt

    def expire(self, attempt: Attempt) -> CheckResult:
        """Decide a run whose time is up. It may go on, but what it says comes too late.

        Returns:
            The result that counts.
        """
        return self._decide(attempt, verdict.of_timeout(attempt.check), hangs=True)

    def _hindrance(self, check: Check, running: Attempt | None) -> CheckResult | None:
        """Why a check cannot be run now, or None."""
        if running is not None:
            return CheckResult(Status(check.on_timeout), "its last run still hangs")
        wrong = fault(check, self._registry.checks)
        if wrong:
            return CheckResult.unknown(f"not run: {wrong}")
        for name in check.depends_on:
            result = self._results.current(self._registry.checks[name])
            if result is not None and result.status.is_down:
                return verdict.of_dependency(name, result.status)
        hung = [attempt for attempt in self._running.values() if attempt.hangs]
        if len(hung) >= self._max_hung:
            names = ", ".join(sorted(attempt.check.name for attempt in hung))
            return CheckResult.unknown(f"not run: {len(hung)} runs hang ({names})")
        return None

    def _execute(self, attempt: Attempt) -> None:
        check = attempt.check
        try:
            with self._open_trace(check) as trace:
                result = self._call(attempt, trace)
                result = replace(result, trace_id=trace.trace_id)
                self._decide(attempt, result)
        except BaseException as error:  # the trace or the host's entry failed, not the subject
            self._decide(attempt, CheckResult.unknown(f"not run: {describe(error)}"))
        finally:
            self._end(attempt)

    def _end(self, attempt: Attempt) -> None:
        with self._lock:
            if self._running.get(attempt.check.name) is attempt:
                del self._running[attempt.check.name]
        attempt.ended.set()
        attempt.on_end()

    def _call(self, attempt: Attempt, trace: Trace) -> CheckResult:
        check = attempt.check
        entry = self._registry.entry or nullcontext
        with nullcontext() if check.isolate else entry():
            try:
                returned = self._returned(attempt)
                return verdict.of_returned(check, returned, self._clock.now(), self._past(check))
            except (coroutine.OutOfTime, isolation.Killed):
                return verdict.of_timeout(check)
            except coroutine.LoopEnded as why:
                return CheckResult.unknown(f"not judged: {why}")
            except BaseException as error:  # even SystemExit: it would end the thread unseen
                trace.failed(error)
                return verdict.of_error(check, error)

    def _returned(self, attempt: Attempt) -> object:
        def left() -> float:
            return attempt.deadline - self._clock.monotonic()

        if attempt.check.isolate:
            return isolation.call(attempt.check.subject, left())
        returned = attempt.check.subject()
        if inspect.isawaitable(returned):
            returned = coroutine.result_of(returned, left, self._registry.loop)
        return returned

    def _decide(self, attempt: Attempt, result: CheckResult, *, hangs: bool = False) -> CheckResult:
        duration = self._clock.monotonic() - (attempt.deadline - attempt.check.timeout)
        result = replace(
            result,
            started=attempt.started,
            duration=max(0.0, duration),
            unit=result.unit or attempt.check.unit,
        )
        counts = attempt.decide(result, hangs=hangs)
        if counts is result:
            standing = self._results.record(attempt.check, result)
            self._on_result(attempt.check, standing)
        return counts
