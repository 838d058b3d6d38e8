"""Jobs with a schedule as Sentry's cron monitors: each is upserted, and checked in to."""

from __future__ import annotations

from contextlib import suppress
from math import ceil
from typing import TYPE_CHECKING, Any

from sentry_sdk.crons import capture_checkin

from obskit.declaration import Job
from obskit.state.store import JobRun

if TYPE_CHECKING:
    from sentry_sdk.types import MonitorConfig

_MINUTE = 60.0
_STATUSES = {"running": "in_progress", "ok": "ok", "nothing_to_do": "ok"}


def check_in(job: Job, run: JobRun) -> None:
    """Tell Sentry that a run has begun, or what it has come to. A `CheckIn`.

    A job without a schedule is no monitor: Sentry could not say when it is late.

    Args:
        job: The declaration.
        run: The run.
    """
    config = monitor(job)
    if config is None:
        return
    duration = None if run.finished is None else max(0.0, run.finished - run.started)
    with suppress(Exception):  # a hook of the host's own Sentry may raise
        capture_checkin(job.name, run.run_id, _STATUSES.get(run.outcome, "error"), duration, config)


def monitor(job: Job) -> MonitorConfig | None:
    """A job as Sentry's configuration of a monitor, which knows whole minutes; None without a schedule.

    Args:
        job: The declaration.
    """
    schedule = _schedule(job)
    if schedule is None:
        return None
    config: dict[str, Any] = {"schedule": schedule, "checkin_margin": _minutes(job.late_after)}
    zone = getattr(job.expect_cron and job.expect_cron.timezone, "key", None)
    if zone is not None:
        config["timezone"] = zone
    if job.max_runtime is not None:
        config["max_runtime"] = _minutes(job.max_runtime)
    return config  # type: ignore[return-value]  # a TypedDict all of whose keys are optional


def _schedule(job: Job) -> dict[str, Any] | None:
    if job.expect_cron is not None:
        return {"type": "crontab", "value": job.expect_cron.expression}
    if job.expect_every is not None:
        return {"type": "interval", "value": _minutes(job.expect_every), "unit": "minute"}
    return None


def _minutes(seconds: float) -> int:
    return max(1, ceil(seconds / _MINUTE))
