"""How a job stands: in time, late, failed, too long. Whoever knows its runs can judge it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from obskit.checks.model import CheckResult
from obskit.clock import to_rfc3339
from obskit.declaration import Job
from obskit.duration import format_duration
from obskit.state.ending import RUNNING, SUCCESSES
from obskit.state.store import JobRun

#: How a job stands. The last four are failures.
State = Literal["never", "running", "ok", "nothing_to_do", "failed", "lost", "too_long", "late"]
STATES: tuple[State, ...] = get_args(State)
FAILURES: frozenset[State] = frozenset(("failed", "lost", "too_long", "late"))
#: A run says each so many seconds that it is alive.
BEAT = 15.0
#: One that has not said so for this long is lost: its process is gone.
LOST_AFTER = 4 * BEAT

# The clocks of whoever starts a job and of whoever expects it differ: a run that begins so shortly
# before its time is the one that is expected then.
_SKEW = 5.0


@dataclass(frozen=True)
class Standing:
    """How a job stands.

    Attributes:
        state: In a word.
        message: What a person reads.
        deadline: Until when its next run must have begun, seconds since the Unix epoch; None where
            none is expected.
        last: Its latest run, or None.
        ended: Its latest run that has ended, or None.
        last_success: When a run last ended well, seconds since the Unix epoch, or None.
    """

    state: State
    message: str
    deadline: float | None = None
    last: JobRun | None = None
    ended: JobRun | None = None
    last_success: float | None = None

    @property
    def fails(self) -> bool:
        """Whether somebody must act."""
        return self.state in FAILURES

    def as_result(self) -> CheckResult:
        """The same as a check would say it."""
        evidence = self.ended.evidence if self.ended and self.fails else ()
        make = CheckResult.critical if self.fails else CheckResult.ok
        return make(self.message, details={"state": self.state}, evidence=evidence)


def deadline(job: Job, begun: float) -> float | None:
    """Until when the next run must have begun.

    It counts from the start of a run, not from its end: a job that takes longer one day is not
    expected later on the next.

    Args:
        job: The declaration.
        begun: When its last run began, or since when the job is known; seconds since the Unix epoch.

    Returns:
        Seconds since the Unix epoch, or None where no run is expected.
    """
    if job.expect_cron is not None:
        return job.expect_cron.after(begun + _SKEW) + job.late_after
    if job.expect_every is not None:
        return begun + job.expect_every + job.late_after
    return None


def judge(
    runs: Iterable[JobRun], now: float, *, job: Job | None = None, known_since: float | None = None
) -> Standing:
    """How a job stands now.

    Args:
        runs: Its runs that go on, the last that ended, and its last success; in any order, and more
            do no harm.
        now: Seconds since the Unix epoch.
        job: Its declaration; without one the runs' own deadlines count, and no run is too long.
        known_since: Since when a job that has never run is known, seconds since the Unix epoch.
    """
    known = sorted((settled(run, now) for run in runs), key=lambda run: run.started)
    going_on = [run for run in known if run.outcome == RUNNING]
    ended = max((run for run in known if run not in going_on), key=_end, default=None)
    success = max((_end(run) for run in known if run.outcome in SUCCESSES), default=None)
    until = _until(known, job, known_since)
    state, message = _state(going_on, ended, until, now, job, known_since)
    return Standing(state, message, until, known[-1] if known else None, ended, success)


def settled(run: JobRun, now: float) -> JobRun:
    """A run as it is: `lost` where it says that it goes on, and has long said nothing.

    Args:
        run: The run.
        now: Seconds since the Unix epoch.
    """
    heard = max(run.beat, run.started)
    if run.outcome != RUNNING or now - heard <= LOST_AFTER:
        return run
    return replace(run, outcome="lost", finished=heard, message="its process is gone")


def _end(run: JobRun) -> float:
    return run.started if run.finished is None else run.finished


def _until(known: Sequence[JobRun], job: Job | None, known_since: float | None) -> float | None:
    if job is None:
        return max((run.deadline for run in known if run.deadline is not None), default=None)
    begun = known[-1].started if known else known_since
    return None if begun is None else deadline(job, begun)


def _state(
    going_on: Sequence[JobRun],
    ended: JobRun | None,
    until: float | None,
    now: float,
    job: Job | None,
    known_since: float | None,
) -> tuple[State, str]:
    longest = job.max_runtime if job else None
    if longest is not None and going_on and now - going_on[0].started > longest:
        return "too_long", (
            f"it has been running for {format_duration(now - going_on[0].started)};"
            f" {format_duration(longest)} are allowed"
        )
    if until is not None and now > until:
        return "late", _of_late(going_on, ended, until, now, known_since)
    if ended is not None:
        return _of_ended(ended, now)
    if going_on:
        return "running", f"it has been running for {format_duration(now - going_on[0].started)}"
    expected = "" if until is None else f"; expected until {at(until)}"
    return "never", f"it has not run yet{expected}"


def _of_late(
    going_on: Sequence[JobRun],
    ended: JobRun | None,
    until: float,
    now: float,
    known_since: float | None,
) -> str:
    late = f"expected until {at(until)}, {format_duration(now - until)} ago"
    if going_on:
        return f"{late}; the run that began at {at(going_on[-1].started)} still goes on"
    if ended is None:
        since = "" if known_since is None else f"; known since {at(known_since)}"
        return f"{late}; it has never run{since}"
    return f"{late}; its last run, at {at(ended.started)}, was {_told(ended)}"


def _of_ended(run: JobRun, now: float) -> tuple[State, str]:
    state: State = next((one for one in STATES if one == run.outcome), "failed")
    return state, f"{_told(run)}, {format_duration(max(0.0, now - _end(run)))} ago"


def _told(run: JobRun) -> str:
    said = f": {run.message}" if run.message else ""
    return f"{run.outcome.replace('_', ' ')}{said}"


def at(moment: float) -> str:
    """A moment as a person reads it."""
    return f"{to_rfc3339(moment)[:19]}Z"
