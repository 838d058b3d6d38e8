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
    durations: Mapping[str, Sequence[float]],
    known_since: Mapping[str, float],
    now: float,
) -> list[JobView]:
    """Jobs with how they stand, what fails first.

    Args:
        jobs: The declarations, by name. A job that is declared elsewhere is told of too.
        runs: The runs of each, as `Store.latest_jobs` gives them.
        durations: How long runs of each took, as `Store.durations` gives them.
        known_since: Since when each declared job is known, seconds since the Unix epoch.
        now: Seconds since the Unix epoch.
    """
    found = [
        JobView(
            name=name,
            standing=lateness.judge(
                runs.get(name, ()), now, job=job, known_since=known_since.get(name)
            ),
            runs=tuple(sorted(runs.get(name, ()), key=lambda run: run.started)),
            durations=durations.get(name, ()),
            severity=job.severity if job else "sev2",
            owner=job.owner if job else None,
            runbook=job.runbook if job else None,
            description=job.description if job else "",
            max_runtime=job.max_runtime if job else None,
        )
        for name, job in {**dict.fromkeys(runs), **jobs}.items()
    ]
    return sorted(found, key=lambda view: (not view.standing.fails, view.severity, view.name))
