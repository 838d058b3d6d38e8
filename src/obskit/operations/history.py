"""How the runs of a job went that are kept: subjects of checks, which any process may ask.

>>> from obskit import Registry, job
>>> registry = Registry()
>>> nightly = job("nightly-import", expect_every="24h", registry=registry)
>>> check = registry.add("imports", SuccessRate(nightly, over="30d"), every="1h")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from obskit.checks.judge import Below, below
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.declaration import Job
from obskit.duration import Duration, format_duration, parse_duration
from obskit.number import format_number
from obskit.operations import lateness, surroundings
from obskit.state.ending import RUNNING, SUCCESSES
from obskit.state.store import JobRun

# A run each minute of a week.
_MOST = 10_080
_SHOWN = 50
_NO_STORE = "no runs are known here: a service that `obskit.init` has started keeps them"


def health(job: Job) -> CheckResult:
    """How a job stands: in time, late, failed, lost, too long; with totals of the runs that are kept.

    Args:
        job: The declaration.
    """
    around = surroundings.active()
    if around.store is None:
        return CheckResult.unknown(_NO_STORE)
    now = around.clock.now()
    known_since = around.store.know_jobs([job.name], now)[job.name]
    runs = around.store.latest_jobs().get(job.name, ())
    standing = lateness.judge(runs, now, job=job, known_since=known_since)
    ended = [run for run in _runs(job, None) if run.outcome != RUNNING]
    well = sum(run.outcome in SUCCESSES for run in ended)
    result = standing.as_result()
    moments = {"last_success": standing.last_success, "expected_until": standing.deadline}
    return replace(
        result,
        details={
            **result.details,
            **({"every": _every(job)} if _every(job) else {}),
            **{name: lateness.at(each) for name, each in moments.items() if each is not None},
            "runs": len(ended),
            "successes": well,
            "failures": len(ended) - well,
            **{f"last_{name}": amount for name, amount in _counted(standing.ended).items()},
        },
    )


@dataclass(frozen=True)
class SuccessRate:
    """How many of a job's runs ended well, per cent. That there was nothing to do is well.

    Args:
        job: The declaration.
        over: How far back to look.

    Returns:
        Per cent, with those that failed; unknown where no run has ended.

    >>> from obskit import job
    >>> SuccessRate(job("renewal")).default_judge(99.9).state
    'critical'
    """

    default_judge: ClassVar[Below] = below(critical=99.99)
    job: Job
    over: Duration = "7d"

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        parse_duration(self.over)

    def __call__(self) -> Measurement | CheckResult:
        """Ask."""
        return _of_ended(self.job, self.over, _success_rate)


@dataclass(frozen=True)
class MeanDuration:
    """How long a job's runs took on average, those that failed among them.

    Args:
        job: The declaration.
        over: How far back to look.

    Returns:
        Seconds; unknown where no run has ended.

    >>> from obskit import job
    >>> MeanDuration(job("clean-up")).over
    '7d'
    """

    job: Job
    over: Duration = "7d"

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        parse_duration(self.over)

    def __call__(self) -> Measurement | CheckResult:
        """Ask."""
        return _of_ended(self.job, self.over, _mean_duration)


@dataclass(frozen=True)
class Completion:
    """How far the last run of a job got that has ended, per cent of what it said there was to do.

    Args:
        job: The declaration, of a job that says `current_run().progress(done, total)`.

    Returns:
        Per cent; unknown where no run has said so.

    >>> from obskit import job
    >>> Completion(job("roster")).default_judge(99).state
    'critical'
    """

    default_judge: ClassVar[Below] = below(critical=99.99)
    job: Job

    def __call__(self) -> Measurement | CheckResult:
        """Ask."""
        ended = [run for run in _runs(self.job, None) if run.outcome != RUNNING]
        if not ended or not ended[0].total:
            return CheckResult.unknown(
                f"no run of {self.job.name} has said how much there is to do"
            )
        run, total = ended[0], ended[0].total
        share = round(100 * min(1.0, run.done / total), 2)
        said = f"{format_number(run.done)} of {format_number(total)} at {lateness.at(run.started)}"
        return Measurement(share, "%", said, evidence=[run.message] if run.message else [])


def _of_ended(
    job: Job, over: Duration, measured: Callable[[Sequence[JobRun], str], Measurement]
) -> Measurement | CheckResult:
    if surroundings.active().store is None:
        return CheckResult.unknown(_NO_STORE)
    seconds = parse_duration(over)
    ended = [run for run in _runs(job, seconds) if run.outcome != RUNNING]
    within = format_duration(seconds)
    if not ended:
        return CheckResult.unknown(f"no run of {job.name} has ended in {within}")
    return measured(ended, within)


def _success_rate(ended: Sequence[JobRun], within: str) -> Measurement:
    failed = [run for run in ended if run.outcome not in SUCCESSES]
    well = len(ended) - len(failed)
    return Measurement(
        round(100 * well / len(ended), 2),
        "%",
        f"{well} of {len(ended)} runs in {within} ended well",
        {"runs": len(ended), "successes": well, "failures": len(failed)},
        [f"{lateness.at(run.started)} {run.outcome}: {run.message}" for run in failed[:_SHOWN]],
    )


def _mean_duration(ended: Sequence[JobRun], within: str) -> Measurement:
    took = [max(0.0, (run.finished or run.started) - run.started) for run in ended]
    message = f"mean of {len(took)} runs in {within}"
    return Measurement(sum(took) / len(took), "s", message, {"longest": max(took)})


def _runs(job: Job, seconds: float | None) -> list[JobRun]:
    """The runs of a job, those of a lost process as lost, the newest first."""
    around = surroundings.active()
    now = around.clock.now()
    since = 0.0 if seconds is None else now - seconds
    kept = around.store.job_runs(job.name, _MOST) if around.store else []
    return [lateness.settled(run, now) for run in kept if run.started >= since]


def _every(job: Job) -> str:
    if job.expect_cron is not None:
        return f"{job.expect_cron.expression} {job.expect_cron.timezone}"
    return "" if job.expect_every is None else format_duration(job.expect_every)


def _counted(run: JobRun | None) -> dict[str, float]:
    if run is None:
        return {}
    took = {} if run.finished is None else {"seconds": round(run.finished - run.started, 3)}
    return {**took, **run.counts}
