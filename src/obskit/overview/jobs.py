"""Jobs as people look at them: what is declared, and what the store knows of their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from obskit.declaration import Job
from obskit.operations import lateness
from obskit.overview.model import JobView
from obskit.state.store import JobRun


def views(
    jobs: Mapping[str, Job],
    runs: Mapping[str, Sequence[JobRun]],
    known_since: Mapping[str, float],
    now: float,
) -> list[JobView]:
    """Jobs with how they stand, what fails first.

    Args:
        jobs: The declarations, by name. A job that is declared elsewhere is told of too.
        runs: The runs of each, as `Store.latest_jobs` gives them.
        known_since: Since when each declared job is known, seconds since the Unix epoch.
        now: Seconds since the Unix epoch.
    """
    found = [
        _view(name, jobs.get(name), runs.get(name, ()), known_since.get(name), now)
        for name in {**jobs, **runs}
    ]
    return sorted(found, key=lambda view: (not view.standing.fails, view.severity, view.name))


def _view(
    name: str, job: Job | None, runs: Sequence[JobRun], known: float | None, now: float
) -> JobView:
    return JobView(
        name=name,
        standing=lateness.judge(runs, now, job=job, known_since=known),
        runs=tuple(sorted(runs, key=lambda run: run.started)),
        severity=job.severity if job else "sev2",
        owner=job.owner if job else None,
        runbook=job.runbook if job else None,
        description=job.description if job else "",
        max_runtime=job.max_runtime if job else None,
    )
