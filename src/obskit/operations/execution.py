"""One run of a job, from its begin to its end: claimed, traced, told, kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from threading import RLock
from typing import Any

from obskit import names
from obskit.declaration import Job
from obskit.exceptions import ObskitError
from obskit.operations import lateness, report, surroundings
from obskit.operations.forks import renew_after_fork
from obskit.operations.heartbeat import Heartbeat
from obskit.operations.run import LivingRun, Run
from obskit.operations.trace import RunTrace
from obskit.redaction import describe
from obskit.state.store import JobRun, Lease

_at_hand: ContextVar[Execution | None] = ContextVar("obskit_job_run", default=None)
_NO_RUN = Run()


class JobOverlap(ObskitError):
    """A run may not begin, because another of its job goes on. Only with `overlap="refuse"`."""


def current_run() -> Run:
    """The run of the job at hand: to say how far it is, what it has counted, that it has failed.

    Outside a run it is an object that does nothing, so that a function may be called from anywhere.
    A thread that a run starts has none at hand: hand it over.

    >>> current_run().progress(3, 10)
    """
    execution = _at_hand.get()
    return _NO_RUN if execution is None else execution.run


def at_hand(job: Job) -> Execution | None:
    """The innermost run of a job at hand, or None."""
    execution = _at_hand.get()
    while execution is not None and execution.job is not job:
        execution = execution.above
    return execution


class Execution:
    """What stands around a run: a block, entered once.

    Args:
        job: The declaration.

    Attributes:
        job: The declaration.
        run: The run, from its begin on.
        above: What was at hand before it.
    """

    run: LivingRun

    def __init__(self, job: Job) -> None:
        self.job = job
        self.above: Execution | None = None
        self._around = surroundings.active()
        self._pid = os.getpid()
        self._begun = 0.0
        self._ended = self._told = False
        self._lease: Lease | None = None
        self._heartbeat: Heartbeat | None = None
        self._trace: RunTrace | None = None
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child nobody holds the lock."""
        self._lock = RLock()

    def __enter__(self) -> Run:
        around, job = self._around, self.job
        now = around.clock.now()
        self._begun = around.clock.monotonic()
        until = _safely(lateness.deadline, job, now)
        self.run = LivingRun(job.name, now, until, around.instance, self._on_progress, self._count)
        self._claim()
        self.above = _living(_at_hand.get())
        _at_hand.set(self)
        self._trace = _safely(RunTrace, job.name, self.run.run_id)
        self.run.trace_id = self._trace.trace_id if self._trace else None
        begun = self.run.as_it_is(now)
        self._put(begun)
        if around.store is not None:
            self._heartbeat = Heartbeat(self._beat, lateness.BEAT)
        _safely(report.log_started, job, begun)
        if around.check_in is not None:
            _safely(around.check_in, job, begun)
        return self.run

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if _at_hand.get() is self:
            _at_hand.set(_living(self.above))
        if self._ended:
            return
        ended = self.run.as_it_ended(self._around.clock.now(), _failure(error))
        if os.getpid() != self._pid:  # a forked child leaves the block too: the run is its parent's
            self._ended = True
        else:
            self._end(ended, error if isinstance(error, Exception) else None)
        if self._trace is not None:
            scope = self._trace.scope
            _safely(
                partial(self._trace.close, late=isinstance(error, GeneratorExit)), ended.outcome
            )
            errors = self._around.errors()
            if errors is not None and scope is not None:
                _safely(errors.finish, scope)

    def _end(self, ended: JobRun, error: Exception | None) -> None:
        around = self._around
        if self._heartbeat is not None:
            self._heartbeat.stop()
        with self._lock:  # what beats now has ended before the last word is kept
            self._ended = True
        duration = max(0.0, around.clock.monotonic() - self._begun)
        if ended.outcome == "failed" and self._trace is not None:
            _safely(self._trace.failed, error, ended.message)
        errors = around.errors()
        if errors is not None and error is not None:
            _safely(partial(errors.capture, handled=False, logger=surroundings.LOGGER), error)
        _safely(report.log_finished, self.job, ended, duration, error)
        around.runs.end(ended)
        self._put(ended)
        self._release()
        around.count(names.JOB_RUNS, 1, report.of_run(ended))
        if around.check_in is not None:
            _safely(around.check_in, self.job, ended)

    def _claim(self) -> None:
        """Begin beside no other run, where the declaration says so.

        Raises:
            JobOverlap: Another goes on.
        """
        around, job, run = self._around, self.job, self.run
        alone = job.overlap == "refuse"
        read: Callable[[], JobRun] = lambda: run.as_it_is(around.clock.now())  # noqa: E731
        begins = around.runs.begin(job.name, run.run_id, read, alone=alone)
        if begins and alone and not self._take_lease():
            around.runs.forget(job.name, run.run_id)
            begins = False
        if not begins:
            refused = {names.JOB_NAME: job.name, names.JOB_OUTCOME: "refused"}
            around.count(names.JOB_RUNS, 1, refused)
            raise JobOverlap(
                f"the job {job.name!r} ({job.place}) was not begun: another run of it goes on, and"
                " it is declared with overlap='refuse': begin it when that one has ended, or"
                " declare overlap='allow'"
            )

    def _take_lease(self) -> bool:
        """Whether no process has the right to run; without a store that works nobody can tell."""
        store = self._around.store
        if store is None:
            return True
        try:
            self._lease = store.lease(f"job:{self.job.name}", self.run.run_id, lateness.LOST_AFTER)
        except Exception as error:
            self._complain(error)
            return True
        return self._lease is not None

    def _release(self) -> None:
        if self._lease is not None and self._around.store is not None:
            with suppress(Exception):  # it ends by itself
                self._around.store.release(self._lease)

    def _beat(self) -> None:
        with self._lock:
            if self._ended:
                return
            if self._lease is not None:
                self._take_lease()
            self._put(self.run.as_it_is(self._around.clock.now()))

    def _on_progress(self) -> None:
        # In a forked child there is no thread to be woken.
        if self._heartbeat is not None and os.getpid() == self._pid:
            self._heartbeat.wake()

    def _count(self, name: str, amount: float | None) -> None:
        if amount is None:
            self._around.refuse("not_an_amount")
            return
        attributes = {names.JOB_NAME: self.job.name, names.COUNT_NAME: name}
        self._around.count(names.JOB_COUNTED, amount, attributes)

    def _put(self, run: JobRun) -> None:
        if self._around.store is None:
            return
        try:
            self._around.store.put_job(run)
        except Exception as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        """Tell once that nobody else can see this run."""
        if not self._told:
            self._told = True
            event = f"the run of {self.job.name} goes on, but it is not kept: {describe(error)}"
            _safely(surroundings.tell, 30, event)


def _living(execution: Execution | None) -> Execution | None:
    """The nearest run, outwards, that has not ended: blocks may end in any order."""
    while execution is not None and execution._ended:
        execution = execution.above
    if execution is not None and execution.above is not None:
        execution.above = _living(execution.above)  # else a chain of ended ones could grow for ever
    return execution


def _failure(error: BaseException | None) -> BaseException | None:
    """The exception, if it is a failure: an exit without a code and an early close are none."""
    if isinstance(error, GeneratorExit):
        return None
    return None if isinstance(error, SystemExit) and error.code in (None, 0) else error


def _safely(do: Callable[..., Any], *arguments: object) -> Any:
    """What a host or its tracer put in place may raise: the run must not fail by it."""
    try:
        return do(*arguments)
    except Exception:
        return None
