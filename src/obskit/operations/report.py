"""Jobs and quotas as telemetry: log records of each run, metrics that are observed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from opentelemetry.metrics import Meter, Observation

from obskit import context, names
from obskit.clock import Clock
from obskit.declaration import Job
from obskit.declared import Declarations
from obskit.duration import format_duration
from obskit.operations.lateness import STATES, Standing, judge
from obskit.operations.quota import DeclaredQuota
from obskit.state.store import JobRun
from obskit.telemetry import failure, loggers
from obskit.telemetry.instruments import observe

LOGGER = "obskit.job"

_WORDS = {"ok": "is done", "nothing_to_do": "had nothing to do", "failed": "has failed"}

#: Gives the runs of each job that count, as `Store.latest_jobs` does.
Latest = Callable[[], Mapping[str, Sequence[JobRun]]]


def log_started(job: Job, run: JobRun) -> None:
    """Tell that a run has begun.

    Args:
        job: The declaration.
        run: The run.
    """
    fields = {names.JOB_NAME: job.name, names.JOB_RUN_ID: run.run_id}
    _log(20, f"{job.name} has begun", fields, names.EVENT_JOB_STARTED)


def log_finished(job: Job, run: JobRun, duration: float, error: Exception | None) -> None:
    """Tell what a run has come to. An exception that a line has told of is not told again.

    Args:
        job: The declaration.
        run: The run.
        duration: How long it took, seconds.
        error: The exception that ended it, or None.
    """
    failed = run.outcome == "failed"
    fields: dict[str, Any] = {
        names.JOB_NAME: job.name,
        names.JOB_RUN_ID: run.run_id,
        names.JOB_OUTCOME: run.outcome,
        names.JOB_RUN_DURATION: round(duration, 6),
    }
    optional = [
        (names.JOB_RUN_COUNTS, dict(run.counts)),
        (names.JOB_RUN_MESSAGE, run.message),
        (names.JOB_SEVERITY, job.severity if failed else None),
        (names.JOB_OWNER, job.owner if failed else None),
        (names.JOB_RUNBOOK, job.runbook if failed else None),
        (names.JOB_RUN_EVIDENCE, list(run.evidence) if failed else None),
    ]
    fields.update((name, value) for name, value in optional if value not in (None, "", {}, []))
    said = f": {run.message}" if run.message else ""
    event = f"{job.name} {_WORDS[run.outcome]} after {format_duration(duration)}{said}"
    _log(40 if failed else 20, event, fields, names.EVENT_JOB_FINISHED, error)


def _log(
    level: int,
    event: str,
    fields: Mapping[str, object],
    event_name: str,
    error: Exception | None = None,
) -> None:
    if not loggers.Named(LOGGER).enabled(level):
        return
    if error is not None and not failure.claim(error, "log", context.number()):
        error = None
    loggers.active().emit(LOGGER, level, event, fields, error, event_name=event_name)


def of_run(run: JobRun) -> dict[str, str]:
    """The attributes of a run that has ended, for the counter of runs."""
    return {names.JOB_NAME: run.job, names.JOB_OUTCOME: run.outcome}


def register_instruments(
    meter: Meter,
    declared: Callable[[], Iterable[Declarations]],
    latest: Latest,
    clock: Clock,
    known_since: Callable[[str], float],
) -> None:
    """Observe jobs at each collection. Called once for each meter, by whoever judges the jobs.

    Args:
        meter: What makes the instruments.
        declared: Gives the declarations at that moment.
        latest: Gives the runs: those of the store, or where there is none those of this process.
        clock: The time.
        known_since: Gives since when a job is known, seconds since the Unix epoch: by its name.
    """

    def standings() -> Iterator[tuple[str, Standing]]:
        jobs = {name: job for each in declared() for name, job in each.jobs.items()}
        runs, now = latest(), clock.now()
        for name in {**jobs, **runs}:
            known = known_since(name) if name in jobs else None
            yield name, judge(runs.get(name, ()), now, job=jobs.get(name), known_since=known)

    def of_each(read: Callable[[Standing], float | None]) -> Iterator[Observation]:
        for name, standing in standings():
            value = read(standing)
            if value is not None:
                yield Observation(value, {names.JOB_NAME: name})

    def states() -> Iterator[Observation]:
        for name, standing in standings():
            for state in STATES:
                attributes = {names.JOB_NAME: name, names.JOB_STATE: state}
                yield Observation(int(state == standing.state), attributes)

    observe(meter, names.JOB_STATUS, states)
    observe(meter, names.JOB_DEADLINE, lambda: of_each(lambda s: s.deadline))
    observe(
        meter, names.JOB_LAST_RUN, lambda: of_each(lambda s: s.last.started if s.last else None)
    )
    observe(meter, names.JOB_LAST_SUCCESS, lambda: of_each(lambda s: s.last_success))
    observe(meter, names.JOB_LAST_BEAT, lambda: of_each(_beat))
    observe(meter, names.JOB_DURATION, lambda: of_each(_duration))
    observe(meter, names.JOB_PROGRESS, lambda: of_each(_progress))


def _beat(standing: Standing) -> float | None:
    run = standing.last
    return run.beat if run is not None and run.outcome == "running" else None


def _duration(standing: Standing) -> float | None:
    run = standing.ended
    return None if run is None or run.finished is None else max(0.0, run.finished - run.started)


def _progress(standing: Standing) -> float | None:
    run = standing.last
    if run is None or run.outcome != "running" or not run.total:
        return None
    return min(1.0, run.done / run.total)


def register_quotas(meter: Meter, declared: Callable[[], Iterable[Declarations]]) -> None:
    """Observe quotas at each collection, in each process: its own use of them.

    Args:
        meter: What makes the instruments.
        declared: Gives the declarations at that moment.
    """

    def quotas() -> Iterator[DeclaredQuota]:
        for each in declared():
            for quota in each.quotas.values():
                if isinstance(quota, DeclaredQuota):
                    yield quota

    def used() -> Iterator[Observation]:
        return (Observation(quota.used, {names.QUOTA_NAME: quota.name}) for quota in quotas())

    def limits() -> Iterator[Observation]:
        return (Observation(quota.limit, {names.QUOTA_NAME: quota.name}) for quota in quotas())

    observe(meter, names.QUOTA_USED, used)
    observe(meter, names.QUOTA_LIMIT, limits)
