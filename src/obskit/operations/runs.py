"""The runs of this process, for whoever looks at them here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import RLock

from obskit.clock import Clock
from obskit.operations.forks import renew_after_fork
from obskit.state.ending import SUCCESSES, telling
from obskit.state.store import JobRun

_MOST_JOBS = 1_000


class Runs:
    """Of each job: the runs that go on, its last that ended, and its last success.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child none of the parent's runs goes on."""
        self._lock = RLock()
        self._going_on: dict[str, dict[str, Callable[[], JobRun]]] = {}
        self._ended: dict[str, JobRun] = {}
        self._succeeded: dict[str, JobRun] = {}

    def begin(self, job: str, run_id: str, read: Callable[[], JobRun], *, alone: bool) -> bool:
        """A run begins.

        Args:
            job: The job's name.
            run_id: The run's.
            read: Gives the run as it is.
            alone: Whether it may only begin while no other run of the job goes on.

        Returns:
            False where another goes on that it may not begin beside.
        """
        with self._lock:
            going_on = self._going_on.setdefault(job, {})
            if alone and going_on:
                return False
            going_on[run_id] = read
            return True

    def end(self, run: JobRun) -> None:
        """A run has ended."""
        with self._lock:
            self.forget(run.job, run.run_id)
            if run.job not in self._ended and len(self._ended) >= _MOST_JOBS:
                return
            self._ended[run.job] = run
            if run.outcome in SUCCESSES:
                self._succeeded[run.job] = run

    def forget(self, job: str, run_id: str) -> None:
        """A run goes on no more, or did not begin after all."""
        with self._lock:
            going_on = self._going_on.get(job, {})
            going_on.pop(run_id, None)
            if not going_on:
                self._going_on.pop(job, None)

    def latest_jobs(self) -> dict[str, list[JobRun]]:
        """Of each job the runs that count, as `Store.latest_jobs` gives them."""
        now = self._clock.now()
        with self._lock:
            going_on = [read for runs in self._going_on.values() for read in runs.values()]
            ended = {run.run_id: run for run in self._ended.values()}
            ended |= {run.run_id: run for run in self._succeeded.values()}
            return telling([*(replace(read(), beat=now) for read in going_on), *ended.values()])
