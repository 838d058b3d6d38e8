"""When a run of a job ended, and which of them tell how the job stands."""

from __future__ import annotations

from collections.abc import Iterable

from obskit.state.store import JobRun

RUNNING = "running"
#: Outcomes of a run that did what it was for.
SUCCESSES = ("ok", "nothing_to_do")


def ended(run: JobRun) -> float | None:
    """When a run ended; when it was last heard of where nobody saw its end; None while it goes on."""
    if run.outcome == RUNNING:
        return None
    return run.finished if run.finished is not None else max(run.beat, run.started)


def took(run: JobRun) -> float | None:
    """How long a run took, seconds; None while it goes on, and where nobody saw its end."""
    end = ended(run)
    return None if end is None or run.outcome == "lost" else end - run.started


def telling(runs: Iterable[JobRun]) -> dict[str, list[JobRun]]:
    """Of each job: the runs that go on, its last that ended, its last success; the newest first."""
    found: dict[str, dict[str, JobRun]] = {}
    for run in sorted(runs, key=lambda run: ended(run) or 0.0):
        own = found.setdefault(run.job, {})
        if run.outcome == RUNNING:
            own[f"running {run.run_id}"] = run
        else:
            own["ended"] = run
        if run.outcome in SUCCESSES:
            own["success"] = run
    return {
        job: newest({run.run_id: run for run in own.values()}.values())
        for job, own in found.items()
    }


def newest(runs: Iterable[JobRun]) -> list[JobRun]:
    """Runs in their order, the newest first."""
    return sorted(runs, key=lambda run: (run.started, run.run_id), reverse=True)
